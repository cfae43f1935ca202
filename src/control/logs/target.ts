import type { LogTargetConfig } from '../../config/types.ts';
import { facilityNumber, type LogFormat, type LogSource, levelNumber, lineHeader } from './format.ts';
import { createSample } from './sample.ts';

/** Where finished lines of a target go. Format and length of a ring are its own, and may change at a reload. */
export interface LogOutput {
  readonly format?: LogFormat;
  readonly maxLength?: number;
  /** `line`: bytes, without line end. Never throws. */
  write(line: string): void;
}

/** One `log` line at work: which lines pass it, how they look and where they go. */
export class LogTarget {
  readonly #config: LogTargetConfig;
  readonly #output: LogOutput;
  readonly #facility: number;
  /** Lines of a higher number do not pass, of a lower number than `#minLevel` are sent as if they had that. */
  readonly #maxLevel: number;
  readonly #minLevel: number;
  readonly #sampled: (() => boolean) | null;

  constructor(config: LogTargetConfig, output: LogOutput) {
    this.#config = config;
    this.#output = output;
    this.#facility = Math.max(0, facilityNumber(config.facility));
    this.#maxLevel = config.level === '' ? 7 : levelNumber(config.level);
    this.#minLevel = config.minLevel === '' ? 0 : levelNumber(config.minLevel);
    this.#sampled = config.sample === null ? null : createSample(config.sample);
  }

  get profile(): LogTargetConfig['profile'] {
    return this.#config.profile;
  }

  /** `text`: a string of bytes without line ends (`lineText`). */
  send(level: number, text: string, source: LogSource, dateMs: number, sd: string | null): void {
    if (level > this.#maxLevel || (this.#sampled !== null && !this.#sampled())) return;
    const output = this.#output;
    const format = output.format ?? this.#config.format;
    const line = lineHeader(format, this.#facility, Math.max(level, this.#minLevel), source, dateMs, sd) + text;
    const most = Math.min(this.#config.maxLength, output.maxLength ?? Number.POSITIVE_INFINITY);
    output.write(line.length > most ? line.slice(0, most) : line);
  }
}

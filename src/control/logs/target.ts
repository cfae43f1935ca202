import type { ForwardTargetConfig } from '../../config/types.ts';
import { formatOf, forwardHeader } from '../log-forward/header.ts';
import type { SyslogMessage } from '../log-forward/message.ts';
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
  readonly #config: ForwardTargetConfig;
  readonly #output: LogOutput;
  readonly #facility: number;
  /** Lines of a higher number do not pass, of a lower number than `#minLevel` are sent as if they had that. */
  readonly #maxLevel: number;
  readonly #minLevel: number;
  readonly #sampled: (() => boolean) | null;

  constructor(config: ForwardTargetConfig, output: LogOutput) {
    this.#config = config;
    this.#output = output;
    this.#facility = Math.max(0, facilityNumber(config.facility));
    this.#maxLevel = config.level === '' ? 7 : levelNumber(config.level);
    this.#minLevel = config.minLevel === '' ? 0 : levelNumber(config.minLevel);
    this.#sampled = config.sample === null ? null : createSample(config.sample);
  }

  get profile(): ForwardTargetConfig['profile'] {
    return this.#config.profile;
  }

  /** `text`: a string of bytes without line ends (`lineText`). */
  send(level: number, text: string, source: LogSource, dateMs: number, sd: string | null): void {
    if (!this.#passes(level)) return;
    // Lines made here have a format always.
    const format = this.#output.format ?? this.#config.format!;
    this.#write(lineHeader(format, this.#facility, Math.max(level, this.#minLevel), source, dateMs, sd) + text);
  }

  /** Sends a message on that was received. `message.text`: as in `send`. */
  forward(message: SyslogMessage, dateMs: number): void {
    if (!this.#passes(message.level)) return;
    const format = this.#output.format ?? this.#config.format ?? formatOf(message);
    const facility = message.facility < 0 ? this.#facility : message.facility;
    const level = Math.max(message.level, this.#minLevel);
    this.#write(forwardHeader(format, facility, level, message, dateMs) + message.text);
  }

  #passes(level: number): boolean {
    return level <= this.#maxLevel && (this.#sampled === null || this.#sampled());
  }

  #write(line: string): void {
    const output = this.#output;
    const most = Math.min(this.#config.maxLength, output.maxLength ?? Number.POSITIVE_INFINITY);
    output.write(line.length > most ? line.slice(0, most) : line);
  }
}

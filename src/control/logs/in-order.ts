import type { LogLine } from '../../model/messages.ts';
import type { Proxy } from '../../model/proxy.ts';

/** Traffic threads keep lines for 20 ms at most; a little longer than that, and what all of them had to say has come. Milliseconds. */
const HELD = 25;

/** A line, and the proxy that it was logged for. */
export interface OwnedLine {
  readonly proxy: Proxy;
  readonly line: LogLine;
}

/** Lines that come in batches from several threads, told on in the order in which they were made. */
export class LinesInOrder {
  #waiting: OwnedLine[] = [];
  /** So many of those that wait have waited for a whole turn. */
  #late = 0;
  #timer: NodeJS.Timeout | null = null;
  readonly #send: (line: OwnedLine) => void;

  constructor(send: (line: OwnedLine) => void) {
    this.#send = send;
  }

  add(lines: readonly OwnedLine[]): void {
    for (const line of lines) this.#waiting.push(line);
    if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#due(), HELD);
  }

  /** Tells on all that wait. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const lines = this.#waiting;
    this.#waiting = [];
    this.#late = 0;
    this.#sendInOrder(lines);
  }

  /** What was made a moment ago waits for another turn: lines in front of it may be under way. For one turn: clocks are set back at times. */
  #due(): void {
    this.#timer = null;
    const until = Date.now() - HELD;
    const lines = this.#waiting;
    const isRipe = ({ line }: OwnedLine, i: number) => i < this.#late || line.made <= until;
    const ripe = lines.filter(isRipe);
    this.#waiting = lines.filter((line, i) => !isRipe(line, i));
    this.#late = this.#waiting.length;
    if (this.#late > 0) this.#timer = setTimeout(() => this.#due(), HELD);
    this.#sendInOrder(ripe);
  }

  #sendInOrder(lines: OwnedLine[]): void {
    lines.sort((one, other) => one.line.made - other.line.made);
    for (const line of lines) this.#send(line);
  }
}

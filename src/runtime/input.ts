import { markedText } from '../config/bytes.ts';

/** What `Input` could take from what was received so far. */
export type Taken<T> =
  | { readonly kind: 'got'; readonly value: T }
  | { readonly kind: 'more' }
  | { readonly kind: 'too-long' };

const LF = 10;
const CR = 13;
const more = { kind: 'more' } as const;
const tooLong = { kind: 'too-long' } as const;

/** Room of a new buffer. */
const FIRST_SIZE = 1024;

/**
 * The received bytes of one connection: takes command lines and payloads off them. It holds what was pushed and not yet taken; the
 * connection reads no more than what is waited for, so a client that sends without end costs a bounded amount of memory.
 */
export class Input {
  #bytes = Buffer.alloc(0);
  /** What is held: bytes from `start` to `end`. */
  #start = 0;
  #end = 0;
  /** How far they are known to hold no end of what is looked for. */
  #scanned = 0;

  push(bytes: Buffer): void {
    if (this.#end + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    bytes.copy(this.#bytes, this.#end);
    this.#end += bytes.length;
  }

  get length(): number {
    return this.#end - this.#start;
  }

  clear(): void {
    this.#bytes = Buffer.alloc(0);
    this.#start = this.#end = this.#scanned = 0;
  }

  /** A line without its LF and CR. `limit`: most bytes it may have, LF included. */
  line(limit: number): Taken<string> {
    const lineEnd = this.#lineEnd(this.#scanned);
    if ((lineEnd === -1 ? this.length : lineEnd - this.#start) >= limit) return tooLong;
    if (lineEnd === -1) {
      this.#scanned = this.#end;
      return more;
    }
    const value = text(this.#bytes, this.#start, lineEnd);
    this.#drop(lineEnd + 1);
    return { kind: 'got', value };
  }

  /**
   * The payload: lines up to one that equals `pattern`, without that line and the LF before it. `limit`: most bytes, terminator
   * included.
   */
  payload(pattern: string, limit: number): Taken<string> {
    const terminator = Buffer.from(pattern);
    let start = this.#scanned;
    for (;;) {
      const lineEnd = this.#lineEnd(start);
      if ((lineEnd === -1 ? this.length : lineEnd - this.#start) >= limit) return tooLong;
      if (lineEnd === -1) break;
      if (this.#equals(terminator, start, lineEnd)) {
        const value = text(this.#bytes, this.#start, Math.max(this.#start, start - 1)).replaceAll('\r\n', '\n');
        this.#drop(lineEnd + 1);
        return { kind: 'got', value };
      }
      start = lineEnd + 1;
    }
    this.#scanned = start;
    return more;
  }

  /** Position of the first LF at or after `from`, or -1. */
  #lineEnd(from: number): number {
    return this.#bytes.subarray(0, this.#end).indexOf(LF, from);
  }

  #equals(terminator: Buffer, start: number, lineEnd: number): boolean {
    const stop = lineEnd > start && this.#bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    return (
      stop - start === terminator.length && this.#bytes.compare(terminator, 0, terminator.length, start, stop) === 0
    );
  }

  #grow(by: number): void {
    const held = this.length;
    const grown = Buffer.allocUnsafe(Math.max(FIRST_SIZE, 2 * held, held + by));
    this.#bytes.copy(grown, 0, this.#start, this.#end);
    this.#scanned -= this.#start;
    this.#bytes = grown;
    this.#start = 0;
    this.#end = held;
  }

  #drop(to: number): void {
    this.#start = this.#scanned = to;
    if (to === this.#end) this.clear();
  }
}

function text(bytes: Buffer, start: number, end: number): string {
  const stop = end > start && bytes[end - 1] === CR ? end - 1 : end;
  return markedText(bytes.subarray(start, stop));
}

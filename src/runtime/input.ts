/** What `Input` could take from what was received so far. */
export type Taken<T> =
  | { readonly kind: 'got'; readonly value: T }
  | { readonly kind: 'more' }
  | { readonly kind: 'too-long' };

const LF = 10;
const CR = 13;
const more = { kind: 'more' } as const;
const tooLong = { kind: 'too-long' } as const;

/**
 * The received bytes of one connection: takes command lines and payloads off them. It holds what was pushed and not yet taken; the
 * connection stops reading while that is more than `wanted`, so a client that sends without end costs a bounded amount of memory.
 */
export class Input {
  #chunks: Buffer[] = [];
  #length = 0;
  /** Bytes that are known to hold no LF. */
  #scanned = 0;

  push(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#chunks = [];
    this.#length = 0;
    this.#scanned = 0;
  }

  /** A line without its LF and CR. `limit`: most bytes it may have, LF included. */
  line(limit: number): Taken<string> {
    const bytes = this.#flat();
    const end = bytes.indexOf(LF, this.#scanned);
    if (end === -1 ? bytes.length >= limit : end >= limit) return tooLong;
    if (end === -1) {
      this.#scanned = bytes.length;
      return more;
    }
    this.#drop(end + 1);
    return { kind: 'got', value: text(bytes, 0, end) };
  }

  /**
   * The payload: lines up to one that equals `pattern`, without that line and the LF before it. `limit`: most bytes, terminator
   * included.
   */
  payload(pattern: string, limit: number): Taken<string> {
    const bytes = this.#flat();
    const terminator = Buffer.from(pattern);
    let start = this.#scanned;
    for (;;) {
      const end = bytes.indexOf(LF, start);
      if (end === -1 ? bytes.length >= limit : end >= limit) return tooLong;
      if (end === -1) break;
      const stop = end > start && bytes[end - 1] === CR ? end - 1 : end;
      if (stop - start === terminator.length && bytes.compare(terminator, 0, terminator.length, start, stop) === 0) {
        this.#drop(end + 1);
        return { kind: 'got', value: text(bytes, 0, Math.max(0, start - 1)).replaceAll('\r\n', '\n') };
      }
      start = end + 1;
    }
    this.#scanned = start;
    return more;
  }

  #flat(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]!;
  }

  #drop(bytes: number): void {
    const left = this.#chunks[0]!.subarray(bytes);
    this.#chunks = left.length > 0 ? [left] : [];
    this.#length = left.length;
    this.#scanned = 0;
  }
}

function text(bytes: Buffer, start: number, end: number): string {
  const stop = end > start && bytes[end - 1] === CR ? end - 1 : end;
  return bytes.toString('utf8', start, stop);
}

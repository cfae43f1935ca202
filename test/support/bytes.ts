/**
 * Bytes that have arrived and are read in order: by line, by number, up to the end. One reader at a time.
 */
export class ByteQueue {
  #chunks: Buffer[] = [];
  #length = 0;
  #ended = false;
  #error: Error | null = null;
  #wake: (() => void) | null = null;

  /** Bytes that have arrived and have not been read. */
  get length(): number {
    return this.#length;
  }

  /** True once the other side has ended, whether or not everything before that was read. */
  get ended(): boolean {
    return this.#ended;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    this.#notify();
  }

  /** No more bytes will come. With `error`, reads that need more bytes reject with it. */
  end(error: Error | null = null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#notify();
  }

  /** Everything that has arrived, without consuming it. */
  peek(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  /** Consumes exactly `n` bytes; rejects when the end comes first. */
  async take(n: number): Promise<Buffer> {
    while (this.#length < n) await this.#more(`${n} bytes`);
    const all = this.peek();
    this.#replace(all.subarray(n));
    return all.subarray(0, n);
  }

  /** Consumes up to and including `mark` and returns it all; rejects when the end comes first. */
  async takeThrough(mark: string): Promise<Buffer> {
    let from = 0;
    for (;;) {
      const all = this.peek();
      const at = all.indexOf(mark, from, 'latin1');
      if (at >= 0) {
        this.#replace(all.subarray(at + mark.length));
        return all.subarray(0, at + mark.length);
      }
      from = Math.max(0, all.length - mark.length + 1);
      await this.#more(JSON.stringify(mark));
    }
  }

  /** Consumes everything up to the end. A reset counts as an end only when `tolerateError` is set. */
  async takeRest(tolerateError = false): Promise<Buffer> {
    while (!this.#ended) await this.#change();
    if (this.#error && !tolerateError) throw this.#error;
    const all = this.peek();
    this.#replace(Buffer.alloc(0));
    return all;
  }

  /** Resolves as soon as at least one unread byte is there (true), or the end has come (false). */
  async readable(): Promise<boolean> {
    while (this.#length === 0 && !this.#ended) await this.#change();
    return this.#length > 0;
  }

  async #more(wanted: string): Promise<void> {
    if (this.#ended) {
      const why = this.#error ? this.#error.message : 'end of stream';
      throw new Error(`${why} while waiting for ${wanted}; unread: ${show(this.peek())}`);
    }
    await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  #replace(rest: Buffer): void {
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#length = rest.length;
  }
}

/** Bytes as a quoted string for messages, shortened to `most` characters. */
export function show(bytes: Buffer | string, most = 300): string {
  const text = typeof bytes === 'string' ? bytes : bytes.toString('latin1');
  const quoted = JSON.stringify(text.length > most ? text.slice(0, most) : text);
  return text.length > most ? `${quoted}... (${text.length} bytes)` : quoted;
}

/** Keys, and bytes, that may wait for the control thread; what comes beyond is dropped. */
const KEYS_MAX = 65_536;
const BYTES_MAX = 16 * 1024 * 1024;

/** How a batch leaves the thread. */
export interface BatchWay<T> {
  /** Calls `flush` at the end of this turn of the event loop. */
  atTurnEnd(object: { flush(): void }): void;
  /** Sends what is to be made; `dropped`: how many more there were since the last time. `made` is called when it is. */
  post(items: readonly T[], dropped: number): void;
}

/**
 * What a traffic thread wants the control thread to make known to all, by keys of which the last word counts. One batch is under way at a
 * time, the next one gathers meanwhile: the thread never waits, and both threads' work is bounded however much is asked for.
 */
export class KeyedBatch<T> {
  readonly #way: BatchWay<T>;
  #waiting = new Map<string, { readonly item: T; readonly bytes: number }>();
  #sent: ReadonlyMap<string, unknown> | null = null;
  #bytes = 0;
  #dropped = 0;

  constructor(way: BatchWay<T>) {
    this.#way = way;
  }

  /** Something about the key is under way. */
  concerns(key: string): boolean {
    return this.#waiting.has(key) || this.#sent?.has(key) === true;
  }

  add(key: string, item: T, bytes: number): void {
    const before = this.#waiting.get(key);
    const more = bytes - (before?.bytes ?? 0);
    if (this.#bytes + more > BYTES_MAX || (before === undefined && this.#waiting.size >= KEYS_MAX)) {
      this.#dropped++;
      return;
    }
    this.#bytes += more;
    // What is said again is said behind all else.
    if (before !== undefined) this.#waiting.delete(key);
    this.#waiting.set(key, { item, bytes });
    if (this.#waiting.size === 1 && this.#sent === null) this.#way.atTurnEnd(this);
  }

  flush(): void {
    if (this.#sent !== null || this.#waiting.size === 0) return;
    this.#sent = this.#waiting;
    const items = Array.from(this.#waiting.values(), ({ item }) => item);
    this.#waiting = new Map();
    this.#bytes = 0;
    this.#way.post(items, this.#dropped);
    this.#dropped = 0;
  }

  /** What was sent is made. */
  made(): void {
    this.#sent = null;
    this.flush();
  }
}

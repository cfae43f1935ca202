/** Entries that one thread may have in use at once and are noted; what is over is not given back when it dies. */
const PLACES = 262_144;

/** Memory for what one thread has in use: the system only spends what is written. */
export function newLedgerMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(8 * PLACES);
}

/** What a thread has in use in stick tables, written where others can read it: when it dies, somebody gives that back. */
export class Ledger {
  readonly #words: Int32Array;
  /** Places that were given back, and the first one that was never taken. */
  readonly #free: number[] = [];
  #next = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  /** Notes an entry of a table; returns the place, -1 when there is none. */
  note(table: number, entry: number): number {
    const place = this.#free.pop() ?? (this.#next < PLACES ? this.#next++ : -1);
    if (place < 0) return -1;
    this.#words[2 * place + 1] = entry;
    this.#words[2 * place] = table;
    return place;
  }

  /** Takes a note away. */
  clear(place: number): void {
    if (place < 0) return;
    this.#words[2 * place] = 0;
    this.#free.push(place);
  }
}

/** What is noted in the ledger of a thread that has died: [table, entry]. */
export function* noted(memory: SharedArrayBuffer): Generator<readonly [table: number, entry: number]> {
  const words = new Int32Array(memory);
  for (let place = 0; place < PLACES; place++)
    if (words[2 * place] !== 0) yield [words[2 * place]!, words[2 * place + 1]!];
}

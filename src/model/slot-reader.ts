import { COUNTER_FIELDS, type CounterStore, GAUGE_FIELDS } from './counters.ts';

/** Reads one slot of the counter store at a time without allocating. */
export class SlotReader {
  readonly #store: CounterStore;
  readonly #counters: Float64Array[] = [];
  readonly #gauges: Int32Array[] = [];
  #chunk = 0;
  #base = 0;
  #gaugeBase = 0;
  readonly #second: number;
  readonly #left: number;

  constructor(store: CounterStore, now: number) {
    this.#store = store;
    this.#second = Math.floor(now / 1000);
    this.#left = 1 - (now % 1000) / 1000;
  }

  /** Reads `slot` from now on. */
  seek(slot: number): void {
    const size = this.#store.chunks[0]!.gauges.byteLength / 4 / GAUGE_FIELDS;
    this.#chunk = (slot / size) | 0;
    if (!this.#counters[this.#chunk]) {
      const chunk = this.#store.chunks[this.#chunk]!;
      this.#counters[this.#chunk] = new Float64Array(chunk.counters);
      this.#gauges[this.#chunk] = new Int32Array(chunk.gauges);
    }
    this.#base = (slot % size) * this.#store.rows * COUNTER_FIELDS;
    this.#gaugeBase = (slot % size) * GAUGE_FIELDS;
  }

  sum(field: number): number {
    const rows = this.#counters[this.#chunk]!;
    let at = this.#base + field;
    let total = 0;
    for (let thread = this.#store.rows; thread > 0; thread--, at += COUNTER_FIELDS) total += rows[at]!;
    return total;
  }

  max(field: number): number {
    const rows = this.#counters[this.#chunk]!;
    let at = this.#base + field;
    let most = 0;
    for (let thread = this.#store.rows; thread > 0; thread--, at += COUNTER_FIELDS)
      if (rows[at]! > most) most = rows[at]!;
    return most;
  }

  rate(field: number): number {
    const rows = this.#counters[this.#chunk]!;
    let at = this.#base + field;
    let total = 0;
    for (let thread = this.#store.rows; thread > 0; thread--, at += COUNTER_FIELDS) {
      if (rows[at] === this.#second) total += rows[at + 1]! + rows[at + 2]! * this.#left;
      else if (rows[at] === this.#second - 1) total += rows[at + 1]! * this.#left;
    }
    return Math.round(total);
  }

  gauge(field: number): number {
    return this.#gauges[this.#chunk]![this.#gaugeBase + field]!;
  }
}

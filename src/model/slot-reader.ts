import { COUNTER_FIELDS, type CounterStore, GAUGE_FIELDS } from './counters.ts';

/** Views of the chunks of a store, made once: a dump of thousands of rows would spend much of its time on making them. */
interface Views {
  readonly counters: Float64Array[];
  readonly gauges: Int32Array[];
}

const viewsOf = new WeakMap<CounterStore, Views>();

/** Reads one slot of the counter store at a time without allocating. */
export class SlotReader {
  readonly #store: CounterStore;
  readonly #views: Views;
  readonly #size: number;
  /** The chunk of the slot that is read, where its first row begins and the last one ends. */
  #counters: Float64Array = new Float64Array(0);
  #gauges: Int32Array = new Int32Array(0);
  #base = 0;
  #end = 0;
  #gaugeBase = 0;
  readonly #second: number;
  readonly #left: number;

  constructor(store: CounterStore, now: number) {
    this.#store = store;
    let views = viewsOf.get(store);
    if (views === undefined) viewsOf.set(store, (views = { counters: [], gauges: [] }));
    this.#views = views;
    this.#size = store.chunks[0]!.gauges.byteLength / 4 / GAUGE_FIELDS;
    this.#second = Math.floor(now / 1000);
    this.#left = 1 - (now % 1000) / 1000;
  }

  /** Reads `slot` from now on. */
  seek(slot: number): void {
    const number = (slot / this.#size) | 0;
    const { counters, gauges } = this.#views;
    if (counters[number] === undefined) {
      const chunk = this.#store.chunks[number]!;
      counters[number] = new Float64Array(chunk.counters);
      gauges[number] = new Int32Array(chunk.gauges);
    }
    this.#counters = counters[number]!;
    this.#gauges = gauges[number]!;
    const row = slot - number * this.#size;
    this.#base = row * this.#store.rows * COUNTER_FIELDS;
    this.#end = this.#base + this.#store.rows * COUNTER_FIELDS;
    this.#gaugeBase = row * GAUGE_FIELDS;
  }

  sum(field: number): number {
    const rows = this.#counters;
    const end = this.#end;
    let total = 0;
    for (let at = this.#base + field; at < end; at += COUNTER_FIELDS) total += rows[at]!;
    return total;
  }

  max(field: number): number {
    const rows = this.#counters;
    const end = this.#end;
    let most = 0;
    for (let at = this.#base + field; at < end; at += COUNTER_FIELDS) if (rows[at]! > most) most = rows[at]!;
    return most;
  }

  rate(field: number): number {
    const rows = this.#counters;
    const end = this.#end;
    let total = 0;
    for (let at = this.#base + field; at < end; at += COUNTER_FIELDS) {
      if (rows[at] === this.#second) total += rows[at + 1]! + rows[at + 2]! * this.#left;
      else if (rows[at] === this.#second - 1) total += rows[at + 1]! * this.#left;
    }
    return total === 0 ? 0 : Math.round(total);
  }

  gauge(field: number): number {
    return this.#gauges[this.#gaugeBase + field]!;
  }
}

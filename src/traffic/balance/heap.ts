/**
 * A binary heap of small integers (positions in a caller's arrays), ordered by key and, among equal keys, by date of
 * entry: what comes first goes first. Any item can be taken out or moved. Typed arrays only: nothing is allocated but
 * when it grows.
 */
export class IndexHeap {
  size: number;
  #keys: Float64Array;
  #dates: Float64Array;
  #items: Int32Array;
  /** Place of an item in the heap, -1 when it is not in it. */
  #places: Int32Array;
  #clock: number;

  constructor(capacity: number) {
    this.size = 0;
    this.#keys = new Float64Array(capacity);
    this.#dates = new Float64Array(capacity);
    this.#items = new Int32Array(capacity);
    this.#places = new Int32Array(capacity).fill(-1);
    this.#clock = 0;
  }

  /** Makes room for the items 0..capacity - 1. */
  grow(capacity: number): void {
    if (capacity <= this.#keys.length) return;
    const keys = new Float64Array(capacity);
    const dates = new Float64Array(capacity);
    const items = new Int32Array(capacity);
    const places = new Int32Array(capacity).fill(-1);
    keys.set(this.#keys);
    dates.set(this.#dates);
    items.set(this.#items);
    places.set(this.#places);
    this.#keys = keys;
    this.#dates = dates;
    this.#items = items;
    this.#places = places;
  }

  has(item: number): boolean {
    return this.#places[item]! >= 0;
  }

  /** The first item, -1 when the heap is empty. */
  first(): number {
    return this.size === 0 ? -1 : this.#items[0]!;
  }

  /** Key of an item that is, or was last, in the heap. */
  keyOf(item: number): number {
    return this.#keys[item]!;
  }

  /** Whether `a` comes before `b`; both are in the heap. */
  precedes(a: number, b: number): boolean {
    const ka = this.#keys[a]!;
    const kb = this.#keys[b]!;
    return ka < kb || (ka === kb && this.#dates[a]! < this.#dates[b]!);
  }

  /** Puts an item in, or moves it, behind all that have the same key. */
  put(item: number, key: number): void {
    let place = this.#places[item]!;
    if (place < 0) {
      place = this.size++;
      this.#items[place] = item;
      this.#places[item] = place;
    }
    this.#keys[item] = key;
    this.#dates[item] = ++this.#clock;
    this.#up(place);
    this.#down(this.#places[item]!);
  }

  /** Takes an item out, if it is in. */
  remove(item: number): void {
    const place = this.#places[item]!;
    if (place < 0) return;
    this.#places[item] = -1;
    const last = this.#items[--this.size]!;
    if (last === item) return;
    this.#items[place] = last;
    this.#places[last] = place;
    this.#up(place);
    this.#down(this.#places[last]!);
  }

  #up(start: number): void {
    const items = this.#items;
    const item = items[start]!;
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = items[parent]!;
      if (!this.precedes(item, above)) break;
      items[place] = above;
      this.#places[above] = place;
      place = parent;
    }
    items[place] = item;
    this.#places[item] = place;
  }

  #down(start: number): void {
    const items = this.#items;
    const item = items[start]!;
    let place = start;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.precedes(items[child + 1]!, items[child]!)) child++;
      const below = items[child]!;
      if (!this.precedes(below, item)) break;
      items[place] = below;
      this.#places[below] = place;
      place = child;
    }
    items[place] = item;
    this.#places[item] = place;
  }
}

/** Sums of names that are gone may be this many times those of names that are there. */
const STALE = 4;

/**
 * The attributes of one object that have an override. A large map is filled with keys that have none: for most of them a sum of their chars tells so, as a text that
 * was just cut out of another takes the engine a microsecond to look up.
 */
export class AttributeSet {
  readonly #names = new Set<string>();
  /** Of all names, and of some that are gone. */
  #sums = new Set<number>();

  get size(): number {
    return this.#names.size;
  }

  add(name: string): void {
    this.#names.add(name);
    this.#sums.add(sumOf(name, 0));
    if (this.#sums.size > STALE * this.#names.size + STALE)
      this.#sums = new Set([...this.#names].map((one) => sumOf(one, 0)));
  }

  delete(name: string): void {
    this.#names.delete(name);
  }

  /** Whether the name that is made of two parts is in it. */
  has(prefix: string, rest: string): boolean {
    return this.#sums.has(sumOf(rest, sumOf(prefix, 0))) && this.#names.has(prefix + rest);
  }
}

/** A sum that goes on from that of what stands before. */
function sumOf(text: string, before: number): number {
  let sum = before;
  for (let i = 0; i < text.length; i++) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) | 0;
  return sum;
}

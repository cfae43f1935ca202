/**
 * Memory for patterns that all threads read and one writes: chunks of shared memory, addressed in words of 4 bytes. What is taken
 * begins at an even address, so that the lowest bit of an address can say what is there; address 0 is none.
 */

/** A chunk is 2^CHUNK_BITS words: 4 MB, of which the system only spends the pages that are written. */
const CHUNK_BITS = 20;
const CHUNK_WORDS = 1 << CHUNK_BITS;
const OFFSET_MASK = CHUNK_WORDS - 1;

/** Most bytes that can be taken at once. */
export const MAX_BLOCK_BYTES = (CHUNK_WORDS - 2) * 4;

/** The memory as a thread sees it that only reads. */
export class PatternMemory {
  readonly chunks: SharedArrayBuffer[] = [];
  readonly #words: Int32Array[] = [];
  readonly #bytes: Uint8Array[] = [];

  constructor(chunks: readonly SharedArrayBuffer[] = []) {
    for (const chunk of chunks) this.attach(chunk);
  }

  /** Takes note of a chunk that was added. */
  attach(chunk: SharedArrayBuffer): void {
    this.chunks.push(chunk);
    this.#words.push(new Int32Array(chunk));
    this.#bytes.push(new Uint8Array(chunk));
  }

  /** A word that others may be changing: what was written before it was stored is seen after this. */
  load(address: number): number {
    return Atomics.load(this.#words[address >>> CHUNK_BITS]!, address & OFFSET_MASK) >>> 0;
  }

  /**
   * An address that others may be changing: what was written to the place that it leads to, before it was stored, is seen there, as no processor
   * reads a place before it knows which. A tenth of the cost of `load`.
   */
  follow(address: number): number {
    return this.word(address);
  }

  /** A word that does not change as long as it can be reached, or one of which any state of the last moment will do. */
  word(address: number): number {
    return this.#words[address >>> CHUNK_BITS]![address & OFFSET_MASK]! >>> 0;
  }

  /** Stores a word so that who sees it also sees all that was written before. */
  store(address: number, value: number): void {
    Atomics.store(this.#words[address >>> CHUNK_BITS]!, address & OFFSET_MASK, value | 0);
  }

  setWord(address: number, value: number): void {
    this.#words[address >>> CHUNK_BITS]![address & OFFSET_MASK] = value;
  }

  /** The bytes of the chunk in which `address` is; its first byte is at `byteOffset(address)`. */
  bytesAt(address: number): Uint8Array {
    return this.#bytes[address >>> CHUNK_BITS]!;
  }
}

/** Position of an address in the bytes of its chunk. */
export function byteOffset(address: number): number {
  return (address & OFFSET_MASK) << 2;
}

/** The memory as its one writer has it. */
export class WritablePatternMemory extends PatternMemory {
  /** Freed places by their size in words. */
  readonly #free = new Map<number, number[]>();
  readonly #announce: (chunk: SharedArrayBuffer) => Promise<unknown>;
  /** Address and words of each place. */
  #retired: number[] = [];
  #next = 0;
  #end = 0;
  /** Chunks from `#next` on that every thread has, not yet begun. */
  #spare: number[] = [];
  /** Words in use. */
  used = 0;

  /** `announce`: gives a new chunk to all threads; nothing in it is used before that is done. */
  constructor(announce: (chunk: SharedArrayBuffer) => Promise<unknown>) {
    super();
    this.#announce = announce;
  }

  /** Whether a whole chunk is left: more than any one edit takes. */
  get isReady(): boolean {
    return this.#spare.length > 0;
  }

  /** Makes sure that a whole chunk is left, and `words` words in all. */
  async reserve(words = 0): Promise<void> {
    let room = this.#end - this.#next + this.#spare.length * CHUNK_WORDS;
    while (!this.isReady || room < words) {
      const chunk = new SharedArrayBuffer(CHUNK_WORDS * 4);
      this.attach(chunk);
      await this.#announce(chunk);
      this.#spare.push(this.chunks.length - 1);
      room += CHUNK_WORDS;
    }
  }

  /** Takes `words` words, all 0. Throws when they were not reserved. */
  take(words: number): number {
    const size = (words + 1) & ~1;
    this.used += size;
    const freed = this.#free.get(size)?.pop();
    if (freed !== undefined) return freed;
    if (this.#next + size > this.#end) this.#beginChunk();
    const address = this.#next;
    this.#next += size;
    return address;
  }

  #beginChunk(): void {
    const index = this.#spare.shift();
    if (index === undefined) throw new Error('pattern memory was not reserved');
    // Address 0 is none.
    this.#next = index * CHUNK_WORDS + (index === 0 ? 2 : 0);
    this.#end = (index + 1) * CHUNK_WORDS;
  }

  /** Gives back what others may still be reading: it is used again after `reclaim`. */
  retire(address: number, words: number): void {
    this.#retired.push(address, (words + 1) & ~1);
  }

  /** Whether so many words from an address on lie in one chunk that there is. */
  isWithin(address: number, words: number): boolean {
    return (
      address >= 2 && address >>> CHUNK_BITS < this.chunks.length && (address & OFFSET_MASK) + words <= CHUNK_WORDS
    );
  }

  /** Number of places that wait for `reclaim`. */
  get retired(): number {
    return this.#retired.length / 2;
  }

  /** What was retired up to now (address and words of each place), to be given to `reclaim` once no thread can still be reading it. */
  takeRetired(): readonly number[] {
    const retired = this.#retired;
    this.#retired = [];
    return retired;
  }

  /** Frees at once what was retired behind the first `kept` places: nothing that others can reach led there. */
  reclaimUnseen(kept: number): void {
    if (this.retired > kept) this.reclaim(this.#retired.splice(2 * kept));
  }

  /** Makes retired places free again: those between two positions of the list. */
  reclaim(retired: readonly number[], from = 0, to: number = retired.length): void {
    for (let i = from; i < Math.min(to, retired.length); i += 2) {
      const address = retired[i]!;
      const words = retired[i + 1]!;
      this.used -= words;
      for (let at = address; at < address + words; at++) this.setWord(at, 0);
      const list = this.#free.get(words);
      if (list === undefined) this.#free.set(words, [address]);
      else list.push(address);
    }
  }
}

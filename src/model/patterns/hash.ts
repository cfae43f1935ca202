import { randomInt } from 'node:crypto';

/**
 * Hashes of bytes, of texts with a byte a char, and of parts of them. A polynomial, so that the hash of any part comes from those of two
 * prefixes. The factor is one for the process: the threads get it with the memory.
 */
export interface Hasher {
  readonly factor: number;
}

/** A hasher that nobody can know from outside. */
export function newHasher(): Hasher {
  return { factor: (randomInt(2 ** 31) * 8 + 5) | 0 };
}

/** Spreads a polynomial over all bits. */
function finish(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** One step of the polynomial. */
function step(h: number, factor: number, char: number): number {
  return (Math.imul(h, factor) + char + 1) | 0;
}

/** The hash of a text. */
export function hashText({ factor }: Hasher, text: string): number {
  let h = 0;
  for (let i = 0; i < text.length; i++) h = step(h, factor, text.charCodeAt(i));
  return finish(h);
}

/** What is looked for: its bytes, and hashes of it. One of it is used again and again: it grows to the longest text. */
export class Sought {
  bytes: Uint8Array = new Uint8Array(256);
  readonly #factor: number;
  #prefixes = new Int32Array(256);
  #powers = Int32Array.of(1);

  constructor({ factor }: Hasher) {
    this.#factor = factor;
  }

  #makeRoom(length: number): void {
    if (this.bytes.length < length) this.bytes = new Uint8Array(length * 2);
  }

  /** Takes a text of a char a byte. Returns its hash. */
  take(text: string): number {
    const { length } = text;
    this.#makeRoom(length);
    const { bytes } = this;
    const factor = this.#factor;
    let h = 0;
    for (let i = 0; i < length; i++) {
      const char = text.charCodeAt(i);
      bytes[i] = char;
      h = step(h, factor, char);
    }
    return finish(h);
  }

  /** The hash of the first `length` of `bytes`, which somebody has put there. */
  hash(length: number): number {
    const { bytes } = this;
    const factor = this.#factor;
    let h = 0;
    for (let i = 0; i < length; i++) h = step(h, factor, bytes[i]!);
    return finish(h);
  }

  /** Takes a text: `part` is about it from now on. */
  takeParts(text: string): void {
    const { length } = text;
    this.#makeRoom(length);
    if (this.#prefixes.length <= length) this.#prefixes = new Int32Array(length * 2);
    if (this.#powers.length <= length) this.#growPowers(length * 2);
    let h = 0;
    for (let i = 0; i < length; i++) {
      const char = text.charCodeAt(i);
      this.bytes[i] = char;
      this.#prefixes[i] = h;
      h = step(h, this.#factor, char);
    }
    this.#prefixes[length] = h;
  }

  #growPowers(length: number): void {
    const powers = new Int32Array(length + 1);
    powers[0] = 1;
    for (let i = 1; i <= length; i++) powers[i] = Math.imul(powers[i - 1]!, this.#factor);
    this.#powers = powers;
  }

  /** The hash of the chars `from` to `to` (not included). */
  part(from: number, to: number): number {
    return finish((this.#prefixes[to]! - Math.imul(this.#prefixes[from]!, this.#powers[to - from]!)) | 0);
  }
}

/**
 * Encoded integers of the peers protocol (`doc/peers.txt` of HAProxy, "Encoding"): below 240 one byte; else four bits in the first
 * byte and seven in each that follows, each part added, not or-ed. Unsigned, at most 64 bits.
 */

/** What is received is not what the protocol says: the connection ends with an error message. */
export class PeersProtocolError extends Error {}

/** The most bytes that an encoded integer has. */
export const LONGEST_VARINT = 10;

const TWO_32 = 2 ** 32;
const TWO_64 = 1n << 64n;

/** Bytes that `value` takes. */
export function varintLength(value: number): number {
  if (value >= 0 && value < 240) return 1;
  return putVarint(new Uint8Array(LONGEST_VARINT), 0, value);
}

/** Writes a whole number (negative ones as 64 bits in two's complement) at `at`; returns where the next byte goes. */
export function putVarint(to: Uint8Array, at: number, value: number): number {
  if (value >= 0 && value < 240) {
    to[at] = value;
    return at + 1;
  }
  if (value < 0 || value > Number.MAX_SAFE_INTEGER) return putLong(to, at, value);
  to[at++] = (value & 0x0f) | 0xf0;
  let rest = Math.floor((value - 240) / 16);
  while (rest >= 128) {
    to[at++] = (rest & 0x7f) | 0x80;
    rest = Math.floor((rest - 128) / 128);
  }
  to[at++] = rest;
  return at;
}

function putLong(to: Uint8Array, at: number, value: number): number {
  const whole = BigInt(value);
  const unsigned = whole < 0n ? TWO_64 + whole : whole < TWO_64 ? whole : TWO_64 - 1n;
  to[at++] = Number(unsigned & 0x0fn) | 0xf0;
  let rest = (unsigned - 240n) >> 4n;
  while (rest >= 128n) {
    to[at++] = Number(rest & 0x7fn) | 0x80;
    rest = (rest - 128n) >> 7n;
  }
  to[at++] = Number(rest);
  return at;
}

/** Reads what a message has, from its first byte to its last; throws PeersProtocolError when it ends too early. */
export class WireReader {
  #bytes: Uint8Array;
  #at: number;
  #end: number;
  /** The halves of the integer read last. */
  #low = 0;
  #high = 0;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Bytes that are not read yet. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** An unsigned integer; those of more than 53 bits are rounded. */
  unsigned(): number {
    this.#varint();
    return this.#high * TWO_32 + this.#low;
  }

  /** The lower 32 bits of an integer, unsigned. */
  uint32(): number {
    this.#varint();
    return this.#low;
  }

  /** The lower 32 bits of an integer, signed. */
  int32(): number {
    this.#varint();
    return this.#low | 0;
  }

  /** Four bytes in network order. */
  net32(): number {
    const bytes = this.take(4);
    return ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0;
  }

  /** The next bytes, as a view. */
  take(length: number): Uint8Array {
    if (length > this.left) throw new PeersProtocolError('a message ends before what it announces');
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  /** A reader of the next bytes. */
  part(length: number): WireReader {
    return new WireReader(this.take(length));
  }

  #varint(): void {
    if (this.#at >= this.#end) throw new PeersProtocolError('a message ends before an integer');
    const first = this.#bytes[this.#at++]!;
    this.#high = 0;
    this.#low = first;
    if (first < 240) return;
    // Two exact sums: bits from 0, and bits from 32.
    let low = first;
    let high = 0;
    for (let shift = 4; ; shift += 7) {
      if (this.#at >= this.#end) throw new PeersProtocolError('a message ends within an integer');
      if (shift > 60) throw new PeersProtocolError('an integer has more than 64 bits');
      const byte = this.#bytes[this.#at++]!;
      if (shift < 40) low += byte * 2 ** shift;
      else high += byte * 2 ** (shift - 32);
      if (byte < 128) break;
    }
    this.#low = low % TWO_32;
    this.#high = (Math.floor(low / TWO_32) + high) % TWO_32;
  }
}

import { seededRandom } from '../../src/net/sim.ts';

/** A prime, so that no power of two of a buffer's size brings the same bytes again. */
const PERIOD = 65_521;
const block = Buffer.alloc(2 * PERIOD);
const random = seededRandom(1);
for (let i = 0; i < PERIOD; i++) block[i] = block[i + PERIOD] = Math.floor(random() * 256);

/** At most this many bytes can be had at once. */
export const PIECE = PERIOD;

/** Bytes from `offset` of the endless text that `seed` stands for; at most PIECE of them. */
export function piece(seed: number, offset: number, length: number): Buffer {
  const from = (seed + offset) % PERIOD;
  return block.subarray(from, from + length);
}

/** True when `bytes` are those from `offset` of the text of `seed`. */
export function matches(seed: number, offset: number, bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += PIECE) {
    const part = bytes.subarray(at, at + PIECE);
    if (!part.equals(piece(seed, offset + at, part.length))) return false;
  }
  return true;
}

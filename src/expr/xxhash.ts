/** xxHash (github.com/Cyan4973/xxHash, doc/xxhash_spec.md): XXH32 and XXH64 over the bytes of latin1 strings. */

const P32 = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f, 0x165667b1] as const;

const rotate32 = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

export function word32(text: string, at: number): number {
  return (
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)
  );
}

/** XXH32 as an unsigned number. */
export function xxh32(text: string, seed: number): number {
  const length = text.length;
  let at = 0;
  let h: number;
  if (length >= 16) {
    const lanes = [seed + P32[0] + P32[1], seed + P32[1], seed, seed - P32[0]].map((lane) => lane | 0);
    for (; at + 16 <= length; at += 16) {
      for (let i = 0; i < 4; i++) {
        const mixed = (lanes[i]! + Math.imul(word32(text, at + 4 * i), P32[1])) | 0;
        lanes[i] = Math.imul(rotate32(mixed, 13), P32[0]);
      }
    }
    h = (rotate32(lanes[0]!, 1) + rotate32(lanes[1]!, 7) + rotate32(lanes[2]!, 12) + rotate32(lanes[3]!, 18)) | 0;
  } else {
    h = (seed + P32[4]) | 0;
  }
  h = (h + length) | 0;
  for (; at + 4 <= length; at += 4) {
    h = Math.imul(rotate32((h + Math.imul(word32(text, at), P32[2])) | 0, 17), P32[3]);
  }
  for (; at < length; at++) {
    h = Math.imul(rotate32((h + Math.imul(text.charCodeAt(at), P32[4])) | 0, 11), P32[0]);
  }
  h = Math.imul(h ^ (h >>> 15), P32[1]);
  h = Math.imul(h ^ (h >>> 13), P32[2]);
  return (h ^ (h >>> 16)) >>> 0;
}

export const P64 = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const;

const M64 = 0xffffffffffffffffn;

const rotate64 = (value: bigint, bits: bigint): bigint => ((value << bits) & M64) | (value >> (64n - bits));

export function word64(text: string, at: number): bigint {
  return (BigInt(word32(text, at + 4) >>> 0) << 32n) | BigInt(word32(text, at) >>> 0);
}

const round64 = (lane: bigint, input: bigint): bigint => (rotate64((lane + input * P64[1]) & M64, 31n) * P64[0]) & M64;

/** The last mixing step of XXH64. */
export function xxh64Avalanche(value: bigint): bigint {
  let h = value;
  h = ((h ^ (h >> 33n)) * P64[1]) & M64;
  h = ((h ^ (h >> 29n)) * P64[2]) & M64;
  return h ^ (h >> 32n);
}

/** XXH64 as an unsigned bigint. */
export function xxh64(text: string, seed: bigint): bigint {
  const length = text.length;
  let at = 0;
  let h: bigint;
  if (length >= 32) {
    const lanes = [seed + P64[0] + P64[1], seed + P64[1], seed, seed - P64[0]].map((lane) => lane & M64);
    for (; at + 32 <= length; at += 32) {
      for (let i = 0; i < 4; i++) lanes[i] = round64(lanes[i]!, word64(text, at + 8 * i));
    }
    h = rotate64(lanes[0]!, 1n) + rotate64(lanes[1]!, 7n) + rotate64(lanes[2]!, 12n) + rotate64(lanes[3]!, 18n);
    for (const lane of lanes) h = (((h & M64) ^ round64(0n, lane)) * P64[0] + P64[3]) & M64;
  } else {
    h = (seed + P64[4]) & M64;
  }
  h = (h + BigInt(length)) & M64;
  for (; at + 8 <= length; at += 8) {
    h = (rotate64(h ^ round64(0n, word64(text, at)), 27n) * P64[0] + P64[3]) & M64;
  }
  if (at + 4 <= length) {
    h = (rotate64(h ^ ((BigInt(word32(text, at) >>> 0) * P64[0]) & M64), 23n) * P64[1] + P64[2]) & M64;
    at += 4;
  }
  for (; at < length; at++) {
    h = (rotate64(h ^ ((BigInt(text.charCodeAt(at)) * P64[4]) & M64), 11n) * P64[0]) & M64;
  }
  return xxh64Avalanche(h);
}

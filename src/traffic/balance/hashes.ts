/**
 * Hash functions of `hash-type`, over the bytes of a latin1 string; results are unsigned 32-bit numbers. The same key must reach the same
 * server as in HAProxy, so every value is HAProxy's own (its converters of the same names give them too).
 */
export type HashFunction = 'sdbm' | 'djb2' | 'wt6' | 'crc32' | 'none';

/** Hash of a key by the named function, spread by `avalanche` when asked for. */
export function hashKey(name: HashFunction, key: string, spread: boolean): number {
  const hash = plainHash(name, key);
  return spread ? avalanche(hash) : hash;
}

function plainHash(name: HashFunction, key: string): number {
  switch (name) {
    case 'sdbm':
      return sdbm(key);
    case 'djb2':
      return djb2(key);
    case 'wt6':
      return wt6(key);
    case 'crc32':
      return crc32(key);
    case 'none':
      return asInteger(key);
  }
}

/** The hash of the sdbm database library: h = c + h * 65599. */
export function sdbm(key: string): number {
  let h = 0;
  for (let i = 0; i < key.length; i++) h = (key.charCodeAt(i) + Math.imul(h, 65599)) | 0;
  return h >>> 0;
}

/** Bernstein's hash: h = c + h * 33, from 5381. */
export function djb2(key: string): number {
  let h = 5381;
  for (let i = 0; i < key.length; i++) h = (key.charCodeAt(i) + Math.imul(h, 33)) | 0;
  return h >>> 0;
}

/** HAProxy's wt6: two words that are inverted, rotated by data dependent steps and exchanged at each byte. */
export function wt6(key: string): number {
  let a = 0xa53c965a | 0;
  let b = 0x5ca6953a | 0;
  let right = 6;
  let left = 18;
  for (let i = 0; i < key.length; i++) {
    const byte = key.charCodeAt(i);
    a = ~(a ^ byte);
    b = ~((b + byte) | 0);
    const rotated = (b << right) | (b >>> (32 - right));
    b = (a << left) | (a >>> (32 - left));
    a = rotated;
    const steps = ((a >>> 16) ^ b) & 0xffff;
    right = steps & 31;
    left = steps >>> 11;
  }
  return (a ^ b) >>> 0;
}

const CRC = new Uint32Array(256);
for (let n = 0; n < 256; n++) {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  CRC[n] = c;
}

/** The CRC-32 of Ethernet, gzip and PNG. */
export function crc32(key: string): number {
  let c = -1;
  for (let i = 0; i < key.length; i++) c = CRC[(c ^ key.charCodeAt(i)) & 255]! ^ (c >>> 8);
  return ~c >>> 0;
}

/** `hash-type ... none`: the key is the hash already, written as a decimal number; reading stops at the first other character. */
export function asInteger(key: string): number {
  const negative = key.charCodeAt(0) === 0x2d;
  let value = 0;
  for (let i = negative || key.charCodeAt(0) === 0x2b ? 1 : 0; i < key.length; i++) {
    const digit = key.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = (Math.imul(value, 10) + digit) | 0;
  }
  return (negative ? -value : value) >>> 0;
}

/**
 * `avalanche`: one of Bob Jenkins' integer hashes (burtleburtle.net/bob/hash/integer.html, public domain) and a multiplication by a
 * prime near 3/4 of 2^32. A bijection on 32-bit numbers.
 */
export function avalanche(value: number): number {
  let a = value | 0;
  a = (a + 0x7ed55d16 + (a << 12)) | 0;
  a = a ^ 0xc761c23c ^ (a >>> 19);
  a = (a + 0x165667b1 + (a << 5)) | 0;
  a = ((a + 0xd3a2646c) | 0) ^ (a << 9);
  a = (a + 0xfd7046c5 + (a << 3)) | 0;
  a = a ^ 0xb55a4f09 ^ (a >>> 16);
  return Math.imul(a, 3221225473) >>> 0;
}

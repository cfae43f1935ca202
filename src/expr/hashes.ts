/** Hash functions of converters, over the bytes of latin1 strings; 32-bit results are unsigned. They give HAProxy's values. */

/** The hash of the sdbm database library. */
export function sdbm(key: string): number {
  let h = 0;
  for (let i = 0; i < key.length; i++) h = (key.charCodeAt(i) + Math.imul(h, 65599)) | 0;
  return h >>> 0;
}

/** Bernstein's hash. */
export function djb2(key: string): number {
  let h = 5381;
  for (let i = 0; i < key.length; i++) h = (key.charCodeAt(i) + Math.imul(h, 33)) | 0;
  return h >>> 0;
}

/** Two words that are inverted, rotated by data-dependent steps and exchanged at each byte. */
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

function crcTable(polynomial: number): Uint32Array {
  const table = new Uint32Array(256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? polynomial ^ (c >>> 1) : c >>> 1;
    table[n] = c;
  }
  return table;
}

function crcOf(key: string, table: Uint32Array): number {
  let c = -1;
  for (let i = 0; i < key.length; i++) c = table[(c ^ key.charCodeAt(i)) & 255]! ^ (c >>> 8);
  return ~c >>> 0;
}

const CRC32 = crcTable(0xedb88320);
const CRC32C = crcTable(0x82f63b78);

/** The CRC-32 of Ethernet, gzip and PNG. */
export function crc32(key: string): number {
  return crcOf(key, CRC32);
}

/** CRC-32C (RFC 4960, appendix B). */
export function crc32c(key: string): number {
  return crcOf(key, CRC32C);
}

/**
 * Spreads a hash over 32 bits: one of Bob Jenkins' integer hashes (burtleburtle.net/bob/hash/integer.html, public domain) and a
 * multiplication by a prime near 3/4 of 2^32.
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

/** XXH3 with 64 bits (github.com/Cyan4973/xxHash, doc/xxhash_spec.md), over the bytes of latin1 strings. */

import { P64, word32, word64, xxh64Avalanche } from './xxhash.ts';

const M64 = 0xffffffffffffffffn;
const P32 = [0x9e3779b1n, 0x85ebca77n, 0xc2b2ae3dn] as const;
const MX1 = 0x165667919e3779f9n;
const MX2 = 0x9fb21c651e98df25n;

/** The default secret of the specification. */
const SECRET = Buffer.from(
  'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c' +
    '3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364' +
    'eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e',
  'hex',
).toString('latin1');

const secret64 = (at: number): bigint => word64(SECRET, at);
const secret32 = (at: number): bigint => BigInt(word32(SECRET, at) >>> 0);
const input32 = (text: string, at: number): bigint => BigInt(word32(text, at) >>> 0);

const swap64 = (value: bigint): bigint => {
  let result = 0n;
  for (let i = 0n; i < 64n; i += 8n) result = (result << 8n) | ((value >> i) & 0xffn);
  return result;
};
const swap32 = (value: bigint): bigint => swap64(value) >> 32n;

/** 128-bit product, its halves folded by xor. */
function foldedProduct(a: bigint, b: bigint): bigint {
  const product = a * b;
  return (product & M64) ^ (product >> 64n);
}

function avalanche(value: bigint): bigint {
  const h = ((value ^ (value >> 37n)) * MX1) & M64;
  return h ^ (h >> 32n);
}

const rotate = (value: bigint, bits: bigint): bigint => ((value << bits) & M64) | (value >> (64n - bits));

/** Up to 16 bytes. */
function short(text: string, seed: bigint): bigint {
  const length = text.length;
  if (length > 8) {
    const low = word64(text, 0) ^ (((secret64(24) ^ secret64(32)) + seed) & M64);
    const high = word64(text, length - 8) ^ (((secret64(40) ^ secret64(48)) - seed) & M64);
    return avalanche((BigInt(length) + swap64(low) + high + foldedProduct(low, high)) & M64);
  }
  if (length >= 4) {
    const modified = seed ^ (swap32(seed & 0xffffffffn) << 32n);
    const combined = input32(text, length - 4) | (input32(text, 0) << 32n);
    let h = (((secret64(8) ^ secret64(16)) - modified) & M64) ^ combined;
    h ^= rotate(h, 49n) ^ rotate(h, 24n);
    h = (h * MX2) & M64;
    h ^= (h >> 35n) + BigInt(length);
    h = (h * MX2) & M64;
    return h ^ (h >> 28n);
  }
  if (length > 0) {
    const first = BigInt(text.charCodeAt(0));
    const middle = BigInt(text.charCodeAt(length >> 1));
    const last = BigInt(text.charCodeAt(length - 1));
    const combined = last | (BigInt(length) << 8n) | (first << 16n) | (middle << 24n);
    return xxh64Avalanche((((secret32(0) ^ secret32(4)) + seed) & M64) ^ combined);
  }
  return xxh64Avalanche(seed ^ secret64(56) ^ secret64(64));
}

function mix16(text: string, at: number, secretAt: number, seed: bigint): bigint {
  const low = word64(text, at) ^ ((secret64(secretAt) + seed) & M64);
  const high = word64(text, at + 8) ^ ((secret64(secretAt + 8) - seed) & M64);
  return foldedProduct(low, high);
}

/** 17 to 128 bytes: from both ends to the middle. */
function medium(text: string, seed: bigint): bigint {
  const length = text.length;
  let sum = (BigInt(length) * P64[0]) & M64;
  const rounds = ((length - 1) >> 5) + 1;
  for (let i = rounds - 1; i >= 0; i--) {
    sum += mix16(text, 16 * i, 32 * i, seed);
    sum += mix16(text, length - 16 * (i + 1), 32 * i + 16, seed);
  }
  return avalanche(sum & M64);
}

/** 129 to 240 bytes. */
function long(text: string, seed: bigint): bigint {
  const length = text.length;
  let sum = (BigInt(length) * P64[0]) & M64;
  for (let i = 0; i < 8; i++) sum += mix16(text, 16 * i, 16 * i, seed);
  sum = avalanche(sum & M64);
  const rounds = length >> 4;
  for (let i = 8; i < rounds; i++) sum += mix16(text, 16 * i, 16 * (i - 8) + 3, seed);
  sum += mix16(text, length - 16, 136 - 17, seed);
  return avalanche(sum & M64);
}

const STRIPE = 64;
const SECRET_SIZE = 192;
const STRIPES_PER_BLOCK = (SECRET_SIZE - STRIPE) / 8;

function accumulate(lanes: bigint[], text: string, at: number, secret: string, secretAt: number): void {
  for (let i = 0; i < 8; i++) {
    const value = word64(text, at + 8 * i);
    const keyed = value ^ word64(secret, secretAt + 8 * i);
    lanes[i ^ 1] = (lanes[i ^ 1]! + value) & M64;
    lanes[i] = (lanes[i]! + (keyed & 0xffffffffn) * (keyed >> 32n)) & M64;
  }
}

function scramble(lanes: bigint[], secret: string): void {
  for (let i = 0; i < 8; i++) {
    const lane = lanes[i]! ^ (lanes[i]! >> 47n) ^ word64(secret, SECRET_SIZE - STRIPE + 8 * i);
    lanes[i] = (lane * P32[0]) & M64;
  }
}

/** The default secret changed by a seed. */
function secretOf(seed: bigint): string {
  if (seed === 0n) return SECRET;
  const bytes = Buffer.from(SECRET, 'latin1');
  for (let at = 0; at < SECRET_SIZE; at += 16) {
    bytes.writeBigUInt64LE((secret64(at) + seed) & M64, at);
    bytes.writeBigUInt64LE((secret64(at + 8) - seed) & M64, at + 8);
  }
  return bytes.toString('latin1');
}

/** More than 240 bytes. */
function huge(text: string, seed: bigint): bigint {
  const length = text.length;
  const secret = secretOf(seed);
  const lanes = [P32[2], P64[0], P64[1], P64[2], P64[3], P32[1], P64[4], P32[0]];
  const blockSize = STRIPE * STRIPES_PER_BLOCK;
  const blocks = Math.floor((length - 1) / blockSize);
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < STRIPES_PER_BLOCK; i++) accumulate(lanes, text, block * blockSize + i * STRIPE, secret, 8 * i);
    scramble(lanes, secret);
  }
  const stripes = Math.floor((length - 1 - blocks * blockSize) / STRIPE);
  for (let i = 0; i < stripes; i++) accumulate(lanes, text, blocks * blockSize + i * STRIPE, secret, 8 * i);
  accumulate(lanes, text, length - STRIPE, secret, SECRET_SIZE - STRIPE - 7);
  let sum = (BigInt(length) * P64[0]) & M64;
  for (let i = 0; i < 4; i++) {
    const low = lanes[2 * i]! ^ word64(secret, 11 + 16 * i);
    const high = lanes[2 * i + 1]! ^ word64(secret, 11 + 16 * i + 8);
    sum += foldedProduct(low, high);
  }
  return avalanche(sum & M64);
}

/** XXH3 (64 bits) as an unsigned bigint. */
export function xxh3(text: string, seed: bigint): bigint {
  const { length } = text;
  if (length <= 16) return short(text, seed);
  if (length <= 128) return medium(text, seed);
  return length <= 240 ? long(text, seed) : huge(text, seed);
}

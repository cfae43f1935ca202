/**
 * Password hashes as crypt(3) makes them: SHA-256 and SHA-512 (`$5$`, `$6$`; akkadia.org/drepper/SHA-crypt.txt) and MD5 (`$1$`).
 * Checking one costs milliseconds, by design.
 */

import { createHash, timingSafeEqual } from 'node:crypto';

const DIGITS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DEFAULT_ROUNDS = 5000;
const MIN_ROUNDS = 1000;
const MAX_ROUNDS = 999_999_999;
/** More rounds than these would hold up traffic for seconds. */
const ALLOWED_ROUNDS = 500_000;

/** Tells whether a hash is of a kind that can be checked. */
export function isCryptHash(hash: string): boolean {
  const match = /^\$([156])\$(?:rounds=([0-9]+)\$)?/.exec(hash);
  return match !== null && Number(match[2] ?? 0) <= ALLOWED_ROUNDS;
}

/** Checks a password (latin1) against a hash of a kind that `isCryptHash` accepts. */
export function checkCrypt(password: string, hash: string): boolean {
  const match = /^\$([156])\$(?:rounds=([0-9]+)\$)?([^$]*)\$/.exec(hash);
  if (match === null) return false;
  const [, kind, roundsText, salt] = match as unknown as [string, '1' | '5' | '6', string | undefined, string];
  const made =
    kind === '1'
      ? md5Crypt(password, salt.slice(0, 8))
      : shaCrypt(kind, password, salt.slice(0, 16), roundsText === undefined ? null : Number(roundsText));
  const expected = Buffer.from(hash, 'latin1');
  const actual = Buffer.from(made, 'latin1');
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

type Chunk = Buffer | string;

function digestOf(algorithm: string, chunks: readonly Chunk[]): Buffer {
  const hash = createHash(algorithm);
  for (const chunk of chunks) hash.update(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk);
  return hash.digest();
}

/** `length` bytes of a block repeated. */
function stretch(block: Buffer, length: number): Buffer {
  return Buffer.alloc(length, block);
}

/** Order in which the bytes of a digest are written, three by three (0 = none). */
function byteOrder(size: number): number[][] {
  const groups: number[][] = [];
  const third = Math.floor(size / 3);
  for (let i = 0; i < third; i++) {
    const base = [i, third + i, 2 * third + i];
    const shift = size === 64 ? i % 3 : (3 - (i % 3)) % 3;
    groups.push([base[shift]!, base[(shift + 1) % 3]!, base[(shift + 2) % 3]!]);
  }
  return groups;
}

/** The last one or two bytes of a digest, that make no group of three. */
const LAST: Readonly<Record<number, readonly [number, number]>> = { 32: [31, 30], 64: [-1, 63] };

function encode(value: number, digits: number): string {
  let text = '';
  for (let i = 0, rest = value; i < digits; i++, rest >>= 6) text += DIGITS[rest & 63]!;
  return text;
}

function encodeSha(digest: Buffer): string {
  let text = '';
  for (const [a, b, c] of byteOrder(digest.length)) {
    text += encode((digest[a!]! << 16) | (digest[b!]! << 8) | digest[c!]!, 4);
  }
  const [high, low] = LAST[digest.length]!;
  return text + (high < 0 ? encode(digest[low]!, 2) : encode((digest[high]! << 8) | digest[low]!, 3));
}

function shaCrypt(kind: '5' | '6', password: string, salt: string, givenRounds: number | null): string {
  const algorithm = kind === '5' ? 'sha256' : 'sha512';
  const key = Buffer.from(password, 'latin1');
  const rounds = givenRounds === null ? DEFAULT_ROUNDS : Math.min(MAX_ROUNDS, Math.max(MIN_ROUNDS, givenRounds));
  const alternate = digestOf(algorithm, [key, salt, key]);
  const first: Chunk[] = [key, salt, stretch(alternate, key.length)];
  for (let rest = key.length; rest > 0; rest >>= 1) first.push(rest & 1 ? alternate : key);
  let digest = digestOf(algorithm, first);
  const keyBytes = stretch(digestOf(algorithm, new Array<Chunk>(key.length).fill(key)), key.length);
  const saltBytes = stretch(digestOf(algorithm, new Array<Chunk>(16 + digest[0]!).fill(salt)), salt.length);
  for (let round = 0; round < rounds; round++) {
    const chunks: Chunk[] = [round & 1 ? keyBytes : digest];
    if (round % 3 !== 0) chunks.push(saltBytes);
    if (round % 7 !== 0) chunks.push(keyBytes);
    chunks.push(round & 1 ? digest : keyBytes);
    digest = digestOf(algorithm, chunks);
  }
  const prefix = givenRounds === null ? '' : `rounds=${rounds}$`;
  return `$${kind}$${prefix}${salt}$${encodeSha(digest)}`;
}

function md5Crypt(password: string, salt: string): string {
  const key = Buffer.from(password, 'latin1');
  const alternate = digestOf('md5', [key, salt, key]);
  const first: Chunk[] = [key, '$1$', salt, stretch(alternate, key.length)];
  for (let rest = key.length; rest > 0; rest >>= 1) first.push(rest & 1 ? '\0' : key.subarray(0, 1));
  let digest = digestOf('md5', first);
  for (let round = 0; round < 1000; round++) {
    const chunks: Chunk[] = [round & 1 ? key : digest];
    if (round % 3 !== 0) chunks.push(salt);
    if (round % 7 !== 0) chunks.push(key);
    chunks.push(round & 1 ? digest : key);
    digest = digestOf('md5', chunks);
  }
  let text = '';
  for (const [a, b, c] of [
    [0, 6, 12],
    [1, 7, 13],
    [2, 8, 14],
    [3, 9, 15],
    [4, 10, 5],
  ] as const) {
    text += encode((digest[a]! << 16) | (digest[b]! << 8) | digest[c]!, 4);
  }
  return `$1$${salt}$${text}${encode(digest[11]!, 2)}`;
}

/** Hashes, digests and message authentication codes (HAProxy manual, section 7.3.1). */

import { createHash, createHmac, getHashes } from 'node:crypto';
import { avalanche, crc32, crc32c, djb2, sdbm, wt6 } from '../hashes.ts';
import type { ConverterRow } from '../row.ts';
import { wrap } from '../sample.ts';
import { parseVarName, readVarText } from '../vars.ts';
import { xxh3 } from '../xxh3.ts';
import { xxh32, xxh64 } from '../xxhash.ts';
import { base64Decode } from './binary.ts';

/** A 32-bit hash, spread by `(1)`. */
const hash = (name: string, make: (key: string) => number): ConverterRow => ({
  name,
  args: '[integer]',
  in: 'bin',
  out: 'sint',
  compile: ([spread]) =>
    spread !== undefined && Number(spread) !== 0
      ? (key) => avalanche(make(key as string))
      : (key) => make(key as string),
});

/** A 64-bit hash with a seed. */
const hash64 = (name: string, make: (key: string, seed: bigint) => bigint): ConverterRow => ({
  name,
  args: '[integer]',
  in: 'bin',
  out: 'sint',
  compile: ([seed]) => {
    const start = BigInt.asUintN(64, BigInt(seed ?? 0));
    return (key) => wrap(make(key as string, start));
  },
});

function digest(algorithm: string): (bytes: string) => string {
  return (bytes) => createHash(algorithm).update(bytes, 'latin1').digest('latin1');
}

const known = new Set(getHashes().map((name) => name.toLowerCase()));
const SHA2_BITS = [224, 256, 384, 512];

export const hashConverters: readonly ConverterRow[] = [
  hash('crc32', crc32),
  hash('crc32c', crc32c),
  hash('djb2', djb2),
  hash('sdbm', sdbm),
  hash('wt6', wt6),
  {
    name: 'xxh32',
    args: '[integer]',
    in: 'bin',
    out: 'sint',
    compile: ([seed]) => {
      const start = Number(BigInt.asIntN(32, BigInt(seed ?? 0)));
      return (key) => xxh32(key as string, start);
    },
  },
  hash64('xxh3', xxh3),
  hash64('xxh64', xxh64),
  {
    name: 'sha1',
    args: '',
    in: 'bin',
    out: 'bin',
    compile: () => {
      const sha1 = digest('sha1');
      return (bytes) => sha1(bytes as string);
    },
  },
  {
    name: 'sha2',
    args: '[integer]',
    in: 'bin',
    out: 'bin',
    compile: ([bits]) => {
      const size = bits === undefined ? 256 : Number(bits);
      if (!SHA2_BITS.includes(size)) return { error: `Unsupported number of bits: '${size}'` };
      const sha2 = digest(`sha${size}`);
      return (bytes) => sha2(bytes as string);
    },
  },
  {
    name: 'digest',
    args: 'string',
    in: 'bin',
    out: 'bin',
    compile: ([algorithm]) => {
      const name = (algorithm as string).toLowerCase();
      if (!known.has(name)) return { error: 'algorithm must be a valid OpenSSL message digest name.' };
      const make = digest(name);
      return (bytes) => make(bytes as string);
    },
  },
  {
    name: 'hmac',
    args: 'string,string',
    in: 'bin',
    out: 'bin',
    compile: ([algorithm, keyText]) => {
      const name = (algorithm as string).toLowerCase();
      if (!known.has(name)) return { error: 'algorithm must be a valid OpenSSL message digest name.' };
      const key = keyText as string;
      const variable = parseVarName(key);
      if (!('error' in variable)) {
        return (bytes, ctx) => {
          const encoded = readVarText(ctx, variable);
          const secret = encoded === undefined ? undefined : base64Decode(encoded);
          if (secret === undefined) return undefined;
          return createHmac(name, Buffer.from(secret, 'latin1'))
            .update(bytes as string, 'latin1')
            .digest('latin1');
        };
      }
      if (!/^[A-Za-z0-9+/]+={0,2}$/.test(key) || key.length % 4 !== 0) {
        return {
          error: 'failed to parse key : argument needs to be base64 encoded, and can either be a string or a variable',
        };
      }
      const secret = Buffer.from(key, 'base64');
      return (bytes) =>
        createHmac(name, secret)
          .update(bytes as string, 'latin1')
          .digest('latin1');
    },
  },
];

import { avalanche, crc32, djb2, sdbm, wt6 } from '../../expr/hashes.ts';

/**
 * Hash functions of `hash-type`, over the bytes of a latin1 string; results are unsigned 32-bit numbers. The same key
 * must reach the same server as in HAProxy, so every value is HAProxy's own (its converters of the same names give them
 * too).
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

/**
 * `hash-type ... none`: the key is the hash already, written as a decimal number; reading stops at the first other
 * character.
 */
function asInteger(key: string): number {
  const negative = key.charCodeAt(0) === 0x2d;
  let value = 0;
  for (let i = negative || key.charCodeAt(0) === 0x2b ? 1 : 0; i < key.length; i++) {
    const digit = key.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = (Math.imul(value, 10) + digit) | 0;
  }
  return (negative ? -value : value) >>> 0;
}

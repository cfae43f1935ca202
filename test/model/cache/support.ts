import { createHash } from 'node:crypto';
import {
  type CacheMemory,
  type CacheView,
  cacheMemorySize,
  type ObjectFacts,
} from '../../../src/model/cache/memory.ts';

export function view(kilobytes: number, more: Partial<CacheView> = {}): CacheView {
  const totalMaxSize = kilobytes * 1024;
  const memory = new SharedArrayBuffer(cacheMemorySize(totalMaxSize));
  const settings = {
    name: 'c',
    maxObjectSize: totalMaxSize / 2,
    maxAge: 60,
    processVary: true,
    maxSecondaryEntries: 3,
  };
  return { ...settings, totalMaxSize, memory, ...more };
}

export function facts(key: string, more: Partial<ObjectFacts> = {}): ObjectFacts {
  return {
    hash: createHash('sha1').update(key).digest(),
    expire: 100,
    validated: 0,
    age: 0,
    lastModified: 0,
    etagOffset: 0,
    etagLength: 0,
    headLength: 0,
    signature: 0,
    secondary: new Int32Array(5),
    ...more,
  };
}

/** Stores `length` bytes that tell of `key` and `version`; false when they are not taken. */
export function put(
  cache: CacheMemory,
  key: string,
  version: number,
  length: number,
  more: Partial<ObjectFacts> = {},
): boolean {
  const pin = cache.begin(facts(key, more), 0);
  if (pin === null) return false;
  const bytes = content(key, version, length);
  const half = length >> 1;
  if (!cache.append(pin, bytes, 0, half) || !cache.append(pin, bytes, half, length)) {
    cache.abort(pin);
    return false;
  }
  cache.complete(pin);
  return true;
}

/** What `put` stores: 4 bytes each of a version, then of the same again. */
export function content(key: string, version: number, length: number): Buffer {
  return Buffer.alloc(length, `${key}:${version};`);
}

/** What is stored under `key`, null when nothing is. */
export function get(cache: CacheMemory, key: string, now = 0, wanted: Int32Array | null = null): Buffer | null {
  const pin = cache.find(facts(key).hash, now, () => wanted);
  if (pin === null) return null;
  const bytes = Buffer.alloc(cache.get(pin, 8));
  const place = cache.read(pin, 0, bytes.length, bytes, 0);
  cache.release(pin);
  return place === -2 ? null : bytes;
}

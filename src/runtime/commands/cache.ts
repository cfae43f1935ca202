import { type CacheListing, CacheMemory } from '../../model/cache/memory.ts';
import { type Answer, dump } from '../answer.ts';
import type { Call, Command } from '../registry.ts';

/** Buckets of a cache that are looked through before other work is let in. */
const SLICE = 4096;

/** Addresses that objects have in HAProxy's listing: here places in the cache's memory. */
const BASE = 0x7f00_0000_0000;

function showCache({ control }: Call): Answer {
  return dump(listing(control.model.caches.map((view) => new CacheMemory(view, control.model.threads))));
}

function* listing(caches: readonly CacheMemory[]): Generator<string> {
  for (const [i, cache] of caches.entries()) {
    const start = BASE + i * 0x1_0000_0000;
    yield `${address(start + 0x3a)}: ${cache.view.name} (shctx:${address(start)}, available blocks:${cache.available})\n`;
    for (let bucket = 0; bucket < cache.buckets; bucket += SLICE) {
      const now = Math.floor(Date.now() / 1000);
      yield cache
        .list(bucket, bucket + SLICE, now)
        .map((entry) => line(entry, start))
        .join('');
    }
  }
}

function line(entry: CacheListing, start: number): string {
  const vary = entry.secondary.map(hexBytes).join('');
  return (
    `${address(start + 0x1000 + entry.place)} hash:${entry.hash} vary:0x${vary} ` +
    `size:${entry.size} (${entry.blocks} blocks), refcount:${entry.refs}, expire:${entry.expire}\n`
  );
}

/** The bytes of a word as they lie in memory. */
function hexBytes(word: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(word);
  return bytes.toString('hex');
}

function address(place: number): string {
  return `0x${place.toString(16)}`;
}

/** Objects in caches. */
export const cacheCommands: readonly Command[] = [
  {
    words: 'show cache',
    args: '',
    help: 'show cache status',
    level: 'admin',
    where: 'worker',
    about:
      'Each cache, and what it holds: hash of what was asked for, what the object depends on, size, readers, seconds left.',
    run: showCache,
  },
];

import { isDeepStrictEqual } from 'node:util';
import type { CacheConfig, Config } from '../config/types.ts';
import { type CacheView, cacheMemorySize } from '../model/cache/memory.ts';

/** The caches of a configuration. One whose section has not changed since `before` keeps what it holds; memory is taken as it is used. */
export function cachesOf({ caches }: Config, before: readonly CacheView[]): readonly CacheView[] {
  return caches.map((config) => {
    const settings = settingsOf(config);
    const known = before.find(({ memory: _memory, ...old }) => isDeepStrictEqual(old, settings));
    return known ?? { ...settings, memory: new SharedArrayBuffer(cacheMemorySize(config.totalMaxSize)) };
  });
}

function settingsOf({ at: _at, ...settings }: CacheConfig): Omit<CacheView, 'memory'> {
  return settings;
}

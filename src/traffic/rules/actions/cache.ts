import type { ExprError } from '../../../expr/sample.ts';
import { useCache } from '../../cache/caching.ts';
import { type ActionRow, Verdict, type Words } from '../types.ts';

function cacheName(words: Words): string | ExprError {
  const name = words.peek();
  if (name === undefined) return { error: 'expects a cache name' };
  words.take();
  return name;
}

/** Answering requests from a cache (`cache-use`) and keeping responses (`cache-store`). */
export const cacheActions: readonly ActionRow[] = [
  {
    name: 'cache-use',
    kinds: ['http-request'],
    compile(words, env) {
      const name = cacheName(words);
      if (typeof name !== 'string') return name;
      const front = env.slots !== null;
      return (stream) => {
        const cache = stream.env.caches.get(name);
        if (cache !== undefined) useCache(stream, cache, front ? stream.frontend.c : stream.backend!.c);
        return Verdict.next;
      };
    },
  },
  {
    name: 'cache-store',
    kinds: ['http-response'],
    compile(words) {
      const name = cacheName(words);
      if (typeof name !== 'string') return name;
      return (stream) => {
        const { caching } = stream;
        // What comes from a cache is not kept in one.
        if (caching !== null && caching.hit === null && caching.cache.view.name === name) caching.store(stream);
        return Verdict.next;
      };
    },
  },
];

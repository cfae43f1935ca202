/** Filters and caches after the last line: what HAProxy refuses of their order and of what they refer to. */

import type { ProxyDraft } from './draft.ts';
import { label } from './finish-references.ts';
import type { Context } from './line.ts';
import type { Location } from './types.ts';

/** Caches that the proxy names, each with the first line that does, and those that `filter` lines do not name. */
function cachesOf({ config }: ProxyDraft): { named: ReadonlyMap<string, Location>; implicit: readonly string[] } {
  const named = new Map<string, Location>();
  for (const filter of config.filters)
    if (filter.kind === 'cache' && !named.has(filter.name)) named.set(filter.name, filter.at);
  const declared = [...named.keys()];
  for (const [set, action] of [
    ['http-request', 'cache-use'],
    ['http-response', 'cache-store'],
  ] as const) {
    for (const { words, at } of config.rules[set])
      if (words[0] === action && words[1] !== undefined && !named.has(words[1])) named.set(words[1], at);
  }
  return { named, implicit: [...named.keys()].filter((name) => !declared.includes(name)) };
}

/** What is wrong with the filters of a proxy. */
export function checkFilters({ diagnostics, config }: Context, proxy: ProxyDraft): void {
  const { filters, compression, name, disabled, mode } = proxy.config;
  if (disabled || mode !== 'http') return;
  const complain = (text: string, at: Location | null = null) =>
    diagnostics.alert(at, `${at === null ? 'config: ' : ''}${label(proxy)} '${name}': ${text}.`);
  const { named, implicit } = cachesOf(proxy);
  const others = filters.some(({ kind }) => kind !== 'cache' && kind !== 'compression');
  const compresses = filters.findIndex(({ kind }) => kind === 'compression');
  if (compression !== null && compresses < 0 && others)
    complain('require an explicit filter declaration to use HTTP compression');
  for (const [cache, at] of named) {
    if (!config.caches.some((section) => section.name === cache))
      complain(`unable to find the cache '${cache}' referenced by the filter 'cache'`, at);
    else if (others && implicit.includes(cache))
      complain(`require an explicit filter declaration to use the cache '${cache}'`);
  }
  const late = filters.find((filter, i) => filter.kind === 'cache' && compresses >= 0 && i > compresses);
  if (late?.kind === 'cache') complain(`unable to enable the compression filter before the cache '${late.name}'`);
}

/** What is wrong with `cache` sections, and what is left for them to say. */
export function checkCaches({ diagnostics, config }: Context): void {
  for (const cache of config.caches) {
    const half = cache.totalMaxSize / 2;
    if (cache.totalMaxSize === 0) diagnostics.alert(null, `Size not specified for cache '${cache.name}'`);
    else if (cache.maxObjectSize === 0) cache.maxObjectSize = Math.floor(cache.totalMaxSize / 256);
    else if (cache.maxObjectSize > half)
      diagnostics.alert(cache.at, `"max-object-size" is limited to an half of "total-max-size" => ${half}`);
  }
}

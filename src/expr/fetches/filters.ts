/** What compression and the cache did to a response (HAProxy manual, section 7.3.6). */

import type { FetchRow } from '../row.ts';

export const filterFetches: readonly FetchRow[] = [
  { name: 'res.comp', args: '', type: 'bool', source: 'response', compile: () => (ctx) => ctx.compressing === true },
  {
    name: 'res.comp_algo',
    args: '',
    type: 'str',
    source: 'response',
    compile: () => (ctx) => (ctx.compressing === true ? (ctx.compression ?? undefined) : undefined),
  },
  {
    name: 'res.cache_hit',
    args: '',
    type: 'bool',
    source: 'anyResponse',
    compile: () => (ctx) => (ctx.cacheName ?? null) !== null,
  },
  {
    name: 'res.cache_name',
    args: '',
    type: 'str',
    source: 'anyResponse',
    compile: () => (ctx) => ctx.cacheName ?? undefined,
  },
];

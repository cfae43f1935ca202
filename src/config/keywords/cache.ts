/** Keywords of `cache` sections (manual, section 6.2). */

import type { Draft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { CacheConfig } from '../types.ts';
import { parseInteger } from '../units.ts';
import { integerArgument, switchArgument } from './arguments.ts';
import { KeywordTable, works } from './table.ts';

type Cache = Draft<CacheConfig>;

export const CACHE_KEYWORDS = new KeywordTable<Cache>([
  works<Cache>('total-max-size', '<megabytes>', (line, cache) => {
    const value = integerArgument(line, { min: 1, max: 4095 });
    if (value !== null) cache.totalMaxSize = value * 1_048_576;
  }),
  works<Cache>('max-object-size', '<bytes>', (line, cache) => {
    const value = integerArgument(line, { min: 1 });
    if (value !== null) cache.maxObjectSize = value;
  }),
  works<Cache>('max-age', '<seconds>', (line, cache) => {
    const value = integerArgument(line, { min: 1 });
    if (value !== null) cache.maxAge = value;
  }),
  works<Cache>('process-vary', '{on|off}', (line, cache) => {
    const value = switchArgument(line);
    if (value !== null) cache.processVary = value;
  }),
  works<Cache>('max-secondary-entries', '<number>', (line, cache) => {
    const value = parseInteger(line.word(1));
    if (value === null || value <= 0)
      line.alert("'max-secondary-entries' expects a strictly positive number.", 'reader');
    else if (line.atMost(1)) cache.maxSecondaryEntries = value;
  }),
]);

export function newCache(name: string, at: Line['at']): Cache {
  return { name, at, totalMaxSize: 0, maxObjectSize: 0, maxAge: 60, processVary: false, maxSecondaryEntries: 10 };
}

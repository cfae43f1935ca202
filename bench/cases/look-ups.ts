/** Look-ups in pattern references of growing size, for each kind of match that has an index. */

import type { PatternReferenceConfig } from '../../src/config/types.ts';
import { PatternLookup } from '../../src/model/patterns/lookup.ts';
import { PatternMemory } from '../../src/model/patterns/memory.ts';
import { PatternReferences } from '../../src/model/patterns/references.ts';
import { median, type Row } from '../measure.ts';
import type { Bench } from './index.ts';

const SIZES = [1000, 100_000, 1_000_000];
/** Values that are looked up, a power of two. */
const VALUES = 1 << 16;
/** What a look-up among a million may cost, ns: some misses of the processor's cache each, however many entries there are. */
const BOUND = 3000;

const host = (i: number) => `h${i}.example.com`;
const address = (i: number) => `${10 + (i >> 24)}.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;

/** For each kind: the pattern of a number, and a value that it matches. */
const KINDS: Readonly<Record<string, { pattern(i: number): string; value(i: number): unknown }>> = {
  str: { pattern: host, value: host },
  beg: { pattern: (i) => `/app-${i}/`, value: (i) => `/app-${i}/index.html` },
  end: { pattern: (i) => `-${i}.png`, value: (i) => `/images/photo-${i}.png` },
  dir: { pattern: (i) => `dir-${i}`, value: (i) => `/static/dir-${i}/page` },
  dom: { pattern: (i) => `d${i}.example`, value: (i) => `www.d${i}.example.com` },
  ip: { pattern: (i) => `${address(i * 16)}/28`, value: (i) => address(i * 16 + (i & 15)) },
  int: { pattern: (i) => `${i * 10}:${i * 10 + 5}`, value: (i) => i * 10 + 3 },
};

/** CPU of a look-up in 1,000, 100,000 and 1,000,000 entries. */
export async function lookUps(bench: Bench): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [match, { pattern, value }] of Object.entries(KINDS)) {
    const figures: Record<string, number> = {};
    for (const size of SIZES) {
      const find = await filled(match, size, pattern);
      const values = Array.from({ length: VALUES }, () => value(Math.floor(Math.random() * size)));
      figures[`among ${size.toLocaleString('en')}`] = measured(find, values, bench.quick ? 5 : 15);
    }
    const most = Object.values(figures).at(-1)!;
    const row = { case: `look-up, match ${match}`, unit: 'ns', figures };
    rows.push({ ...row, value: most, of: 'ns of CPU', bound: BOUND });
  }
  return rows;
}

async function filled(match: string, size: number, pattern: (i: number) => string): Promise<(value: never) => number> {
  const lines = Array.from({ length: size }, (_, i) => `${pattern(i)}\n`);
  const config: PatternReferenceConfig = {
    ...{ key: match, id: 0, name: match, description: '', acl: true, map: false, keyed: false },
    uses: [{ match, ignoreCase: false, values: null }] as PatternReferenceConfig['uses'],
    source: Buffer.from(lines.join('')),
  };
  const patterns = new PatternReferences();
  (await patterns.stage([config])).commit();
  const { chunks, references, factor } = patterns.view();
  const lookup = new PatternLookup(new PatternMemory(chunks), { factor }, references[0]!);
  return lookup.index(match, false) as (value: never) => number;
}

/** ns of CPU, the median of rounds; throws when something is not found. */
function measured(find: (value: never) => number, values: readonly unknown[], rounds: number): number {
  const times: number[] = [];
  for (let round = -2; round < rounds; round++) {
    const begin = process.threadCpuUsage();
    for (const value of values) if (find(value as never) === 0) throw new Error(`${value} was not found`);
    const { user, system } = process.threadCpuUsage(begin);
    if (round >= 0) times.push(((user + system) * 1000) / values.length);
  }
  return median(times);
}

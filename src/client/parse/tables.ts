import { numberOr } from './info.ts';
import { keyValues, unescapeWord } from './key-values.ts';

/** A stick table, from the list of `show table` or the head of its contents. */
export interface Table {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly used: number;
}

/** An entry of a stick table. */
export interface TableEntry {
  /** Reference (`0x...`), for `ptr`. */
  readonly ptr: string;
  readonly key: string;
  /** References to the entry now. */
  readonly use: number;
  /** Time left, ms; 0 in tables without expiry. */
  readonly exp: number;
  readonly shard: number | null;
  /** Data by type (`gpc0`, `conn_rate`, ...). */
  readonly data: Readonly<Record<string, number | string>>;
  /** Period of each rate among the data, ms. */
  readonly periods: Readonly<Record<string, number>>;
}

/** Reads `# table: name, type: ip, size:1024, used:1`; null for other lines. */
export function parseTable(line: string): Table | null {
  const match = /^# table: (.*), type: (\S+), size:(\d+), used:(\d+)/.exec(line);
  if (match === null) return null;
  return { name: match[1]!, type: match[2]!, size: Number(match[3]), used: Number(match[4]) };
}

/** Reads an entry; null for other lines. */
export function parseTableEntry(line: string): TableEntry | null {
  const match = /^(0x[0-9a-f]+): (key=.*)$/is.exec(line);
  if (match === null) return null;
  const data: Record<string, number | string> = {};
  const periods: Record<string, number> = {};
  const facts: Record<string, string> = {};
  for (const [name, value] of keyValues(match[2]!)) {
    if (name === 'key' || name === 'use' || name === 'exp' || name === 'shard') {
      facts[name] ??= value;
      continue;
    }
    const rate = /^(.*)\((\d+)\)$/.exec(name);
    const type = rate?.[1] ?? name;
    data[type] = numberOr(unescapeWord(value));
    if (rate !== null) periods[type] = Number(rate[2]);
  }
  return {
    ptr: match[1]!,
    key: unescapeWord(facts['key'] ?? ''),
    use: Number(facts['use'] ?? 0),
    exp: Number(facts['exp'] ?? 0),
    shard: facts['shard'] === undefined ? null : Number(facts['shard']),
    data,
    periods,
  };
}

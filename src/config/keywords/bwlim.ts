/** `filter bwlim-in` and `filter bwlim-out` (manual, section 9.7). */

import type { ProxyDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { BandwidthFilterConfig } from '../types.ts';
import { parseSize, parseTime } from '../units.ts';

/** Options with a value: those of a limit that streams share, of one for each stream by itself, and of both. */
const SHARED: readonly string[] = ['limit', 'key', 'table'];
const OWN: readonly string[] = ['default-limit', 'default-period'];
const OPTIONS: readonly string[] = [...SHARED, ...OWN, 'min-size'];

const MISSING: Readonly<Record<string, string>> = {
  key: 'the sample expression is missing',
  table: 'the table name is missing',
};

/** Options as they are written, by their names, and the index of the word behind them; or what is wrong. */
function readOptions(line: Line): { options: Map<string, readonly string[]>; next: number } | string {
  const kind = line.word(1);
  const options = new Map<string, readonly string[]>();
  let next = 3;
  for (let name = line.word(next); OPTIONS.includes(name); name = line.word(next)) {
    const mixed = SHARED.includes(name) ? OWN : OWN.includes(name) ? SHARED : [];
    if (mixed.some((other) => options.has(other))) return `'${kind}' : cannot mix per-stream and shared parameter`;
    const first = ++next;
    if (line.word(first) === '') return `'${kind}' : ${MISSING[name] ?? 'the value is missing'} for '${name}' option`;
    next++;
    // An expression goes on until the next option; of the others each has one word.
    if (name === 'key') while (line.word(next) !== '' && !OPTIONS.includes(line.word(next))) next++;
    options.set(name, line.words.slice(first, next));
  }
  return { options, next };
}

/** A filter, and the index of the word behind its options. */
interface Read {
  readonly filter: BandwidthFilterConfig;
  readonly next: number;
}

/** The line as a filter, or what is wrong with it. */
function readFilter(line: Line): Read | string {
  const kind = line.word(1) as BandwidthFilterConfig['kind'];
  const name = line.word(2);
  if (name === '') return `'${kind}' : a name is expected as first argument `;
  const read = readOptions(line);
  if (typeof read === 'string') return read;
  const { options, next } = read;
  const numbers: number[] = [];
  for (const option of ['limit', 'default-limit', 'min-size', 'default-period']) {
    const text = options.get(option)?.[0];
    const value = text === undefined ? 0 : option === 'default-period' ? parseTime(text) : parseSize(text);
    if (typeof value !== 'number') {
      const why = value.error === 'overflow' ? 'too large' : `unexpected character '${value.character}'`;
      return `'${kind}' : invalid value for option '${option}' (${why})`;
    }
    numbers.push(value);
  }
  const [limit = 0, defaultLimit = 0, minSize = 0, period = 0] = numbers;
  const base = { kind, name, minSize, at: line.at };
  if (!SHARED.some((option) => options.has(option))) {
    if (period === 0) return `'${kind}' : <default-period> option is missing`;
    if (defaultLimit === 0) return `'${kind}' : <default-limit> option is missing`;
    return { filter: { ...base, limit: defaultLimit, period, shared: null }, next };
  }
  const key = options.get('key');
  if (key === undefined) return `'${kind}' : <key> option is missing`;
  if (limit === 0) return `'${kind}' : <limit> option is missing`;
  const shared = { key, table: options.get('table')?.[0] ?? null };
  return { filter: { ...base, limit, period: 0, shared }, next };
}

/** Reads a line; null, with an alert, when there is something wrong with it. */
export function parseBandwidthFilter(line: Line, { config }: ProxyDraft): Read | null {
  const twice = config.filters.some(
    (other) => (other.kind === 'bwlim-in' || other.kind === 'bwlim-out') && other.name === line.word(2),
  );
  const read = twice ? `bwlim filter '${line.word(2)}' already declared for proxy '${config.name}'` : readFilter(line);
  if (typeof read !== 'string') return read;
  line.alert(`'filter' : '${read}'`);
  return null;
}

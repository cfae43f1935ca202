import type { Change, ChangeOf } from '../../change.ts';
import { memoryOnlyText } from '../../memory-only.ts';
import { list } from '../find.ts';
import type { Live } from '../live.ts';
import { EVERYWHERE, type RemoteRow } from '../row.ts';

/** Debian's 2.6 asks for it as well. */
const COMMON = { ...EVERYWHERE, level: 'operator' } as const;

const ABSENT = '(absent)';

/** `set table`. */
export const tableSet: RemoteRow<ChangeOf<'table.set'>> = {
  ...COMMON,
  async problem({ table, key, data }, live) {
    const missing = await lacksTable(table, live);
    if (missing) return missing;
    if (Object.keys(data).length === 0) return 'nothing is given that should be set of the entry';
    const bad = Object.entries(data).find(([name, value]) => !/^\w+(\[\d+\])?$/.test(name) || /[\s\0]|^$/.test(value));
    if (bad) return `this is no data of an entry: ${JSON.stringify(`${bad[0]}=${bad[1]}`)}`;
    const entry = await entryOf(table, key, live);
    const unknown = entry && Object.keys(data).find((name) => !entry.has(shown(name)));
    return unknown ? `table '${table}' does not store '${unknown}'; it stores ${list([...entry.keys()])}` : null;
  },
  warnings: async () => [memoryOnlyText('an agent sets it again; peers know it, too')],
  async read({ table, key, data }, live) {
    const entry = await entryOf(table, key, live);
    return entry
      ? text(Object.fromEntries(Object.keys(data).map((name) => [name, entry.get(shown(name)) ?? ''])))
      : ABSENT;
  },
  after: async ({ data }) => text(data),
  commands: async ({ table, key, data }) => [
    {
      words: [
        'set',
        'table',
        table,
        'key',
        key,
        ...Object.entries(data).flatMap(([name, value]) => [`data.${name}`, value]),
      ],
    },
  ],
  async inverse({ table, key, data }, live): Promise<Change> {
    const entry = await entryOf(table, key, live);
    if (!entry) return { kind: 'table.clear', table, key };
    return {
      kind: 'table.set',
      table,
      key,
      data: Object.fromEntries(Object.keys(data).map((name) => [name, entry.get(shown(name))!])),
    };
  },
  // Traffic counts on meanwhile, rates fall.
  holds: (now) => now !== ABSENT,
  durable: async ({ table, key, data }) => ({
    ...{ object: table, attribute: `key ${key} ${Object.keys(data).sort().join(' ')}`, file: ABSENT },
  }),
};

/** `clear table`. What is in use stays. */
export const tableClear: RemoteRow<ChangeOf<'table.clear'>> = {
  ...COMMON,
  async problem({ table, key }, live) {
    const missing = await lacksTable(table, live);
    if (missing || key === null) return missing;
    return (await entryOf(table, key, live)) ? null : `table '${table}' has no entry '${key}'`;
  },
  warnings: async ({ key }) => [
    key === null
      ? 'entries in use stay; this cannot be taken back'
      : 'taken back, the entry gets the whole life time again',
  ],
  async read({ table, key }, live) {
    if (key === null) return `${await used(table, live)} entries`;
    const entry = await entryOf(table, key, live);
    return entry ? text(Object.fromEntries(entry)) : ABSENT;
  },
  after: async ({ key }) => (key === null ? '0 entries' : ABSENT),
  commands: async ({ table, key, where = [] }) => [
    {
      words: [
        ...['clear', 'table', table, ...(key === null ? [] : ['key', key])],
        ...where.flatMap(([type, operator, value]) => [`data.${type}`, operator, value]),
      ],
    },
  ],
  async inverse({ table, key }, live): Promise<Change | null> {
    const entry = key === null ? null : await entryOf(table, key, live);
    if (!entry) return null;
    // Which server it stuck to, and what is open now, is not an operator's to set.
    const data = Object.fromEntries([...entry].filter(([name]) => !/^server_|^conn_cur$/.test(name)));
    return { kind: 'table.set', table, key: key!, data };
  },
  // Entries in use stay, and traffic makes new ones.
  holds: () => true,
};

async function tables(live: Live): Promise<Map<string, string>> {
  const { text: answer } = await live.ask('show', 'table');
  return new Map(
    [...answer.matchAll(/^# table: (.+), type: \S+, size:\d+, used:(\d+)/gm)].map((match) => [match[1]!, match[2]!]),
  );
}

async function lacksTable(table: string, live: Live): Promise<string | null> {
  const all = await tables(live);
  return all.has(table) ? null : `there is no stick table '${table}'; there are ${list([...all.keys()])}`;
}

async function used(table: string, live: Live): Promise<string> {
  return (await tables(live)).get(table) ?? '0';
}

/** What an entry holds, by type: `gpc0`, `conn_rate`; null when there is no such entry. */
async function entryOf(table: string, key: string, live: Live): Promise<Map<string, string> | null> {
  const { text: answer } = await live.ask('show', 'table', table, 'key', key);
  const line = answer.split('\n').find((candidate) => candidate.startsWith('0x'));
  const data = line && /^0x[0-9a-f]+: key=(?:\\.|[^\\ ])* use=\d+ exp=\d+(?: shard=\d+)?(.*)$/.exec(line)?.[1];
  if (data === undefined || (data === '' && !line)) return null;
  // A rate is told with its period: conn_rate(10000)=3.
  return new Map([...data.matchAll(/ (\w+)(?:\(\d+\))?=(\S*)/g)].map((match) => [match[1]!, match[2]!]));
}

/** An element of an array, `gpc[2]`, is told as `gpc2`. */
function shown(name: string): string {
  return name.replace(/\[(\d+)\]$/, '$1');
}

function text(data: Readonly<Record<string, string>>): string {
  return Object.entries(data)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

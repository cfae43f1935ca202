import type { TableEntry } from '../../client/parse/tables.ts';
import { nearestWord } from '../../config/suggest.ts';
import { shown } from '../../util/shown.ts';
import { OperationError } from '../errors.ts';
import { type Kind, numberKind, textKind } from '../kinds.ts';
import type { Situation } from '../operation.ts';
import { changing, reading } from '../operation.ts';
import { table as aligned, durationText } from '../text.ts';

const TABLE = {
  kind: textKind('TABLE', 'name of a stick table: that of its proxy or `table` section'),
  about: 'the table',
} as const;
const KEY = { kind: textKind('KEY', 'a key: an address, a string, ...'), about: 'the key' } as const;
const PAGE = { page: 'stick-tables.md', group: 'patterns' } as const;

/** Loaded when it is needed. */
const snapshots = () => import('../configuration/stores/table-snapshot.ts');

/** Entries that are listed when nothing else is asked for. */
const LISTED = 50;
const TOP = 10;

export const tableShow = reading({
  ...PAGE,
  name: 'table show',
  summary: 'the stick tables there are, or the entries of one',
  parameters: { table: { ...TABLE, optional: true }, key: { ...KEY, optional: true } },
  options: { last: { kind: numberKind('N', 1, 1_000_000), about: 'how many entries to list; default 50' } },
  about: ['Needs a socket of level operator: others see no entries.'],
  examples: [
    { command: 'table show', about: 'the tables and how full they are' },
    { command: 'table show st_src 192.0.2.7', about: 'what is counted of a client' },
  ],
  async show({ table, key, last }, situation) {
    const { client } = situation.target;
    if (table === null) {
      const tables = await client.showTables();
      const rows = tables.map(({ name, type, size, used }) => [name, type, `${used} of ${size} used`].map(shown));
      return {
        records: tables.map((one) => ({ ...one, type: 'table', keys: one.type })),
        lines: rows.length === 0 ? ['no stick tables'] : aligned(rows),
      };
    }
    const name = await findTable(table, situation);
    const entries = await client.showTable(name, key === null ? undefined : { key });
    return viewOf(name, entries, last ?? LISTED);
  },
});

export const tableTop = reading({
  ...PAGE,
  name: 'table top',
  summary: 'the entries of a stick table with the most of something',
  parameters: {
    table: TABLE,
    data: {
      kind: textKind('DATA', 'a type of data: `http_req_rate`, `conn_cur`, `gpc0`, ...'),
      about: 'the most of what',
    },
  },
  options: { last: { kind: numberKind('N', 1, 1_000_000), about: 'how many; default 10' } },
  about: ['Sorted by that value, largest first.'],
  examples: [{ command: 'table top st_src http_req_rate', about: 'who asks most' }],
  async show({ table, data, last }, situation) {
    const name = await findTable(table, situation);
    const entries = await situation.target.client.showTable(name);
    const [first] = entries;
    if (first && !(data in first.data)) {
      const stored = Object.keys(first.data);
      const near = nearestWord(data, stored);
      throw new OperationError(
        'unknown',
        `table '${name}' does not store '${data}'; it stores ${stored.join(', ')}${near === null ? '' : `; did you mean '${near}'?`}`,
      );
    }
    const sorted = [...entries].sort((a, b) => Number(b.data[data]) - Number(a.data[data]));
    return viewOf(name, sorted, last ?? TOP);
  },
});

const dataKind: Kind<readonly [name: string, value: string]> = {
  placeholder: 'DATA=VALUE',
  about: 'a type of data and its value: `gpc0=1`',
  offers: [],
  parse(word) {
    const [, name, value] = /^(?:data\.)?([\w[\]]+)=(\S+)$/.exec(word) ?? [];
    if (name === undefined || value === undefined)
      throw new OperationError('usage', `'${word}' is no data; write gpc0=1`);
    return [name, value];
  },
};

export const tableSet = changing({
  ...PAGE,
  name: 'table set',
  summary: 'set data of an entry of a stick table',
  parameters: { table: TABLE, key: KEY, data: { kind: dataKind, about: 'what is set', many: true } },
  options: {},
  danger: 'changes',
  guards: [],
  makes: ['table.set'],
  inverse: 'the data of before, or the entry is cleared',
  about: ['The entry is made when it is not there. Rates and counts go on from what is set.'],
  examples: [{ command: 'table set st_src 192.0.2.7 gpc0=1', about: 'mark a client' }],
  async plan({ table, key, data }, situation) {
    const name = await findTable(table, situation);
    return {
      steps: [{ do: 'change', changes: [{ kind: 'table.set', table: name, key, data: Object.fromEntries(data) }] }],
    };
  },
});

/** Entries that are set together. */
const TOGETHER = 500;

export const tableImport = changing({
  ...PAGE,
  name: 'table import',
  summary: 'set the entries of stick tables that `save --tables` has written',
  parameters: { file: { kind: textKind('FILE', 'a snapshot of stick tables', 'files'), about: 'the snapshot' } },
  options: {},
  danger: 'changes',
  guards: [],
  makes: ['table.set'],
  inverse: 'the data of before, or the entries are cleared',
  about: [
    'Entries are made, or get the data of the snapshot; all begin their life time anew. Which server somebody sticks to, and what is open now, is not in it.',
  ],
  examples: [{ command: 'table import ./tables.ndjson', about: 'after a restart' }],
  async plan({ file }) {
    const changes = (await snapshots()).readSnapshot(file);
    const steps = Array.from({ length: Math.ceil(changes.length / TOGETHER) }, (_, i) => ({
      do: 'change' as const,
      changes: changes.slice(i * TOGETHER, (i + 1) * TOGETHER),
    }));
    return { steps, notes: changes.length === 0 ? ['there is no entry in it'] : [] };
  },
});

export const tableClear = changing({
  ...PAGE,
  name: 'table clear',
  summary: 'clear entries of a stick table',
  parameters: { table: TABLE, key: { ...KEY, optional: true } },
  options: {},
  danger: 'dangerous',
  guards: [],
  makes: ['table.clear'],
  inverse: 'one entry: it is set again with the whole life time; all of them: nothing',
  about: [
    'Without a key all entries that no session uses. Persistence that the table keeps is lost with them: clients may come to another server.',
  ],
  examples: [{ command: 'table clear st_src 192.0.2.7 --yes', about: 'forget one client' }],
  async plan({ table, key }, situation) {
    const name = await findTable(table, situation);
    return { steps: [{ do: 'change', changes: [{ kind: 'table.clear', table: name, key }] }] };
  },
});

async function findTable(name: string, { target: { client } }: Situation): Promise<string> {
  const names = (await client.showTables()).map((one) => one.name);
  if (names.includes(name)) return name;
  const near = nearestWord(name, names);
  throw new OperationError(
    'unknown',
    `there is no stick table '${name}'; there are ${names.join(', ') || 'none'}${near === null ? '' : `; did you mean '${near}'?`}`,
  );
}

function viewOf(table: string, entries: readonly TableEntry[], most: number) {
  const listed = entries.slice(0, most);
  const rows = listed.map(({ key, exp, data }) => [
    key,
    exp === 0 ? '' : `for ${durationText(exp)}`,
    ...Object.entries(data).map(([name, value]) => `${name}=${value}`),
  ]);
  const rest =
    entries.length > listed.length ? [`and ${entries.length - listed.length} more (--last ${entries.length})`] : [];
  return {
    records: listed.map((entry) => ({ type: 'entry', table, ...entry })),
    lines: rows.length === 0 ? ['no entries'] : [...aligned(rows.map((row) => row.map(shown))), ...rest],
  };
}

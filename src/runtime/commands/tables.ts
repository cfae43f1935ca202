import type { Change } from '../../change/change.ts';
import { type DataPlace, dataPlace, OPERATORS, type Operator, wholeNumber } from '../../model/tables/data-names.ts';
import { keyFromText, keyText } from '../../model/tables/keys.ts';
import type { StickTable } from '../../model/tables/table.ts';
import { type Answer, dump, error, nothing } from '../answer.ts';
import { apply } from '../apply.ts';
import { levelNumber } from '../levels.ts';
import type { Call, Command } from '../registry.ts';
import { findPointer } from '../tables/find.ts';
import { EntryLines, type Filter, listing, tableHead } from '../tables/lines.ts';

/** Conditions that one filter may have. */
const MOST_FILTERS = 4;

/** Expired entries that a listing takes out of each shard, about. */
const MOST_SWEPT = 500;

const NO_TABLE = error('No such table');
const NO_KEY = error('Key value expected');
const BAD_KEY = error('Invalid key');
const BAD_POINTER = error('Pointer expected (0xffff notation)');
const USAGE = {
  show: 'Optional argument only supports "data.<store_data_type>" <operator> <value> or key <key> or ptr <ptr>',
  clear:
    'Required arguments: <table> "data.<store_data_type>" <operator> <value> or <table> key <key> or <table> ptr <ptr>',
  set: 'Required arguments: <table> key <key> [data.<store_data_type> <value>]* or <table> ptr <ptr> [data.<store_data_type> <value>]*',
} as const;
type Action = keyof typeof USAGE;

/** What is said of keys of binary tables, which cannot be given as words. */
const BINARY: Readonly<Record<Action, string>> = {
  show: 'Showing keys from tables of type other than ip, ipv6, string and integer is not supported',
  clear: 'Removing keys from tables of type other than ip, ipv6, string and integer is not supported',
  set: 'Inserting keys into tables of type other than ip, ipv6, string and integer is not supported',
};

/** Reads the conditions of a filter, or says what is wrong. */
function filtersOf(table: StickTable, args: readonly string[]): Filter[] | Answer {
  const filters: Filter[] = [];
  let at = 1;
  for (; filters.length < MOST_FILTERS && args[at]; at += 3) {
    const [name, operator = '', value = ''] = args.slice(at, at + 3) as [string, string?, string?];
    const place = dataPlace(table, name.startsWith('data.') ? name.slice('data.'.length) : '');
    const wrong = (text: string) => error(`Filter entry #${filters.length + 1}: ${text}`);
    if (typeof place === 'string') return wrong(place);
    if (!OPERATORS.includes(operator as Operator))
      return wrong('Require and operator among "eq", "ne", "le", "ge", "lt", "gt"');
    const number = wholeNumber(value);
    if (number === null) return wrong('Require a valid integer value to compare against');
    filters.push({ ...place, operator: operator as Operator, value: number });
  }
  // Words are counted from `show`.
  if (args[at]) return error(`Detected extra data in filter, ${at + 3}th word of input, after '${args[at - 1]}'`);
  return filters;
}

async function show(call: Call): Promise<Answer> {
  const { args, control } = call;
  const { tables } = control.model;
  const [name, word, value] = args;
  if (!name) return dump(tables.listed.map(tableHead));
  const table = tables.get(name);
  if (table === null) return NO_TABLE;
  const lines = new EntryLines(table, tables.dictionary);
  if (levelNumber(call.session.level) < levelNumber('operator'))
    return dump([tableHead(table), '# contents not dumped due to insufficient privileges\n']);
  if (word === 'key') {
    const key = keyWanted(table, value, 'show');
    return key instanceof Uint8Array ? showKey(lines, key) : key;
  }
  if (word === 'ptr') return showPointer(lines, value ?? '');
  if (word && !word.startsWith('data.')) return error(USAGE.show);
  const filters = filtersOf(table, args);
  return Array.isArray(filters) ? dump(whole(lines, filters)) : filters;
}

function* whole(lines: EntryLines, filters: readonly Filter[]): Generator<string> {
  // What expired a moment ago is neither counted nor listed.
  for (let shard = 0; shard < lines.table.shards; shard++) lines.table.sweep(shard, Date.now(), MOST_SWEPT);
  yield tableHead(lines.table);
  yield* listing(lines, filters);
}

/** The bytes of the key that a command names, or what is wrong with it. */
function keyWanted(table: StickTable, word: string | undefined, action: Action): Uint8Array | Answer {
  if (!word) return NO_KEY;
  if (table.config.type === 'binary') return error(BINARY[action]);
  return keyFromText(table.config, word) ?? BAD_KEY;
}

function showKey(lines: EntryLines, key: Uint8Array): Answer {
  const { table } = lines;
  const now = Date.now();
  table.useKey(key);
  const entry = table.openKey(now);
  if (entry !== 0) return dump(tableHead(table) + lines.close(entry, now));
  table.close();
  return nothing;
}

async function showPointer(lines: EntryLines, word: string): Promise<Answer> {
  if (!/^0x[0-9a-f]+$/i.test(word)) return BAD_POINTER;
  const { table } = lines;
  const found = await findPointer(table, word);
  const now = Date.now();
  if (found === null || !table.reopen(found.shard, found.entry, now)) return nothing;
  return dump(tableHead(table) + lines.close(found.entry, now));
}

/** The key, as a Change has it, that `key <key>` or `ptr <pointer>` names; an answer when there is none. */
async function keyNamed(table: StickTable, [word, value]: readonly string[], action: Action): Promise<string | Answer> {
  if (word === 'key') {
    const key = keyWanted(table, value, action);
    return key instanceof Uint8Array ? value! : key;
  }
  if (word !== 'ptr') return error(USAGE[action]);
  if (!/^0x[0-9a-f]+$/i.test(value ?? '')) return BAD_POINTER;
  const found = await findPointer(table, value!);
  if (found === null || !table.reopen(found.shard, found.entry, Date.now())) return nothing;
  const key = table.keyOf(found.entry);
  table.close();
  return keyText(table.config, key);
}

async function clear(call: Call): Promise<Answer> {
  const { args, control } = call;
  const [name, word] = args;
  if (!name) return error(USAGE.clear);
  const table = control.model.tables.get(name);
  if (table === null) return NO_TABLE;
  if (!word) return apply(call, { kind: 'table.clear', table: name, key: null });
  if (word.startsWith('data.')) {
    const filters = filtersOf(table, args);
    if (!Array.isArray(filters)) return filters;
    const where = filters.map((_, i) => [args[1 + 3 * i]!.slice(5), args[2 + 3 * i]!, args[3 + 3 * i]!] as const);
    return apply(call, { kind: 'table.clear', table: name, key: null, where });
  }
  const key = await keyNamed(table, args.slice(1), 'clear');
  return typeof key === 'string' ? apply(call, { kind: 'table.clear', table: name, key }) : key;
}

/** As in HAProxy an entry is made, and what comes before a mistake is set; not in a transaction, which is all or nothing. */
async function set(call: Call): Promise<Answer> {
  const { args, control } = call;
  const [name, word, value] = args;
  if (!name) return error(USAGE.set);
  const table = control.model.tables.get(name);
  if (table === null) return NO_TABLE;
  // As HAProxy has it: without a key there is nothing left of the table.
  if (!word) return apply(call, { kind: 'table.clear', table: name, key: null });
  if (word.startsWith('data.'))
    return error('content-based lookup is only supported with the "show" and "clear" actions');
  if (word === 'key' && value && table.config.type === 'binary') {
    const key = Buffer.from(value).toString('hex');
    return afterWrong(call, { kind: 'table.set', table: name, key, data: {} }, BINARY.set);
  }
  const key = await keyNamed(table, args.slice(1), 'set');
  if (typeof key !== 'string') return key;
  const { data, wrong } = dataOf(table, args.slice(3));
  const change: Change = { kind: 'table.set', table: name, key, data };
  return wrong === null ? apply(call, change) : afterWrong(call, change, wrong);
}

/** Makes what was right before a mistake, and tells of the mistake. */
async function afterWrong(call: Call, change: Change, wrong: string): Promise<Answer> {
  if (call.session.transaction === null) await apply(call, change);
  return error(wrong);
}

/** `data.<type> <value>` up to the first that is wrong. */
function dataOf(table: StickTable, words: readonly string[]): { data: Record<string, string>; wrong: string | null } {
  const data: Record<string, string> = {};
  for (let at = 0; words[at]; at += 2) {
    const [name, value = ''] = [words[at]!, words[at + 1]];
    if (!name.startsWith('data.')) return { data, wrong: '"data.<type>" followed by a value expected' };
    const place: DataPlace | string = dataPlace(table, name.slice('data.'.length));
    if (typeof place === 'string') return { data, wrong: place };
    if (place.column.kind === 'dict' || wholeNumber(value) === null)
      return { data, wrong: 'Require a valid integer value to store' };
    data[name.slice('data.'.length)] = value;
  }
  return { data, wrong: null };
}

async function save({ control, args }: Call): Promise<Answer> {
  const saved = await control.saveTables();
  if (args[0] === 'json') return dump(`${JSON.stringify(saved)}\n`);
  return dump(
    saved.map(
      ({ table, path, problem }) => `${table}: ${problem === null ? path : `not saved to ${path}: ${problem}`}\n`,
    ),
  );
}

const ROW = { where: 'worker' } as const;

/** Stick tables. */
export const tableCommands: readonly Command[] = [
  {
    ...ROW,
    words: 'show table',
    args: '<table> [<filter>]*',
    help: "report table usage stats or dump this table's contents (filter: data/key/ptr)",
    level: 'user',
    run: show,
  },
  {
    ...ROW,
    words: 'set table',
    args: '<table> key <k> [data.* <v>]*',
    help: "update or create a table entry's data",
    about: 'Without a key the table is cleared.',
    level: 'operator',
    changes: true,
    run: set,
  },
  {
    ...ROW,
    words: 'save tables',
    args: '[json]',
    help: 'write stick tables that have a state-file into it now',
    about: 'They are written from time to time and at the end without that, too.',
    level: 'admin',
    own: true,
    run: save,
  },
  {
    ...ROW,
    words: 'clear table',
    args: '<table> [<filter>]*',
    help: 'remove an entry from a table (filter: data/key/ptr)',
    about: 'Entries in use stay. Several are one Change.',
    level: 'operator',
    changes: true,
    run: clear,
  },
];

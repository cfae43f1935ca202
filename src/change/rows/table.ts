import { setImmediate } from 'node:timers/promises';
import {
  compares,
  type DataPlace,
  dataPlace,
  OPERATORS,
  type Operator,
  wholeNumber,
} from '../../model/tables/data-names.ts';
import { keyFromText } from '../../model/tables/keys.ts';
import { type EntryFilter, supposeCleared, tableWith } from '../../model/tables/supposed.ts';
import type { StickTable } from '../../model/tables/table.ts';
import type { Change, ChangeOf } from '../change.ts';
import { type ChangeContext, done, failed, type Problem, problem, type Row } from '../context.ts';
import { memoryOnlyText } from '../memory-only.ts';

type Set = ChangeOf<'table.set'>;
type Clear = ChangeOf<'table.clear'>;

const NO_TABLE = problem('No such table');
const BAD_KEY = problem('Invalid key');
const FULL = problem('Unable to allocate a new entry');
const IN_USE = problem('Entry currently in use, cannot remove');
const ABSENT = '(absent)';
/** Entries that are looked at before other work gets its turn. */
const BATCH = 2000;

function tableOf({ table }: Set | Clear, { model }: ChangeContext): StickTable | null {
  return model.tables.get(table);
}

/** The table that has the entry of a key that is known to fit: in a rehearsal, as it would be by then. */
function seen(table: StickTable, key: string, { model }: ChangeContext): StickTable {
  return tableWith(model, table, keyFromText(table.config, key)!);
}

/** Opens the entry of a key that is known to fit, calls `read`, and closes it; `read` gets 0 when there is none. */
function withEntry<T>(table: StickTable, key: string, read: (entry: number, now: number) => T): T {
  const now = Date.now();
  table.useKey(keyFromText(table.config, key)!);
  const entry = table.openKey(now);
  try {
    return read(entry, now);
  } finally {
    table.close();
  }
}

/** Why data cannot be set: the first that is wrong. */
function dataProblem(table: StickTable, data: Set['data']): Problem | null {
  for (const [name, value] of Object.entries(data)) {
    const place = dataPlace(table, name);
    if (typeof place === 'string') return problem(place);
    if (place.column.kind === 'dict' || wholeNumber(value) === null)
      return problem('Require a valid integer value to store');
  }
  return null;
}

/** Values of an entry by the names that are asked for. */
function valuesOf(table: StickTable, key: string, names: readonly string[]): Record<string, string> | null {
  const places = names.map((name) => dataPlace(table, name) as DataPlace);
  const values = withEntry(table, key, (entry, now) =>
    entry === 0 ? null : places.map(({ column, element }) => table.get(entry, column, element, now)),
  );
  return values && Object.fromEntries(names.map((name, i) => [name, String(values[i])]));
}

/** What of an entry operators can set, by name: not which server it sticks to, nor what is open now. */
function settableNames({ layout: { columns } }: StickTable): string[] {
  return columns
    .filter(({ type }) => !/^server_|^conn_cur$/.test(type))
    .flatMap(({ type, length }) =>
      /^gp[ct](_rate)?$/.test(type) ? Array.from({ length }, (_, i) => `${type}[${i}]`) : [type],
    );
}

const told = (values: Readonly<Record<string, string>> | null): string =>
  values === null
    ? ABSENT
    : Object.entries(values)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ');

/** `set table`: makes the entry, or sets some of its data. */
export const tableSet: Row<Set> = {
  validate(change, ctx) {
    const table = tableOf(change, ctx);
    if (table === null) return NO_TABLE;
    if (keyFromText(table.config, change.key) === null) return BAD_KEY;
    return dataProblem(table, change.data);
  },
  warnings(change, ctx) {
    const { stateFile } = tableOf(change, ctx)!.config;
    return stateFile === null ? [memoryOnlyText('the table has no state-file')] : [];
  },
  preview(change, ctx) {
    const names = Object.keys(change.data);
    return {
      before: told(valuesOf(seen(tableOf(change, ctx)!, change.key, ctx), change.key, names)),
      after: told(change.data),
    };
  },
  apply(change, ctx) {
    const table = tableOf(change, ctx)!;
    const names = Object.keys(change.data);
    const before = valuesOf(table, change.key, names);
    if (!put(table, change)) return failed(FULL);
    const { table: name, key } = change;
    const back: Change =
      before === null
        ? { kind: 'table.clear', table: name, key, of: names }
        : { kind: 'table.set', table: name, key, data: before };
    return done(back);
  },
  rehearse(change, ctx) {
    put(seen(tableOf(change, ctx)!, change.key, ctx), change);
  },
};

/** Sets the data of an entry that is made when there is none; false when the table is full. */
function put(table: StickTable, { key, data }: Set): boolean {
  const settings = Object.entries(data).map(([name, value]) => ({
    ...(dataPlace(table, name) as DataPlace),
    value: wholeNumber(value)!,
  }));
  const now = Date.now();
  table.useKey(keyFromText(table.config, key)!);
  const entry = table.openOrMake(now);
  if (entry !== 0) {
    for (const { column, element, value } of settings) {
      if (column.kind === 'rate') table.setRate(entry, column, element, { age: 0, current: value, previous: 0 }, now);
      else table.set(entry, column, element, value);
    }
    table.touch(entry, now);
  }
  table.close();
  return entry !== 0;
}

/** A filter, ready to be asked of entries; null for one that does not fit the table. */
function filterOf(table: StickTable, where: Clear['where'] = []): EntryFilter | null {
  const conditions = where.map(([name, operator, value]): EntryFilter | null => {
    const place = dataPlace(table, name);
    const other = wholeNumber(value);
    if (typeof place === 'string' || other === null || !OPERATORS.includes(operator as Operator)) return null;
    const { column, element } = place;
    if (column.kind === 'dict') return () => false;
    return (of, entry, now) => compares(of.get(entry, column, element, now), operator as Operator, other);
  });
  if (conditions.some((condition) => condition === null)) return null;
  return (of, entry, now) => conditions.every((fits) => fits!(of, entry, now));
}

/** `clear table`: one entry, or all that nothing uses and whose data fit. */
export const tableClear: Row<Clear> = {
  validate(change, ctx) {
    const table = tableOf(change, ctx);
    if (table === null) return NO_TABLE;
    if (filterOf(table, change.where) === null) return problem('a condition does not fit the table');
    if (change.key === null) return null;
    if (keyFromText(table.config, change.key) === null) return BAD_KEY;
    const there = seen(table, change.key, ctx);
    return withEntry(there, change.key, (entry) => (entry !== 0 && there.usesOf(entry) > 0 ? IN_USE : null));
  },
  warnings: ({ key }) => (key === null ? ['entries that are cleared at once are not put back by undo'] : []),
  preview(change, ctx) {
    const table = tableOf(change, ctx)!;
    const { key, of: names } = change;
    if (key === null) {
      const after = change.where === undefined ? 'those in use' : 'those that do not fit';
      return { before: `${table.used} entries`, after };
    }
    const before = told(valuesOf(seen(table, key, ctx), key, names ?? settableNames(table)));
    return { before, after: ABSENT };
  },
  async apply(change, ctx) {
    const table = tableOf(change, ctx)!;
    const { key } = change;
    if (key === null) {
      await clearAll(table, filterOf(table, change.where)!);
      return done(null);
    }
    const before = valuesOf(table, key, settableNames(table));
    if (before === null) return done(null);
    if (!withEntry(table, key, (entry) => entry === 0 || table.remove(entry))) return failed(IN_USE);
    return done({ kind: 'table.set', table: change.table, key, data: before });
  },
  rehearse(change, ctx) {
    const table = tableOf(change, ctx)!;
    if (change.key === null) {
      supposeCleared(ctx.model, table, filterOf(table, change.where)!);
      return;
    }
    const there = seen(table, change.key, ctx);
    withEntry(there, change.key, (entry) => entry === 0 || there.remove(entry));
  },
};

async function clearAll(table: StickTable, filter: EntryFilter): Promise<void> {
  let looked = 0;
  for (let shard = 0; shard < table.shards; shard++) {
    for (const entry of table.entriesOf(shard)) {
      if (++looked % BATCH === 0) await setImmediate();
      const now = Date.now();
      if (!table.reopen(shard, entry, now)) continue;
      if (filter(table, entry, now)) table.remove(entry);
      table.close();
    }
  }
}

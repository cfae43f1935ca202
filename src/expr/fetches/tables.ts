/** Entries of stick tables: tracked ones, that of the client's address, tables as a whole (HAProxy manual, section 7.3.3). */

import { DATA } from '../../config/tables/data-types.ts';
import type { Arg } from '../args.ts';
import { type CompileEnv, type FetchRow, isUnresolved, type Unresolved } from '../row.ts';
import type { Evaluate, ValueType } from '../sample.ts';
import { MEASURES, type Measure } from '../table-measures.ts';
import { castToKey, findTable, keyValue, type TableSource, type Tracked } from '../tables.ts';
import type { ExprContext } from '../types.ts';

/** Reads of a tracked entry, or of that of the same key in another table (then `entry` may be 0: none). */
type ReadTracked = (table: TableSource, entry: number, now: number) => number | boolean | undefined;

/** Compiles a fetch of what counter `counter` tracks. */
function ofTracked(
  counter: number,
  name: Arg,
  position: number,
  env: CompileEnv,
  read: ReadTracked,
): Evaluate | Unresolved {
  if (name === undefined || name === '') {
    return (ctx) => {
      const tracked = trackedBy(ctx, counter);
      if (tracked === null) return undefined;
      const { table, entry } = tracked;
      table.openEntry(entry);
      const value = read(table, entry, ctx.now);
      table.close();
      return value;
    };
  }
  const other = findTable(name as string, position, env);
  if (isUnresolved(other)) return other;
  return (ctx) => {
    const tracked = trackedBy(ctx, counter);
    if (tracked === null) return undefined;
    other.useKey(tracked.table.keyOf(tracked.entry));
    const value = read(other, other.openKey(ctx.now), ctx.now);
    other.close();
    return value;
  };
}

function trackedBy(ctx: ExprContext, counter: number): Tracked | null {
  return ctx.tracked?.(counter) ?? null;
}

/** The rows `sc<N>_<name>` and `sc_<name>`, whose counter is an argument. `index`: an argument of their own stands in between. */
function trackedRows(
  name: string,
  indexed: boolean,
  newer: boolean,
  type: ValueType,
  read: (index: number) => ReadTracked,
): FetchRow[] {
  const source = newer ? 'anywhere' : 'internal';
  const rows: FetchRow[] = [
    {
      name: `sc_${name}`,
      args: indexed ? 'integer,integer[,table]' : 'integer[,table]',
      type,
      source,
      compile: (args, env) =>
        indexed
          ? ofTracked(Number(args[1]), args[2], 3, env, read(Number(args[0])))
          : ofTracked(Number(args[0]), args[1], 2, env, read(0)),
    },
  ];
  // HAProxy has one of those with an index, for one counter.
  for (const counter of indexed ? (name === 'clr_gpc' ? [1] : []) : [0, 1, 2]) {
    rows.push({
      name: `sc${counter}_${name}`,
      args: indexed ? 'integer[,table]' : '[table]',
      type,
      source,
      compile: (args, env) =>
        indexed
          ? ofTracked(counter, args[1], 2, env, read(Number(args[0])))
          : ofTracked(counter, args[0], 1, env, read(0)),
    });
  }
  return rows;
}

/** `src_<name>`: the entry of the client's address. */
function sourceRow(name: string, indexed: boolean, makes: boolean, read: Measure['read']): FetchRow {
  return {
    name: `src_${name}`,
    args: indexed ? 'integer,table' : 'table',
    type: 'sint',
    source: 'anywhere',
    compile: (args, env) => {
      const index = indexed ? Number(args[0]) : 0;
      const table = findTable((args[indexed ? 1 : 0] as string | undefined) ?? '', indexed ? 2 : 1, env);
      if (isUnresolved(table)) return table;
      return (ctx) => {
        const { host } = ctx.source;
        if (host === '' || !castToKey(table, host, host.includes(':') ? 'ipv6' : 'ipv4')) return undefined;
        const entry = makes ? table.openOrMake(ctx.now) : table.openKey(ctx.now);
        const value = entry === 0 ? 0 : read(table, entry, index, ctx.now);
        table.close();
        return value;
      };
    },
  };
}

function measureRows({ fetch, indexed, makes, newer, read }: Measure): FetchRow[] {
  if (fetch === null) return [];
  return [
    ...trackedRows(
      fetch,
      indexed,
      newer,
      'sint',
      (index) => (table, entry, now) => (entry === 0 ? 0 : read(table, entry, index, now)),
    ),
    sourceRow(fetch, indexed, makes, read),
  ];
}

/** Counts a connection of the client's address, which has nothing to be tracked for it, and tells how many there were. */
const countConnection: Measure['read'] = (table, entry, _index, now) => {
  const column = table.column(DATA['conn_cnt']!);
  if (column === null) return undefined;
  table.add(entry, column, 0, 1, now);
  table.touch(entry, now);
  return table.get(entry, column, 0, now);
};

/** `sc_key` and `sc<N>_key`: the key that is tracked. */
function keyRow(counter: number | null): FetchRow {
  return {
    name: counter === null ? 'sc_key' : `sc${counter}_key`,
    args: counter === null ? 'integer' : '',
    type: 'any',
    source: 'internal',
    compile: (args) => {
      const number = counter ?? Number(args[0]);
      return (ctx) => {
        const tracked = trackedBy(ctx, number);
        return tracked === null ? undefined : keyValue(tracked.table, tracked.table.keyOf(tracked.entry));
      };
    },
  };
}

/** A fetch of a whole table. */
function tableRow(name: string, read: (table: TableSource) => number): FetchRow {
  return {
    name,
    args: 'table',
    type: 'sint',
    source: 'internal',
    compile: ([name], env) => {
      const table = findTable((name as string | undefined) ?? '', 1, env);
      return isUnresolved(table) ? table : () => read(table);
    },
  };
}

/** `sc_tracked`: known also where nothing is tracked; which table is named does not matter, as in HAProxy. */
function isTracked(row: FetchRow): FetchRow {
  return {
    ...row,
    compile: (args, env) => {
      const compiled = row.compile(args, env);
      return typeof compiled === 'function' ? (ctx) => compiled(ctx) ?? false : compiled;
    },
  };
}

export const tableFetches: readonly FetchRow[] = [
  ...MEASURES.flatMap(measureRows),
  ...trackedRows('tracked', false, false, 'bool', () => () => true).map(isTracked),
  ...trackedRows('trackers', false, false, 'sint', () => (table, entry) => (entry === 0 ? 0 : table.usesOf(entry))),
  keyRow(null),
  ...[0, 1, 2].map(keyRow),
  sourceRow('updt_conn_cnt', false, true, countConnection),
  tableRow('table_cnt', (table) => table.used),
  tableRow('table_avl', (table) => Math.max(0, table.size - table.used)),
];

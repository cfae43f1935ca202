/** Look-ups in stick tables (HAProxy manual, section 7.3.1, `in_table` and `table_*`). */

import type { Arg } from '../args.ts';
import { type CompileEnv, type Convert, type ConverterRow, isUnresolved, type Unresolved } from '../row.ts';
import { MEASURES } from '../table-measures.ts';
import { castToKey, findTable, type TableSource } from '../tables.ts';
import type { SampleValue } from '../types.ts';

/** Compiles a look-up: `found` is asked about the entry of the key (0: none), which is open. */
function lookUp(
  name: Arg,
  position: number,
  env: CompileEnv,
  makes: boolean,
  found: (table: TableSource, entry: number, now: number) => SampleValue | undefined,
): Convert | Unresolved {
  const table = findTable((name as string | undefined) ?? '', position, env);
  if (isUnresolved(table)) return table;
  return (value, ctx, type) => {
    if (!castToKey(table, value, type)) return undefined;
    const entry = makes ? table.openOrMake(ctx.now) : table.openKey(ctx.now);
    const result = found(table, entry, ctx.now);
    table.close();
    return result;
  };
}

/** `table_expire` and `table_idle`: a time in ms; without an entry the second argument, if there is one. */
function timeRow(name: string, read: (table: TableSource, entry: number, now: number) => number): ConverterRow {
  return {
    name,
    args: 'table[,integer]',
    in: 'any',
    out: 'sint',
    compile: ([table, fallback], env) =>
      lookUp(table, 1, env, false, (source, entry, now) => (entry === 0 ? fallback : read(source, entry, now))),
  };
}

const measureRows: readonly ConverterRow[] = MEASURES.flatMap(({ converter, indexed, makes, read }) => {
  if (converter === null) return [];
  const row: ConverterRow = {
    name: `table_${converter}`,
    args: indexed ? 'integer,table' : 'table',
    in: 'any',
    out: 'sint',
    compile: (args, env) => {
      const index = indexed ? Number(args[0]) : 0;
      return lookUp(args[indexed ? 1 : 0], indexed ? 2 : 1, env, makes, (table, entry, now) =>
        entry === 0 ? 0 : read(table, entry, index, now),
      );
    },
  };
  return [row];
});

export const tableConverters: readonly ConverterRow[] = [
  ...measureRows,
  {
    name: 'in_table',
    args: 'table',
    in: 'any',
    out: 'bool',
    compile: ([table], env) => lookUp(table, 1, env, false, (_source, entry) => entry !== 0),
  },
  {
    name: 'table_trackers',
    args: 'table',
    in: 'any',
    out: 'sint',
    compile: ([table], env) =>
      // The look-up counts, too, as in HAProxy.
      lookUp(table, 1, env, false, (source, entry) => (entry === 0 ? 0 : source.usesOf(entry) + 1)),
  },
  timeRow('table_expire', (table, entry, now) => table.expiresIn(entry, now)),
  timeRow('table_idle', (table, entry, now) => table.idleFor(entry, now)),
];

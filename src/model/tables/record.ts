import { DATA_TYPES } from '../../config/tables/data-types.ts';
import type { Column } from './layout.ts';
import type { StickTable } from './table.ts';

/** An entry as values, apart from any table. */
export interface EntryRecord {
  key: Uint8Array;
  /** ms since it was used. */
  idle: number;
  /** Of each column, each element: one number; of rates three, the age of the period in ms, its events, those of the one before. */
  values: number[];
}

/** What the values of a record are. */
export type RecordColumn = Pick<Column, 'id' | 'kind' | 'length' | 'period'>;

/** An empty record, to be filled again and again. */
export function newRecord(): EntryRecord {
  return { key: new Uint8Array(0), idle: 0, values: [] };
}

/** Puts an entry that was found in a shard into `into`; false when it is gone. */
export function readRecord(table: StickTable, shard: number, entry: number, into: EntryRecord, now: number): boolean {
  if (!table.reopen(shard, entry, now)) return false;
  into.key = table.keyOf(entry);
  into.idle = table.idleFor(entry, now);
  const { values } = into;
  let at = 0;
  for (const column of table.layout.columns) {
    for (let i = 0; i < column.length; i++) {
      if (column.kind !== 'rate') {
        values[at++] = table.get(entry, column, i, now);
        continue;
      }
      const { age, current, previous } = table.rate(entry, column, i, now);
      values[at++] = age;
      values[at++] = current;
      values[at++] = previous;
    }
  }
  values.length = at;
  table.close();
  return true;
}

/** What `putRecord` takes over. */
export interface PutRules {
  /** The record comes from another process: what was only true there is left out, and an entry that was used later stays as it is. */
  readonly foreign: boolean;
}

/** Puts a record, whose values are those of `columns`, into a table: of them what it has, too. False when it has no room. */
export function putRecord(
  table: StickTable,
  { key, idle, values }: EntryRecord,
  columns: readonly RecordColumn[],
  { foreign }: PutRules,
  now: number,
): boolean {
  table.useKey(key);
  let entry = foreign ? table.openKey(now) : 0;
  const stays = entry !== 0 && table.idleFor(entry, now) <= idle;
  if (entry !== 0 || foreign) table.close();
  if (stays) return true;
  entry = table.openOrMake(now);
  if (entry !== 0) {
    let at = 0;
    for (const { id, kind, length, period } of columns) {
      const column = foreign && DATA_TYPES[id]!.local ? null : table.column(id);
      for (let i = 0; i < length; i++) {
        if (column !== null && i < column.length) setValue(table, entry, column, i, period, values, at, now);
        at += kind === 'rate' ? 3 : 1;
      }
    }
    table.touchAsOf(entry, now, idle);
  }
  table.close();
  return entry !== 0;
}

function setValue(
  table: StickTable,
  entry: number,
  column: Column,
  element: number,
  period: number,
  values: readonly number[],
  at: number,
  now: number,
): void {
  if (column.kind !== 'rate') table.set(entry, column, element, values[at]!);
  // What was counted over another period says nothing of this one.
  else if (column.period === period)
    table.setRate(
      entry,
      column,
      element,
      { age: values[at]!, current: values[at + 1]!, previous: values[at + 2]! },
      now,
    );
}

import { setImmediate } from 'node:timers/promises';
import type { Column } from './layout.ts';
import type { StickTable } from './table.ts';

/** Entries that are copied before other work gets its turn. */
const BATCH = 2000;

/** Copies entries, with their ages, to a table with the same type of key: as many as fit, and of their data what both have. */
export async function copyEntries(from: StickTable, to: StickTable): Promise<void> {
  if (from.config.type !== to.config.type) return;
  const pairs = pairsOf(from, to);
  let done = 0;
  for (let shard = 0; shard < from.shards; shard++) {
    for (const entry of from.entriesOf(shard)) {
      copyEntry(from, to, pairs, shard, entry);
      if (++done % BATCH === 0) await setImmediate();
    }
  }
}

/** Columns that both have. */
function pairsOf(from: StickTable, to: StickTable): (readonly [Column, Column])[] {
  return from.layout.columns.flatMap((column) => {
    const other = to.column(column.id);
    return other === null ? [] : [[column, other] as const];
  });
}

function copyEntry(
  from: StickTable,
  to: StickTable,
  pairs: readonly (readonly [Column, Column])[],
  shard: number,
  entry: number,
): void {
  const now = Date.now();
  if (!from.reopen(shard, entry, now)) return;
  const { key, idle } = from.view(entry, now);
  const values = pairs.map(([column]) =>
    Array.from({ length: column.length }, (_, i) =>
      column.kind === 'rate' ? from.rate(entry, column, i, now) : from.get(entry, column, i, now),
    ),
  );
  from.close();
  to.useKey(key);
  const copy = to.openOrMake(now);
  if (copy !== 0) {
    for (const [p, [, column]] of pairs.entries())
      for (const [i, value] of values[p]!.slice(0, column.length).entries())
        if (typeof value === 'number') to.set(copy, column, i, value);
        else to.setRate(copy, column, i, value, now);
    to.touchAsOf(copy, now, idle);
  }
  to.close();
}

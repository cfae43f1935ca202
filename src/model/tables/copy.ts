import { setImmediate } from 'node:timers/promises';
import { newRecord, putRecord, readRecord } from './record.ts';
import type { StickTable } from './table.ts';

/** Entries that are copied before other work gets its turn. */
const BATCH = 2000;

/** Copies entries, with their ages, to a table with the same type of key: as many as fit, and of their data what both have. */
export async function copyEntries(from: StickTable, to: StickTable): Promise<void> {
  if (from.config.type !== to.config.type) return;
  const { columns } = from.layout;
  const record = newRecord();
  let done = 0;
  for (let shard = 0; shard < from.shards; shard++) {
    for (const entry of from.entriesOf(shard)) {
      const now = Date.now();
      if (readRecord(from, shard, entry, record, now)) putRecord(to, record, columns, { foreign: false }, now);
      if (++done % BATCH === 0) await setImmediate();
    }
  }
}

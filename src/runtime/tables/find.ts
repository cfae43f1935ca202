import { setImmediate } from 'node:timers/promises';
import type { StickTable } from '../../model/tables/table.ts';
import { entryOfPointer } from './lines.ts';

/** Where the entry is that a listing has called `pointer`; null when it is gone, or the word is no pointer of this table. */
export async function findPointer(
  table: StickTable,
  pointer: string,
): Promise<{ readonly shard: number; readonly entry: number } | null> {
  const entry = entryOfPointer(Number(pointer));
  if (entry === 0) return null;
  for (let shard = 0; shard < table.shards; shard++) {
    if (table.entriesOf(shard).includes(entry)) return { shard, entry };
    await setImmediate();
  }
  return null;
}

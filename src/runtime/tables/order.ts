import { xxh32, xxh64 } from '../../expr/xxhash.ts';
import type { StickTable } from '../../model/tables/table.ts';

/** Entries of a table that is still listed in order. */
const MOST = 1000;
/** HAProxy 3.5 spreads entries over so many trees, by a hash of their keys that begins with one of the table's name; each is in order of the keys. */
const BUCKETS = 64;

/** The entries of a small table in the order in which HAProxy lists them, where they can be found; null for a larger one. */
export function inOrder(table: StickTable): readonly { readonly shard: number; readonly entry: number }[] | null {
  if (table.used > MOST) return null;
  const seed = Number(xxh64(table.name, 0n) & 0xffff_ffffn);
  const found: { readonly shard: number; readonly entry: number; readonly bucket: number; readonly key: Buffer }[] = [];
  for (let shard = 0; shard < table.shards; shard++) {
    for (const entry of table.entriesOf(shard)) {
      if (!table.reopen(shard, entry, Date.now())) continue;
      const key = Buffer.from(table.keyOf(entry));
      table.close();
      // Integers are hashed as they lie in memory.
      if (table.config.type === 'integer') key.reverse();
      found.push({ shard, entry, bucket: xxh32(key.latin1Slice(), seed) % BUCKETS, key });
    }
  }
  return found.sort((a, b) => a.bucket - b.bucket || Buffer.compare(a.key, b.key));
}

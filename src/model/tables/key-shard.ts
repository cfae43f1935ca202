import type { StickTableConfig } from '../../config/types.ts';
import { xxh64 } from '../../expr/xxhash.ts';

/** Hashes of the tables' names, which begin those of their keys. */
const seeds = new Map<string, bigint>();

/**
 * The shard of a key (as on the wire), from 1 to `shards`; as HAProxy spreads keys over peers: a hash (XXH64) of the key as it is in
 * memory there, integers with the lowest byte first. 0: there are no shards.
 */
export function keyShard(
  { name, type }: Pick<StickTableConfig, 'name' | 'type'>,
  key: Uint8Array,
  shards: number,
): number {
  if (shards === 0) return 0;
  let seed = seeds.get(name);
  if (seed === undefined) {
    seed = xxh64(Buffer.from(name).latin1Slice(), 0n);
    seeds.set(name, seed);
  }
  const bytes = type === 'integer' ? Buffer.from(key).reverse() : Buffer.from(key.buffer, key.byteOffset, key.length);
  return Number(xxh64(bytes.latin1Slice(), seed) % BigInt(shards)) + 1;
}

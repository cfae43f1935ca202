import type { StickTables } from '../model/tables/tables.ts';

/** How often expired entries are looked for, ms, how long that may take each time, and entries between two looks at the clock. */
const EVERY = 200;
const TURN = 4;
const BATCH = 500;

/** Takes expired entries out of stick tables, a few at a time. Returns what ends it. */
export function sweepTables(tables: StickTables): () => void {
  let next = 0;
  const timer = setInterval(() => {
    const shards = tables.all.flatMap((table) =>
      Array.from({ length: table.shards }, (_, shard) => ({ table, shard })),
    );
    const end = performance.now() + TURN;
    for (let done = 0; done < shards.length && performance.now() < end; done++) {
      const { table, shard } = shards[next % shards.length]!;
      // A shard with more to take out is gone on with.
      if (!table.sweep(shard, Date.now(), BATCH)) next = (next + 1) % shards.length;
    }
  }, EVERY).unref();
  return () => clearInterval(timer);
}

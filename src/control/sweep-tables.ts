import type { StickTables } from '../model/tables/tables.ts';

/** How often expired entries are looked for, ms, how long that may take each time, and entries between two looks at the clock. */
const EVERY = 200;
const TURN = 4;
const BATCH = 500;

/** The date and a clock that nobody sets differ by more than this, ms, when the date was set. */
const SET = 500;

/** Takes expired entries out of stick tables, a few at a time, and sees to it that they do not age when the date is set. Returns what ends it. */
export function sweepTables(tables: StickTables): () => void {
  let next = 0;
  let ahead = Date.now() - performance.now();
  const timer = setInterval(() => {
    const now = Date.now();
    const jump = now - performance.now() - ahead;
    const isSet = Math.abs(jump) > SET;
    // Small steps, as of a clock that is made to agree with others, are time like any other.
    ahead += jump;
    for (const table of tables.all) table.tick(now, isSet ? jump : 0);
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

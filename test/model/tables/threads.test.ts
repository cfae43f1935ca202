import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { DATA } from '../../../src/config/tables/data-types.ts';
import { StickTable, type TableView } from '../../../src/model/tables/table.ts';
import type { Hammered, Hammering } from './hammer.ts';
import { tableConfig, tableView } from './new-table.ts';

/** Tables count from the date at which they are made. */
const START = Date.now();

function startHammer(work: Hammering): Worker {
  return new Worker(new URL('./hammer.ts', import.meta.url), { workerData: work });
}

async function hammered(work: Hammering): Promise<Hammered> {
  const worker = startHammer(work);
  const [result] = await once(worker, 'message');
  await worker.terminate();
  return result as Hammered;
}

/** All entries: key, count, uses. Each is found by its key, and there are as many as are counted. */
function contents(view: TableView, now: number): Map<number, { readonly count: number; readonly uses: number }> {
  const table = new StickTable(view, 99);
  const gpc = table.column(DATA['gpc0']!)!;
  const found = new Map<number, { count: number; uses: number }>();
  for (let shard = 0; shard < table.shards; shard++) {
    for (const entry of table.entriesOf(shard)) {
      if (!table.reopen(shard, entry, now)) continue;
      const { key, uses } = table.view(entry, now);
      const number = Buffer.from(key).readUInt32BE();
      assert.ok(!found.has(number), `${number} is there once`);
      found.set(number, { count: table.get(entry, gpc, 0, now), uses });
      table.close();
      table.useKeyNumber(number);
      assert.equal(table.openKey(now), entry, `${number} is found`);
      table.close();
    }
  }
  assert.equal(table.used, found.size);
  return found;
}

const STORE = 'gpc0,gpc0_rate(10s)';

describe('threads that write one table', () => {
  it('lose no count and no entry, and nothing stays in use', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.constantFrom(3, 200, 30_000),
        fc.constantFrom(0, 600_000),
        async (seed, keys, expire) => {
          const view = tableView(tableConfig({ size: 40_000, expire }, STORE));
          const common = { view, keys, operations: 40_000, passing: false, clock: clock(), start: START };
          const results = await Promise.all([1, 2].map((owner) => hammered({ ...common, owner, seed: seed + owner })));
          assert.deepEqual(
            results.flatMap(({ problems }) => problems),
            [],
          );
          const found = contents(view, START + 100_000);
          for (let key = 0; key < keys; key++) {
            const wanted = results.reduce((sum, { counts }) => sum + counts[key]!, 0);
            assert.deepEqual(found.get(key) ?? { count: 0, uses: 0 }, { count: wanted, uses: 0 }, `key ${key}`);
          }
        },
      ),
      { numRuns: 6 },
    );
  });

  it('keep what is used again and again in a full table, and what is in use: the oldest unused goes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const view = tableView(tableConfig({ size: 400, expire: 600_000 }, STORE));
        const common = { view, keys: 12, operations: 40_000, passing: true, clock: clock(), start: START };
        const results = await Promise.all([1, 2].map((owner) => hammered({ ...common, owner, seed: seed + owner })));
        assert.deepEqual(
          results.flatMap(({ problems }) => problems),
          [],
        );
        const found = contents(view, START + 100_000);
        assert.equal(found.size, 400);
        for (let key = 0; key < 12; key++) {
          const wanted = results.reduce((sum, { counts }) => sum + counts[key]!, 0);
          assert.deepEqual(found.get(key), { count: wanted, uses: 0 }, `key ${key}`);
        }
      }),
      { numRuns: 4 },
    );
  });

  it('that die in the middle of it hold nobody up, and leave a table that is whole', async () => {
    const view = tableView(tableConfig({ size: 5000, expire: 600_000 }, STORE));
    const table = new StickTable(view, 1);
    for (let round = 0; round < 25; round++) {
      const owner = 100 + round;
      const common = { view, keys: 4000, operations: 0, passing: true, clock: clock(), start: START };
      const worker = startHammer({ ...common, owner, seed: round });
      await once(worker, 'online');
      await delay(15 + (round % 10));
      await worker.terminate();
      table.takeOver(owner);
      const before = performance.now();
      const found = contents(view, START + 200_000);
      assert.ok(performance.now() - before < 900, 'nobody waits for one who has died');
      assert.ok(found.size <= 5000);
      // What it had in use is given back by its ledger, which a test has not.
      for (const [key, { uses }] of found) {
        table.useKeyNumber(key);
        const entry = table.openKey(START);
        for (let i = 0; i < uses; i++) table.use(entry, -1);
        table.close();
      }
    }
    // All memory that was freed can be used again: as many entries as there is room for.
    for (let key = 2_000_000; key < 2_010_000; key++) {
      table.useKeyNumber(key);
      assert.notEqual(table.openOrMake(START + 300_000), 0);
      table.close();
    }
    assert.equal(contents(view, START + 300_000).size, 5000);
  });

  it('go on after a while when nobody says that the one who holds a lock has died', () => {
    const view = tableView(tableConfig({ size: 10 }, STORE));
    const dead = new StickTable(view, 7);
    dead.useKeyNumber(1);
    dead.openOrMake(START);
    const table = new StickTable(view, 8);
    const before = performance.now();
    table.useKeyNumber(1);
    assert.notEqual(table.openOrMake(START), 0);
    table.close();
    assert.ok(performance.now() - before < 3000);
    assert.equal(table.used, 1);
  });
});

const clock = () => new Int32Array(new SharedArrayBuffer(4));

describe('a clock that is set', () => {
  it('makes no entry older or younger, once that is noticed and before', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ jump: fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), pass: fc.integer({ min: 0, max: 9000 }) }),
        ),
        (steps) => {
          const table = new StickTable(tableView(tableConfig({ expire: 600_000 }, STORE)), 1);
          const rate = table.column(DATA['gpc0_rate']!)!;
          const began = Date.now();
          table.tick(began, 0);
          table.useKeyNumber(1);
          const entry = table.openOrMake(began);
          table.touch(entry, began);
          table.add(entry, rate, 0, 5, began);
          table.close();
          let now = began;
          let passed = 0;
          const check = (slack: number) => {
            assert.equal(table.openKey(now) !== 0, passed < 600_000, `after ${passed} ms`);
            if (passed < 600_000) {
              const idle = table.idleFor(entry, now);
              assert.ok(Math.abs(idle - passed) <= slack, `idle for ${idle} ms after ${passed}`);
              if (passed < 10_000 - slack) assert.equal(table.get(entry, rate, 0, now), 5);
            }
            table.close();
            return passed < 600_000;
          };
          for (const { jump, pass } of steps) {
            now += pass;
            passed += pass;
            table.tick(now, 0);
            if (!check(1)) return;
            const far = Math.abs(jump) > 20_000 ? jump : 0;
            now += far;
            if (!check(1)) return;
            table.tick(now, far);
            if (!check(1)) return;
          }
        },
      ),
    );
  });
});

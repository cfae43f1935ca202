import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { avalanche } from '../../../src/expr/hashes.ts';
import { IndexHeap } from '../../../src/traffic/balance/heap.ts';
import { serverMap } from '../../../src/traffic/balance/map.ts';
import { Ring, ringKey } from '../../../src/traffic/balance/ring.ts';
import { Rotation } from '../../../src/traffic/balance/rotation.ts';
import { TestTarget } from './target.ts';

const weights = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
const targetsOf = (list: readonly number[]) => list.map((weight, i) => new TestTarget(i + 1, weight));

suite('the heap', () => {
  test('gives items by key and date of entry, whatever was put, moved and taken out', () => {
    const operation = fc.tuple(fc.integer({ min: 0, max: 19 }), fc.integer({ min: -1, max: 5 }));
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
        const heap = new IndexHeap(4);
        heap.grow(20);
        let model: [item: number, key: number][] = [];
        for (const [item, key] of operations) {
          model = model.filter(([other]) => other !== item);
          if (key < 0) heap.remove(item);
          else {
            heap.put(item, key);
            model.push([item, key]);
          }
        }
        const sorted = model.toSorted((a, b) => a[1] - b[1]).map(([item]) => item);
        const given: number[] = [];
        for (let item = heap.first(); item >= 0; item = heap.first()) {
          given.push(item);
          heap.remove(item);
        }
        assert.deepEqual(given, sorted);
      }),
    );
  });
});

suite('the map of static weights', () => {
  test('is the one that its definition gives', () => {
    fc.assert(
      fc.property(weights, (list) => {
        const targets = targetsOf(list);
        const map = serverMap(targets).map((target) => target.id);
        const expected = mapByDefinition(list);
        assert.deepEqual(
          Array.from({ length: expected.length }, (_, i) => map[i % map.length]),
          expected,
        );
      }),
    );
  });

  test('is built for 10,000 servers of different weights without trying them all for each entry', () => {
    const targets = Array.from({ length: 10_000 }, (_, i) => new TestTarget(i + 1, 1 + (i % 7)));
    const map = serverMap(targets);
    assert.equal(map.length, targets.reduce((sum, target) => sum + target.weight / 16, 0)); // biome-ignore format: short
    assert.equal(map.filter((target) => target === targets[6]).length, 7);
  });
});

/** At each entry all earn their weight; the first of those with the most whole shares pays one. */
function mapByDefinition(list: readonly number[]): number[] {
  const total = list.reduce((a, b) => a + b, 0);
  const score = list.map(() => 0);
  return Array.from({ length: total }, () => {
    list.forEach((weight, i) => {
      score[i]! += weight;
    });
    const shares = score.map((s) => Math.floor((s + total) / total));
    const best = shares.indexOf(Math.max(...shares));
    score[best]! -= total;
    return best + 1;
  });
}

suite('the ring', () => {
  /** Servers with weight 0 are not on the ring. */
  const states = fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 4, maxLength: 4 }), {
    minLength: 1,
    maxLength: 5,
  });

  test('finds the nearest point after any sequence of changes', () => {
    fc.assert(
      fc.property(states, fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 5 }), (sequence, hashes) => {
        const ring = new Ring<TestTarget>();
        const targets = [3, 900, 17, 4].map((id) => new TestTarget(id));
        for (const list of sequence) {
          targets.forEach((target, i) => {
            target.weight = list[i]! * 16;
          });
          const on = targets.filter((target) => target.weight > 0);
          ring.update(on);
          const points = on.flatMap((target) =>
            Array.from({ length: target.weight }, (_, n) => ({ target, at: avalanche(target.id * 4096 + n) })),
          );
          assert.equal(ring.size, points.length);
          for (const hash of hashes) {
            const point = ring.nearest(hash);
            if (points.length === 0) assert.equal(point, -1);
            else assert.equal(ring.server(point), nearestByDefinition(points, hash));
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  test('has points by address where that is asked for, and by id where there is no address', () => {
    const target = new TestTarget(7);
    assert.equal(ringKey(target), 7);
    target.config.hashKey = 'addr';
    const other = new TestTarget(8);
    other.config.hashKey = 'addr';
    other.view.host = target.view.host;
    other.view.port = 81;
    assert.equal(ringKey(target), ringKey(other));
    target.config.hashKey = other.config.hashKey = 'addr-port';
    assert.notEqual(ringKey(target), ringKey(other));
    other.view.port = 80;
    assert.equal(ringKey(target), ringKey(other));
    other.view.host = null;
    assert.equal(ringKey(other), 8);
    other.view.host = '/run/app.sock';
    other.view.family = 'unix';
    assert.equal(ringKey(other), 8);
  });

  test('moves the points of a server whose address changes', () => {
    const targets = targetsOf([1, 1]);
    for (const target of targets) target.config.hashKey = 'addr';
    const ring = new Ring<TestTarget>();
    ring.update(targets);
    const before = Array.from({ length: 100 }, (_, i) => ring.server(ring.nearest(avalanche(i))).id);
    targets[1]!.view.host = '192.0.2.9';
    ring.update(targets);
    assert.equal(ring.size, 32);
    assert.notDeepEqual(Array.from({ length: 100 }, (_, i) => ring.server(ring.nearest(avalanche(i))).id), before); // biome-ignore format: short
  });
});

function nearestByDefinition(points: readonly { target: TestTarget; at: number }[], hash: number): TestTarget {
  const sorted = points.toSorted((a, b) => a.at - b.at);
  const after = sorted.find((point) => point.at >= hash) ?? sorted[0]!;
  const before = sorted.findLast((point) => point.at < hash) ?? sorted.at(-1)!;
  return (hash - before.at) >>> 0 <= (after.at - hash) >>> 0 ? before.target : after.target;
}

suite('the rotation', () => {
  test('gives each server its weight, within one place a turn, as haproxy does', () => {
    fc.assert(
      fc.property(weights, (list) => {
        const targets = targetsOf(list);
        const rotation = new Rotation<TestTarget>();
        rotation.update(targets);
        const total = targets.reduce((sum, target) => sum + target.weight, 0);
        const given = new Map(targets.map((target) => [target, 0]));
        for (let turns = 1; turns <= 5; turns++) {
          for (let i = 0; i < total; i++) {
            const target = rotation.pick(null)!;
            given.set(target, given.get(target)! + 1);
          }
          for (const target of targets) assert.ok(Math.abs(given.get(target)! - turns * target.weight) <= turns);
        }
      }),
    );
  });

  test('loses and invents no server, whatever changes, is full or is avoided', () => {
    const change = fc.record({
      server: fc.integer({ min: 0, max: 5 }),
      weight: fc.integer({ min: 0, max: 30 }),
      full: fc.boolean(),
      avoid: fc.integer({ min: 0, max: 5 }),
      picks: fc.integer({ min: 0, max: 12 }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const targets = targetsOf([1, 2, 3, 4, 5, 6]);
        const rotation = new Rotation<TestTarget>();
        const candidates = () => targets.filter((target) => target.weight > 0);
        rotation.update(candidates());
        for (const { server, weight, full, avoid, picks } of changes) {
          targets[server]!.weight = weight * 16;
          targets[server]!.maxconn = full ? 1 : 0;
          targets[server]!.running = 1;
          rotation.update(candidates());
          for (let i = 0; i < picks; i++) {
            const free = candidates().filter((target) => target.maxconn === 0);
            const picked = rotation.pick(targets[avoid]!);
            if (free.length === 0) assert.equal(picked, null);
            else assert.ok(picked !== null && free.includes(picked));
            if (free.length > 1) assert.notEqual(picked, targets[avoid]);
          }
        }
        for (const target of targets) target.maxconn = 0;
        const total = 2 * candidates().reduce((sum, target) => sum + target.weight, 0);
        const seen = new Set(Array.from({ length: total }, () => rotation.pick(null)));
        if (total > 0) assert.deepEqual(seen, new Set(candidates()));
      }),
    );
  });
});

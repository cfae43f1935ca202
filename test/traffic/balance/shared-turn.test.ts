import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { Rotation } from '../../../src/traffic/balance/rotation.ts';
import { RoundRobin } from '../../../src/traffic/balance/roundrobin.ts';
import { SharedTurn } from '../../../src/traffic/balance/shared-turn.ts';
import { NO_KEY } from '../../../src/traffic/balance/types.ts';
import { TestTarget } from './target.ts';

const count = () => new Int32Array(new SharedArrayBuffer(8));
const targetsOf = (weights: readonly number[]) => weights.map((weight, i) => new TestTarget(i + 1, weight));

suite('round robin over several threads', () => {
  test('gives, all threads taken together, the order of one', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 });
    const threads = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(weights, threads, (list, sequence) => {
        const targets = targetsOf(list);
        const shared = count();
        const turns = [0, 1, 2].map(() => new SharedTurn<TestTarget>([shared, 1]));
        for (const turn of turns) turn.update(targets);
        const alone = new Rotation<TestTarget>();
        alone.update(targets);
        const total = list.reduce((a, b) => a + b, 0);
        for (const thread of sequence.slice(0, total / list.reduce(gcd))) {
          assert.equal(turns[thread]!.pick(null), alone.pick(null));
        }
      }),
    );
  });

  test('passes full servers over, avoids one while there are others, and tells when all are full', () => {
    const targets = targetsOf([1, 2, 1]);
    const turn = new SharedTurn<TestTarget>([count(), 0]);
    turn.update(targets);
    targets[1]!.maxconn = targets[1]!.running = 1;
    for (let i = 0; i < 8; i++) assert.equal(turn.pick(targets[0]!), targets[2]);
    targets[2]!.maxconn = targets[2]!.running = 1;
    assert.equal(turn.pick(targets[0]!), targets[0]);
    targets[0]!.maxconn = targets[0]!.running = 1;
    assert.equal(turn.pick(null), null);
  });

  test('goes on when the count passes 2^31', () => {
    const shared = count();
    shared[0] = 0x7ffffffe;
    const turn = new SharedTurn<TestTarget>([shared, 0]);
    turn.update(targetsOf([1, 1, 1]));
    const ids = Array.from({ length: 6 }, () => turn.pick(null)!.id);
    assert.deepEqual(new Set(ids), new Set([1, 2, 3]));
  });

  test('leaves each thread to itself where the order is too long', () => {
    const turn = new SharedTurn<TestTarget>([count(), 0]);
    const targets = targetsOf(Array.from({ length: 5000 }, () => 1));
    turn.update(targets);
    assert.ok(!turn.active);
    const balancer = new RoundRobin<TestTarget>(false, turn);
    balancer.update(targets);
    assert.equal(balancer.pick(NO_KEY, null), targets[0]);
    balancer.update(targets.slice(0, 2));
    assert.ok(turn.active);
    balancer.update([]);
    assert.equal(balancer.pick(NO_KEY, null), null);
  });
});

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

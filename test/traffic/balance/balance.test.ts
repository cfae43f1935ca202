import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { BalanceConfig } from '../../../src/config/types.ts';
import { avalanche } from '../../../src/expr/hashes.ts';
import { type BalancerSettings, createBalancer } from '../../../src/traffic/balance/balance.ts';
import { type Balancer, NO_KEY } from '../../../src/traffic/balance/types.ts';
import { TestTarget } from './target.ts';

const ALGORITHMS: readonly BalanceConfig['algorithm'][] = [
  'roundrobin',
  'static-rr',
  'leastconn',
  'first',
  'random',
  'uri',
  'sticky',
];

function balancerOf(
  balance: Partial<BalanceConfig>,
  targets: readonly TestTarget[],
  settings: Partial<BalancerSettings> = {},
): Balancer<TestTarget> {
  const balancer = createBalancer<TestTarget>({
    balance: {
      algorithm: 'roundrobin',
      args: [],
      hashType: 'map-based',
      hashFunction: 'sdbm',
      hashAvalanche: false,
      hashBalanceFactor: 0,
      at: null,
      ...balance,
    },
    allBackups: false,
    preserve: 'always',
    shared: false,
    seed: 12345,
    served: () => targets.reduce((sum, target) => sum + target.running, 0),
    ...settings,
  });
  balancer.update(targets);
  return balancer;
}

const servers = (count: number) => Array.from({ length: count }, (_, i) => new TestTarget(i + 1));

suite('every algorithm', () => {
  for (const algorithm of ALGORITHMS) {
    for (const hashType of algorithm === 'uri' ? (['map-based', 'consistent'] as const) : (['map-based'] as const)) {
      const name = algorithm === 'uri' ? `uri ${hashType}` : algorithm;

      test(`${name}: nothing is chosen when no server takes requests, and what comes back is`, () => {
        const targets = servers(3);
        targets[0]!.usable = false;
        targets[1]!.draining = true;
        targets[2]!.weight = 0;
        const balancer = balancerOf({ algorithm, hashType }, targets);
        assert.equal(balancer.pick(17, null), null);
        assert.equal(balancer.pick(NO_KEY, targets[0]!), null);
        targets[1]!.draining = false;
        balancer.update(targets);
        assert.equal(balancer.pick(17, null), targets[1]);
        balancer.update([]);
        assert.equal(balancer.pick(17, null), null);
      });

      test(`${name}: backups are chosen only when no active server is left, the first or all as configured`, () => {
        const targets = servers(4);
        targets[1]!.backup = targets[2]!.backup = true;
        for (const allBackups of [false, true]) {
          for (const target of targets) target.usable = true;
          const balancer = balancerOf({ algorithm, hashType }, targets, { allBackups });
          const chosen = () => new Set(Array.from({ length: 60 }, (_, i) => balancer.pick(avalanche(i), null)!.id));
          assert.ok([...chosen()].every((id) => id === 1 || id === 4));
          targets[0]!.usable = targets[3]!.usable = false;
          balancer.update(targets);
          const single = !allBackups || algorithm === 'first' || algorithm === 'leastconn' || algorithm === 'sticky';
          assert.deepEqual([...chosen()].sort(), single ? [2] : [2, 3]);
        }
      });

      if (name === 'sticky' || name === 'uri map-based') continue;
      test(`${name}: the server that has failed is avoided unless it is the only one`, () => {
        const targets = servers(3);
        const balancer = balancerOf({ algorithm, hashType }, targets);
        for (let i = 0; i < 50; i++) assert.notEqual(balancer.pick(avalanche(i), targets[0]!), targets[0]);
        const alone = balancerOf({ algorithm, hashType }, targets.slice(0, 1));
        assert.equal(alone.pick(17, targets[0]!), targets[0]);
      });
    }
  }
});

suite('full servers', () => {
  for (const algorithm of ['roundrobin', 'static-rr', 'leastconn', 'first'] as const) {
    test(`${algorithm} passes them over`, () => {
      const targets = servers(3);
      targets[0]!.maxconn = targets[0]!.running = 1;
      targets[2]!.maxconn = 5;
      targets[2]!.running = 5;
      const balancer = balancerOf({ algorithm }, targets);
      for (let i = 0; i < 10; i++) assert.equal(balancer.pick(NO_KEY, null), targets[1]);
      targets[1]!.maxconn = targets[1]!.running = 1;
      assert.equal(balancer.pick(NO_KEY, null), null);
      targets[2]!.running = 4;
      balancer.changed(targets[2]!);
      assert.equal(balancer.pick(NO_KEY, null), targets[2]);
    });
  }

  test('roundrobin passes over a server that others wait for, leastconn fills queues up to maxqueue', () => {
    const targets = servers(2);
    targets[0]!.maxconn = 4;
    targets[0]!.running = 3;
    targets[0]!.waiting = 1;
    targets[1]!.maxconn = targets[1]!.running = 9;
    assert.equal(balancerOf({ algorithm: 'roundrobin' }, targets).pick(NO_KEY, null), null);
    assert.equal(balancerOf({ algorithm: 'leastconn' }, targets).pick(NO_KEY, null), null);
    targets[0]!.view.maxqueue = 3;
    assert.equal(balancerOf({ algorithm: 'leastconn' }, targets).pick(NO_KEY, null), targets[0]);
  });

  test('random draws none rather than a full one', () => {
    const targets = servers(2);
    targets[0]!.maxconn = targets[0]!.running = 1;
    targets[1]!.maxconn = targets[1]!.running = 1;
    assert.equal(balancerOf({ algorithm: 'random' }, targets).pick(NO_KEY, null), null);
  });

  for (const hashType of ['map-based', 'consistent'] as const) {
    test(`${hashType} hashing ignores them, or follows hash-preserve-affinity`, () => {
      const targets = servers(3);
      const keys = Array.from({ length: 40 }, (_, i) => avalanche(i));
      const always = balancerOf({ algorithm: 'uri', hashType }, targets);
      const before = keys.map((key) => always.pick(key, null)!.id);
      targets[0]!.maxconn = targets[0]!.running = 1;
      targets[0]!.view.maxqueue = 2;
      targets[0]!.waiting = 1;
      assert.deepEqual(keys.map((key) => always.pick(key, null)!.id), before); // biome-ignore format: short
      const maxconn = balancerOf({ algorithm: 'uri', hashType }, targets, { preserve: 'maxconn' });
      const maxqueue = balancerOf({ algorithm: 'uri', hashType }, targets, { preserve: 'maxqueue' });
      assert.ok(keys.every((key) => maxconn.pick(key, null) !== targets[0]));
      assert.ok(keys.every((key, i) => before[i] === 1 || maxconn.pick(key, null)!.id === before[i]));
      assert.deepEqual(keys.map((key) => maxqueue.pick(key, null)!.id), before); // biome-ignore format: short
      targets[0]!.waiting = 2;
      assert.ok(keys.every((key) => maxqueue.pick(key, null) !== targets[0]));
      for (const target of targets) target.maxconn = target.running = 1;
      assert.deepEqual(keys.map((key) => maxconn.pick(key, null)!.id), before); // biome-ignore format: short
    });
  }
});

suite('leastconn beside other threads', () => {
  test('finds a server that another thread has emptied within n / 8 picks', () => {
    const targets = servers(80);
    for (const target of targets) target.running = 5;
    const balancer = balancerOf({ algorithm: 'leastconn' }, targets, { shared: true });
    targets[60]!.running = 1;
    const picks = Array.from({ length: 11 }, () => balancer.pick(NO_KEY, null));
    assert.equal(picks.at(-1), targets[60]);
  });

  test('never chooses by a load that another thread has raised', () => {
    const targets = servers(3);
    const balancer = balancerOf({ algorithm: 'leastconn' }, targets, { shared: true });
    targets[0]!.running = targets[1]!.running = 7;
    assert.equal(balancer.pick(NO_KEY, null), targets[2]);
  });

  test('keeps the turn of equals when servers are added', () => {
    const targets = servers(3);
    const balancer = balancerOf({ algorithm: 'leastconn' }, targets);
    const first = balancer.pick(NO_KEY, null)!;
    first.running = 1;
    balancer.changed(first);
    first.running = 0;
    balancer.changed(first);
    targets.push(new TestTarget(4));
    balancer.update(targets);
    const order: number[] = [];
    for (let i = 0; i < 4; i++) {
      const target = balancer.pick(NO_KEY, null)!;
      order.push(target.id);
      target.running = 1;
      balancer.changed(target);
    }
    assert.deepEqual(order, [2, 3, 1, 4]);
  });
});

suite('other algorithms', () => {
  test('random follows the weights, and prefers the less loaded of two draws', () => {
    const targets = servers(2);
    targets[1]!.weight = 48;
    const one = balancerOf({ algorithm: 'random', args: ['1'] }, targets);
    const share = Array.from({ length: 4000 }, () => one.pick(NO_KEY, null)!.id).filter((id) => id === 2).length / 4000;
    assert.ok(share > 0.62 && share < 0.88, `${share}`);
    targets[1]!.weight = 16;
    targets[0]!.running = 50;
    const many = balancerOf({ algorithm: 'random', args: ['12'] }, targets);
    const loaded = Array.from({ length: 500 }, () => many.pick(NO_KEY, null)!.id).filter((id) => id === 1).length;
    assert.ok(loaded < 10, `${loaded}`);
  });

  test('sticky stays where it is when the first server comes back', () => {
    const targets = servers(3);
    const balancer = balancerOf({ algorithm: 'sticky' }, targets);
    assert.equal(balancer.pick(NO_KEY, null), targets[0]);
    targets[0]!.usable = false;
    balancer.update(targets);
    assert.equal(balancer.pick(NO_KEY, null), targets[1]);
    targets[0]!.usable = true;
    balancer.update(targets);
    assert.equal(balancer.pick(NO_KEY, null), targets[1]);
  });

  test('a bounded load never gives a server more than its share', () => {
    const targets = servers(4);
    const balancer = balancerOf({ algorithm: 'uri', hashType: 'consistent', hashBalanceFactor: 125 }, targets);
    for (let i = 1; i <= 200; i++) {
      balancer.pick(17, null)!.running++;
      assert.ok(targets.every((target) => target.running <= Math.ceil(Math.ceil(i * 1.25) / 4) + 1));
    }
  });
});

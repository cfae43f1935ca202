import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Contexts, RecentContexts } from '../../../src/traffic/tls/recent-contexts.ts';
import type { ServerContext } from '../../../src/traffic/tls/server-context.ts';

/** Contexts of one line by the ids of their entries, and which of them were closed. */
function line(contexts: RecentContexts) {
  const home: Contexts = new Map();
  const closed: number[] = [];
  return {
    home,
    closed,
    use(id: number, weight = 1): ServerContext {
      const known = home.get(id);
      const native = { close: () => void closed.push(id) };
      const context = known ?? ({ entry: { id }, native, weight } as unknown as ServerContext);
      home.set(id, context);
      contexts.use(context, home);
      return context;
    },
  };
}

suite('contexts that are ready', () => {
  test('are those that were used last; the others are closed', () => {
    const one = line(new RecentContexts(() => 3));
    for (const id of [1, 2, 3, 1, 4, 5]) one.use(id);
    assert.deepEqual([...one.home.keys()].sort(), [1, 4, 5]);
    assert.deepEqual(one.closed, [2, 3]);
  });

  test('are counted over all lines of a thread, though entries have the same numbers', () => {
    const contexts = new RecentContexts(() => 2);
    const [one, other] = [line(contexts), line(contexts)];
    one.use(1);
    other.use(1);
    other.use(2);
    assert.deepEqual([[...one.home.keys()], [...other.home.keys()]], [[], [1, 2]]);
    assert.deepEqual([one.closed, other.closed], [[1], []]);
  });

  test('with many authorities count for more', () => {
    const one = line(new RecentContexts(() => 10));
    for (let id = 0; id < 10; id++) one.use(id);
    one.use(10, 7.5);
    assert.deepEqual([...one.home.keys()], [8, 9, 10]);
  });

  test('are given up for others of their line when there is no more room', () => {
    const contexts = new RecentContexts(() => 2);
    const [one, other] = [line(contexts), line(contexts)];
    const first = one.use(1);
    assert.equal(contexts.giveUp(one.home), null);
    other.use(2);
    assert.equal(contexts.giveUp(other.home), null);
    assert.equal(contexts.giveUp(one.home), first);
    assert.deepEqual([[...one.home.keys()], one.closed], [[], []]);
    assert.equal(contexts.giveUp(one.home), null);
    other.use(3);
    assert.deepEqual([[...other.home.keys()], other.closed], [[2, 3], []]);
  });

  test('include the one that is used, however low the limit', () => {
    let limit = 5;
    const one = line(new RecentContexts(() => limit));
    for (let id = 0; id < 5; id++) one.use(id, 3);
    assert.deepEqual([...one.home.keys()], [4]);
    limit = 0;
    one.use(6, 1);
    assert.deepEqual([...one.home.keys()], [6]);
  });

  test('are let go of once, and not one that has taken the place', () => {
    const contexts = new RecentContexts(() => 3);
    const one = line(contexts);
    const old = one.use(1);
    one.home.delete(1);
    const fresh = one.use(1);
    contexts.forget(old);
    contexts.forget(old);
    assert.deepEqual(one.closed, [1]);
    assert.equal(one.home.get(1), fresh);
    for (const id of [2, 3]) one.use(id);
    assert.deepEqual([...one.home.keys()], [1, 2, 3]);
  });
});

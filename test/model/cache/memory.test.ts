import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { H } from '../../../src/model/cache/layout.ts';
import { CacheMemory } from '../../../src/model/cache/memory.ts';
import { content, facts, get, put, view } from './support.ts';

const KEYS = ['a', 'b', 'c', 'd', 'e'];

describe('a cache in shared memory', () => {
  it('gives what was stored last, or nothing, and drops only what was used least recently', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('put' as const),
        key: fc.constantFrom(...KEYS),
        length: fc.integer({ min: 1, max: 9000 }),
      }),
      fc.record({ kind: fc.constant('get' as const), key: fc.constantFrom(...KEYS) }),
      fc.record({ kind: fc.constant('remove' as const), key: fc.constantFrom(...KEYS) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const cache = new CacheMemory(view(24), 0);
        const model = new Map<string, Buffer>();
        let version = 0;
        for (const one of steps) {
          if (one.kind === 'put') {
            version++;
            if (put(cache, one.key, version, one.length)) model.set(one.key, content(one.key, version, one.length));
            else model.delete(one.key);
          } else if (one.kind === 'remove') {
            cache.remove(facts(one.key).hash, 0);
            model.delete(one.key);
          } else {
            const found = get(cache, one.key);
            if (found !== null) assert.deepEqual(found, model.get(one.key));
          }
          assert.equal(cache.available, 24);
        }
        const last = steps.findLast(({ kind }) => kind !== 'get');
        if (last?.kind === 'put') assert.notEqual(get(cache, last.key), null);
      }),
    );
  });

  it('does not drop what is being read', () => {
    const cache = new CacheMemory(view(8), 0);
    put(cache, 'read', 1, 3000);
    const pin = cache.find(facts('read').hash, 0, () => null)!;
    for (let i = 0; i < 20; i++) put(cache, `k${i}`, i, 2000);
    const bytes = Buffer.alloc(3000);
    assert.notEqual(cache.read(pin, 0, 3000, bytes, 0), -2);
    assert.deepEqual(bytes, content('read', 1, 3000));
    assert.equal(cache.available, 8 - 4);
    cache.release(pin);
    assert.equal(cache.available, 8);
  });

  it('takes no object when all is in use', () => {
    const cache = new CacheMemory(view(4), 0);
    put(cache, 'a', 1, 3900);
    const pin = cache.find(facts('a').hash, 0, () => null)!;
    assert.equal(put(cache, 'b', 1, 10), false);
    cache.release(pin);
    assert.equal(put(cache, 'b', 1, 10), true);
  });

  it('forgets what has expired', () => {
    const cache = new CacheMemory(view(4), 0);
    put(cache, 'a', 1, 10);
    assert.notEqual(get(cache, 'a', 99), null);
    assert.equal(get(cache, 'a', 100), null);
    assert.equal(get(cache, 'a', 0), null);
  });

  it('does not write one key twice at a time', () => {
    const cache = new CacheMemory(view(4), 0);
    const pin = cache.begin(facts('a'), 0)!;
    assert.equal(cache.begin(facts('a'), 0), null);
    assert.equal(get(cache, 'a'), null);
    cache.abort(pin);
    assert.ok(put(cache, 'a', 1, 10));
  });

  it('keeps objects for different requests apart, up to the limit', () => {
    const cache = new CacheMemory(view(16), 0);
    const kinds = [1, 2, 4, 8].map((bits) => ({ signature: 1, secondary: Int32Array.of(bits, 0, 0, 0, 0) }));
    assert.deepEqual(
      kinds.map((kind, i) => put(cache, 'a', i, 100, kind)),
      [true, true, true, false],
    );
    assert.deepEqual(get(cache, 'a', 0, Int32Array.of(2 | 8, 0, 0, 0, 0)), content('a', 1, 100));
    assert.equal(get(cache, 'a', 0, Int32Array.of(8, 0, 0, 0, 0)), null);
    assert.equal(cache.list(0, cache.buckets, 0).length, 3);
    put(cache, 'a', 9, 100);
    assert.deepEqual(get(cache, 'a'), content('a', 9, 100));
    assert.equal(cache.list(0, cache.buckets, 0).length, 1);
  });

  it('is empty again when a thread was lost with its lock', () => {
    const shared = view(8);
    const cache = new CacheMemory(shared, 0);
    put(cache, 'a', 1, 3000);
    const pin = cache.find(facts('a').hash, 0, () => null)!;
    new Int32Array(shared.memory)[H.lock] = 2;
    assert.equal(get(cache, 'a'), null, 'nobody waits for long');
    new CacheMemory(shared, 1).recover();
    assert.equal(get(cache, 'a'), null);
    assert.equal(cache.read(pin, 0, 10, Buffer.alloc(10), 0), -2);
    cache.release(pin);
    assert.equal(cache.available, 8);
    assert.ok(put(cache, 'a', 2, 3000));
  });

  it('never shows a thread what another one has half written', async () => {
    const shared = view(64);
    const results = await Promise.all(
      [0, 1, 2].map(async (thread) => {
        const worker = new Worker(new URL('./worker.ts', import.meta.url), {
          workerData: { view: shared, thread, rounds: 20_000 },
        });
        const [result] = await once(worker, 'message');
        return result as { bad: string | null; hits: number };
      }),
    );
    for (const { bad, hits } of results) {
      assert.equal(bad, null);
      assert.ok(hits > 100);
    }
    assert.equal(new CacheMemory(shared, 3).available, 64);
  });
});

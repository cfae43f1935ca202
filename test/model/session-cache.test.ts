import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SessionCache, sessionMemory } from '../../src/model/session-cache.ts';

const id = fc.uint8Array({ minLength: 4, maxLength: 32 });
const session = fc.uint8Array({ maxLength: 472 });

test('a session is found by its identifier, in all threads, until it ends', () => {
  fc.assert(
    fc.property(id, session, fc.integer({ min: 1, max: 1e9 }), (one, kept, end) => {
      const memory = sessionMemory(50)!;
      new SessionCache(memory).keep(one, kept, end);
      const other = new SessionCache(memory);
      assert.deepEqual(other.find(one, end - 1), Buffer.from(kept));
      assert.equal(other.find(one, end), null);
    }),
  );
});

test('many sessions share the places: what is found is what was kept', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(id, session), { maxLength: 60 }), (all) => {
      const cache = new SessionCache(sessionMemory(7)!);
      const last = new Map<string, Uint8Array>();
      for (const [one, kept] of all) {
        cache.keep(one, kept, 10);
        last.set(Buffer.from(one).toString('hex'), kept);
        assert.deepEqual(cache.find(one, 1), Buffer.from(kept));
      }
      for (const [key, kept] of last) {
        const found = cache.find(Buffer.from(key, 'hex'), 1);
        if (found !== null) assert.deepEqual(found, Buffer.from(kept));
      }
    }),
  );
});

test('what is too long is not kept', () => {
  const cache = new SessionCache(sessionMemory(1)!);
  cache.keep(Buffer.alloc(32, 1), Buffer.alloc(473), 10);
  cache.keep(Buffer.alloc(33, 1), Buffer.alloc(4), 10);
  cache.keep(Buffer.alloc(3, 1), Buffer.alloc(4), 10);
  for (const length of [32, 33, 3]) assert.equal(cache.find(Buffer.alloc(length, 1), 1), null);
  assert.equal(sessionMemory(0), null);
});

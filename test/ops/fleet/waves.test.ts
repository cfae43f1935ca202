import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { waves } from '../../../src/ops/fleet/waves.ts';

const sizes = (count: number, canary: number, wave: Parameters<typeof waves>[1]['wave']) =>
  waves(
    Array.from({ length: count }, (_, i) => i),
    { canary, wave },
  ).map(({ length }) => length);

test('a canary goes first, then shares of the fleet', () => {
  assert.deepEqual(sizes(10, 1, { percent: 25 }), [1, 3, 3, 3]);
  assert.deepEqual(sizes(3, 1, { percent: 100 }), [1, 2]);
  assert.deepEqual(sizes(3, 0, { count: 2 }), [2, 1]);
  assert.deepEqual(sizes(2, 5, { count: 1 }), [2]);
  assert.deepEqual(sizes(0, 1, { count: 1 }), []);
});

test('every target is in one wave, in order, and no wave is empty', () => {
  const wave = fc.oneof(
    fc.record({ count: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ percent: fc.integer({ min: 1, max: 100 }) }),
  );
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer({ min: 0, max: 5 }), wave, (targets, canary, size) => {
      const result = waves(targets, { canary, wave: size });
      assert.deepEqual(result.flat(), targets);
      assert.equal(
        result.every((one) => one.length > 0),
        true,
      );
    }),
  );
});

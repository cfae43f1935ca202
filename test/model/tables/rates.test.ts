import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addToRate, rateOf, spareOf } from '../../../src/model/tables/rates.ts';

test('whoever takes what is to spare keeps within the limit in any period, and gets what it allows', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 40 }),
      fc.integer({ min: 50, max: 10_000 }),
      fc.integer({ min: 100, max: 10_000_000 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 200, maxLength: 400 }),
      (start, period, limit, steps) => {
        const words = new Int32Array(3);
        const carry = (limit * 80) / period;
        let now = start;
        let taken = 0;
        for (const step of steps) {
          const spare = Math.floor(spareOf(words, 0, now, period, limit, 20, carry));
          if (spare > 0) {
            addToRate(words, 0, now, period, spare);
            taken += spare;
          }
          assert.ok(rateOf(words, 0, now, period) <= limit + carry + 1);
          now += step;
        }
        const due = (limit * (now - start)) / period;
        const slack = 2 * carry + 2 * steps.length;
        assert.ok(taken <= due + limit * 0.1 + slack, `${taken} instead of ${due}`);
        assert.ok(taken >= due * 0.9 - limit * 0.1 - slack, `${taken} instead of ${due}`);
      },
    ),
  );
});

test('after a long rest there is no more to spare than at the start', () => {
  const words = new Int32Array(3);
  addToRate(words, 0, 5000, 1000, 700);
  assert.equal(spareOf(words, 0, 60_000, 1000, 1000, 20, 40), 20);
});

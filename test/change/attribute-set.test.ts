import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { AttributeSet } from '../../src/change/attribute-set.ts';

const name = fc.string({ unit: fc.constantFrom('a', 'b', 'Ab', 'BB', 'C#', '\xe9'), maxLength: 3 });

suite('attributes with an override', () => {
  test('are those that were added and not deleted since', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), name), { maxLength: 200 }), (steps) => {
        const set = new AttributeSet();
        const model = new Set<string>();
        for (const [isAdded, key] of steps) {
          if (isAdded) set.add(`key ${key}`);
          else set.delete(`key ${key}`);
          if (isAdded) model.add(key);
          else model.delete(key);
          assert.equal(set.size, model.size);
        }
        for (const [, key] of steps) assert.equal(set.has('key ', key), model.has(key), key);
      }),
    );
  });

  test('texts with the same sum are told apart', () => {
    const set = new AttributeSet();
    set.add('key Aa');
    assert.equal(set.has('key ', 'Aa'), true);
    assert.equal(set.has('key ', 'BB'), false);
  });
});

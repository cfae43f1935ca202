import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from '../../../src/change/journal/canonical.ts';

test('is JSON of the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(
        JSON.stringify(JSON.parse(canonicalJson(value))),
        JSON.stringify(sorted(JSON.parse(JSON.stringify(value)))),
      );
    }),
  );
});

test('does not depend on the order in which members were set', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).reverse());
      assert.equal(canonicalJson(reversed), canonicalJson(value));
    }),
  );
});

test('leaves out what is undefined, and has null for what is no number', () => {
  assert.equal(
    canonicalJson({ b: undefined, a: [undefined, Number.NaN], c: '\u2028\ud800' }),
    '{"a":[null,null],"c":"\u2028\\ud800"}',
  );
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v)]),
  );
}

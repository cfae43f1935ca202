import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PendingCalls, textBytes } from '../../../src/change/journal/pending-calls.ts';

const MB = 1024 * 1024;

test('what waits for a slow disk is bounded by records and by bytes', () => {
  const calls = new PendingCalls(3);
  assert.equal(calls.full({ records: 100, bytes: 1000 * MB }), null, 'a call that is alone always can');
  void calls.add({ records: 2, bytes: 60 * MB }, () => {});
  assert.equal(calls.full({ records: 1, bytes: 4 * MB }), null);
  assert.match(calls.full({ records: 2, bytes: 0 })!.message, /^2 records wait for the disk/);
  assert.match(calls.full({ records: 1, bytes: 5 * MB })!.message, /bytes wait for the disk/);
  calls.settle(1, { value: null });
  assert.equal(calls.full({ records: 3, bytes: 60 * MB }), null);
});

test('the bytes of a value are those of its texts, wherever they stand', () => {
  assert.equal(textBytes([{ a: 'four', b: { c: ['12', 3, null] } }, 'x']), 7);
});

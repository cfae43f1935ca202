import assert from 'node:assert/strict';
import { test } from 'node:test';
import { xxh64 } from '../../src/util/xxhash.ts';

test("XXH64 gives the specification's value for nothing, and haproxy's for texts of all its paths", () => {
  const of = (text: string) => xxh64(Buffer.from(text)).toString(16);
  assert.equal(of(''), 'ef46db3751d8e999');
  assert.equal(of('abc'), '44bc2cf5ad770999');
  assert.equal(of('12345678901234567890123456789012'), '40fd1aa52d98274c');
  assert.equal(of('123456789012345678901234567890123456789012345678901234567890123456789012345'), '6a4cb6cc697c57a7');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyOf } from '../../src/api/body.ts';

test('a body is what its pieces are, small or large, from either kind of source', async () => {
  const piece = 'é<x>\n'.repeat(1000);
  const large = Array.from({ length: 400 }, () => piece);
  assert.equal(Buffer.from(await bodyOf(['a', '', 'é'])).toString(), 'aé');
  assert.equal((await bodyOf([])).length, 0);
  const body = await bodyOf(large);
  assert.ok(body.buffer instanceof SharedArrayBuffer);
  assert.ok(Buffer.from(body).equals(Buffer.from(large.join(''))));
  async function* later() {
    yield* large;
  }
  assert.deepEqual(await bodyOf(later()), body);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soak } from './soak.ts';

for (const global of ['nbthread 2', 'nbthread 2\n    nouring']) {
  test(`everything at once for a while loses nothing, changes nothing and leaves nothing (${global.replace(/\s+/g, ' ')})`, async (t) => {
    const { failures, visits } = await soak(t, { seconds: 4, seed: 1, clients: 12, global });
    assert.deepEqual(failures, []);
    assert.equal(Object.keys(visits).length, 13);
  });
}

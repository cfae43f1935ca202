import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { differencesPage } from '../../scripts/docs-differences.ts';
import { program } from '../support/program.ts';
import { compare, HAPROXY, shown } from './compare.ts';
import { FAMILIES } from './families.ts';

test('docs/differences.md lists what the run accepts', () => {
  assert.equal(readFileSync(join(import.meta.dirname, '../../docs/differences.md'), 'utf8'), differencesPage());
});

// Much of what they do is waiting.
suite('generated scenarios are treated as HAProxy does', { concurrency: 4 }, () => {
  for (const family of FAMILIES.filter(({ sample }) => sample > 0)) {
    test(family.name, { skip: existsSync(HAPROXY) ? false : 'needs HAProxy' }, async (t) => {
      const order = { families: [family], seed: 1, count: family.sample, haproxy: HAPROXY, sluice: program };
      const outcome = await compare(t, order);
      assert.ok(outcome.played > family.sample * 0.8 && outcome.exchanges >= outcome.played);
      assert.deepEqual(outcome.differences.map(shown), []);
    });
  }
});

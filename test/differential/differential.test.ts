import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { differencesPage } from '../../scripts/docs-differences.ts';
import { program } from '../support/program.ts';
import { compare, HAPROXY, shown } from './compare.ts';
import { FAMILIES } from './families.ts';

test('docs/differences.md lists what the run accepts', () => {
  assert.equal(readFileSync(join(import.meta.dirname, '../../docs/differences.md'), 'utf8'), differencesPage());
});

for (const family of FAMILIES.filter(({ sample }) => sample > 0)) {
  test(`generated scenarios of ${family.name} are treated as HAProxy does`, {
    skip: existsSync(HAPROXY) ? false : 'needs HAProxy',
  }, async (t) => {
    const outcome = await compare(t, {
      families: [family],
      seed: 1,
      count: family.sample,
      haproxy: HAPROXY,
      sluice: program,
    });
    assert.ok(outcome.played > family.sample * 0.8 && outcome.exchanges >= outcome.played);
    assert.deepEqual(outcome.differences.map(shown), []);
  });
}

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { differencesPage } from '../../scripts/docs-differences.ts';
import { program } from '../support/program.ts';
import { compare, HAPROXY, shown } from './compare.ts';

test('docs/differences.md lists what the run accepts', () => {
  assert.equal(readFileSync(join(import.meta.dirname, '../../docs/differences.md'), 'utf8'), differencesPage());
});

test('generated configurations and requests are treated as HAProxy does', {
  skip: existsSync(HAPROXY) ? false : 'needs HAProxy',
}, async (t) => {
  const outcome = await compare(t, { seed: 1, count: 60, haproxy: HAPROXY, sluice: program });
  assert.ok(outcome.played > 50 && outcome.exchanges > 100);
  assert.deepEqual(outcome.differences.map(shown), []);
});

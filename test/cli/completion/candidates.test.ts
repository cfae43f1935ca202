import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, candidates } from '../../../src/cli/completion/candidates.ts';

const NAMES: Readonly<Record<Asked, readonly string[]>> = {
  servers: ['be_app/app1', 'be_app/app2', 'be_api/api1'],
  backends: ['be_app', 'be_api'],
  frontends: ['fe_web'],
};
const complete = (line: string) => candidates(line.split(' '), ['run', 'check', 'audit'], async (what) => NAMES[what]);

const cases: readonly (readonly [string, readonly string[] | 'files'])[] = [
  ['dra', ['drain']],
  ['che', ['check', 'checks']],
  ['drain be_app/', ['be_app/app1', 'be_app/app2']],
  ['drain be_app/app1 --dry', ['--dry-run']],
  ['drain --reason x be_ap', ['be_api/api1', 'be_app/app1', 'be_app/app2']],
  ['frontend ', ['disable', 'enable', 'maxconn']],
  ['frontend disable ', ['fe_web']],
  ['frontend maxconn fe_web ', []],
  ['drain be_app/app1 --then ', ['maint']],
  ['map import a.map ', 'files'],
  ['map', ['map']],
  ['map s', ['set', 'show']],
  ['nonsense ', []],
];

for (const [line, expected] of cases) {
  test(`'${line}' is completed`, async () => {
    assert.deepEqual(await complete(line), expected);
  });
}

test('an option is offered once', async () => {
  const found = await complete('drain be_app/app1 --json --');
  assert.ok(Array.isArray(found));
  assert.equal(found.includes('--json'), false);
  assert.equal(found.includes('--reason'), true);
});

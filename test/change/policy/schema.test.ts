import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parsePolicy } from '../../../src/change/policy/load.ts';
import { PolicySchema } from '../../../src/change/policy/schema.ts';

const docs = new URL('../../../docs/', import.meta.url);

test('the schema in the reference is the one that files are checked with', () => {
  const written = readFileSync(new URL('reference/policy.schema.json', docs), 'utf8');
  assert.equal(written, `${JSON.stringify(PolicySchema, null, 2)}\n`);
});

test('the policy of the page about policies is one', () => {
  const page = readFileSync(new URL('policy.md', docs), 'utf8');
  const loaded = parsePolicy(/```yaml\n(.*?)```/s.exec(page)![1]!, 'policy.md');
  assert.deepEqual('problems' in loaded ? loaded.problems : [], []);
});

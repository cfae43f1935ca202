import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { haproxyPage } from '../../../scripts/docs-haproxy.ts';

it('the page of Changes on a real HAProxy is what the table says', () => {
  const page = readFileSync(new URL('../../../docs/reference/haproxy-changes.md', import.meta.url), 'utf8');
  assert.equal(page, haproxyPage(), 'run scripts/docs-haproxy.ts');
});

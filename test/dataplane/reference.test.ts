import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { referencePage, specification } from '../../scripts/docs-dataplane.ts';
import { OPERATIONS } from '../../src/dataplane/operations/index.ts';

const folder = join(import.meta.dirname, '../../docs/reference');

suite('the description of the Data Plane API', () => {
  test('is what the tables say: run scripts/docs-dataplane.ts', () => {
    assert.equal(readFileSync(join(folder, 'data-plane-api.md'), 'utf8'), referencePage());
    assert.equal(readFileSync(join(folder, 'data-plane-api.openapi.json'), 'utf8'), specification());
  });

  test('has every reference in it, and no operation twice', () => {
    const text = specification();
    const document = JSON.parse(text) as { components: { schemas: Record<string, unknown> } };
    for (const [, model] of text.matchAll(/#\/components\/schemas\/(\w+)/g))
      assert.ok(model! in document.components.schemas, model);
    const names = OPERATIONS.map(({ method, path }) => `${method} ${path}`);
    assert.equal(new Set(names).size, names.length);
  });
});

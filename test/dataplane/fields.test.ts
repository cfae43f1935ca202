import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { modelsOnce } from '../../src/dataplane/schema/check.ts';

interface Model {
  readonly properties?: Readonly<Record<string, Model>>;
  readonly items?: Model;
}

/** Fields of the original's models: model, or model and the path of an object or a list in it; and their names. */
const ORIGINAL = readFileSync(join(import.meta.dirname, 'original-fields.tsv'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => {
    const [path, fields] = line.split('\t') as [string, string];
    return { path, fields: fields.split(' ') };
  });

test('every field of the original is there, by its name', () => {
  const lacking = ORIGINAL.flatMap(({ path, fields }) => {
    const model = path.split('.').reduce<Model | undefined>((found, key) => {
      const inner =
        found === undefined ? (modelsOnce() as Readonly<Record<string, Model>>)[key] : found.properties?.[key];
      return inner?.items ?? inner;
    }, undefined);
    return fields.filter((field) => model?.properties?.[field] === undefined).map((field) => `${path}.${field}`);
  });
  assert.ok(ORIGINAL.reduce((sum, { fields }) => sum + fields.length, 0) > 1200);
  assert.deepEqual(lacking, []);
});

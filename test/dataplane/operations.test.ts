import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { OPERATIONS } from '../../src/dataplane/operations/index.ts';
import type { Operation } from '../../src/dataplane/operations/operation.ts';

/** The operations of the original, 3.4: method, path, and what a request brings (`*`: it has to; `body`, `formData:...`, `header:...`). */
const ORIGINAL = readFileSync(join(import.meta.dirname, 'original-operations.tsv'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => {
    const [method, path, brings] = line.split('\t') as [string, string, string];
    return { method, path, brings: brings === '-' ? [] : brings.split(',') };
  });

function own(method: string, path: string): Operation | undefined {
  return OPERATIONS.find((one) => one.method === method && one.path === path);
}

suite('the operations of the original', () => {
  test('are all there, with all that a request may bring', () => {
    assert.equal(ORIGINAL.length, 557);
    const lacking = ORIGINAL.flatMap(({ method, path, brings }) => {
      const operation = own(method, path);
      if (operation === undefined) return [`${method} ${path}`];
      const query = operation.query.map(({ name, required }) => (required ? `${name}*` : name));
      const body = brings.some((one) => one.startsWith('formData')) ? 'file' : brings.some((one) => /^body/.test(one));
      const isSame = body === (operation.body === 'file' ? 'file' : operation.body !== null);
      return [
        ...(isSame ? [] : [`${method} ${path}: body`]),
        ...brings
          .filter((one) => !/^(body|formData|header)/.test(one) && !query.includes(one))
          .map((one) => `${method} ${path}: ${one}`),
      ];
    });
    assert.deepEqual(lacking, []);
  });

  test('each has an id of its own in the description', () => {
    const ids = OPERATIONS.map(({ method, path }) => `${method} ${path}`);
    assert.equal(new Set(ids).size, ids.length);
  });
});

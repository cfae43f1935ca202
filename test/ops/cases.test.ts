/** Golden cases of operations: see run-case.ts. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { folder, runCase } from './run-case.ts';

for (const file of readdirSync(folder).filter((name) => name.endsWith('.case'))) {
  test(file.replace('.case', '').replaceAll('-', ' '), async () => {
    const { expected, got } = await runCase(file);
    assert.deepEqual(got, expected);
  });
}

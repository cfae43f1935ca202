import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventsSchema, operationsPage } from '../../scripts/docs-operations.ts';
import { operationsManual } from '../../scripts/man-operations.ts';
import { operationPage, pageOf } from '../../scripts/operation-page.ts';
import { operationHelp } from '../../src/cli/ops/help.ts';
import { parseWords } from '../../src/ops/parse.ts';
import { findOperation, OPERATIONS } from '../../src/ops/registry.ts';

const docs = join(import.meta.dirname, '../../docs');

test('the reference page is what the registry says', () => {
  assert.equal(
    readFileSync(join(docs, 'reference/operations.md'), 'utf8'),
    operationsPage(),
    'run scripts/docs-operations.ts',
  );
});

test('every operation has its page, as the registry says it, and no page is left of another', () => {
  const folder = join(docs, 'operations');
  for (const operation of OPERATIONS)
    assert.equal(
      readFileSync(join(folder, pageOf(operation.name)), 'utf8'),
      operationPage(operation),
      'run scripts/docs-operations.ts',
    );
  assert.deepEqual(readdirSync(folder).sort(), OPERATIONS.map(({ name }) => pageOf(name)).sort());
});

test('the schema of events is written as it is', () => {
  const file = join(docs, 'reference/operation-events.schema.json');
  assert.equal(readFileSync(file, 'utf8'), eventsSchema(), 'run scripts/docs-operations.ts');
});

test('the manual page is what the registry says', () => {
  const page = join(docs, '../packaging/man/sluice-operations.1');
  assert.equal(readFileSync(page, 'utf8'), operationsManual(), 'run scripts/docs-operations.ts');
});

for (const page of ['sluice.1', 'sluice-operations.1']) {
  const file = join(docs, '../packaging/man', page);
  const has = (program: string) => spawnSync(program, ['--help']).error === undefined;
  const skip = (program: string) => ({ skip: has(program) ? false : `${program} is not installed` });

  test(`man shows ${page} without a warning`, skip('man'), () => {
    const env = { ...process.env, MANPAGER: 'cat' };
    const { stderr, stdout } = spawnSync('man', ['--warnings', '-l', file], { encoding: 'utf8', env });
    assert.equal(stderr, '');
    assert.match(stdout, /EXIT STATUS/);
  });

  test(`mandoc finds nothing in ${page}`, skip('mandoc'), () => {
    assert.equal(spawnSync('mandoc', ['-T', 'lint', file], { encoding: 'utf8' }).stdout, '');
  });
}

test('names are unique, pages are there, and every operation has an example', () => {
  assert.equal(new Set(OPERATIONS.map(({ name }) => name)).size, OPERATIONS.length);
  for (const { name, page, examples } of OPERATIONS) {
    assert.ok(page === null || existsSync(join(docs, page)), `${name}: ${page}`);
    assert.ok(examples.length > 0, name);
  }
});

test('examples are understood', () => {
  for (const { examples, name } of OPERATIONS)
    for (const { command } of examples) {
      const words = (command.match(/(?:"[^"]*"|[^\s"])+/g) ?? []).map((word) => word.replaceAll('"', ''));
      const found = findOperation(words);
      assert.equal(found?.operation.name, name, command);
      parseWords(found.operation, found.args);
    }
});

test('help fits a terminal and names every option', () => {
  for (const operation of OPERATIONS) {
    const help = operationHelp(operation);
    for (const option of Object.keys(operation.options)) assert.match(help, new RegExp(`--${option}\\b`));
    for (const line of help.split('\n')) assert.ok(line.length <= 120, `${operation.name}: ${line}`);
  }
});

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { compileExpression } from '../../src/expr/compile.ts';
import { CONVERTERS } from '../../src/expr/converters/index.ts';
import { FETCHES } from '../../src/expr/fetches/index.ts';
import { listAcls, listConverters, listFetches } from '../../src/expr/listings.ts';
import { place } from '../../src/expr/row.ts';
import { UNSUPPORTED_FETCHES, UNSUPPORTED_REASONS } from '../../src/expr/unsupported.ts';

const folder = new URL('../../../shared/keywords/', import.meta.url);
const skip = existsSync(folder) ? false : 'the keyword lists of HAProxy are not here';

/** Sluice's own, and what the kept lists are too old for. */
const OURS = ['host: str', 'mmdb(string,string): str => addr', 'has_ctl([string]): bool => bin'];

const isRow = (line: string): boolean => line !== '' && !line.startsWith('#');

for (const [file, list] of [
  ['smp.txt', listFetches],
  ['cnv.txt', listConverters],
  ['acl.txt', listAcls],
] as const) {
  describe(`the listing that HAProxy keeps in ${file}`, { skip }, () => {
    test('holds each of ours, with the same arguments, types and places', (t) => {
      const theirs = readFileSync(new URL(file, folder), 'utf8').split('\n');
      const rows = theirs.filter(isRow);
      const ours = list().split('\n').filter(isRow);
      const common = ours.filter((row) => !OURS.some((own) => row === own || row.endsWith(` ${own}`)));
      assert.deepEqual(
        common.filter((row) => !rows.includes(row)),
        [],
      );
      assert.equal(new Set(ours).size, ours.length, 'a row is there twice');
      t.diagnostic(`${file}: ${common.length} of ${rows.length}`);
    });

    test('has the same lines around the rows, and the same order', () => {
      const theirs = readFileSync(new URL(file, folder), 'utf8').split('\n');
      const ours = list().split('\n');
      assert.deepEqual(
        ours.filter((line) => !isRow(line)),
        theirs.filter((line) => !isRow(line)),
      );
      const order = ours.filter(isRow).filter((row) => theirs.includes(row));
      assert.deepEqual(
        order,
        theirs.filter((row) => order.includes(row)),
      );
    });
  });
}

test('-dKsmp and -dKcnv list all of HAProxy but what is refused for good, each with its reason', { skip }, () => {
  for (const name of UNSUPPORTED_FETCHES) assert.ok(UNSUPPORTED_REASONS[name], name);
  const listed = (file: string): number => readFileSync(new URL(file, folder), 'utf8').split('\n').filter(isRow).length;
  assert.equal(FETCHES.filter(({ name }) => name !== 'host').length + UNSUPPORTED_FETCHES.size, listed('smp.txt'));
  assert.equal(CONVERTERS.filter(({ name }) => name !== 'mmdb' && name !== 'has_ctl').length, listed('cnv.txt'));
});

test('what HAProxy has and Sluice has not is refused as not supported', { skip }, () => {
  const env = { places: place.frontendHttpRequest, proxy: 'fe' };
  const namesIn = (file: string) =>
    readFileSync(new URL(file, folder), 'utf8')
      .split('\n')
      .filter(isRow)
      .map((row) => /^(?:\[.*?\] )?([^(: ]+)/.exec(row)![1]!);
  const fetches = new Set(FETCHES.map(({ name }) => name));
  for (const name of namesIn('smp.txt').filter((candidate) => !fetches.has(candidate))) {
    const error = `fetch method '${name}' is not supported: ${UNSUPPORTED_REASONS[name]}`;
    assert.deepEqual(compileExpression([name], env), { error });
  }
  for (const name of [...UNSUPPORTED_FETCHES].filter((candidate) => fetches.has(candidate))) assert.fail(name);
});

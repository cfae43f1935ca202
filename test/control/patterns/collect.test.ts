import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { load } from '../../../src/control/load.ts';

const dir = mkdtempSync(join(tmpdir(), 'sluice-patterns-'));
after(() => rmSync(dir, { recursive: true }));
writeFileSync(join(dir, 'nets'), '# ours\n10.0.0.0/8\n\n\t192.0.2.7\r\n');
writeFileSync(join(dir, 'map'), 'a 1\n b   two words \nc\n');
writeFileSync(join(dir, 'bad-nets'), '10.0.0.0/8\n# fine so far\n10.0.0.0/99\n');

/** Loads a frontend with these lines; `{dir}` is the folder with the files. */
function read(...lines: string[]) {
  const file = join(dir, 'test.cfg');
  const head = ['defaults', ' mode http', ' timeout client 1s', ' timeout server 1s', ' timeout connect 1s'];
  writeFileSync(file, [...head, 'frontend fe', ' bind :8080', ...lines, ''].join('\n').replaceAll('{dir}', dir));
  const { config, diagnostics } = load({ paths: [file], env: {}, facts: { version: '3.5', features: [] } as never });
  const alerts = diagnostics.filter(({ severity }) => severity === 'alert').map(({ text }) => text);
  return { references: config?.patterns ?? [], alerts };
}

test('references are numbered in the order of lines, those of `-u` as it says', () => {
  const { references, alerts } = read(
    ' acl own path_beg /a /b',
    ' acl nets src -f {dir}/nets -f {dir}/nets',
    ' acl given path -u 1 /x',
    ' http-request set-header x %[path,map({dir}/map,-)] if { path_beg /a }',
    ' http-request set-header y %[path,map_beg({dir}/map)]',
  );
  assert.deepEqual(alerts, []);
  const told = references.map(({ id, name, description }) => `${id} (${name}) ${description}`);
  const at = (line: number) => `at file '${dir}/test.cfg' line ${line}`;
  const on = (line: number) => at(line).slice(3);
  assert.deepEqual(told, [
    `0 () acl 'path_beg' ${on(8)}`,
    `1 () acl 'path' ${on(10)}`,
    `2 (${dir}/nets) pattern loaded from file '${dir}/nets' used by acl ${at(9)}`,
    `3 () acl 'src' ${on(9)}`,
    `4 (${dir}/map) pattern loaded from file '${dir}/map' used by map ${at(11)}, by map ${at(12)}`,
    `5 () acl 'path_beg' ${on(11)}`,
  ]);
});

test('a file is listed by the first line that uses it, be it a rule or an ACL that takes the keys of a map', () => {
  const { references, alerts } = read(
    ' http-request set-header x %[path,map({dir}/map,-)]',
    ' acl nets src -f {dir}/nets',
    ' acl keys path -M -f {dir}/map',
  );
  assert.deepEqual(alerts, []);
  const at = (line: number) => `at file '${dir}/test.cfg' line ${line}`;
  assert.deepEqual(
    references.filter(({ name }) => name !== '').map(({ id, description }) => `${id} ${description}`),
    [
      `0 pattern loaded from file '${dir}/map' used by map ${at(8)}, by map ${at(10)}`,
      `1 pattern loaded from file '${dir}/nets' used by acl ${at(9)}`,
    ],
  );
});

test('what is wrong with patterns is told with file and line', () => {
  const { alerts } = read(
    ' acl a src -f {dir}/bad-nets',
    ' acl b path -f {dir}/none',
    ' acl c path -u 3 /x',
    ' acl d path -u 3 /y',
    ' http-request set-header x %[path,map_str_int({dir}/map)]',
    ' http-request set-header x %[path,map({dir}/map)]',
    ' http-request set-header x %[path,map_str_ip({dir}/map,x)]',
    ' http-request redirect location / if { path -f {dir}/map }',
  );
  const errors = alerts.map((text) => text.replaceAll(dir, '.').replace(/.* : /, ''));
  assert.deepEqual(
    errors.filter((text) => !/^(Error|Fatal)/.test(text)),
    [
      "'10.0.0.0/99' is not a valid IPv4 or IPv6 address at line 3 of file './bad-nets'.",
      'failed to open pattern file <./none>.',
      'the id is already used.',
      "unable to parse 'two words' at line 2 of file './map'.",
      'map: cannot parse default ip <x>.',
      'The file "./map" is already used as two column file and cannot be used by as one column file.',
    ],
  );
});

test('files that need not be there, or are none, are empty', () => {
  const { references, alerts } = read(
    ' acl a path -f opt@{dir}/none -f virt@list -f file@{dir}/nets',
    ' acl b path -m str -f opt@{dir}/nets',
  );
  assert.deepEqual(alerts, []);
  assert.deepEqual(
    references.map(({ name, source }) => [name.replace(dir, '.'), source === null]),
    [
      ['./none', true],
      ['virt@list', true],
      ['./nets', false],
      ['', false],
      ['', false],
    ],
  );
});

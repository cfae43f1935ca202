import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { get } from '../support/connection.ts';
import { mmdbFile } from '../support/mmdb.ts';
import { isHaproxy, runToEnd, start } from '../support/program.ts';

const skip = isHaproxy ? 'HAProxy has no converter of this kind' : false;

const edition = (country: string): Buffer =>
  mmdbFile([['192.0.2.0/24', { country: { iso_code: country, names: { fr: 'Été' } }, list: [{ n: 7 }] }]], 'Country');

const config = (file: string): string => `
    global
        stats socket {sock:admin} level admin
        nbthread 2
    defaults
        mode http
        timeout client 5s
    frontend web
        bind {addr:web}
        http-request set-var(txn.c) req.hdr_ip(x-ip),mmdb(${file},country.iso_code)
        http-request return status 200 content-type text/plain lf-string "%[var(txn.c),concat(,,)] %[req.hdr_ip(x-ip),mmdb(${file},country.names.fr)] %[req.hdr_ip(x-ip),mmdb(${file},list.0.n)] %[req.hdr_ip(x-ip),mmdb(${file},country)]"
`;

test('mmdb finds facts about addresses, and reads its file anew on all threads', { skip }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'mmdb-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'country.mmdb');
  writeFileSync(file, edition('NL'));
  const run = await start(t, config(file));
  const of = async (address: string) => (await get(run.port('web'), '/', `x-ip: ${address}`)).body.toString().trim();
  assert.equal(await of('192.0.2.9'), 'NL Été 7');
  assert.equal(await of('203.0.113.9'), '');
  assert.match(await run.cli('show mmdb'), new RegExp(`\n${file} ${edition('NL').length} \\d+ 1700000000 Country`));
  writeFileSync(file, edition('BE'));
  assert.equal(await of('192.0.2.9'), 'NL Été 7');
  assert.equal((await run.cli(`reload mmdb ${file}`)).trim(), '');
  for (let i = 0; i < 8; i++) assert.equal(await of('192.0.2.9'), 'BE Été 7');
  writeFileSync(file, 'damaged');
  assert.match(await run.cli(`reload mmdb ${file}`), /is no MaxMind DB file/);
  assert.match(await run.cli('reload mmdb /nowhere'), /no converter looks '\/nowhere' up; there is/);
  assert.equal(await of('192.0.2.9'), 'BE Été 7');
  rmSync(file);
  execFileSync('mkfifo', [file]);
  assert.match(await run.cli(`reload mmdb ${file}`), /is no file/);
  rmSync(file);
  writeFileSync(file, edition('FR'));
  assert.match(await run.cli('reload'), /Success=1|^\s*$/);
  assert.equal(await of('192.0.2.9'), 'FR Été 7');
});

test('a reload with a damaged or cut file is refused with the reason, and the edition before serves on', {
  skip,
}, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'mmdb-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'country.mmdb');
  writeFileSync(file, edition('NL'));
  const run = await start(t, config(file));
  const of = async (address: string) => (await get(run.port('web'), '/', `x-ip: ${address}`)).body.toString().trim();
  const next = edition('BE');
  const metadata = next.lastIndexOf(Buffer.from('MaxMind.com'));
  for (const [damage, bytes] of [
    ['something else', Buffer.from('damaged')],
    ['nothing', Buffer.alloc(0)],
    ['cut before its description', next.subarray(0, metadata - 8)],
    ['cut in its description', next.subarray(0, metadata + 20)],
    ['only its description', next.subarray(metadata - 3)],
    ['without its first bytes', next.subarray(12)],
    ['without its data', Buffer.concat([next.subarray(0, 24), next.subarray(metadata - 3)])],
  ] as const) {
    writeFileSync(file, bytes);
    const answer = await run.cli('reload');
    assert.match(answer, /^Success=0\n/, damage);
    assert.ok(answer.includes(file), `${damage}: ${answer}`);
    assert.match(await run.cli(`reload mmdb ${file}`), new RegExp(`${file}.*\\w`), damage);
    for (let i = 0; i < 4; i++) assert.equal(await of('192.0.2.9'), 'NL Été 7', damage);
  }
  writeFileSync(file, next);
  assert.match(await run.cli('reload'), /^Success=1\n/);
  assert.equal(await of('192.0.2.9'), 'BE Été 7');
});

test('a file that cannot be read is refused with its reason', { skip }, async () => {
  const exit = await runToEnd(config('/nowhere/country.mmdb'), { argv: ['-c', '-f', '{config}'] });
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /:10\].*cannot read \/nowhere\/country\.mmdb: ENOENT/);
});

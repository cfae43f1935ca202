/** `issuers-chain-path`: chains that files do not have, at start, of what is set live, kept in the files and after a reload. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { operate } from '../ops/support.ts';
import { issue } from '../support/pki.ts';
import { start } from '../support/program.ts';
import { sClient } from '../support/tls.ts';

const root = issue({ name: 'Root', ca: true });
const between = issue({ name: 'Intermediate', ca: true, issuer: root });
const leaf = () => issue({ name: 'site.test', dns: ['site.test'], issuer: between });

const issuers = mkdtempSync(join(tmpdir(), 'issuers-'));
after(() => rmSync(issuers, { recursive: true }));
mkdirSync(join(issuers, 'chains'));
writeFileSync(join(issuers, 'chains', 'between.pem'), between.certificate + root.certificate);

const CONFIG = `
global
    stats socket {sock:admin} level admin
    issuers-chain-path ${issuers}/chains
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:fe} ssl crt {dir}/site.pem
    http-request return status 200
`;

test('a chain that a file does not have is that of its issuer', async (t) => {
  const run = await start(t, CONFIG, { files: { 'site.pem': leaf().pem } });
  const path = join(run.dir, 'site.pem');
  const subjects = async () =>
    [...(await sClient(run.port('fe'), '-showcerts')).matchAll(/^ *\d+ s:.*CN ?= ?(.*)$/gm)].map((found) => found[1]);
  const WHOLE = ['site.test', 'Intermediate', 'Root'];
  assert.deepEqual(await subjects(), WHOLE);
  const next = leaf();
  await run.cli(`set ssl cert ${path} <<\n${next.pem}\n`);
  assert.match(await run.cli(`commit ssl cert ${path}`), /Success!/);
  assert.deepEqual(await subjects(), WHOLE);
  const saved = await operate(run, 'save');
  assert.equal(saved.status, 0, saved.stderr + saved.stdout);
  assert.equal(readFileSync(path, 'latin1'), next.key + next.certificate, 'nothing of the chain');
  assert.match((await operate(run, 'save')).stdout, /nothing is set that the files do not say/);
  assert.match(await run.cli('reload'), /Success=1/);
  assert.deepEqual(await subjects(), WHOLE);
  assert.match((await operate(run, 'save')).stdout, /nothing is set that the files do not say/);
  // Another chain for a certificate whose file is as it was.
  writeFileSync(join(issuers, 'chains', 'between.pem'), between.certificate);
  assert.match(await run.cli('reload'), /Success=1/);
  assert.deepEqual(await subjects(), WHOLE.slice(0, 2));
  assert.equal((await run.cli(`dump ssl cert ${path}`)).match(/BEGIN CERTIFICATE/g)?.length, 1);
});

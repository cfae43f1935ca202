/** The examples about TLS: certificates are made first, then each script shows what it says. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { type Run, start } from '../support/program.ts';

const examples = join(import.meta.dirname, '../../examples');
const lacks = ['socat', 'curl', 'openssl'].find((tool) => spawnSync(tool, ['-h']).error !== undefined);

/** What each script prints, without empty lines; FOLDER stands for that of the certificates. */
const SHOWN = {
  'rotate-certificate': `
before: CN=www.example.net,O=first
Transaction created for certificate FOLDER/site.pem!
inconsistencies between private key and certificate loaded 'FOLDER/site.pem'.
Can't commit FOLDER/site.pem!
Transaction aborted for certificate 'FOLDER/site.pem'!
refused, and so: CN=www.example.net,O=first
Transaction created for certificate FOLDER/site.pem!
Committing FOLDER/site.pem.
Success!
after: CN=www.example.net,O=renewed`,
  ocsp: `
before: good
OCSP single response: Certificate ID does not match any certificate or issuer.
refused, and so: good
OCSP Response updated!
after: revoked`,
  'crt-list': `
before: CN=www.example.net,O=first
New empty certificate store 'FOLDER/shop.pem'!
Transaction created for certificate FOLDER/shop.pem!
Committing FOLDER/shop.pem
Success!
Inserting certificate 'FOLDER/shop.pem' in crt-list 'FOLDER/certs.list'.
Success!
added: CN=shop.example.net
# FOLDER/certs.list
FOLDER/site.pem:1
FOLDER/shop.pem:2 [ssl-min-ver TLSv1.2] shop.example.net
Can't remove the certificate: certificate 'FOLDER/shop.pem' in use, can't be deleted!
Entry 'FOLDER/shop.pem' deleted in crtlist 'FOLDER/certs.list'!
deleted: CN=www.example.net,O=first`,
  'mutual-tls': `
nobody: refused
alice: alice
bob: bob
transaction created for CRL FOLDER/clients.crl!
Committing FOLDER/clients.crl.
Success!
alice, from now on: alice
bob, from now on: refused`,
} as const;

function certificates(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-example-'));
  t.after(() => rmSync(folder, { recursive: true }));
  execFileSync('sh', [join(examples, 'make-certificates.sh'), folder]);
  return folder;
}

function startExample(t: TestContext, name: string, folder: string): Promise<Run> {
  const config = readFileSync(join(examples, name, 'haproxy.cfg'), 'utf8')
    .replace(/"\$\{SLUICE_RUN-[^"]*sluice\.sock"/, '{sock:admin}')
    .replaceAll(/"\$\{SLUICE_RUN-\/tmp\/sluice-tls\}/g, `"${folder}`)
    .replace(/127\.0\.0\.1:"\$\{PORT-8443\}"/, '{addr:web}');
  return start(t, config);
}

/** What the script of an example prints. */
async function shown(name: string, folder: string, runs: readonly Run[]): Promise<string> {
  const where = runs.flatMap((run) => [run.sock('admin'), String(run.port('web'))]);
  const { stdout, stderr } = await promisify(execFile)('sh', [join(examples, name, 'show.sh'), ...where, folder]);
  assert.equal(stderr, '');
  const text = stdout.replaceAll(folder, 'FOLDER').replace(/\n+/g, '\n').trim();
  for (const run of runs) assert.doesNotMatch(`${text}${run.stdout}${run.stderr}`, /PRIVATE KEY/);
  return text;
}

describe('the example', { skip: lacks === undefined ? false : `needs ${lacks}` }, () => {
  for (const [name, expected] of Object.entries(SHOWN))
    test(`${name} shows what it says`, async (t) => {
      const folder = certificates(t);
      const run = await startExample(t, name, folder);
      assert.equal(await shown(name, folder, [run]), expected.trim());
    });

  test('ticket-keys shows what it says, with two nodes', async (t) => {
    const folder = certificates(t);
    const runs = await Promise.all([startExample(t, 'ticket-keys', folder), startExample(t, 'ticket-keys', folder)]);
    assert.equal(
      await shown('ticket-keys', folder, runs),
      `
node 1: New
the same session on node 2: Reused
TLS ticket key updated!
TLS ticket key updated!
after a rotation, on node 2: Reused
a new session on node 1: New
the same on node 2: Reused
${'TLS ticket key updated!\n'.repeat(6)}when its key is gone, on node 2: New`.trim(),
    );
  });
});

/** Private keys that are encrypted on the disk: at start, at a reload, by the Runtime API; neither they nor the passphrase are told. */
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { issue } from '../support/certificates.ts';
import { start } from '../support/program.ts';
import { connectTls } from '../support/tls.ts';

const PASSPHRASE = 'open sesame 4711';
const [one, two] = [issue(['one.test']), issue(['two.test'])];
const locked = ({ key }: typeof one) =>
  createPrivateKey(key).export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: PASSPHRASE });

const config = (crt: string) => `
global
    stats socket {sock:admin} level admin
    ssl-passphrase-cmd /bin/sh {dir}/ask --quiet
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:fe} ssl crt {dir}/${crt}
    http-request return status 200
`;

test('an encrypted key is opened by the output of a command', async (t) => {
  const run = await start(t, config('one.pem'), {
    files: {
      'one.pem': `${one.cert}${locked(one)}`,
      'two.pem': two.cert,
      'two.pem.key': locked(two),
      ask: `echo "$@" >> {dir}/asked\necho '${PASSPHRASE}'\n`,
    },
  });
  const shown = async () => (await connectTls(t, run.port('fe'), {})).socket.getPeerCertificate().subject['CN'];
  assert.equal(await shown(), 'one.test');
  run.rewrite(config('two.pem'));
  assert.match(await run.cli('reload'), /Success=1/);
  assert.equal(await shown(), 'two.test');
  const asked = readFileSync(join(run.dir, 'asked'), 'latin1').replaceAll(run.dir, 'DIR');
  assert.equal(asked, '--quiet DIR/one.pem\n--quiet DIR/two.pem.key\n');

  // A command that fails: the reload is refused, and what is in force stays.
  writeFileSync(join(run.dir, 'ask'), `echo '${PASSPHRASE}'\nexit 9\n`);
  run.rewrite(config('one.pem'));
  const refused = await run.cli('reload');
  assert.match(
    refused,
    /the private key in '\S+one\.pem' is encrypted, and 'ssl-passphrase-cmd' ended with status 9\./,
  );
  assert.equal(await shown(), 'two.test');

  const path = join(run.dir, 'two.pem');
  const live = await run.cli(`set ssl cert ${path} <<\n${two.cert}${locked(two)}\n`);
  assert.match(live, /the private key for '\S+two\.pem' is encrypted: decrypt it/);
  const told = [refused, live, run.stderr, await run.cli('show startup-logs'), await run.cli(`show ssl cert ${path}`)];
  for (const text of told) assert.doesNotMatch(text, new RegExp(PASSPHRASE));
});

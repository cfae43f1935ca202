/** Words of crt-stores on lines of a crt-list: at start, by the Runtime API, undone, kept in the files, and after a reload. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { operate } from '../ops/support.ts';
import { issue } from '../support/certificates.ts';
import { start } from '../support/program.ts';
import { connectTls } from '../support/tls.ts';

const [a, b] = [issue(['a.test']), issue(['b.test'])];

const CONFIG = `
global
    nbthread 2
    stats socket {sock:admin} level admin
    key-base {dir}
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:fe} ssl crt-list {dir}/certs.list
    http-request return status 200
`;

test('a crt-list says where the parts of a certificate are', async (t) => {
  const run = await start(t, CONFIG, {
    files: {
      'a.crt': a.cert,
      'a.key': a.key,
      'certs.list': '# ours\n{dir}/a.crt [key a.key alpn http/1.1] a.test\n',
    },
  });
  const at = (name: string) => join(run.dir, name);
  const list = at('certs.list');
  const show = async () => (await run.cli(`show ssl crt-list ${list}`)).replaceAll(run.dir, 'DIR').replaceAll('\0', '');
  const shown = async (servername: string) =>
    (await connectTls(t, run.port('fe'), { servername })).socket.getPeerCertificate().subject['CN'];
  assert.equal(await shown('a.test'), 'a.test');
  const first = 'DIR/a.crt [alpn http/1.1 key a.key] a.test';
  assert.equal(await show(), `# DIR/certs.list\n${first}`);
  assert.match(await run.cli(`show ssl cert ${at('a.crt')}`), /^Key filename: \S+\/a\.key$/m);

  const add = (line: string) => run.cli(`add ssl crt-list ${list} <<\n${line}\n\n`);
  assert.equal(
    (await add(`${at('a.crt')} *.a.test`)).replaceAll(run.dir, 'DIR'),
    "Can't edit the crt-list: 'DIR/a.crt' is already instantiated with incompatible parameters:\n - different parameter 'key' : previously 'a.key' vs nothing",
  );
  assert.match(await add(`${at('a.crt')} [key a.key] *.a.test`), /Success!/);

  await run.cli(`new ssl cert ${at('b.crt')}`);
  await run.cli(`set ssl cert ${at('b.crt')} <<\n${b.cert}${b.key}\n`);
  await run.cli(`commit ssl cert ${at('b.crt')}`);
  assert.match(await add(`${at('b.crt')} [key b.key] b.test`), /Success!/);
  assert.equal(await shown('b.test'), 'b.test');
  assert.match(await run.cli(`show ssl cert ${at('b.crt')}`), /^Key filename: \S+\/b\.key$/m);
  const [second, third] = ['DIR/a.crt [key a.key] *.a.test', 'DIR/b.crt [key b.key] b.test'];
  assert.equal(await show(), `# DIR/certs.list\n${first}\n${second}\n${third}`);

  assert.match(await run.cli(`del ssl crt-list ${list} ${at('b.crt')}`), /deleted/);
  assert.equal((await operate(run, 'undo')).status, 0);
  assert.equal(await show(), `# DIR/certs.list\n${first}\n${second}\n${third}`);

  const saved = await operate(run, 'save');
  assert.equal(saved.status, 0, saved.stderr + saved.stdout);
  const read = (name: string) => readFileSync(at(name), 'latin1').replaceAll(run.dir, 'DIR');
  assert.equal(read('certs.list'), `# ours\nDIR/a.crt [key a.key alpn http/1.1] a.test\n${second}\n${third}\n`);
  assert.deepEqual(
    [read('b.crt'), read('b.key')].map((text) => text.trim()),
    [b.cert.trim(), b.key.trim()],
  );
  assert.equal(statSync(at('b.key')).mode & 0o777, 0o600);
  assert.match(await run.cli('reload'), /Success=1/);
  assert.equal(await shown('b.test'), 'b.test');
  assert.match((await operate(run, 'diff')).stdout, /^$|nothing/);
});

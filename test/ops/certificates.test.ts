import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createServer } from 'node:tls';
import { shownFingerprint } from '../../src/ops/certificates/handshake.ts';
import { type Run, start } from '../support/program.ts';
import { operate } from './support.ts';

const haproxy = '/usr/sbin/haproxy';
const lacks = existsSync('/usr/bin/openssl') ? false : 'openssl is not installed';
const CONFIG = `
    global
        stats socket {sock:admin} level admin
    defaults
        mode http
        timeout connect 5s
        timeout client 5s
        timeout server 5s
    frontend fe
        bind {addr:tls} ssl crt {dir}/app.pem crt {dir}/other.pem tls-ticket-keys {dir}/tickets.keys
        http-request return status 200
`;

let folder: string;
const ends: (() => unknown)[] = [];
const files: Record<string, string> = {};

interface Wanted {
  readonly names: string;
  readonly days: number;
}

/** Makes NAME.crt and NAME.key, signed by the test's authority. */
function make(name: string, { names, days }: Wanted): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  openssl(
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
    '-subj',
    '/CN=app.test',
  );
  writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${names}\n`);
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    String(days),
    '-extfile',
    `${name}.ext`,
    '-out',
    `${name}.crt`,
  );
  const [crt, key] = ['crt', 'key'].map((kind) => readFileSync(join(folder, `${name}.${kind}`), 'utf8'));
  writeFileSync(join(folder, `${name}.pem`), `${crt}${key}`);
}

before(async () => {
  if (lacks) return;
  folder = mkdtempSync(join(tmpdir(), 'sluice-certs-'));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  process.env['STATE_DIRECTORY'] = join(folder, 'state');
  mkdirSync(join(folder, 'state'));
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
      '-days',
      '900',
      '-subj',
      '/O=Test/CN=Test CA',
    ],
    { cwd: folder, stdio: 'pipe' },
  );
  const both = 'DNS:app.test,DNS:*.app.test';
  make('app', { names: both, days: 30 });
  make('other', { names: 'DNS:other.test', days: 30 });
  make('new', { names: both, days: 90 });
  make('fewer', { names: 'DNS:app.test', days: 90 });
  make('short', { names: both, days: 5 });
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const keys = [1, 2, 3].map((n) => Buffer.alloc(48, n).toString('base64')).join('\n');
  Object.assign(files, { 'app.pem': read('app.pem'), 'other.pem': read('other.pem'), 'tickets.keys': `${keys}\n` });
});
after(async () => {
  for (const end of ends.toReversed()) await end();
});

const file = (name: string) => join(folder, name);

for (const [name, program] of [
  ['HAProxy', haproxy],
  ['Sluice', null],
] as const)
  describe(`on ${name}`, {
    skip: lacks || (program !== null && !existsSync(program) && `${program} is not there`),
  }, () => {
    let run: Run;
    const shown = (host: string) => shownFingerprint({ host: '127.0.0.1', port: run.port('tls') }, host);
    before(async () => {
      const scope = { after: (end: () => unknown) => void ends.push(end) };
      run = await start(scope, CONFIG, { ...(program === null ? {} : { program }), files });
    });

    test('a certificate is found by its domain, swapped, proven by a handshake, and brought back', async () => {
      const old = await shown('www.app.test');
      const other = await shown('other.test');
      const dry = await operate(run, 'rotate-cert', 'www.app.test', file('new.pem'), '--dry-run', '--json');
      assert.equal(dry.status, 0, dry.stdout);
      assert.doesNotMatch(dry.stdout, /BEGIN [A-Z ]*PRIVATE KEY-----\\n[A-Za-z]/);
      assert.match(
        dry.stdout,
        /"do":"check","what":"a handshake for www\.app\.test on 127\.0\.0\.1:\d+ shows the new certificate"/,
      );
      const rotated = await operate(run, 'rotate-cert', 'www.app.test', file('new.crt'), '--key', file('new.key'));
      assert.equal(rotated.status, 0, rotated.stderr);
      assert.match(rotated.stdout, /^check passed: 127\.0\.0\.1:\d+ shows the new certificate for www\.app\.test$/m);
      assert.notEqual(await shown('www.app.test'), old);
      assert.equal(await shown('other.test'), other);
      const undone = await operate(run, 'undo', rotated.operation);
      assert.equal(undone.status, 0, undone.stderr);
      assert.equal(await shown('www.app.test'), old);
    });

    test('what is wrong with the new one is refused before anything is touched', async () => {
      const refused = async (...words: string[]) => {
        const { status, stderr } = await operate(run, 'rotate-cert', ...words);
        assert.equal(status, words[0] === 'nobody.test' ? 2 : 1, stderr);
        return stderr;
      };
      assert.match(
        await refused('app.test', file('fewer.pem')),
        /it is not for \*\.app\.test, which the old one is; it is for app\.test; --allow names/,
      );
      assert.match(
        await refused('app.test', file('short.pem')),
        /it expires on .*, before the old one .*--allow expiry/,
      );
      assert.match(await refused('app.test', file('new.crt')), /the file has no private key; --key names/);
      assert.match(
        await refused('app.test', file('new.crt'), '--key', file('app.key')),
        /the private key is not that of the first certificate/,
      );
      assert.match(
        await refused('nobody.test', file('new.pem')),
        /no certificate in use is for 'nobody\.test'.*app\.pem \(app\.test \*\.app\.test\)/,
      );
      assert.match(await refused('app.test', file('tickets')), /cannot be read: there is no such file/);
      const allowed = await operate(run, 'rotate-cert', 'app.test', file('fewer.pem'), '--allow', 'names', '--dry-run');
      assert.equal(allowed.status, 0, allowed.stderr);
    });

    test('a listener that goes on showing the old certificate brings it back', async (t) => {
      const old = await shown('app.test');
      const pem = readFileSync(file('app.pem'), 'utf8');
      const stubborn = createServer({ cert: pem, key: pem }).listen(0, '127.0.0.1');
      t.after(() => stubborn.close());
      await once(stubborn, 'listening');
      const { port } = stubborn.address() as { port: number };
      const ended = await operate(run, 'rotate-cert', 'app.test', file('new.pem'), '--listener', `127.0.0.1:${port}`);
      assert.equal(ended.status, 7);
      assert.match(
        ended.stderr,
        /^reverted: 127\.0\.0\.1:\d+ shows another certificate for app\.test; what was changed is taken back\n$/,
      );
      assert.equal(await shown('app.test'), old);
    });

    test('certificates are listed by their end, and ticket keys rotate', async () => {
      const { stdout } = await operate(run, 'certs');
      assert.match(stdout, /app\.pem +app\.test \*\.app\.test +EC256 +expires in 29d\w+\n/);
      assert.equal((await operate(run, 'certs', '--expiring', '1d')).stdout, 'none\n');
      const before = await run.cli('show tls-keys *');
      const rotated = await operate(run, 'rotate-ticket-keys');
      assert.equal(rotated.status, 0, rotated.stderr);
      const keys = (text: string) => [...text.matchAll(/^\d+\.\d+ (\S+)$/gm)].map((match) => match[1]);
      const [was, is] = [keys(before), keys(await run.cli('show tls-keys *'))];
      assert.deepEqual(is.slice(0, 2), was.slice(1));
      assert.notEqual(is[2], was[2]);
      assert.ok(!rotated.stdout.includes(is[2]!.slice(0, 20)));
    });
  });

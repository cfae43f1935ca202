/** What is set of certificates outlives the process, where there is a state folder. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { cliBytes } from '../support/cli.ts';
import { type Issued, issue, ocspResponse, revocationList } from '../support/pki.ts';
import { type Run, start } from '../support/program.ts';

const ca = issue({ name: 'Test CA', ca: true });
const other = issue({ name: 'Other CA', ca: true });
const site = (name = 'site.test') => issue({ name, dns: [name], issuer: ca });
const chain = (one: Issued) => one.pem + ca.certificate;
const key = (byte: number) => Buffer.alloc(48, byte).toString('base64');

const CONFIG = `global
    stats socket {sock:admin} level admin
    nbthread 2
defaults
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:fe} ssl crt-list DIR/certs.list tls-ticket-keys DIR/tickets.keys ca-file DIR/ca.pem crl-file DIR/crl.pem verify optional
    http-request return status 200
`;

/** A folder of files, and what a Sluice is started with to keep state there. */
function place(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'certificates-kept-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const at = (name: string) => join(dir, name);
  const put = (name: string, content: string | Uint8Array) => {
    writeFileSync(at(name), content, { mode: 0o600 });
    chmodSync(at(name), 0o600);
  };
  const first = site();
  put('site.pem', chain(first));
  put('site.pem.ocsp', ocspResponse(ca, first));
  put('certs.list', `# our certificates\n${at('site.pem')}\n`);
  put('ca.pem', ca.certificate);
  put('crl.pem', revocationList(ca, []));
  put('tickets.keys', [1, 2, 3].map((byte) => `${key(byte)}\n`).join(''));
  const config = CONFIG.replaceAll('DIR', dir);
  const args = ['--state-dir', at('state')];
  const begin = (more: readonly string[] = [], global = '') =>
    start(t, config.replace('    nbthread 2\n', `    nbthread 2\n${global}`), { args: [...args, ...more] });
  return { dir, at, put, first, begin };
}

async function set(run: Run, what: string, path: string, pem: string): Promise<void> {
  await run.cli(`set ssl ${what} ${path} <<\n${pem}\n`);
  assert.match(await run.cli(`commit ssl ${what} ${path}`), /Success!$/, `${what} ${path}`);
}

/** Serial number of the certificate that a client is shown. */
function shown(run: Run, servername: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: run.port('fe'), servername, rejectUnauthorized: false };
    const socket = connect(options, () => {
      resolve(socket.getPeerX509Certificate()!.serialNumber);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

const serial = (one: Issued) => new X509Certificate(one.certificate).serialNumber;

/** All that the files of certificates can say. */
async function inForce(run: Run, at: (name: string) => string) {
  const ask = [
    ...['site.pem', 'new.pem'].map((name) => `dump ssl cert ${at(name)}`),
    `show ssl crt-list -n ${at('certs.list')}`,
    ...['ca.pem', 'more.pem'].map((name) => `show ssl ca-file ${at(name)}`),
    `show ssl crl-file ${at('crl.pem')}`,
    `show ssl ocsp-response base64 ${at('site.pem')}`,
    `show tls-keys ${at('tickets.keys')}`,
  ];
  const answers: string[] = [];
  for (const line of ask) answers.push(await run.cli(line));
  return answers;
}

/** Sets something of every kind. */
async function setAll(run: Run, { at }: ReturnType<typeof place>) {
  const [next, added] = [site(), site('new.test')];
  await set(run, 'cert', at('site.pem'), chain(next));
  await run.cli(`new ssl cert ${at('new.pem')}`);
  await set(run, 'cert', at('new.pem'), chain(added));
  assert.match(
    await run.cli(`add ssl crt-list ${at('certs.list')} <<\n${at('new.pem')} [alpn h2] new.test\n\n`),
    /Success!$/,
  );
  await run.cli(`new ssl ca-file ${at('more.pem')}`);
  await set(run, 'ca-file', at('more.pem'), other.certificate);
  await set(run, 'ca-file', at('ca.pem'), ca.certificate + other.certificate);
  await set(run, 'crl-file', at('crl.pem'), revocationList(ca, [added]));
  await run.cli(`set ssl tls-key ${at('tickets.keys')} ${key(4)}`);
  await run.cli(`set ssl tls-key ${at('tickets.keys')} ${key(5)}`);
  return { next, added };
}

const secretsOf = (dir: string): string[] =>
  existsSync(join(dir, 'state/secrets')) ? readdirSync(join(dir, 'state/secrets')) : [];

/** No file of the state folder but those of secrets has a key in it, the database's log included. */
function assertNoKeys(dir: string, keys: readonly string[]): void {
  for (const name of readdirSync(join(dir, 'state'))) {
    const path = join(dir, 'state', name);
    if (!statSync(path).isFile()) continue;
    const bytes = readFileSync(path);
    for (const one of keys) assert.equal(bytes.includes(one), false, `${name} has a key`);
    assert.equal(bytes.includes('PRIVATE KEY'), false, name);
  }
}

test('certificates, authorities, lists, responses and ticket keys that were set outlive a kill and a reload', async (t) => {
  const here = place(t);
  const { dir, at, begin } = here;
  const first = await begin();
  const { next, added } = await setAll(first, here);
  const before = await inForce(first, at);
  first.signal('SIGKILL');
  await first.stop();
  assertNoKeys(dir, [key(4), key(5), next.key.split('\n')[1]!]);
  assert.equal(statSync(join(dir, 'state/secrets')).mode & 0o777, 0o700);
  for (const name of secretsOf(dir)) assert.equal(statSync(join(dir, 'state/secrets', name)).mode & 0o777, 0o600, name);

  const second = await begin();
  assert.deepEqual(await inForce(second, at), before);
  assert.deepEqual(
    await Promise.all(['site.test', 'new.test'].map((name) => shown(second, name))),
    [next, added].map(serial),
  );
  assert.equal(await second.cli('show conflicts'), '');
  assert.doesNotMatch(await second.cli('show overrides json'), /PRIVATE KEY|BQUFBQUF/);
  assert.match(await second.cli('reload'), /^Success=1/);
  assert.deepEqual(await inForce(second, at), before);
});

test('an OCSP response that was set is shown again; a new certificate in the file ends it', async (t) => {
  const { dir, at, put, first, begin } = place(t);
  const one = await begin();
  const newer = ocspResponse(ca, first, { thisUpdate: Date.now() - 1000 });
  assert.equal(await one.cli(`set ssl ocsp-response ${newer.toString('base64')}`), 'OCSP Response updated!');
  one.signal('SIGKILL');
  await one.stop();
  const two = await begin();
  assert.equal((await two.cli(`show ssl ocsp-response base64 ${at('site.pem')}`)).trim(), newer.toString('base64'));
  const told = await two.cli(`show ssl ocsp-response ${at('site.pem')}`);
  assert.match(told, /Cert Status/);
  assert.equal(await two.cli(`show ssl cert ${at('site.pem')}.ocsp`), told);
  assert.deepEqual(secretsOf(dir), [], 'a response is no secret');
  await two.stop();
  const renewed = site();
  put('site.pem', chain(renewed));
  rmSync(at('site.pem.ocsp'));
  const three = await begin();
  assert.equal(await shown(three, 'site.test'), serial(renewed));
  assert.match(
    await three.cli('show conflicts'),
    /cert \S+site\.pem OCSP response was set to .*the file says 'no response for sha1 \w+' now, and wins/,
  );
  assert.equal(await three.cli('show overrides'), '');
});

test('where the file was changed meanwhile it wins, the conflict is listed, and the keys are forgotten', async (t) => {
  const here = place(t);
  const { dir, at, put, begin } = here;
  const first = await begin();
  const { added } = await setAll(first, here);
  assert.equal(secretsOf(dir).length, 4, 'two certificates, a ticket key and those before it');
  await first.stop();
  const renewed = site();
  put('site.pem', chain(renewed));
  rmSync(at('site.pem.ocsp'));
  put('ca.pem', other.certificate);
  put('tickets.keys', [7, 8, 9].map((byte) => `${key(byte)}\n`).join(''));
  const second = await begin();
  const conflicts = await second.cli('show conflicts');
  assert.match(conflicts, /cert \S+site\.pem content was set to 'sha1 .*; the file says 'sha1 .*' now, and wins/);
  assert.match(
    conflicts,
    /ca-file \S+ca\.pem content was set to '2 certificates, .*; the file says '1 certificate, .*' now, and wins/,
  );
  assert.match(conflicts, /ticket-key \S+tickets\.keys keys was set to '3 keys, .*; the file says .* now, and wins/);
  assert.equal(await shown(second, 'site.test'), serial(renewed));
  assert.equal(await shown(second, 'new.test'), serial(added), 'what the files do not speak of stands');
  assert.equal(secretsOf(dir).length, 1);
  // A reload finds out, too.
  await set(second, 'cert', at('site.pem'), chain(site()));
  put('site.pem', chain(site()));
  assert.match(await second.cli('reload'), /cert \S+site\.pem content was set to .* and wins/);
  assert.equal(secretsOf(dir).length, 1);
});

test('what was taken out of a list, and deleted, stays away; the files say the same by now: no override is left', async (t) => {
  const { dir, at, put, begin, first: old } = place(t);
  const extra = site('extra.test');
  put('extra.pem', chain(extra));
  put('certs.list', `${at('site.pem')}\n\n# more\n${at('extra.pem')} extra.test\n`);
  const first = await begin();
  await first.cli(`del ssl crt-list ${at('certs.list')} ${at('extra.pem')}`);
  assert.match(await first.cli(`del ssl cert ${at('extra.pem')}`), /deleted!/);
  first.signal('SIGKILL');
  await first.stop();
  const second = await begin();
  assert.equal(await shown(second, 'extra.test'), serial(old));
  assert.doesNotMatch(await second.cli('show ssl cert'), /extra\.pem/);
  await second.stop();
  put('certs.list', `${at('site.pem')}\n`);
  rmSync(at('extra.pem'));
  const third = await begin();
  assert.equal(await third.cli('show overrides'), '');
  assert.equal(await third.cli('show conflicts'), '');
  assert.deepEqual(secretsOf(dir), []);
});

test('a rotation that was made for a time is taken back by the process that comes after a kill', async (t) => {
  const { dir, at, first: old, begin } = place(t);
  const first = await begin();
  const next = site();
  const change = { kind: 'cert.set', path: at('site.pem'), pem: chain(next) };
  const answer = JSON.parse(
    await cliBytes(first.sock('admin'), `change <<\n${JSON.stringify({ changes: [change], meta: { for: 1500 } })}\n\n`),
  );
  assert.equal(answer.ok, true, JSON.stringify(answer));
  assert.equal(await shown(first, 'site.test'), serial(next));
  first.signal('SIGKILL');
  await first.stop();
  assertNoKeys(dir, [next.key.split('\n')[1]!, old.key.split('\n')[1]!]);
  await new Promise((resolve) => setTimeout(resolve, 1600));
  const second = await begin();
  assert.match(second.stderr, /was taken back: its time was over/);
  assert.equal(await shown(second, 'site.test'), serial(old));
  assert.deepEqual(secretsOf(dir), []);
});

test('a key that was kept and is gone is told, and the file is in force', async (t) => {
  const { dir, at, first: old, begin } = place(t);
  const first = await begin();
  await set(first, 'cert', at('site.pem'), chain(site()));
  const [name] = secretsOf(dir);
  assert.match(name!, /^[0-9a-f]{64}$/);
  const text = readFileSync(join(dir, 'state/secrets', name!), 'utf8');
  assert.equal(createHash('sha256').update(text).digest('hex'), name, 'it is named by its digest');
  await first.stop();
  rmSync(join(dir, 'state/secrets', name!));
  const second = await begin();
  assert.match(
    await second.cli('show conflicts'),
    /could not be set to .* again: what cert\.set needs is not kept any more/,
  );
  assert.equal(await shown(second, 'site.test'), serial(old));
});

test('the process that takes over shows what was set in the one before, and what is set there after that', async (t) => {
  const { dir, at, begin } = place(t);
  const before = await begin();
  const [one, two] = [site(), site()];
  await set(before, 'cert', at('site.pem'), chain(one));
  const after = await begin(['-sf', String(before.pid)]);
  assert.equal(await shown(after, 'site.test'), serial(one));
  await before.exited;
  await before.stop();
  await set(after, 'cert', at('site.pem'), chain(two));
  assert.equal(secretsOf(dir).length, 1, 'the key of before is forgotten');
  after.signal('SIGKILL');
  await after.stop();
  assert.equal(await shown(await begin(), 'site.test'), serial(two));
});

const skip = process.getuid!() === 0 ? false : 'only root can become another user';
test('keys belong to the user that the process becomes, and root finds them at the next start', { skip }, async (t) => {
  const { dir, at, begin } = place(t);
  chmodSync(dir, 0o755);
  const user = '    user nobody\n';
  const first = await begin([], user);
  const next = site();
  await set(first, 'cert', at('site.pem'), chain(next));
  const [name] = secretsOf(dir);
  const { uid, mode } = statSync(join(dir, 'state/secrets', name!));
  assert.deepEqual([uid === 0, mode & 0o777], [false, 0o600]);
  first.signal('SIGKILL');
  await first.stop();
  const second = await begin([], user);
  assert.equal(await shown(second, 'site.test'), serial(next));
  await set(second, 'cert', at('site.pem'), chain(site()));
  assert.equal(secretsOf(dir).length, 1);
});

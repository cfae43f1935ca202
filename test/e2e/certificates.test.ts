/** Certificates that are changed while clients come. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect as connectOverTls } from 'node:tls';
import { type Issued, issue, ocspResponse, revocationList } from '../support/pki.ts';
import { program, type Run, start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { connectTls } from '../support/tls.ts';
import { until } from '../support/wait.ts';

const ca = issue({ name: 'Test CA', ca: true });
const site = (more: Partial<Parameters<typeof issue>[0]> = {}) =>
  issue({ name: 'site.test', dns: ['site.test'], issuer: ca, ...more });
const chain = (one: Issued) => one.pem + ca.certificate;

const CONFIG = `
  global
    nbthread 2
    stats socket {sock:admin} level admin
    log {addr:log} local0
  defaults
    mode http
    log global
    option httpslog
    timeout connect 1s
    timeout client 60s
    timeout server 5s
  frontend web
    bind {addr:web} ssl crt {dir}/site.pem tls-ticket-keys {dir}/tickets.keys
    http-request return status 200
`;

const set = async (run: Run, path: string, pem: string): Promise<string> => {
  assert.match(await run.cli(`set ssl cert ${path} <<\n${pem}\n`), /^Transaction created/);
  return run.cli(`commit ssl cert ${path}`);
};

/** Serial number that a new client is shown. */
function serial(run: Run): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: run.port('web'), servername: 'site.test', rejectUnauthorized: false };
    const socket = connectOverTls(options, () => {
      resolve(socket.getPeerX509Certificate()!.serialNumber);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

async function running(t: TestContext, first: Issued, more: { args?: string[]; config?: string } = {}): Promise<Run> {
  const log = await syslog(t);
  const keys = [1, 2, 3].map((n) => `${Buffer.alloc(48, n).toString('base64')}\n`).join('');
  const files = { 'site.pem': chain(first), 'tickets.keys': keys, 'certs.list': 'site.pem [ocsp-update on]\n' };
  return start(t, more.config ?? CONFIG, { ports: { log }, files, ...(more.args ? { args: more.args } : {}) });
}

test('swapped again and again under new handshakes, none fails, and what is answered is in force', async (t) => {
  const certificates = [site(), site()] as const;
  const serials = certificates.map((one) => new X509Certificate(one.certificate).serialNumber);
  const run = await running(t, certificates[0]);
  const kept = await connectTls(t, run.port('web'), { servername: 'site.test', ALPNProtocols: ['http/1.1'] });
  let going = true;
  let made = 0;
  const failures: unknown[] = [];
  const client = async () => {
    while (going) {
      const shown = await serial(run).catch((error) => void failures.push(error));
      if (shown !== undefined && !serials.includes(shown)) failures.push(shown);
      made++;
    }
  };
  const clients = Promise.all([client(), client(), client()]);
  for (let n = 1; n <= 40; n++) {
    assert.match(await set(run, join(run.dir, 'site.pem'), chain(certificates[n % 2]!)), /Success!$/);
    const shown = await Promise.all([serial(run), serial(run), serial(run), serial(run)]);
    assert.deepEqual(new Set(shown), new Set([serials[n % 2]]), `after ${n} swaps`);
  }
  going = false;
  await clients;
  assert.deepEqual(failures, []);
  assert.ok(made > 40, `${made} handshakes`);
  // A connection from before goes on with what it has.
  const { status } = await kept.connection.exchange('GET / HTTP/1.1\nHost: a\n\n');
  assert.equal(status, 200);
});

test('what does not fit together is refused on commit, and the old certificate is shown on', async (t) => {
  const first = site();
  const run = await running(t, first);
  const path = join(run.dir, 'site.pem');
  const { serialNumber } = new X509Certificate(first.certificate);
  const other = site();
  for (const [pem, reason] of [
    [other.certificate + first.key, /inconsistencies between private key and certificate/],
    [other.certificate, /unable to load SSL private key/],
  ] as const) {
    assert.match(await set(run, path, pem), reason);
    assert.equal(await serial(run), serialNumber);
    await run.cli(`abort ssl cert ${path}`);
  }
  assert.match(await run.cli(`del ssl cert ${path}`), /in use, can't be deleted!/);
  assert.match(await set(run, path, chain(other)), /Success!$/);
  assert.match(await run.cli('undo'), /: 1 change made$/);
  assert.equal(await serial(run), serialNumber);
});

test('a reload keeps what was set, unless the file is another one by now', async (t) => {
  const [first, second, third] = [site(), site(), site()] as const;
  const serialOf = ({ certificate }: Issued) => new X509Certificate(certificate).serialNumber;
  const run = await running(t, first);
  const path = join(run.dir, 'site.pem');
  const reload = async () => assert.match(await run.cli('reload'), /^Success=1/);
  await reload();
  assert.equal(await serial(run), serialOf(first));
  assert.match(await set(run, path, chain(second)), /Success!$/);
  const key = Buffer.alloc(48, 9).toString('base64');
  await run.cli(`set ssl tls-key ${run.dir}/tickets.keys ${key}`);
  await reload();
  assert.equal(await serial(run), serialOf(second));
  assert.ok((await run.cli('show tls-keys *')).includes(key));
  writeFileSync(path, chain(third));
  await reload();
  assert.equal(await serial(run), serialOf(third));
  // A file that is none leaves all as it is.
  writeFileSync(path, third.certificate);
  assert.match(await run.cli('reload'), /^Success=0/);
  assert.equal(await serial(run), serialOf(third));
  assert.ok((await run.cli('show tls-keys *')).includes(key));
});

/** The response that a client gets with the certificate, or null. */
async function stapled(t: TestContext, run: Run): Promise<Buffer | null> {
  const socket = connectOverTls({
    ...{ host: '127.0.0.1', port: run.port('web'), servername: 'site.test' },
    ...{ rejectUnauthorized: false, requestOCSP: true },
  });
  t.after(() => socket.destroy());
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('OCSPResponse', (response: Buffer | null) => {
      socket.destroy();
      resolve(response);
    });
  });
}

test('OCSP responses are fetched, shown until shortly before they end, and fetched again when asked for', async (t) => {
  let response: Buffer = Buffer.alloc(0);
  let asked = 0;
  const responder = createServer((_, answer) => {
    asked++;
    answer.writeHead(200, { 'Content-Type': 'application/ocsp-response' }).end(response);
  }).listen(0, '127.0.0.1');
  t.after(() => responder.close());
  await new Promise((resolve) => responder.on('listening', resolve));
  const one = site({ responder: `http://127.0.0.1:${(responder.address() as AddressInfo).port}/` });
  response = ocspResponse(ca, one);
  const config = CONFIG.replace('crt {dir}/site.pem', 'crt-list {dir}/certs.list').replace(
    'global',
    'global\n    crt-base {dir}',
  );
  const run = await running(t, one, { config });
  await until('the response', async () => (await stapled(t, run))?.equals(response));
  assert.match(await run.cli('show ssl ocsp-updates'), /site\.pem \| .* \| 1 \| 0 \| 1 \| Update successful/);
  // A clock may be off by five minutes: this one is shown for two seconds at most.
  const short = ocspResponse(ca, one, { nextUpdate: Date.now() + 302_000 });
  writeFileSync(join(run.dir, 'short.ocsp'), short);
  const env = { ...process.env, SLUICE_TARGET: run.sock('admin') };
  const updated = spawnSync(program, ['update-ocsp', join(run.dir, 'short.ocsp')], { encoding: 'utf8', env });
  assert.equal(updated.status, 0, updated.stderr);
  await until('its end', async () => (await stapled(t, run)) === null);
  response = ocspResponse(ca, one, { nextUpdate: Date.now() + 7_200_000 });
  const before = asked;
  await run.cli(`update ssl ocsp-response ${join(run.dir, 'site.pem')}`);
  await until('the new one', async () => (await stapled(t, run))?.equals(response));
  assert.equal(asked, before + 1);
  // Somebody else's signature.
  const stranger = issue({ name: 'Test CA', ca: true });
  response = ocspResponse(stranger, one);
  const refused = await run.cli(`update ssl ocsp-response ${join(run.dir, 'site.pem')}`);
  assert.match(refused, /OCSP/);
  assert.notEqual(await stapled(t, run), null);
});

test('a client whose certificate is revoked is refused from then on, with a session from before, too', async (t) => {
  const [alice, bob] = ['alice', 'bob'].map((name) => issue({ name, issuer: ca })) as [Issued, Issued];
  const one = site();
  const files = { 'site.pem': chain(one), 'ca.pem': ca.certificate, 'clients.crl': revocationList(ca, []) };
  const config = CONFIG.replace(
    'tls-ticket-keys {dir}/tickets.keys',
    'ca-file {dir}/ca.pem verify required crl-file {dir}/clients.crl',
  );
  const run = await start(t, config, { ports: { log: await syslog(t) }, files });
  const as = ({ certificate, key }: Issued) => ({ cert: certificate, key });
  /** Whether a client is answered: with TLS 1.3 it learns of a refusal after its handshake. */
  const answered = async (who: Issued, more: ConnectionOptions = {}) => {
    try {
      const { connection, socket } = await connectTls(t, run.port('web'), { ...as(who), ...more });
      const { status } = await connection.exchange('GET / HTTP/1.1\nHost: a\n\n');
      return `${status} ${socket.isSessionReused() ? 'resumed' : 'new'}`;
    } catch {
      return 'refused';
    }
  };
  const before = await connectTls(t, run.port('web'), as(bob));
  await before.connection.exchange('GET / HTTP/1.1\nHost: a\n\n');
  const session = await until('a session', async () => before.session());
  assert.equal(await answered(bob, { session }), '200 resumed');
  const crl = revocationList(ca, [bob]);
  assert.match(await run.cli(`set ssl crl-file ${run.dir}/clients.crl <<\n${crl}\n`), /transaction created/);
  assert.equal(await answered(bob), '200 new', 'what is staged is not in force');
  assert.match(await run.cli(`commit ssl crl-file ${run.dir}/clients.crl`), /Success!$/);
  assert.deepEqual(await Promise.all([answered(bob), answered(bob, { session }), answered(alice)]), [
    'refused',
    'refused',
    '200 new',
  ]);
  assert.equal(await answered(bob, { maxVersion: 'TLSv1.2' }), 'refused');
});

test('keys are in no log, answer, error, journal, audit export or preview, and nowhere in the state folder but in files for them', async (t) => {
  const [first, second, third] = [site(), site(), site()] as const;
  const log = await syslog(t);
  const stateDir = 'state';
  const files = {
    'site.pem': chain(first),
    'second.pem': chain(second),
    'tickets.keys': [1, 2, 3].map((n) => `${Buffer.alloc(48, n).toString('base64')}\n`).join(''),
  };
  const run = await start(t, CONFIG, { ports: { log }, files, args: ['--state-dir', stateDir] });
  const path = join(run.dir, 'site.pem');
  const told: string[] = [];
  const say = async (line: string) => void told.push(await run.cli(line).catch(String));
  const json = (changes: readonly object[], mode = 'apply') =>
    say(`change <<EOF\n${JSON.stringify({ changes, mode })}\nEOF`);
  const sluice = (...words: string[]) => {
    const env = { ...process.env, SLUICE_TARGET: run.sock('admin') };
    const { stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', env, cwd: run.dir });
    told.push(stdout, stderr);
  };
  const newKey = Buffer.alloc(48, 77).toString('base64');
  await say(`set ssl cert ${path} <<\n${chain(second)}\n`);
  for (const name of [path, `*${path}`, `${path}:1`]) await say(`show ssl cert ${name}`);
  await say(`commit ssl cert ${path}`);
  await say(`set ssl cert ${path} <<\n${third.certificate}${second.key}\n`);
  await say(`commit ssl cert ${path}`);
  await say(`abort ssl cert ${path}`);
  await say(`set ssl cert ${path} <<\n${third.key.replace('MI', 'XX')}\n`);
  await say(`new ssl cert <<\n${third.key}\n`);
  await say(`set ssl ca-file ${third.key.replaceAll('\n', ' ')}`);
  await json([{ kind: 'cert.set', path, pem: chain(third) }], 'preview');
  await json([{ kind: 'cert.set', path, pem: chain(third) }]);
  await json([{ kind: 'cert.set', path, pem: third.certificate + first.key }]);
  await json([{ kind: 'cert.set', path: 'nope', pem: chain(third) }]);
  await say('undo');
  await json([{ kind: 'ticket-key.set', keys: join(run.dir, 'tickets.keys'), key: newKey }]);
  sluice('rotate-cert', 'site.test', './second.pem', '--dry-run', '--json');
  sluice('rotate-cert', 'site.test', './second.pem', '--allow', 'expiry');
  sluice('save', '--dry-run');
  sluice('diff');
  sluice('overrides');
  sluice('history');
  assert.match(told.at(-2)!, /site\.pem set/);
  sluice('audit', 'list', '--state-dir', stateDir);
  sluice('audit', 'export', '--state-dir', stateDir);
  for (const line of ['show changes', 'show changes json', 'show overrides json', 'show startup-logs', 'show errors'])
    await say(line);
  await say('show ssl sni');
  await say('show events buf0');
  await serial(run);
  await log.waitFor(/fe|web/);
  const kept = readdirSync(join(run.dir, stateDir), { recursive: true, withFileTypes: true })
    // Those are there for keys: certificates-kept.test.ts looks at them.
    .filter((entry) => entry.isFile() && !entry.parentPath.endsWith('/secrets'))
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'));
  assert.ok(kept.length > 0);
  assert.ok(told.join('').includes('Success!'), told.join('\n'));
  const all = [...told, ...kept, ...log.lines, run.stdout, run.stderr];
  const secrets = [first, second, third].flatMap(({ key }) => key.split('\n').slice(1, -2));
  for (const secret of [...secrets, newKey])
    for (const text of all) assert.ok(!text.includes(secret.slice(0, 32)), text.slice(0, 2000));
});

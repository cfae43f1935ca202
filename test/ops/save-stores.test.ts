/** `sluice save` of what is not in the configuration files: certificates and what goes with them. */
import assert from 'node:assert/strict';
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
import { after, describe, test } from 'node:test';
import { type Issued, issue, ocspResponse, revocationList } from '../support/pki.ts';
import { type Run, type StartOptions, start } from '../support/program.ts';
import { operate } from './support.ts';

const OCSP = `global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:fe} ssl crt DIR/site.pem
    http-request return status 200
`;
const unlessHaproxy = existsSync('/usr/sbin/haproxy') ? false : 'haproxy is not installed';
const folder = mkdtempSync(join(tmpdir(), 'save-stores-'));
process.env['STATE_DIRECTORY'] = join(folder, 'state');
after(() => rmSync(folder, { recursive: true, force: true }));

const ca = issue({ name: 'Test CA', ca: true });
const site = (name = 'site.test') => issue({ name, dns: [name], issuer: ca });
const chain = (one: Issued) => one.pem + ca.certificate;
const key = (byte: number) => Buffer.alloc(48, byte).toString('base64');
const [site1, extra] = [site(), site('extra.test')];

const CONFIG = `
global
    stats socket {sock:admin} level admin
{global}
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:fe} ssl crt-list {dir}/certs.list tls-ticket-keys {dir}/tickets.keys ca-file {dir}/ca.pem verify optional
    bind {addr:other} ssl crt {dir}/extra.pem
    http-request return status 200
`;
const FILES = {
  'site.pem': chain(site1),
  'extra.pem': chain(extra),
  'ca.pem': ca.certificate,
  'certs.list': '# ours\n{dir}/site.pem   site.test\n\n# the end\n',
  'tickets.keys': [1, 2, 3].map((byte) => `${key(byte)}\n`).join(''),
};

const modeOf = (run: Run, name: string) => statSync(join(run.dir, name)).mode & 0o777;
const read = (run: Run, name: string) => readFileSync(join(run.dir, name), 'latin1');
/** What is left of the files of before: hidden, as a folder of certificates is read as a whole. */
const backups = (run: Run, name: string) => readdirSync(run.dir).filter((one) => one.startsWith(`.${name}.bak-`));

const begin = (t: Parameters<typeof start>[0], options: StartOptions) =>
  start(t, CONFIG.replace('{global}', '    tune.ssl.default-dh-param 2048'), { ...options, files: FILES });

for (const [name, options] of [
  ['Sluice', {}],
  ['HAProxy', { argv: ['-W', '-f', '{config}'], program: '/usr/sbin/haproxy' }],
] as [string, StartOptions][]) {
  const skip = options.program && !existsSync(options.program) ? 'haproxy is not installed' : false;
  describe(name, { skip }, () => {
    test('a certificate is written with mode 0600, whatever it was; no key is told', async (t) => {
      const run = await begin(t, options);
      const next = site();
      chmodSync(join(run.dir, 'site.pem'), 0o644);
      writeFileSync(join(run.dir, 'next.pem'), chain(next));
      const rotated = await operate(run, 'rotate-cert', 'site.test', join(run.dir, 'next.pem'), '--allow', 'chain');
      assert.equal(rotated.status, 0, rotated.stderr + rotated.stdout);
      const before = read(run, 'site.pem');
      const dry = await operate(run, 'save', '--dry-run');
      assert.match(dry.stdout, /site\.pem: sha1 \w{40} -> sha1 \w{40}, mode 0600/);
      assert.equal(read(run, 'site.pem'), before);
      const diff = await operate(run, 'diff', '--json');
      const saved = await operate(run, 'save');
      assert.equal(saved.status, 0, saved.stderr + saved.stdout);
      for (const told of [dry, diff, saved])
        assert.doesNotMatch(
          told.stdout + told.stderr,
          new RegExp(`PRIVATE KEY|${next.key.split('\n')[1]!.slice(0, 20).replace(/[+/]/g, '.')}`),
        );
      assert.equal(read(run, 'site.pem').includes(next.key.trim().split('\n')[1]!), true);
      assert.equal(modeOf(run, 'site.pem'), 0o600);
      const [old] = backups(run, 'site.pem');
      assert.equal(read(run, old!), before);
      assert.equal(modeOf(run, old!), 0o600, 'the old key is as secret');
      assert.match((await operate(run, 'save')).stdout, /nothing is set that the files do not say/);
      // Once more, before anybody has read what was written.
      const third = site();
      writeFileSync(join(run.dir, 'next.pem'), chain(third));
      assert.equal((await operate(run, 'rotate-cert', 'site.test', join(run.dir, 'next.pem'))).status, 0);
      assert.equal((await operate(run, 'save')).status, 0);
      assert.equal(read(run, 'site.pem').includes(third.key.trim().split('\n')[1]!), true);
      const { status, stderr } = await operate(run, 'reload');
      assert.equal(status, 0, stderr);
      assert.equal((await operate(run, 'diff')).stdout.includes('site.pem'), false);
    });

    test('ticket keys and lines of a crt-list are written; comments and order stay', async (t) => {
      const run = await begin(t, options);
      const at = (file: string) => join(run.dir, file);
      assert.equal((await operate(run, 'rotate-ticket-keys')).status, 0);
      assert.equal((await operate(run, 'rotate-ticket-keys')).status, 0);
      const typed = await operate(run, 'runtime', `add ssl crt-list ${at('certs.list')} ${at('extra.pem')}`);
      assert.match(typed.stdout, /Success!/, typed.stderr);
      const diff = await operate(run, 'diff');
      assert.match(diff.stdout, /certs\.list:5\n\+ \S+extra\.pem\n/);
      const saved = await operate(run, 'save');
      assert.equal(saved.status, 0, saved.stderr + saved.stdout);
      const live = [...(await run.cli(`show tls-keys ${at('tickets.keys')}`)).matchAll(/^\d+\.\d+ (\S+)$/gm)];
      assert.equal(read(run, 'tickets.keys'), live.map((match) => `${match[1]}\n`).join(''));
      assert.equal(live[0]![1], key(3));
      assert.equal(modeOf(run, 'tickets.keys'), 0o600);
      assert.equal(read(run, 'certs.list'), `# ours\n${at('site.pem')}   site.test\n\n# the end\n${at('extra.pem')}\n`);
      for (const text of [diff.stdout, saved.stdout]) assert.equal(text.includes(live[2]![1]!), false);
      assert.match((await operate(run, 'save')).stdout, /nothing is set that the files do not say/);
      // One that was there from the start is taken out again, where nothing shows it first.
      const taken = await operate(run, 'runtime', `del ssl crt-list ${at('certs.list')} ${at('extra.pem')}`);
      assert.match(taken.stdout, /deleted in crtlist/, taken.stderr);
    });

    test('a file that was changed since it was read is left as it is, and that is told', async (t) => {
      const run = await begin(t, options);
      const at = (file: string) => join(run.dir, file);
      writeFileSync(at('next.pem'), chain(site()));
      assert.equal((await operate(run, 'rotate-cert', 'site.test', at('next.pem'), '--allow', 'chain')).status, 0);
      assert.equal((await operate(run, 'rotate-ticket-keys')).status, 0);
      const others = chain(site());
      writeFileSync(at('site.pem'), others);
      const keys = [7, 8, 9].map((byte) => `${key(byte)}\n`).join('');
      writeFileSync(at('tickets.keys'), keys);
      const saved = await operate(run, 'save');
      assert.match(saved.stdout, /site\.pem is not kept: \S+site\.pem was changed on the disk since it was read/);
      assert.match(saved.stdout, /tickets\.keys was changed on the disk since it was read/);
      assert.deepEqual([read(run, 'site.pem'), read(run, 'tickets.keys')], [others, keys]);
    });
  });
}

test('HAProxy: what an import of many entries has set is written into the file, with what came after it', {
  skip: unlessHaproxy,
}, async (t) => {
  const maps = (rules: string) =>
    `global\n    stats socket {sock:admin} level admin\ndefaults\n    mode http\n    timeout connect 5s\n    timeout client 5s\n    timeout server 5s\nfrontend fe\n    bind {addr:fe}\n${rules}`;
  const config = maps(
    '    http-request set-header x %[hdr(host),map({dir}/hosts.map)]\n    http-request deny if { src -f {dir}/bad.acl }\n    http-request return status 200\n',
  );
  const files = { 'hosts.map': '# hosts\nkey7   value7\ngone.test x\n', 'bad.acl': '# bad\n192.0.2.1\n' };
  const options = { argv: ['-W', '-f', '{config}'], program: '/usr/sbin/haproxy' };
  const run = await start(t, config, { ...options, files });
  const many = Array.from({ length: 300 }, (_, i) => `key${i} value${i}\n`);
  writeFileSync(join(run.dir, 'many'), many.join(''));
  const imported = await operate(run, 'map', 'import', 'hosts.map', join(run.dir, 'many'), '--yes');
  assert.equal(imported.status, 0, imported.stderr + imported.stdout);
  assert.equal((await operate(run, 'map', 'set', 'hosts.map', 'key3', 'other')).status, 0);
  // What is prepared and not committed is not in force.
  await run.cli(`prepare map ${join(run.dir, 'hosts.map')}`);
  await run.cli(`add map @2 ${join(run.dir, 'hosts.map')} prepared.test x`);
  const saved = await operate(run, 'save');
  assert.equal(saved.status, 0, saved.stderr + saved.stdout);
  const lines = ['# hosts', 'key7   value7'];
  const wanted = many.map((line) => line.trim()).filter((line) => line !== 'key7 value7');
  const expected = [...lines, ...wanted].map((line) => (line === 'key3 value3' ? 'key3 other' : line));
  assert.deepEqual(read(run, 'hosts.map').trim().split('\n').toSorted(), expected.toSorted());
  assert.deepEqual(read(run, 'hosts.map').split('\n').slice(0, 2), lines, 'comments and order stay');
  assert.match((await operate(run, 'save')).stdout, /nothing is set that the files do not say/);
  writeFileSync(join(run.dir, 'many'), many.slice(100).join(''));
  assert.equal((await operate(run, 'map', 'import', 'hosts.map', join(run.dir, 'many'), '--yes')).status, 0);
  assert.equal((await operate(run, 'save')).status, 0);
  assert.equal(
    read(run, 'hosts.map').trim().split('\n').length,
    201,
    'what was written here was not changed by others',
  );
  await operate(run, 'map', 'set', 'hosts.map', 'key299', 'other');
  writeFileSync(join(run.dir, 'hosts.map'), 'somebody else\n');
  assert.match((await operate(run, 'save')).stdout, /hosts\.map was changed on the disk since it was read/);
  assert.equal(read(run, 'hosts.map'), 'somebody else\n');
});

test('Sluice: authorities, revocations, a new certificate and its line get their files', async (t) => {
  const run = await begin(t, { args: ['--state-dir', mkdtempSync(join(folder, 'sluice-'))] });
  const at = (file: string) => join(run.dir, file);
  const set = async (what: string, file: string, pem: string) => {
    await run.cli(`set ssl ${what} ${at(file)} <<\n${pem}\n`);
    assert.match(await run.cli(`commit ssl ${what} ${at(file)}`), /Success!$/);
  };
  const added = site('new.test');
  const other = issue({ name: 'Other CA', ca: true });
  await run.cli(`new ssl cert ${at('new.pem')}`);
  await set('cert', 'new.pem', chain(added));
  assert.match(
    await run.cli(`add ssl crt-list ${at('certs.list')} <<\n${at('new.pem')} [alpn h2] new.test\n\n`),
    /Success!$/,
  );
  await set('ca-file', 'ca.pem', ca.certificate + other.certificate);
  await run.cli(`new ssl crl-file ${at('crl.pem')}`);
  await set('crl-file', 'crl.pem', revocationList(ca, [added]));
  const dry = await operate(run, 'save', '--dry-run');
  assert.match(dry.stdout, /ca\.pem: 1 certificate -> 2 certificates/);
  assert.match(dry.stdout, /new\.pem: \(absent\) -> sha1 \w+, mode 0600/);
  assert.equal(existsSync(at('new.pem')), false);
  const saved = await operate(run, 'save');
  assert.equal(saved.status, 0, saved.stderr + saved.stdout);
  assert.equal(modeOf(run, 'new.pem'), 0o600);
  assert.equal(read(run, 'new.pem').includes(added.key), true);
  assert.equal(read(run, 'ca.pem'), ca.certificate + other.certificate);
  assert.match(read(run, 'crl.pem'), /X509 CRL/);
  assert.match(read(run, 'certs.list'), /# the end\n\S+new\.pem \[alpn h2\] new\.test\n$/);
  assert.match(await run.cli('reload'), /^Success=1/);
  const left = (await run.cli('show overrides')).trim().split('\n');
  assert.equal(left.length, 1, 'what no file names is there by its override only');
  assert.match(left[0]!, /^crl-file \S+crl\.pem content 1 CRL/);
});

test('Sluice: a key that has a file of its own gets it; what does not load is put back', async (t) => {
  const run = await start(
    t,
    `global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:fe} ssl crt {dir}/own.crt
    http-request return status 200
`,
    { files: { 'own.crt': site1.certificate + ca.certificate, 'own.crt.key': site1.key } },
  );
  const at = (file: string) => join(run.dir, file);
  chmodSync(at('own.crt'), 0o644);
  const next = site();
  await run.cli(`set ssl cert ${at('own.crt')} <<\n${chain(next)}\n`);
  assert.match(await run.cli(`commit ssl cert ${at('own.crt')}`), /Success!$/);
  const old = { crt: read(run, 'own.crt'), key: read(run, 'own.crt.key'), file: readFileSync(run.file, 'utf8') };
  writeFileSync(run.file, `${old.file}nonsense\n`);
  const failed = await operate(run, 'save');
  assert.equal(failed.status, 1, failed.stdout);
  assert.deepEqual([read(run, 'own.crt'), read(run, 'own.crt.key')], [old.crt, old.key]);
  writeFileSync(run.file, old.file);
  const saved = await operate(run, 'save');
  assert.equal(saved.status, 0, saved.stderr + saved.stdout);
  assert.deepEqual([read(run, 'own.crt'), read(run, 'own.crt.key')], [next.certificate + ca.certificate, next.key]);
  assert.deepEqual([modeOf(run, 'own.crt'), modeOf(run, 'own.crt.key')], [0o644, 0o600]);
});

for (const [name, options] of [
  ['Sluice', {}],
  ['HAProxy', { argv: ['-W', '-f', '{config}'], program: '/usr/sbin/haproxy' }],
] as [string, StartOptions][])
  test(`${name}: an OCSP response is written beside its certificate`, {
    skip: options.program ? unlessHaproxy : false,
  }, async (t) => {
    const dir = mkdtempSync(join(folder, 'ocsp-'));
    const at = (file: string) => join(dir, file);
    writeFileSync(at('site.pem'), chain(site1), { mode: 0o600 });
    writeFileSync(at('site.pem.ocsp'), ocspResponse(ca, site1, { thisUpdate: Date.now() - 600_000 }));
    const run = await start(t, OCSP.replace('DIR', dir), options);
    const newer = ocspResponse(ca, site1);
    writeFileSync(at('newer.der'), newer);
    const updated = await operate(run, 'update-ocsp', at('newer.der'));
    assert.equal(updated.status, 0, updated.stderr + updated.stdout);
    const saved = await operate(run, 'save');
    assert.equal(saved.status, 0, saved.stderr + saved.stdout);
    assert.deepEqual(readFileSync(at('site.pem.ocsp')), newer);
    assert.match((await operate(run, 'save')).stdout, /nothing is set that the files do not say/);
    const other = ocspResponse(ca, site1, { thisUpdate: Date.now() - 1000 });
    writeFileSync(at('newer.der'), ocspResponse(ca, site1, { thisUpdate: Date.now() - 500 }));
    await operate(run, 'update-ocsp', at('newer.der'));
    // HAProxy tells when it started in whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    writeFileSync(at('site.pem.ocsp'), other);
    assert.match((await operate(run, 'save')).stdout, /site\.pem\.ocsp was changed on the disk since it was read/);
    assert.deepEqual(readFileSync(at('site.pem.ocsp')), other);
  });

const TABLES = `global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:fe}
    http-request return status 200
backend plain
    stick-table type string size 100 store gpc0,http_req_rate(10s)
{more}`;

for (const [name, options, more] of [
  [
    'Sluice',
    {},
    'backend kept\n    stick-table type ip size 100 store gpc0 state-file {dir}/kept.state state-interval 1h\n',
  ],
  ['HAProxy', { argv: ['-W', '-f', '{config}'], program: '/usr/sbin/haproxy' }, ''],
] as [string, StartOptions, string][]) {
  const skip = options.program ? unlessHaproxy : false;
  test(`${name}: stick tables are written where they are kept, and read again`, { skip }, async (t) => {
    const run = await start(t, TABLES.replace('{more}', more), options);
    const set = (table: string, key: string, value: string) =>
      operate(run, 'table', 'set', table, key, `gpc0=${value}`);
    await set('plain', 'a b', '3');
    await set('plain', 'c', '4');
    if (more !== '') await set('kept', '192.0.2.1', '1');
    assert.match(
      (await operate(run, 'save')).stdout,
      /stick table plain: 2 entries in memory only; --tables FILE writes them/,
    );
    assert.equal(existsSync(join(run.dir, 'kept.state')), more !== '');
    const file = join(run.dir, 'tables.ndjson');
    const saved = await operate(run, 'save', '--tables', file);
    assert.equal(saved.status, 0, saved.stderr + saved.stdout);
    assert.equal(modeOf(run, 'tables.ndjson'), 0o600);
    assert.equal(saved.stdout.includes('in memory only'), false);
    await operate(run, 'table', 'clear', 'plain', '--yes');
    const imported = await operate(run, 'table', 'import', file);
    assert.equal(imported.status, 0, imported.stderr + imported.stdout);
    const shown = (await operate(run, 'table', 'show', 'plain', '--json')).events;
    const found = shown.flatMap(({ record }) => {
      const { key: of, data } = (record ?? {}) as { readonly key?: string; readonly data?: { readonly gpc0: number } };
      return of === undefined ? [] : [[of, data!.gpc0]];
    });
    assert.deepEqual(found.toSorted(), [
      ['a b', 3],
      ['c', 4],
    ]);
    writeFileSync(join(run.dir, 'mine'), 'something else\n');
    const refused = await operate(run, 'save', '--tables', join(run.dir, 'mine'));
    assert.match(refused.stderr, /mine is no snapshot of stick tables/);
    assert.equal(read(run, 'mine'), 'something else\n');
    writeFileSync(file, `${read(run, 'tables.ndjson')}{"table":1}\n`);
    assert.match(
      (await operate(run, 'table', 'import', file)).stderr,
      /tables\.ndjson:4: this is no entry of a stick table/,
    );
  });
}

/** A certificate that is ordered, shown, kept and renewed. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { type AcmeDirectory, acmeDirectory } from '../support/acme-directory.ts';
import { type Run, start } from '../support/program.ts';
import { until } from '../support/wait.ts';

const config = (directory: string, more = '') => `
  global
    stats socket {sock:admin} level admin
  defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
  acme le
    directory ${directory}
    account-key {dir}/account.key
    map virt@acme
    ${more}
  crt-store web
    load crt {dir}/www.pem acme le domains www.example.test,example.test alias www
  frontend plain
    bind {addr:plain}
    http-request return status 200 content-type text/plain lf-string "%[path,field(-1,/)].%[path,field(-1,/),map(virt@acme)]\\n" if { path_beg /.well-known/acme-challenge/ }
  frontend secure
    bind {addr:secure} ssl crt @web/www
    http-request return status 200
`;

interface World {
  readonly directory: AcmeDirectory;
  readonly run: Run;
  shown(): Promise<X509Certificate>;
}

async function world(t: TestContext, more = ''): Promise<World> {
  const directory = await acmeDirectory(t);
  // Nothing answers challenges before the port is known.
  directory.fail = { times: 1, status: 503, type: 'serverInternal' };
  const run = await start(t, config(directory.url, more));
  directory.httpPort = run.port('plain');
  const shown = () =>
    new Promise<X509Certificate>((resolve, reject) => {
      const port = run.port('secure');
      const socket = connect({ host: '127.0.0.1', port, servername: 'www.example.test', rejectUnauthorized: false });
      socket.on('error', reject).on('secureConnect', () => {
        resolve(socket.getPeerX509Certificate()!);
        socket.destroy();
      });
    });
  return { directory, run, shown };
}

describe('acme', { concurrency: true }, () => {
  test('a stand-in is shown until the certificate has come, which is kept in its file', async (t) => {
    const { directory, run, shown } = await world(t);
    await run.output(/acme: @web\/www: not now \(serverInternal\)/);
    assert.equal((await shown()).subject, 'CN=to be issued');
    assert.match(await run.cli('acme status'), /^# certificate\tsection\t.*\n@web\/www\tle\tScheduled\t-\t-\t20/);
    assert.equal(await run.cli('acme renew @web/www'), '');
    await until('the certificate', async () => (await shown()).subject === 'CN=www.example.test');
    const leaf = await shown();
    assert.equal(leaf.checkIssued(new X509Certificate(directory.ca)), true);
    const file = join(run.dir, 'www.pem');
    await until('the file', () => existsSync(file));
    assert.equal(new X509Certificate(readFileSync(file)).fingerprint256, leaf.fingerprint256);
    assert.deepEqual(
      [file, join(run.dir, 'account.key')].map((one) => statSync(one).mode & 0o777),
      [0o600, 0o600],
    );
    assert.match(await run.cli('acme status'), /\n@web\/www\tle\tScheduled\t20\S+Z\t89d \d+h\d\dm\d\ds\t20\S+Z\t82d /);
    assert.equal(await run.cli('show map virt@acme'), '');
    assert.match(await run.cli('show changes'), /cert\.set @web\/www/);
    assert.doesNotMatch(await run.cli('show changes json'), /PRIVATE KEY/);
    // A reload reads the file, and orders nothing.
    assert.match(await run.cli('reload'), /^Success=1/);
    assert.equal((await shown()).fingerprint256, leaf.fingerprint256);
    assert.equal(directory.issued.length, 1);
  });

  test('over the DNS it waits for who is told by the ring', async (t) => {
    const { directory, run, shown } = await world(t, 'challenge dns-01');
    await run.output(/not now/);
    await run.cli('acme renew @web/www');
    const events = await until('both events', async () => {
      const text = await run.cli('show events dpapi');
      return text.split('acme deploy').length === 3 ? text : null;
    });
    for (const [, record, domain] of events.matchAll(
      /dns-01-record "(.*)"\n[\s\S]*?"identifier":\{"type":"dns","value":"(.*?)"/g,
    ))
      directory.records.set(domain!, record!);
    assert.equal(directory.records.size, 2);
    assert.match(
      await run.cli('acme challenge_ready @web/www domain other.test'),
      /^Couldn't find an ACME task using crt "@web\/www" and domain "other.test" to set as ready!/,
    );
    assert.match(await run.cli('acme challenge_ready @web/www domain www.example.test'), /ready! 1 to go\./);
    assert.match(await run.cli('acme challenge_ready @web/www domain example.test'), /All challenges ready/);
    await until('the certificate', async () => (await shown()).subject === 'CN=www.example.test');
  });

  test('a key of an account that everybody can read earns a warning', async (t) => {
    const directory = await acmeDirectory(t);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const run = await start(t, config(directory.url), { files: { 'account.key': key } });
    await run.output(/acme: everybody on this machine can read the key of an account in '.*account\.key'/);
  });

  test('a line of a crt-list orders a certificate, too', async (t) => {
    const directory = await acmeDirectory(t);
    directory.fail = { times: 1, status: 503, type: 'serverInternal' };
    const listed = config(directory.url)
      .replace(/ +load crt .*\n/, '')
      .replace('crt @web/www', 'crt-list {dir}/certs.list');
    const files = { 'certs.list': '{dir}/listed.pem [acme le domains listed.test]\n' };
    const run = await start(t, listed, { files });
    directory.httpPort = run.port('plain');
    const path = join(run.dir, 'listed.pem');
    await run.cli(`acme renew ${path}`);
    const subject = async () => /^Subject: (.*)$/m.exec(await run.cli(`show ssl cert ${path}`))?.[1];
    await until('the certificate', async () => (await subject()) === '/CN=listed.test');
    await until('the file', () => existsSync(path));
  });

  test('what is not managed is told', async (t) => {
    const { run } = await world(t);
    assert.match(await run.cli('acme renew nope'), /^No ACME configuration defined for file 'nope'\./);
    assert.match(await run.cli('acme renew'), /not enough parameters/);
  });
});

/** Certificates that are refused, of clients and of servers: who is told what, and what is tried again, is the same as on the installed HAProxy. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { type ConnectionOptions, createServer } from 'node:tls';
import { get } from '../support/connection.ts';
import { type Issued, issue, revocationList } from '../support/pki.ts';
import { isHaproxy, type Run, start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { handshakeError } from '../support/tls.ts';

const HAPROXY = '/usr/sbin/haproxy';
const skip = isHaproxy || !existsSync(HAPROXY) ? 'needs Sluice and HAProxy' : false;
const DAY = 86_400_000;

const authority = issue({ name: 'Authority', ca: true });
const users = issue({ name: 'Users', ca: true });
const ann = issue({ name: 'ann', issuer: users });
const rob = issue({ name: 'rob', issuer: users });
const CLIENTS: Readonly<Record<string, Issued | null>> = {
  nobody: null,
  ann,
  revoked: rob,
  expired: issue({ name: 'eve', issuer: users, notBefore: Date.now() - 9 * DAY, notAfter: Date.now() - DAY }),
  early: issue({ name: 'may', issuer: users, notBefore: Date.now() + DAY, notAfter: Date.now() + 9 * DAY }),
  stranger: issue({ name: 'sam', issuer: authority }),
  alone: issue({ name: 'alone' }),
};
const VERSIONS: Readonly<Record<string, ConnectionOptions>> = {
  'TLS 1.0': { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' },
  'TLS 1.1': { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' },
  'TLS 1.2': { maxVersion: 'TLSv1.2' },
};

const SERVERS = {
  asked: 'verify required ca-file {dir}/authority.pem sni str(other.example)',
  untrusted: 'verify required ca-file {dir}/users.pem sni str(app.example)',
  named: 'verify required ca-file {dir}/authority.pem verifyhost other.example',
};
const RETRIES = ['retries 2', 'retries 1\n    retry-on 503', 'retries 1\n    option redispatch 1'];
const BACKENDS = Object.entries(SERVERS).flatMap(([name, words]) =>
  RETRIES.map((lines, at) => ({ name: `${name}${at}`, lines, words })),
);

const CONFIG = `
global
    nbthread 1
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 50ms
    timeout client 5s
    timeout server 5s
frontend fe
    log {addr:log} local0
    error-log-format "refused %pid %[fc_err] %[ssl_fc_err,hex] %[ssl_fc_err_str] %[ssl_c_err] %[ssl_c_ca_err] %sslv %sslc"
    bind {addr:required} ssl crt {dir}/site.pem ssl-min-ver TLSv1.0 ciphers ALL:@SECLEVEL=0 ca-file {dir}/users.pem verify required crl-file {dir}/users.crl
    bind {addr:optional} ssl crt {dir}/site.pem ssl-min-ver TLSv1.0 ciphers ALL:@SECLEVEL=0 ca-file {dir}/users.pem verify optional crl-file {dir}/users.crl
    bind {addr:ignoring} ssl crt {dir}/site.pem ssl-min-ver TLSv1.0 ciphers ALL:@SECLEVEL=0 ca-file {dir}/users.pem verify required crt-ignore-err 10,23 crl-file {dir}/users.crl
    http-request return status 200
frontend plain
    bind {addr:plain}
    log {addr:log} local0
    log-format "%b %rc %ts %ST"
    use_backend %[path,word(1,/)]
${BACKENDS.map(({ name, lines, words }) => `backend ${name}\n    ${lines}\n    server s {addr:origin} ssl ${words}`).join('\n')}
`;
const files = {
  'site.pem': issue({ name: 'www.example.com', issuer: authority, type: 'rsa' }).pem,
  'authority.pem': authority.certificate,
  'users.pem': users.certificate,
  'users.crl': revocationList(users, [rob]),
};

describe('beside HAProxy', { skip }, async () => {
  if (skip !== false) return;
  let connections = 0;
  const app = issue({ name: 'app.example', dns: ['app.example'], issuer: authority });
  const origin = createServer({ cert: app.certificate, key: app.key }, (socket) => socket.on('error', () => undefined));
  origin.on('connection', () => connections++);
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  after(() => origin.close());
  const log = await syslog({ after });
  const options = { files, ports: { origin: origin.address() as { port: number }, log } };
  const runs = [
    await start({ after }, CONFIG, options),
    await start({ after }, CONFIG, { ...options, program: HAPROXY }),
  ];
  const alike = async (ask: (run: Run) => Promise<unknown>): Promise<unknown> => {
    const [ours, theirs] = [await ask(runs[0]!), await ask(runs[1]!)];
    assert.deepEqual(ours, theirs);
    return ours;
  };

  /** The line about a client that has been refused. */
  const refusal = async (run: Run) =>
    (await log.waitFor(new RegExp(` refused ${run.pid} [1-9]`))).replace(/.* refused \d+ /, '');
  const refusals: string[] = [];
  for (const [version, wanted] of Object.entries(VERSIONS)) {
    test(`clients of ${version} are told in the handshake why their certificate is refused`, async (t) => {
      for (const bind of ['required', 'optional', 'ignoring']) {
        for (const [who, shown] of Object.entries(CLIENTS)) {
          const own = shown === null ? {} : { cert: shown.certificate, key: shown.key };
          const told = await alike(async (run) => {
            const error = await handshakeError(t, run.port(bind), { ...wanted, ...own });
            if (error !== '') refusals.push(await refusal(run));
            return error;
          });
          const [ours, theirs] = refusals.splice(0);
          assert.equal(ours, theirs, `${who} ${bind}`);
          assert.equal(
            told === '',
            who === 'ann' ||
              (who === 'nobody' ? bind === 'optional' : bind === 'ignoring' && /revoked|expired/.test(who)),
            `${who} ${bind}: ${told}`,
          );
        }
      }
    });
  }

  test('a server that shows a certificate for another name than was asked for is not tried again', async () => {
    for (const { name } of BACKENDS) {
      const told = await alike(async (run) => {
        connections = 0;
        const { status } = await get(run.port('plain'), `/${name}`);
        const line = await log.waitFor(new RegExp(`\\b${name} `));
        const { wretr, wredis, econ } = await run.row(`${name}/s`);
        return { status, line: line.replace(/.*: /, ''), connections, wretr, wredis, econ };
      });
      assert.equal(
        (told as { connections: number }).connections === 1,
        name.startsWith('asked') || name.endsWith('1'),
        name,
      );
    }
  });
});

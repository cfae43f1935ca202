/** What TLS connections of clients tell is the same as on the installed HAProxy: each sample fetch, of each kind of client. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { type Issued, issue } from '../support/certificates.ts';
import { isHaproxy, type Run, start } from '../support/program.ts';
import { connectTls, type TlsConnection } from '../support/tls.ts';
import type { Scope } from '../support/wait.ts';

const HAPROXY = '/usr/sbin/haproxy';
const skip = isHaproxy || !existsSync(HAPROXY) ? 'needs Sluice and HAProxy' : false;

const pem = ({ cert, key }: Issued) => cert + key;
const authority = issue(['Test authority'], { ca: true });
const stranger = issue(['Other authority'], { ca: true });
const USERS: Readonly<Record<string, ConnectionOptions>> = {
  'no certificate': {},
  'a certificate': issue(['user.test', 'second.test'], { by: authority, serial: 7 }),
  'an RSA certificate': issue(['rsa.test'], { by: authority, type: 'rsa', serial: 0x7fffffff }),
  'an expired certificate': issue(['old.test'], { by: authority, days: -1 }),
  'a certificate of somebody else': issue(['foreign.test'], { by: stranger }),
  'a certificate signed by itself': issue(['alone.test']),
};

/** The same on both sides when the client is the same. */
const ALIKE = `
  ssl_fc ssl_fc_alg_keysize ssl_fc_alpn ssl_fc_cipher ssl_fc_use_keysize ssl_fc_protocol ssl_fc_protocol_hello_id
  ssl_fc_cipherlist_bin,hex ssl_fc_cipherlist_bin(1),hex ssl_fc_cipherlist_hex ssl_fc_cipherlist_xxh
  ssl_fc_ecformats_bin,hex ssl_fc_eclist_bin,hex ssl_fc_eclist_bin(1),hex ssl_fc_extlist_bin,hex ssl_fc_extlist_bin(1),hex
  ssl_fc_has_crt ssl_fc_has_early ssl_fc_has_sni ssl_fc_is_resumed ssl_fc_sni ssl_fc_err ssl_fc_err_str
  ssl_c_used ssl_c_verify ssl_c_err ssl_c_ca_err ssl_c_ca_err_depth ssl_c_version ssl_c_serial,hex ssl_c_sha1,hex
  ssl_c_s_dn ssl_c_s_dn(CN) ssl_c_s_dn(O,1) ssl_c_s_dn(CN,-1) ssl_c_s_dn(OU) ssl_c_s_dn(,0,rfc2253)
  ssl_c_i_dn ssl_c_i_dn(CN) ssl_c_key_alg ssl_c_sig_alg ssl_c_notbefore ssl_c_notafter ssl_c_der,sha1,hex ssl_c_chain_der,sha1,hex
  ssl_f_s_dn ssl_f_s_dn(CN) ssl_f_i_dn ssl_f_key_alg ssl_f_sig_alg ssl_f_version ssl_f_serial,hex ssl_f_sha1,hex
  ssl_f_notbefore ssl_f_notafter ssl_f_der,sha1,hex
`;
/** Other ones in each connection: as long on both sides. */
const RANDOM = `
  ssl_fc_client_random,hex,length ssl_fc_server_random,hex,length ssl_fc_session_id,hex,length ssl_fc_session_key,hex,length ssl_fc_unique_id,hex,length
  ssl_fc_client_handshake_traffic_secret,length ssl_fc_server_handshake_traffic_secret,length
  ssl_fc_client_traffic_secret_0,length ssl_fc_server_traffic_secret_0,length ssl_fc_exporter_secret,length
  ssl_fc_client_early_traffic_secret,length ssl_fc_early_exporter_secret,length
`;

const facts = `${ALIKE} ${RANDOM}`
  .trim()
  .split(/\s+/)
  .map((name) => `${name}=%[${name}]`)
  .join('\\n');

const ANYBODY = 'ca-file {dir}/ca.pem verify optional crt-ignore-err all ca-ignore-err all';
const CONFIG = `
global
    nbthread 1
    tune.ssl.capture-buffer-size 512
    tune.ssl.keylog on
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 5s
frontend told
    bind {addr:TLSv1_2} ssl crt {dir}/site.pem alpn h2,http/1.1 ssl-max-ver TLSv1.2 ${ANYBODY}
    bind {addr:TLSv1_3} ssl crt {dir}/site.pem alpn h2,http/1.1 ssl-min-ver TLSv1.3 ${ANYBODY}
    bind {addr:rsa} ssl crt {dir}/rsa.pem alpn http/1.1
    http-request return status 200 content-type text/plain lf-string "${facts}"
`;
const files = {
  'site.pem': pem(issue(['www.site.test', '*.wild.test'])),
  'rsa.pem': pem(issue(['rsa.test'], { type: 'rsa', by: authority })),
  'ca.pem': authority.cert,
};

describe('beside HAProxy', { skip }, async () => {
  if (skip !== false) return;
  const runs = [
    await start({ after }, CONFIG, { files }),
    await start({ after }, CONFIG, { files, program: HAPROXY }),
  ] as const;

  const told = async ({ connection }: TlsConnection): Promise<Record<string, string>> => {
    const { text } = await connection.exchange('GET / HTTP/1.1\nHost: a\n\n');
    return Object.fromEntries(text.split('\n').map((line) => line.split(/=(.*)/s) as [string, string]));
  };
  const ask = async (t: Scope, port: string, options: ConnectionOptions) => {
    const answers: Record<string, string>[] = [];
    for (const run of runs) answers.push(await told(await connectTls(t, run.port(port), options)));
    const [ours, theirs] = answers as [Record<string, string>, Record<string, string>];
    assert.match(theirs['ssl_fc_protocol']!, /^TLSv1\.[23]$/);
    return [ours, theirs];
  };

  for (const port of ['TLSv1_2', 'TLSv1_3', 'rsa'])
    for (const [who, options] of Object.entries(USERS))
      test(`${port}: a client with ${who}`, async (t) => {
        const [ours, theirs] = await ask(t, port, {
          ...options,
          servername: 'www.site.test',
          ALPNProtocols: ['http/1.1'],
        });
        assert.deepEqual(ours, theirs);
      });

  test('a client without a name and without ALPN', async (t) => {
    for (const port of ['TLSv1_2', 'TLSv1_3', 'rsa']) {
      const [ours, theirs] = await ask(t, port, {});
      assert.deepEqual(ours, theirs, port);
    }
  });

  test('a client with a session', async (t) => {
    const user = USERS['a certificate']!;
    for (const port of ['TLSv1_2', 'TLSv1_3', 'rsa']) {
      const again = async (run: Run) => {
        const first = await connectTls(t, run.port(port), user);
        await told(first);
        const session = first.session()!;
        return told(await connectTls(t, run.port(port), { ...user, session }));
      };
      const [ours, theirs] = [await again(runs[0]), await again(runs[1])];
      assert.equal(ours['ssl_fc_is_resumed'], '1');
      assert.deepEqual(ours, theirs, port);
    }
  });
});

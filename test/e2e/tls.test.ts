import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { connect as tcpConnect } from 'node:net';
import { after, describe, test } from 'node:test';
import { type Issued, issue } from '../support/certificates.ts';
import { connect } from '../support/connection.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { connectTls, handshakeError, sClient } from '../support/tls.ts';
import { until, within } from '../support/wait.ts';

const pem = ({ cert, key }: Issued) => cert + key;
const authority = issue(['Test authority'], { ca: true });
const stranger = issue(['Other authority'], { ca: true });
const user = issue(['user.test'], { by: authority, serial: 7 });
const expired = issue(['old.test'], { by: authority, serial: 8, days: -1 });
const foreign = issue(['foreign.test'], { by: stranger });
const log = await syslog({ after });

const facts = (names: string) =>
  names
    .trim()
    .split(/\s+/)
    .map((name) => `${name}=%[${name}]`)
    .join('\\n');

const CLIENT_FACTS = `
  ssl_fc_has_crt ssl_fc_alg_keysize ssl_fc_curve ssl_fc_client_random,hex ssl_fc_server_random,hex ssl_fc_unique_id,hex,length ssl_fc_protocol_hello_id
  ssl_fc_cipherlist_hex ssl_fc_cipherlist_bin,hex,length ssl_fc_extlist_bin(1),hex ssl_fc_eclist_bin(1),hex
  ssl_fc_client_traffic_secret_0,length ssl_fc_err_str
  ssl_c_used ssl_c_verify ssl_c_version ssl_c_serial,hex ssl_c_s_dn ssl_c_s_dn(CN) ssl_c_s_dn(O,1) ssl_c_i_dn
  ssl_c_s_dn(,0,rfc2253) ssl_c_der,sha1,hex ssl_c_sha1,hex ssl_c_key_alg ssl_c_sig_alg ssl_c_notafter
  ssl_f_s_dn(CN) ssl_f_key_alg ssl_f_version
`;

const run = await start(
  { after },
  `
global
    nbthread 2
    tune.ssl.capture-buffer-size 512
    tune.ssl.keylog on
    stats socket {sock:admin} level admin
    log {addr:log} local0
defaults
    mode http
    log global
    option httpslog
    timeout connect 5s
    timeout client 3s
    timeout server 5s
frontend main
    bind {addr:main} ssl crt {dir}/default.pem crt {dir}/site.pem crt {dir}/both.pem
    http-request return status 200 content-type text/plain lf-string "${facts('ssl_fc ssl_fc_protocol ssl_fc_cipher ssl_fc_sni ssl_fc_has_sni ssl_fc_alpn ssl_fc_is_resumed ssl_c_used')}"
frontend failing
    bind {addr:failing} ssl crt {dir}/default.pem
    error-log-format "failed %ft %[fc_err] %[fc_err_str] %[ssl_fc_err] %[ssl_fc_err_str]"
    http-request return status 200
frontend strict
    bind {addr:strict} ssl crt {dir}/site.pem strict-sni
    http-request return status 200
frontend old
    bind {addr:twelve} ssl crt {dir}/default.pem ssl-max-ver TLSv1.2 ciphers ECDHE-ECDSA-AES128-GCM-SHA256
    bind {addr:thirteen} ssl crt {dir}/default.pem ssl-min-ver TLSv1.3 ciphersuites TLS_CHACHA20_POLY1305_SHA256 curves P-384 no-alpn
    bind {addr:ticketless} ssl crt {dir}/default.pem no-tls-tickets
    http-request return status 200
frontend mutual
    bind {addr:required} ssl crt {dir}/default.pem ca-file {dir}/ca.pem verify required
    bind {addr:optional} ssl crt {dir}/default.pem ca-file {dir}/ca.pem verify optional
    bind {addr:lenient} ssl crt {dir}/default.pem ca-file {dir}/ca.pem verify optional crt-ignore-err all ca-ignore-err all
    http-request return status 200 content-type text/plain lf-string "%[ssl_c_used] %[ssl_c_err] %[ssl_c_ca_err]"
frontend told
    bind {addr:told} ssl crt {dir}/site.pem ca-file {dir}/ca.pem verify optional
    http-request return status 200 content-type text/plain lf-string "${facts(CLIENT_FACTS)}"
frontend proxied
    bind {addr:proxied} accept-proxy ssl crt {dir}/default.pem
    http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] %[ssl_fc_protocol]"
listen relay
    mode tcp
    option tcplog
    bind {addr:relay} ssl crt {dir}/default.pem
    server echo {addr:main} send-proxy disabled
    server plain 127.0.0.1:{port:clear}
frontend clear
    bind {addr:clear}
    http-request return status 200 content-type text/plain string "in the clear"
`,
  {
    ports: { log },
    files: {
      'default.pem': pem(issue(['default.test'])),
      'site.pem': pem(issue(['www.site.test', '*.wild.test'])),
      'both.pem.rsa': pem(issue(['both.test'], { type: 'rsa' })),
      'both.pem.ecdsa': pem(issue(['both.test'])),
      'ca.pem': authority.cert,
    },
  },
);

/** Facts of the connection as the program tells them, by HTTP/1.1. */
async function factsOf(connection: {
  exchange(request: string): Promise<{ text: string }>;
}): Promise<Record<string, string>> {
  const { text } = await connection.exchange('GET / HTTP/1.1\nHost: a\n\n');
  return Object.fromEntries(text.split('\n').map((line) => line.split(/=(.*)/s) as [string, string]));
}

describe('TLS to clients', () => {
  test('HTTP/1.1 and HTTP/2 are agreed on by ALPN', async (t) => {
    const one = await connectTls(t, run.port('main'), { servername: 'www.site.test', ALPNProtocols: ['http/1.1'] });
    assert.equal(one.socket.alpnProtocol, 'http/1.1');
    const told = await factsOf(one.connection);
    assert.deepEqual(told, {
      ssl_fc: '1',
      ssl_fc_protocol: 'TLSv1.3',
      ssl_fc_cipher: 'TLS_AES_256_GCM_SHA384',
      ssl_fc_sni: 'www.site.test',
      ssl_fc_has_sni: '1',
      ssl_fc_alpn: 'http/1.1',
      ssl_fc_is_resumed: '0',
      ssl_c_used: '0',
    });
    const url = `https://127.0.0.1:${run.port('main')}/`;
    const two = execFileSync('curl', ['-sk', '--http2', '-w', '%{http_version}', url], { encoding: 'latin1' });
    assert.match(two, /ssl_fc_alpn=h2\n(?:.*\n)*.*2$/);
    const none = await connectTls(t, run.port('main'), { ALPNProtocols: ['unknown/1'] });
    assert.equal(none.socket.alpnProtocol, false);
  });

  test('the certificate is the one for the name, else the default', async (t) => {
    for (const [servername, shown] of [
      ['www.site.test', 'www.site.test'],
      ['any.wild.test', 'www.site.test'],
      ['wild.test', 'default.test'],
      ['nobody.test', 'default.test'],
      ['WWW.Site.Test', 'www.site.test'],
    ] as const) {
      const { socket } = await connectTls(t, run.port('main'), { servername });
      assert.equal(socket.getPeerCertificate().subject.CN, shown, servername);
    }
  });

  test('strict-sni refuses other names, and none at all, with an alert', async (t) => {
    assert.equal(await handshakeError(t, run.port('strict'), { servername: 'www.site.test' }), '');
    for (const servername of ['nobody.test', ''])
      assert.match(await handshakeError(t, run.port('strict'), { servername }), /UNRECOGNIZED_NAME/, servername);
  });

  test('of RSA and ECDSA for one name it is the one that the client can verify', async (t) => {
    const type = async (sigalgs: string) => {
      const options = { servername: 'both.test', sigalgs, maxVersion: 'TLSv1.2' } as const;
      const { socket } = await connectTls(t, run.port('main'), options);
      return socket.getPeerX509Certificate()!.publicKey.asymmetricKeyType;
    };
    assert.equal(await type('RSA+SHA256'), 'rsa');
    assert.equal(await type('ECDSA+SHA256:RSA+SHA256'), 'ec');
  });

  test('only the versions and cipher suites of the line are spoken', async (t) => {
    const answer = (name: string, ...args: string[]) => sClient(run.port(name), ...args);
    assert.match(await answer('twelve'), /New, TLSv1\.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256/);
    assert.match(await answer('twelve', '-tls1_3'), /alert protocol version/);
    assert.match(
      await answer('twelve', '-tls1_2', '-cipher', 'ECDHE-ECDSA-AES256-GCM-SHA384'),
      /alert handshake failure/,
    );
    assert.match(await answer('thirteen'), /New, TLSv1\.3, Cipher is TLS_CHACHA20_POLY1305_SHA256/);
    assert.match(await answer('thirteen'), /Server Temp Key: ECDH, (P-384|secp384r1)/);
    assert.match(await answer('thirteen', '-tls1_2'), /alert protocol version/);
    assert.match(await answer('thirteen', '-alpn', 'h2'), /No ALPN negotiated/);
    for (const version of ['-tls1', '-tls1_1'])
      assert.match(await answer('main', version, '-cipher', 'ALL:@SECLEVEL=0'), /alert protocol version|no protocols/);
    for (const cipher of ['aNULL', 'eNULL', 'RC4', '3DES', 'EXPORT', 'PSK'])
      assert.doesNotMatch(await answer('main', '-tls1_2', '-cipher', `${cipher}:@SECLEVEL=0`), /New, TLSv/, cipher);
    const renegotiated = await handshakeError(t, run.port('twelve'), { secureOptions: 0 });
    assert.equal(renegotiated, '');
  });

  test('sessions are resumed, whichever thread the client comes to', async (t) => {
    for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
      const first = await connectTls(t, run.port('main'), { maxVersion, servername: 'www.site.test' });
      assert.equal((await factsOf(first.connection))['ssl_fc_is_resumed'], '0');
      const session = first.session();
      assert.ok(session !== undefined, maxVersion);
      for (let times = 0; times < 12; times++) {
        const next = await connectTls(t, run.port('main'), { maxVersion, servername: 'www.site.test', session });
        assert.ok(next.socket.isSessionReused(), `${maxVersion}, time ${times}`);
        assert.equal((await factsOf(next.connection))['ssl_fc_is_resumed'], '1');
        next.socket.destroy();
      }
    }
  });

  test('handshakes that fail are logged and counted, and end with an alert', async (t) => {
    const before = Number((await run.row('main/FRONTEND'))['ssl_failed_handshake']);
    log.clear();
    const garbage = await connect(t, run.port('main'));
    garbage.send('GET / HTTP/1.1\r\n\r\n');
    assert.equal(await garbage.rest({ tolerateReset: true }), '');
    await log.waitFor(/main\/1: SSL handshake failure/);
    const silent = await connect(t, run.port('main'));
    silent.end();
    await log.waitFor(/main\/1: Connection closed during SSL handshake/);
    const cut = await connect(t, run.port('main'));
    cut.send(Buffer.from('16030100c8010000c40303', 'hex'));
    cut.end();
    await log.waitFor(/main\/1: Connection closed during SSL handshake/);
    const slow = await connect(t, run.port('main'));
    slow.send(Buffer.from('160301', 'hex'));
    await log.waitFor(/main\/1: Timeout during SSL handshake/);
    const wrong = await sClient(run.port('main'), '-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256');
    assert.match(wrong, /alert handshake failure/);
    await log.waitFor(/main\/1: SSL handshake failure/);
    await until('the counter', async () => {
      const row = await run.row('main/FRONTEND');
      return Number(row['ssl_failed_handshake']) >= before + 4;
    });
  });

  test('of handshakes that fail error-log-format tells why', async (t) => {
    log.clear();
    const garbage = await connect(t, run.port('failing'));
    garbage.send('GET / HTTP/1.1\r\n\r\n');
    await garbage.rest({ tolerateReset: true });
    await log.waitFor(/failed failing~ 34 SSL handshake failure 167772316 error:0A00009C:SSL routines::http request/);
    (await connect(t, run.port('failing'))).end();
    await log.waitFor(/failed failing~ 24 Connection closed during SSL handshake/);
    (await connect(t, run.port('failing'))).send(Buffer.from('160301', 'hex'));
    await log.waitFor(/failed failing~ 26 Timeout during SSL handshake/);
  });

  test('connections are counted, resumed ones apart', async (t) => {
    const before = await run.row('strict/FRONTEND');
    const first = await connectTls(t, run.port('strict'), { servername: 'www.site.test' });
    await first.connection.exchange('GET / HTTP/1.1\nHost: a\n\n');
    const session = first.session();
    const second = await connectTls(t, run.port('strict'), {
      servername: 'www.site.test',
      ...(session && { session }),
    });
    await second.connection.exchange('GET / HTTP/1.1\nHost: a\n\n');
    const row = await run.row('strict/FRONTEND');
    assert.equal(Number(row['ssl_sess']) - Number(before['ssl_sess']), 1);
    assert.equal(Number(row['ssl_reused_sess']) - Number(before['ssl_reused_sess']), 1);
    const info = await run.info();
    assert.ok(Number(info['CurrSslConns']) >= 2);
    assert.ok(Number(info['SslFrontendMaxKeyRate']) >= 1);
    first.socket.destroy();
    second.socket.destroy();
    await until('all are gone', async () => (await run.info())['CurrSslConns'] === '0');
  });

  test('log lines have version, cipher suite and a mark at the frontend', async (t) => {
    log.clear();
    const { connection } = await connectTls(t, run.port('main'), { servername: 'www.site.test' });
    await connection.exchange('GET /logged HTTP/1.1\nHost: a\n\n');
    const line = await log.waitFor(/logged/);
    assert.match(line, / main~ main\/<NOSRV> .* 0\/0+\/0\/0\/0 www\.site\.test\/TLSv1\.3\/TLS_AES_256_GCM_SHA384/);
  });

  test('the addresses of a PROXY protocol header come before the handshake', async (t) => {
    const socket = tcpConnect(run.port('proxied'), '127.0.0.1');
    socket.write('PROXY TCP4 192.0.2.7 192.0.2.1 4444 443\r\n');
    const { connection } = await connectTls(t, 0, { socket });
    const { text } = await connection.exchange('GET / HTTP/1.1\nHost: a\n\n');
    assert.equal(text, '192.0.2.7:4444 TLSv1.3');
  });

  test('mode tcp passes on what was decrypted', async (t) => {
    const { connection } = await connectTls(t, run.port('relay'));
    assert.equal((await connection.exchange('GET / HTTP/1.1\nHost: a\n\n')).text, 'in the clear');
  });

  test('one that stops half way, and many at once, hold up nobody', async (t) => {
    const half = await Promise.all(Array.from({ length: 200 }, () => connect(t, run.port('main'))));
    for (const one of half) one.send(Buffer.from('16030100c8010000c40303', 'hex'));
    const { connection } = await connectTls(t, run.port('main'));
    assert.equal((await factsOf(connection))['ssl_fc'], '1');
    for (const one of half) one.reset();
  });
});

describe('what is told of a TLS connection', () => {
  test('is what was agreed on, what the client said, and what its certificate says', async (t) => {
    const { connection, socket } = await connectTls(t, run.port('told'), { ...user, servername: 'www.site.test' });
    const told = await factsOf(connection);
    const certificate = new X509Certificate(user.cert);
    const sha1 = certificate.fingerprint.replaceAll(':', '');
    const [, year, rest] = /^..(..)-(.*)$/.exec(certificate.validToDate.toISOString().replace(/\.\d+Z/, 'Z'))!;
    assert.partialDeepStrictEqual(told, {
      ssl_fc_has_crt: '1',
      ssl_fc_alg_keysize: '256',
      'ssl_fc_unique_id,hex,length': '96',
      ssl_fc_protocol_hello_id: '771',
      'ssl_fc_client_traffic_secret_0,length': '96',
      ssl_fc_err_str: '',
      ssl_c_used: '1',
      ssl_c_verify: '0',
      ssl_c_version: '3',
      'ssl_c_serial,hex': '07',
      ssl_c_s_dn: '/O=Sluice test/CN=user.test',
      'ssl_c_s_dn(CN)': 'user.test',
      'ssl_c_s_dn(O,1)': 'Sluice test',
      ssl_c_i_dn: '/O=Sluice test/CN=Test authority',
      'ssl_c_s_dn(,0,rfc2253)': 'CN=user.test,O=Sluice test',
      'ssl_c_der,sha1,hex': sha1,
      'ssl_c_sha1,hex': sha1,
      ssl_c_key_alg: 'id-ecPublicKey',
      ssl_c_sig_alg: 'ecdsa-with-SHA256',
      ssl_c_notafter: `${year}${rest!.replace(/[-:T]/g, '')}`,
      'ssl_f_s_dn(CN)': 'www.site.test',
      ssl_f_key_alg: 'id-ecPublicKey',
      ssl_f_version: '3',
    });
    assert.match(told['ssl_fc_client_random,hex']!, /^[0-9A-F]{64}$/);
    assert.match(told['ssl_fc_server_random,hex']!, /^[0-9A-F]{64}$/);
    assert.equal(told['ssl_fc_cipherlist_hex']!.length, Number(told['ssl_fc_cipherlist_bin,hex,length']));
    assert.match(told['ssl_fc_extlist_bin(1),hex']!, /0000/);
    assert.match(told['ssl_fc_eclist_bin(1),hex']!, /001D/);
    assert.ok(socket.getFinished()!.length === 48);
  });

  test('the group of the key exchange by its name, also of a session that is resumed', async (t) => {
    for (const [ecdhCurve, maxVersion, name] of [
      ['P-256', 'TLSv1.2', 'SECP256R1'],
      ['P-384', 'TLSv1.3', 'SECP384R1'],
      ['X25519', 'TLSv1.3', 'X25519'],
      ['X25519MLKEM768', 'TLSv1.3', 'X25519MLKEM768'],
    ] as const) {
      const options = { ecdhCurve, maxVersion };
      const first = await connectTls(t, run.port('told'), options);
      assert.equal((await factsOf(first.connection))['ssl_fc_curve'], name);
      const again = await connectTls(t, run.port('told'), { ...options, session: first.session()! });
      assert.equal(again.socket.isSessionReused(), true);
      assert.equal((await factsOf(again.connection))['ssl_fc_curve'], name);
    }
  });

  test('of a certificate is nothing where the client has none', async (t) => {
    const { connection } = await connectTls(t, run.port('told'));
    assert.partialDeepStrictEqual(await factsOf(connection), { ssl_c_used: '0', ssl_c_s_dn: '', 'ssl_c_sha1,hex': '' });
  });
});

describe('client certificates', () => {
  const ask = async (t: Parameters<typeof connectTls>[0], name: string, options: object) =>
    (await (await connectTls(t, run.port(name), options)).connection.exchange('GET / HTTP/1.1\nHost: a\n\n')).text;

  test('are asked for, and verified by the authorities of the line', async (t) => {
    assert.equal(await ask(t, 'required', user), '1 0 0');
    assert.equal(await ask(t, 'optional', user), '1 0 0');
    assert.equal(await ask(t, 'optional', {}), '0 0 0');
  });

  test('that are missing or not accepted end the connection', async (t) => {
    const refused = async (name: string, options: object) => {
      log.clear();
      await assert.rejects(within(ask(t, name, options), 'an end'));
    };
    await refused('required', {});
    await log.waitFor(/mutual\/\d: SSL handshake failure/);
    for (const [name, options] of [
      ['required', foreign],
      ['optional', foreign],
      ['required', expired],
    ] as const) {
      await refused(name, options);
      await log.waitFor(/mutual\/\d: SSL client certificate not trusted/);
    }
  });

  test(
    'that are not accepted pass where the line ignores it, and what is wrong can be asked',
    unlessHaproxy26('other codes'),
    async (t) => {
      assert.equal(await ask(t, 'lenient', foreign), '1 20 0');
      assert.equal(await ask(t, 'lenient', expired), '1 10 0');
    },
  );

  test('are not taken from sessions of a line that verifies otherwise', async (t) => {
    const first = await connectTls(t, run.port('optional'), {});
    await first.connection.exchange('GET / HTTP/1.1\nHost: a\n\n');
    const session = first.session();
    assert.ok(session !== undefined);
    await assert.rejects(within(ask(t, 'required', { session }), 'an end'));
  });
});

import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createServer, type Server } from 'node:net';
import { after, describe, test } from 'node:test';
import { issue } from '../support/certificates.ts';
import { connect } from '../support/connection.ts';
import { isHaproxy, start, unlessHaproxy26 } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';

const authority = issue(['Test authority'], { ca: true });
const site = issue(['app.test'], { by: authority, serial: 9 });
const log = await syslog({ after });

async function listen(server: Server): Promise<number> {
  after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' ? address!.port : 0;
}

const answer = (_request: Http2ServerRequest, response: Http2ServerResponse) => void response.end('hello');
const settings = { key: site.key, cert: site.cert + authority.cert, allowHTTP1: true };
const ports = {
  app: await listen(createSecureServer(settings, answer)),
  twelve: await listen(createSecureServer({ ...settings, maxVersion: 'TLSv1.2' }, answer)),
  rude: await listen(
    createServer(
      (socket) => void socket.on('error', () => undefined).once('data', () => socket.end('no TLS is spoken here\n')),
    ),
  ),
  log: log.port,
};

const FACTS = `ssl_bc ssl_bc_protocol ssl_bc_cipher ssl_bc_alg_keysize ssl_bc_use_keysize ssl_bc_alpn ssl_bc_is_resumed ssl_bc_err
  ssl_bc_session_id,length ssl_bc_session_key,hex,length ssl_bc_unique_id,hex,length ssl_bc_client_random,hex,length ssl_bc_server_random,hex,length
  ssl_s_s_dn ssl_s_s_dn(CN) ssl_s_i_dn ssl_s_der,sha1,hex ssl_s_sha1,hex ssl_s_serial,hex ssl_s_key_alg ssl_s_sig_alg ssl_s_version
  ssl_s_notbefore`;
const NEW_FACTS = 'ssl_bc_sni ssl_bc_curve ssl_bc_client_traffic_secret_0,length ssl_s_chain_der,sha1,hex';

const headers = (names: string) =>
  names
    .trim()
    .split(/\s+/)
    .map((name) => `http-response set-header x-${name.replace(/[^a-z0-9]/gi, '-')} %[${name}]`)
    .join('\n    ');

const run = await start(
  { after },
  `
global
    nbthread 1
    tune.ssl.keylog on
    stats socket {sock:admin} level admin
    log {addr:log} local0
    ssl-server-verify none
defaults
    mode http
    log global
    http-reuse never
    retries 0
    timeout connect 2s
    timeout client 3s
    timeout server 3s
frontend main
    bind {addr:main}
    log-format "%HU %[ssl_bc] %[ssl_bc_err] %[ssl_bc_protocol] %[ssl_bc_cipher] %{+Q}[ssl_bc_err_str]"
    use_backend %[path,word(1,/)]
backend full
    ${headers(FACTS)}
    server s {addr:app} ssl sni str(app.test) no-ssl-reuse
backend resumed
    ${headers(FACTS)}
    server s {addr:app} ssl sni str(app.test)
backend twelve
    ${headers(FACTS)}
    server s {addr:twelve} ssl sni str(app.test)
backend two
    ${headers(FACTS)}
    server s {addr:app} ssl alpn h2
backend new
    ${isHaproxy ? '' : headers(NEW_FACTS)}
    server s {addr:app} ssl sni str(app.test)
backend clear
    http-response set-header x-ssl-bc %[ssl_bc]
    http-response set-header x-ssl-s-version %[ssl_s_version]
    server s {addr:plain}
backend rude
    server s {addr:rude} ssl
backend untrusted
    server s {addr:app} ssl verify required ca-file {dir}/other.pem
frontend plain
    bind {addr:plain}
    http-request return status 200
`,
  { ports, files: { 'other.pem': issue(['Other authority'], { ca: true }).cert } },
);

async function ask(t: Parameters<typeof connect>[0], backend: string): Promise<Record<string, string>> {
  const client = await connect(t, run.port('main'));
  const { head } = await client.exchange(`GET /${backend} HTTP/1.1\nHost: a\n\n`);
  return Object.fromEntries(
    [...head.matchAll(/^x-([^:]+): (.*?)\r?$/gim)].map(([, name, value]) => [name!.toLowerCase(), value!]),
  );
}

const certificate = new X509Certificate(site.cert);
const sha1 = certificate.fingerprint.replaceAll(':', '');
const OF_THE_CERTIFICATE = {
  'ssl-s-s-dn': '/O=Sluice test/CN=app.test',
  'ssl-s-s-dn-CN-': 'app.test',
  'ssl-s-i-dn': '/O=Sluice test/CN=Test authority',
  'ssl-s-der-sha1-hex': sha1,
  'ssl-s-sha1-hex': sha1,
  'ssl-s-serial-hex': '09',
  'ssl-s-key-alg': 'id-ecPublicKey',
  'ssl-s-sig-alg': 'ecdsa-with-SHA256',
  'ssl-s-version': '3',
};
const lower = (facts: Record<string, string>) =>
  Object.fromEntries(Object.entries(facts).map(([name, value]) => [name.toLowerCase(), value]));

describe('what is told of TLS to a server', () => {
  test('is what was agreed on, and what its certificate says', async (t) => {
    const told = await ask(t, 'full');
    assert.partialDeepStrictEqual(told, {
      'ssl-bc': '1',
      'ssl-bc-protocol': 'TLSv1.3',
      'ssl-bc-cipher': 'TLS_AES_256_GCM_SHA384',
      'ssl-bc-alg-keysize': '256',
      'ssl-bc-use-keysize': '256',
      'ssl-bc-is-resumed': '0',
      'ssl-bc-err': '0',
      'ssl-bc-unique-id-hex-length': '96',
      'ssl-bc-client-random-hex-length': '64',
      'ssl-bc-server-random-hex-length': '64',
      ...lower(OF_THE_CERTIFICATE),
    });
    assert.equal(told['ssl-bc-alpn'] ?? '', '');
    assert.match(told['ssl-s-notbefore']!, /^\d{12}Z$/);
  });

  test('is told of sessions that are resumed, too', async (t) => {
    for (const [backend, protocol] of [
      ['resumed', 'TLSv1.3'],
      ['twelve', 'TLSv1.2'],
    ] as const) {
      assert.equal((await ask(t, backend))['ssl-bc-is-resumed'], '0');
      const again = await ask(t, backend);
      assert.partialDeepStrictEqual(again, {
        'ssl-bc-is-resumed': '1',
        'ssl-bc-protocol': protocol,
        'ssl-bc-session-key-hex-length': '96',
        'ssl-bc-client-random-hex-length': '64',
        ...lower(OF_THE_CERTIFICATE),
      });
    }
  });

  test('what the server sent with its certificate', unlessHaproxy26('has none of them'), async (t) => {
    const chain = createHash('sha1').update(certificate.raw).update(new X509Certificate(authority.cert).raw);
    assert.equal((await ask(t, 'new'))['ssl-s-chain-der-sha1-hex'], chain.digest('hex').toUpperCase());
    assert.partialDeepStrictEqual(await ask(t, 'new'), {
      'ssl-bc-sni': 'app.test',
      'ssl-bc-curve': 'X25519MLKEM768',
      'ssl-bc-client-traffic-secret-0-length': '96',
    });
  });

  test('over HTTP/2', async (t) => {
    assert.partialDeepStrictEqual(await ask(t, 'two'), {
      'ssl-bc': '1',
      'ssl-bc-alpn': 'h2',
      ...lower(OF_THE_CERTIFICATE),
    });
  });

  test('is nothing in the clear', async (t) => {
    const told = await ask(t, 'clear');
    assert.equal(told['ssl-bc'], '0');
    assert.equal(told['ssl-s-version'] ?? '', '');
  });

  test('log lines tell it, and why a handshake failed', async (t) => {
    await ask(t, 'full');
    assert.match(await log.waitFor(/ \/full /), / 1 0 TLSv1\.3 TLS_AES_256_GCM_SHA384 (""|-|"-")$/);
    await ask(t, 'rude');
    assert.match(await log.waitFor(/ \/rude /), / 1 \d+ .* "error:0A00010B:SSL routines::wrong version number"$/);
    await ask(t, 'untrusted');
    assert.match(
      await log.waitFor(/ \/untrusted /),
      / 1 167772294 .* "error:0A000086:SSL routines::certificate verify failed"$/,
    );
  });
});

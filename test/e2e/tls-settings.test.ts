/** Settings of TLS that clients can tell: Diffie-Hellman over numbers, names of authorities, compressed certificates; also after a reload. */
import assert from 'node:assert/strict';
import { connect as tcpConnect } from 'node:net';
import { after, describe, test } from 'node:test';
import { getCertificateCompressionAlgorithms } from 'node:tls';
import { issue } from '../support/certificates.ts';
import { isHaproxy, type Run, start, unlessHaproxy26 } from '../support/program.ts';
import { connectTls, sClient } from '../support/tls.ts';
import type { Scope } from '../support/wait.ts';

const site = issue(['site.test'], { type: 'rsa' });
const long = issue([...Array(60).keys()].map((i) => `name-number-${i}.site.test`));
const named = issue(['Named'], { ca: true });
const quiet = issue(['Quiet'], { ca: true });
const client = { named: issue(['one'], { by: named }), quiet: issue(['two'], { by: quiet }) };

/** 2048 bits: group 14 of RFC 3526, as `openssl dhparam` writes it. */
const PARAMETERS = `-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA///////////JD9qiIWjCNMTGYouA3BzRKQJOCIpnzHQCC76mOxOb
IlFKCHmONATd75UZs806QxswKwpt8l8UN0/hNW1tUcJF5IW1dmJefsb0TELppjft
awv/XLb0Brft7jhr+1qJn6WunyQRfEsf5kkoZlHs5Fs9wgB8uKFjvwWY2kg2HFXT
mmkWP6j9JM9fg2VdI9yjrZYcYvNWIIVSu57VKQdwlpZtZww1Tkq8mATxdGwIyhgh
fDKQXkYuNs474553LBgOhgObJ4Oi7Aeij7XFXfBvTFLJ3ivL9pVYFxg5lUl86pVq
5RXSJhiY+gUQFXKOWoqsqmj//////////wIBAg==
-----END DH PARAMETERS-----
`;

const config = (global: string) => `
global
    nbthread 1
    stats socket {sock:admin} level admin
    ${global}
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:plain} ssl crt {dir}/site.pem
    bind {addr:own} ssl crt {dir}/own.pem
    bind {addr:ca} ssl crt {dir}/site.pem verify optional ca-file {dir}/named.ca
    bind {addr:verify} ssl crt {dir}/site.pem verify optional ca-file {dir}/named.ca ca-verify-file {dir}/quiet.ca
    bind {addr:silent} ssl crt {dir}/site.pem verify optional ca-file {dir}/named.ca no-ca-names
    ${isHaproxy ? '#' : ''}bind {addr:long} ssl crt {dir}/long.pem
    http-request return status 200 content-type text/plain lf-string "%[ssl_c_used] %[ssl_c_verify] %[ssl_c_ca_err]"
`;
const files = {
  'site.pem': site.cert + site.key,
  'own.pem': site.cert + site.key + PARAMETERS,
  'long.pem': long.cert + long.key,
  'named.ca': named.cert,
  'quiet.ca': quiet.cert,
  dh: PARAMETERS,
};
const begin = (scope: Scope, global: string) => start(scope, config(global), { files });

/** The key that is agreed with when only Diffie-Hellman over numbers is offered; null where there is no handshake. */
async function agreed(run: Run, name: string): Promise<string | null> {
  const said = await sClient(run.port(name), '-tls1_2', '-cipher', 'DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0');
  return /^Server Temp Key: (.*)$/m.exec(said)?.[1] ?? null;
}

const usual = await begin({ after }, '');

describe('Diffie-Hellman over numbers', () => {
  test('is offered where the file of the certificate has parameters', async () => {
    assert.equal(await agreed(usual, 'plain'), null);
    assert.equal(await agreed(usual, 'own'), 'DH, 2048 bits');
  });

  test('is offered with the parameters of a file, or those of a size', async (t) => {
    for (const setting of ['ssl-dh-param-file {dir}/dh', 'tune.ssl.default-dh-param 2048'])
      assert.equal(await agreed(await begin(t, setting), 'plain'), 'DH, 2048 bits', setting);
  });

  test('is not larger than the key, nor than allowed', async (t) => {
    assert.equal(await agreed(await begin(t, 'tune.ssl.default-dh-param 4096'), 'plain'), 'DH, 2048 bits');
  });

  test('is offered after a reload that says so', unlessHaproxy26('a reload is another process'), async (t) => {
    const run = await begin(t, '');
    assert.equal(await agreed(run, 'plain'), null);
    run.rewrite(config('ssl-dh-param-file {dir}/dh'));
    assert.match(await run.cli('reload'), /Success=1/);
    assert.equal(await agreed(run, 'plain'), 'DH, 2048 bits');
    run.rewrite(config('tune.ssl.cachesize 100'));
    assert.match(await run.cli('reload'), /'tune.ssl.cachesize' needs a restart/);
    assert.equal(await agreed(run, 'plain'), null);
  });
});

describe('a client that is asked for a certificate', () => {
  const names = async (name: string) => {
    const said = await sClient(usual.port(name));
    return [...said.matchAll(/^O = Sluice test, CN = (Named|Quiet)$/gm)].map(([, one]) => one);
  };
  const judged = async (scope: Scope, name: string, by: keyof typeof client) => {
    const { connection } = await connectTls(scope, usual.port(name), client[by]);
    return (await connection.exchange('GET / HTTP/1.1\nHost: a\n\n')).text;
  };

  test('is told the authorities of ca-file, unless no-ca-names stands there', async () => {
    assert.deepEqual(await names('ca'), ['Named']);
    assert.deepEqual(await names('verify'), ['Named']);
    assert.deepEqual(await names('silent'), []);
    // In between the authorities that are not told of were others.
    assert.deepEqual(await names('verify'), ['Named']);
  });

  test('is verified by those that it was not told of, too', async (t) => {
    assert.equal(await judged(t, 'verify', 'named'), '1 0 0');
    assert.equal(await judged(t, 'verify', 'quiet'), '1 0 0');
    assert.equal(await judged(t, 'silent', 'named'), '1 0 0');
    for (const name of ['ca', 'silent']) await assert.rejects(judged(t, name, 'quiet'));
  });
});

test('certificates are sent compressed to who can take it', unlessHaproxy26('cannot'), async (t) => {
  const taken = async (run: Run, certificateCompression: ReturnType<typeof getCertificateCompressionAlgorithms>) => {
    const socket = tcpConnect(run.port('long'), '127.0.0.1');
    const { connection } = await connectTls(t, 0, { socket, certificateCompression });
    await connection.exchange('GET / HTTP/1.1\nHost: a\n\n');
    return socket.bytesRead;
  };
  const all = getCertificateCompressionAlgorithms();
  const plain = await taken(usual, []);
  assert.ok(plain > 1000);
  for (const one of all) assert.ok((await taken(usual, [one])) < plain - 500, one);
  const run = await begin(t, 'tune.ssl.certificate-compression off');
  assert.ok((await taken(run, all)) > plain - 100);
});

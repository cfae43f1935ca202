/** What a listener agrees to, as a scanner finds it: each version and each cipher suite that openssl knows is offered alone. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, describe, test } from 'node:test';
import { issue } from '../support/certificates.ts';
import { start } from '../support/program.ts';
import { sClient } from '../support/tls.ts';

const lacks = spawnSync('openssl', ['version']).error !== undefined && 'needs openssl';
const certificate = (type: 'rsa' | 'ecdsa') => {
  const { cert, key } = issue(['site.test'], type === 'rsa' ? { type } : {});
  return cert + key;
};

const run = await start(
  { after },
  `
global
    nbthread 1
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:usual} ssl crt {dir}/site.pem
    bind {addr:old} ssl crt {dir}/site.pem ssl-min-ver TLSv1.0 ciphers DEFAULT:@SECLEVEL=0
    bind {addr:twelve} ssl crt {dir}/site.pem force-tlsv12 ciphers ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256
    bind {addr:thirteen} ssl crt {dir}/site.pem ssl-min-ver TLSv1.3 ciphersuites TLS_AES_128_GCM_SHA256
    bind {addr:client} ssl crt {dir}/site.pem force-tlsv12 prefer-client-ciphers ciphers ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256
    http-request return status 200
`,
  { files: { 'site.pem.rsa': certificate('rsa'), 'site.pem.ecdsa': certificate('ecdsa') } },
);

/** `TLSv1.2 ECDHE-...`: what a client that offers so much agrees on; '' when there is no handshake. */
async function agreed(name: string, ...args: string[]): Promise<string> {
  const said = await sClient(run.port(name), '-servername', 'site.test', ...args);
  const [, version, cipher] = /^New, (\S+), Cipher is (\S+)/m.exec(said) ?? [];
  return version === undefined || cipher === '(NONE)'
    ? ''
    : `${/^ *Protocol *: (\S+)/m.exec(said)?.[1] ?? version} ${cipher}`;
}

const VERSIONS = { tls1: 'TLSv1', tls1_1: 'TLSv1.1', tls1_2: 'TLSv1.2', tls1_3: 'TLSv1.3' } as const;

/** Versions that a listener takes, of clients that know one only. */
async function versions(name: string): Promise<string[]> {
  const found: string[] = [];
  for (const [word, version] of Object.entries(VERSIONS))
    if ((await agreed(name, `-${word}`, '-cipher', 'aRSA:@SECLEVEL=0')) !== '') found.push(version);
  return found;
}

/** What openssl takes by itself, without Diffie-Hellman over numbers: there are no parameters for it here. */
const USUAL = [
  ...['ECDHE-ECDSA-', 'ECDHE-RSA-'].flatMap((exchange) =>
    [
      ...['AES128-GCM-SHA256', 'AES128-SHA', 'AES128-SHA256', 'AES256-GCM-SHA384', 'AES256-SHA', 'AES256-SHA384'],
      'CHACHA20-POLY1305',
    ].map((cipher) => exchange + cipher),
  ),
  ...['AES128-GCM-SHA256', 'AES128-SHA', 'AES128-SHA256', 'AES256-GCM-SHA384', 'AES256-SHA', 'AES256-SHA256'],
];

const STRONG = ['ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES128-GCM-SHA256'];

/** Of the suites that openssl has for TLS 1.2 those that are agreed on when they are offered alone; the others are offered together. */
async function suites(name: string, expected: readonly string[]): Promise<{ taken: string[]; others: string }> {
  const taken: string[] = [];
  for (const suite of expected)
    if ((await agreed(name, '-tls1_2', '-cipher', `${suite}:@SECLEVEL=0`)) === `TLSv1.2 ${suite}`) taken.push(suite);
  const rest = ['ALL:COMPLEMENTOFALL', ...expected.map((suite) => `!${suite}`), '@SECLEVEL=0'].join(':');
  return { taken, others: await agreed(name, '-tls1_2', '-cipher', rest) };
}

describe('a scanner', { skip: lacks }, () => {
  test('finds the versions of each line', async () => {
    assert.deepEqual(await versions('usual'), ['TLSv1.2', 'TLSv1.3']);
    assert.deepEqual(await versions('old'), ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']);
    assert.deepEqual(await versions('twelve'), ['TLSv1.2']);
    assert.deepEqual(await versions('thirteen'), ['TLSv1.3']);
  });

  test('finds the cipher suites of each line, and none that is weak', async () => {
    assert.deepEqual(await suites('usual', USUAL), { taken: USUAL, others: '' });
    assert.deepEqual(await suites('twelve', STRONG), { taken: STRONG, others: '' });
    assert.equal(await agreed('thirteen', '-ciphersuites', 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'), '');
    assert.equal(await agreed('thirteen'), 'TLSv1.3 TLS_AES_128_GCM_SHA256');
  });

  test('finds who chooses among the suites', async () => {
    const offered = ['-cipher', STRONG.toReversed().join(':')];
    assert.equal(await agreed('twelve', ...offered), `TLSv1.2 ${STRONG[0]}`);
    assert.equal(await agreed('client', ...offered), `TLSv1.2 ${STRONG[1]}`);
  });

  test('finds no compression, and no insecure renegotiation', async () => {
    const said = await sClient(run.port('usual'), '-tls1_2', '-comp');
    assert.match(said, /^Compression: NONE$/m);
    assert.match(said, /^Secure Renegotiation IS supported$/m);
  });
});

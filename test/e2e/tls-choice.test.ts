import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as tcpConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { type Issued, issue } from '../support/certificates.ts';
import { connect } from '../support/connection.ts';
import { isHaproxy, start, unlessHaproxy26 } from '../support/program.ts';
import { connectTls, sClient } from '../support/tls.ts';
import { patience, type Scope, until, within } from '../support/wait.ts';

// What is agreed on with clients of every age, asked by openssl; and clients that do not keep to the rules.

const pem = ({ cert, key }: Issued) => cert + key;
const folder = mkdtempSync(join(tmpdir(), 'sluice-choice-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const ANY = 'ciphers ALL:@SECLEVEL=0';

const run = await start(
  { after },
  `
global
    nbthread 2
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 2s
    timeout server 5s
frontend versions
    bind {addr:default} ssl crt {dir}/rsa.pem
    bind {addr:old} ssl crt {dir}/rsa.pem ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.1 ${ANY}
    bind {addr:all} ssl crt {dir}/rsa.pem ssl-min-ver TLSv1.0 ${ANY}
    bind {addr:twelve} ssl crt {dir}/rsa.pem ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.2
    bind {addr:ticketless} ssl crt {dir}/rsa.pem ssl-max-ver TLSv1.2 no-tls-tickets
    bind {addr:ticketless13} ssl crt {dir}/rsa.pem no-tls-tickets
    bind {addr:thirteen} ssl crt {dir}/rsa.pem no-tlsv10 no-tlsv11 no-tlsv12
    http-request return status 200
frontend suites
    bind {addr:ours} ssl crt {dir}/rsa.pem ssl-max-ver TLSv1.2 ciphers ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256
    bind {addr:theirs} ssl crt {dir}/rsa.pem ssl-max-ver TLSv1.2 prefer-client-ciphers ciphers ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256
    bind {addr:ours13} ssl crt {dir}/rsa.pem ciphersuites TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256
    bind {addr:curve} ssl crt {dir}/rsa.pem curves P-521
    ${isHaproxy ? '#' : ''}bind {addr:sigalgs} ssl crt {dir}/rsa.pem ssl-max-ver TLSv1.2 sigalgs RSA+SHA512
    http-request return status 200
frontend names
    bind {addr:names} ssl crt {dir}/rsa.pem crt-list {dir}/list
    bind {addr:strict} ssl crt-list {dir}/list strict-sni
    bind {addr:bundle} ssl crt {dir}/both.pem
    http-request return status 200
`,
  {
    files: {
      'rsa.pem': pem(issue(['rsa.test'], { type: 'rsa' })),
      'site.pem': pem(issue(['www.site.test'])),
      'wild.pem': pem(issue(['wild.test'])),
      'both.pem.rsa': pem(issue(['both.test'], { type: 'rsa' })),
      'both.pem.ecdsa': pem(issue(['both.test'])),
      list: '{dir}/site.pem\n{dir}/wild.pem [alpn h2] *.wild.test !secret.wild.test\n',
    },
  },
);

/** `TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256`, or the alert that the handshake ended with. */
async function chosen(name: string, ...args: string[]): Promise<string> {
  const text = await sClient(run.port(name), ...args);
  const [, version, suite] = /^New, (\S+), Cipher is (\S+)$/m.exec(text) ?? [];
  // TLS 1.0 and 1.1 have the suites of SSL 3.0.
  const spoken = /^ +Protocol +: (\S+)$/m.exec(text)?.[1] ?? version;
  if (suite !== undefined && suite !== '(NONE)') return `${spoken} ${suite}`;
  return /alert ([a-z ]+)/.exec(text)?.[1]?.trim() ?? text;
}

/** Asks for all at the same time. */
const all = <T, R>(list: readonly T[], ask: (one: T) => Promise<R>): Promise<R[]> => Promise.all(list.map(ask));

/** Connections go to either thread by chance: one of them gets none of ten once in 500 times. */
const TEN = Array.from({ length: 10 }, (_, i) => i);

const VERSIONS = { TLSv1: '-tls1', 'TLSv1.1': '-tls1_1', 'TLSv1.2': '-tls1_2', 'TLSv1.3': '-tls1_3' };

describe('what is agreed on', () => {
  for (const [name, spoken] of [
    ['default', ['TLSv1.2', 'TLSv1.3']],
    ['old', ['TLSv1', 'TLSv1.1']],
    ['all', ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']],
    ['twelve', ['TLSv1.2']],
    ['thirteen', ['TLSv1.3']],
  ] as const)
    test(`${name}: ${spoken.join(', ')}`, async () => {
      const asked = await all(Object.entries(VERSIONS), async ([version, flag]) => {
        return [version, await chosen(name, flag, '-cipher', 'ALL:@SECLEVEL=0')] as const;
      });
      for (const [version, got] of asked) {
        if ((spoken as readonly string[]).includes(version))
          assert.ok(got.startsWith(`${version} `), `${version}: ${got}`);
        else assert.match(got, /protocol version$|no protocols available|unsupported protocol/, `${version}: ${got}`);
      }
    });

  test('the order of cipher suites is that of the line, or of the client', async () => {
    const client = ['-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384'];
    assert.equal(await chosen('ours', ...client), 'TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384');
    assert.equal(await chosen('theirs', ...client), 'TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256');
    assert.equal(await chosen('ours', '-tls1_2', '-cipher', 'AES128-SHA'), 'handshake failure');
    const suites = 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256';
    assert.equal(await chosen('ours13', '-ciphersuites', suites), 'TLSv1.3 TLS_CHACHA20_POLY1305_SHA256');
    assert.equal(await chosen('ours13', '-tls1_3', '-ciphersuites', 'TLS_AES_256_GCM_SHA384'), 'handshake failure');
  });

  test('groups are those of the line', async () => {
    assert.match(
      await sClient(run.port('curve'), '-curves', 'X25519:P-521'),
      /Server Temp Key: ECDH, (P-521|secp521r1)/,
    );
    assert.equal(await chosen('curve', '-curves', 'X25519'), 'handshake failure');
  });

  test('signature algorithms are those of the line', unlessHaproxy26('cannot be told'), async () => {
    assert.match(
      await sClient(run.port('sigalgs'), '-sigalgs', 'RSA+SHA256:RSA+SHA512'),
      /Peer signing digest: SHA512/,
    );
    assert.equal(await chosen('sigalgs', '-sigalgs', 'RSA+SHA256'), 'handshake failure');
  });

  test('suites that nobody should use are not', async () => {
    await all(['aNULL', 'eNULL', 'RC4', '3DES', 'PSK', 'SRP'], async (cipher) => {
      assert.doesNotMatch(await chosen('default', '-tls1_2', '-cipher', `${cipher}:@SECLEVEL=0`), /^TLSv/, cipher);
    });
  });

  test('the certificate is that of the name, but for names that a filter excludes', async () => {
    const shown = async (name: string, asked: string) =>
      /subject=.*CN ?= ?(\S+)/.exec(await sClient(run.port(name), '-servername', asked))?.[1] ?? 'none';
    const expected = [
      ['names', 'www.site.test', 'www.site.test'],
      ['names', 'a.wild.test', 'wild.test'],
      ['names', 'secret.wild.test', 'rsa.test'],
      ['names', 'a.b.wild.test', 'rsa.test'],
      ['names', 'wild.test', 'rsa.test'],
      ['strict', 'a.wild.test', 'wild.test'],
    ] as const;
    const told = await all(expected, async ([line, name]) => [line, name, await shown(line, name)]);
    assert.deepEqual(told, expected);
    for (const name of ['secret.wild.test', 'rsa.test']) {
      assert.equal(await shown('strict', name), 'none', name);
      assert.match(await sClient(run.port('strict'), '-servername', name), /unrecognized name/);
    }
  });

  test('of a bundle it is what the client can verify', unlessHaproxy26('does not know RSA-PSS'), async () => {
    const type = async (...args: string[]) =>
      /Peer signature type: (\S+)/.exec(await sClient(run.port('bundle'), ...args))?.[1];
    assert.equal(await type(), 'ECDSA');
    assert.equal(await type('-sigalgs', 'RSA-PSS+SHA256:RSA+SHA256'), 'RSA-PSS');
    assert.equal(await type('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256'), 'RSA-PSS');
  });

  test('sessions are resumed over all threads by openssl', async () => {
    for (const [version, flag] of [
      ['TLSv1.2', '-tls1_2'],
      ['TLSv1.3', '-tls1_3'],
    ] as const) {
      const file = join(folder, version);
      assert.match(await sClient(run.port('default'), flag, '-sess_out', file), /^New, /m);
      await all(TEN, async (times) => {
        assert.match(await sClient(run.port('default'), flag, '-sess_in', file), /^Reused, /m, `${version}, ${times}`);
      });
    }
  });

  test('sessions of clients without tickets are resumed by their identifiers, over all threads', async () => {
    const before = await run.info();
    for (const [name, ...args] of [
      ['default', '-tls1_2', '-no_ticket'],
      ['ticketless', '-tls1_2'],
      ['ticketless13', '-tls1_3'],
    ] as const) {
      const file = join(folder, `id-${name}`);
      assert.match(await sClient(run.port(name), ...args, '-sess_out', file), /^New, /m);
      await all(TEN, async (times) => {
        assert.match(await sClient(run.port(name), ...args, '-sess_in', file), /^Reused, /m, `${name}, ${times}`);
      });
    }
    const info = await run.info();
    assert.equal(Number(info['SslCacheLookups']) - Number(before['SslCacheLookups']), 30);
    assert.equal(info['SslCacheMisses'], before['SslCacheMisses']);
  });
});

/** Runs openssl s_client and types lines, one after the other. */
function typed(port: number, lines: readonly string[], ...args: string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(
      'openssl',
      ['s_client', '-connect', `127.0.0.1:${port}`, ...args],
      { timeout: patience, encoding: 'latin1' },
      (_error, stdout, stderr) => resolve(stdout + stderr),
    );
    for (const [i, line] of lines.entries()) setTimeout(() => child.stdin?.write(line), 200 + i * 200);
    setTimeout(() => child.stdin?.end(), 400 + lines.length * 200);
  });
}

/** A hello as a client of Node sends it. */
async function hello(): Promise<Buffer> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.once('data', (bytes) => {
        resolve(Buffer.from(bytes as Buffer));
        socket.destroy();
        server.close();
      });
    }).listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' ? address!.port : 0;
      tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false }).on('error', () => undefined);
    });
  });
}

const record = (type: number, bytes: Buffer | string) => {
  const body = Buffer.from(bytes as string, 'latin1');
  return Buffer.concat([Buffer.from([type, 3, 3, body.length >> 8, body.length & 255]), body]);
};

/** Sends bytes in the clear; resolves once the connection has been ended. */
async function endedAfter(scope: Scope, port: number, ...parts: Buffer[]): Promise<string> {
  const client = await connect(scope, port);
  for (const part of parts) await client.send(part);
  return client.rest({ tolerateReset: true });
}

describe('a client', () => {
  test('that sends something else than TLS, at any point, is refused at once', async (t) => {
    const port = run.port('default');
    const first = await hello();
    const wrong = Buffer.from(first);
    wrong.fill(0xff, 60, 200);
    const clients = [
      [Buffer.from('GET / HTTP/1.1\r\n\r\n')],
      [Buffer.alloc(1000)],
      [Buffer.alloc(70_000, 0x16)],
      [record(22, Buffer.alloc(0))],
      [record(23, 'application data first')],
      [record(21, Buffer.from([2, 40]))],
      [record(20, Buffer.from([1]))],
      [wrong],
      [first, first],
      [first, record(23, Buffer.alloc(300, 1))],
      [first, Buffer.alloc(300, 1)],
      [Buffer.concat([Buffer.from([22, 3, 1, 0xff, 0xff]), Buffer.alloc(70_000)])],
      [Buffer.from([0x80, 0x2e, 1, 0, 2, 0, 21, 0, 0, 0, 16])],
    ];
    await all(clients, (parts) => within(endedAfter(t, port, ...parts), 'an end'));
  });

  test('whose hello comes byte by byte is served', async (t) => {
    const raw = tcpConnect(run.port('default'), '127.0.0.1');
    const slow = new (await import('node:stream')).Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        for (const byte of chunk.subarray(0, 600)) raw.write(Buffer.from([byte]));
        if (chunk.length > 600) raw.write(chunk.subarray(600));
        done();
      },
    });
    raw.setNoDelay(true);
    raw.on('data', (bytes) => slow.push(bytes));
    t.after(() => raw.destroy());
    const { connection } = await connectTls(t, 0, { socket: slow });
    assert.equal((await connection.exchange('GET / HTTP/1.1\nHost: a\n\n')).status, 200);
  });

  test('may not begin a second handshake', async () => {
    const told = await typed(run.port('default'), ['R\n', 'GET / HTTP/1.0\r\n\r\n'], '-tls1_2');
    assert.match(told, /RENEGOTIATING/);
    assert.match(told, /no renegotiation|alert handshake failure/i);
    assert.doesNotMatch(told, /HTTP\/1\.[01] 200/);
  });

  test('that renews keys over and over is served on', async () => {
    const told = await typed(run.port('default'), ['K\n', 'k\n', 'K\n', 'GET / HTTP/1.0\r\n\r\n'], '-tls1_3');
    assert.match(told, /HTTP\/1\.[01] 200/);
  });

  test('that leaves without close_notify, or in the middle of a record, leaves nothing behind', async (t) => {
    for (const how of ['end', 'half', 'reset', 'garbage'] as const) {
      const raw = tcpConnect(run.port('default'), '127.0.0.1');
      raw.on('error', () => undefined);
      const { connection } = await connectTls(t, 0, { socket: raw });
      assert.equal((await connection.exchange('GET / HTTP/1.1\nHost: a\n\n')).status, 200);
      if (how === 'half') raw.write(Buffer.from([23, 3, 3, 1, 0, 1, 2, 3]));
      if (how === 'garbage') raw.write(Buffer.alloc(200, 7));
      if (how === 'reset') raw.resetAndDestroy();
      else raw.end();
    }
    await until('no connection with TLS', async () => (await run.info())['CurrSslConns'] === '0');
    await until('no connection', async () => Number((await run.row('versions/FRONTEND'))['scur']) === 0);
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { connect } from '../support/connection.ts';
import { type Issued, issue, revocationList } from '../support/pki.ts';
import { start } from '../support/program.ts';
import { loggingProxies } from '../support/proxies.ts';
import { syslog } from '../support/syslog.ts';

// HTTP/1 in the clear in front, TLS to the servers.

const dir = mkdtempSync(join(tmpdir(), 'sluice-tls-servers-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const file = (name: string, text: string) => {
  writeFileSync(join(dir, name), text, { mode: 0o600 });
  return join(dir, name);
};

const authority = issue({ name: 'Test CA', ca: true });
const other = issue({ name: 'Other CA', ca: true });
const site = issue({ name: 'app.test', dns: ['app.test', '*.wild.test'], issuer: authority });
const expired = issue({ name: 'app.test', dns: ['app.test'], issuer: authority, notAfter: Date.now() - 1000 });
const mine = issue({ name: 'me', issuer: authority });
const stranger = issue({ name: 'stranger', issuer: other });
file('ca.pem', authority.certificate);
file('other.pem', other.certificate);
file('me.pem', mine.pem);
file('stranger.pem', stranger.pem);
file('crl.pem', revocationList(authority, [site]));
file('empty-crl.pem', revocationList(authority, []));

const log = await syslog({ after });
const big = Buffer.alloc(3 << 20, 'abcdefghij');

interface TlsOrigin {
  readonly port: number;
  /** Connections accepted so far. */
  connections: number;
  readonly last: {
    name: string | false;
    alpn: string | false;
    peer: string;
    version: string;
    path: string;
    body: string;
  };
}

/** A server of HTTP/1 and HTTP/2 over TLS. */
async function secureOrigin(own: Issued, options: TlsOptions = {}): Promise<TlsOrigin> {
  const server = createSecureServer({ key: own.key, cert: own.certificate, allowHTTP1: true, ...options });
  const origin = {
    port: 0,
    connections: 0,
    last: { name: false, alpn: false, peer: '', version: '', path: '', body: '' } as TlsOrigin['last'],
  };
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    origin.connections++;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  server.on('sessionError', () => {});
  server.on('secureConnection', (socket: TLSSocket) => {
    socket.on('error', () => {});
    origin.last.name = (socket as unknown as { servername: string }).servername || false;
    origin.last.alpn = socket.alpnProtocol ?? false;
    origin.last.peer = socket.getPeerCertificate()?.subject?.CN?.toString() ?? '';
  });
  server.on('request', (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      Object.assign(origin.last, {
        version: request.httpVersion,
        path: request.url,
        body: Buffer.concat(chunks).toString('latin1'),
      });
      const reply = response as unknown as ServerResponse;
      if (request.url === '/big') reply.end(big);
      else if ((request as unknown as IncomingMessage).method === 'POST') reply.end(origin.last.body);
      else reply.end('hello');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  origin.port = (server.address() as AddressInfo).port;
  return origin;
}

async function rawOrigin(onConnection: (socket: Socket) => void): Promise<number> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const app = await secureOrigin(site);
const old = await secureOrigin(expired);
const asking = await secureOrigin(site, { requestCert: true, rejectUnauthorized: true, ca: [authority.certificate] });
const tls12 = await secureOrigin(site, { maxVersion: 'TLSv1.2' });
const silent = await rawOrigin(() => {});
const resetting = await rawOrigin((socket) => socket.once('data', () => socket.resetAndDestroy()));
const clear = await rawOrigin((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n')));
const introduced: string[] = [];
const inner = createTlsServer({ key: site.key, cert: site.certificate }, (socket) => {
  socket.on('error', () => {});
  socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
});
const proxied = await rawOrigin((socket) => {
  socket.once('readable', () => {
    let line = '';
    for (let byte = socket.read(1) as Buffer | null; byte !== null; byte = socket.read(1) as Buffer | null) {
      line += byte.latin1Slice();
      if (line.endsWith('\r\n')) break;
    }
    introduced.push(line);
    inner.emit('connection', socket);
  });
});

const listens: [string, string, string][] = [
  ['plain', 'app', 'ssl verify none'],
  ['h2', 'app', 'ssl verify none alpn h2,http/1.1'],
  ['verified', 'app', `ssl verify required ca-file ${dir}/ca.pem verifyhost app.test`],
  ['by_sni', 'app', `ssl verify required ca-file ${dir}/ca.pem sni req.hdr(x-name) alpn h2`],
  ['wrong_ca', 'app', `ssl verify required ca-file ${dir}/other.pem no-sni-auto`],
  ['expired', 'old', `ssl verify required ca-file ${dir}/ca.pem no-sni-auto`],
  ['revoked', 'app', `ssl verify required ca-file ${dir}/ca.pem crl-file ${dir}/crl.pem no-sni-auto`],
  ['not_revoked', 'app', `ssl verify required ca-file ${dir}/ca.pem crl-file ${dir}/empty-crl.pem no-sni-auto`],
  ['with_crt', 'asking', `ssl verify none crt ${dir}/me.pem`],
  ['without_crt', 'asking', 'ssl verify none'],
  ['stranger', 'asking', `ssl verify none crt ${dir}/stranger.pem`],
  ['only13', 'tls12', 'ssl verify none ssl-min-ver TLSv1.3'],
  ['tls12', 'tls12', 'ssl verify none'],
  ['silent', 'silent', 'ssl verify none'],
  ['resetting', 'resetting', 'ssl verify none'],
  ['clear', 'clear', 'ssl verify none'],
  ['proxied', 'proxied', 'ssl verify none send-proxy'],
  ['fresh', 'app', 'ssl verify none no-ssl-reuse'],
];
const run = await start(
  { after },
  `${loggingProxies('retries 0', 'timeout connect 500ms', 'timeout server 5s')}
${listens
  .map(
    ([name, origin, words]) => `
listen ${name}
    bind {addr:fe_${name}}
    server s {addr:${origin}} ${words}`,
  )
  .join('')}
listen always
    bind {addr:fe_always}
    http-reuse always
    server s {addr:app} ssl verify none pool-low-conn 5
listen switched
    bind {addr:fe_switched}
    server s {addr:app} ssl verify none
listen raw
    mode tcp
    option tcplog
    bind {addr:fe_raw}
    server s {addr:app} ssl verify none
`,
  {
    ports: {
      log,
      ...{ app: app.port, old: old.port, asking: asking.port, tls12: tls12.port },
      ...{ silent, resetting, clear, proxied },
    },
  },
);

type Scope = Parameters<typeof connect>[0];

async function ask(t: Scope, name: string, text = 'GET / HTTP/1.1\nHost: app.test:80\n\n') {
  const client = await connect(t, run.port(`fe_${name}`));
  const reply = await client.exchange(text);
  client.close();
  return reply;
}

test('HTTP/1.1 over TLS: heads and bodies both ways are whole', async (t) => {
  assert.equal((await ask(t, 'plain')).text, 'hello');
  assert.deepEqual([app.last.version, app.last.alpn, app.last.name], ['1.1', false, 'app.test']);
  assert.equal((await ask(t, 'plain', 'GET /big HTTP/1.1\nHost: a\n\n')).text, big.toString());
  const body = 'y'.repeat(300_000);
  const client = await connect(t, run.port('fe_plain'));
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  assert.equal((await client.response()).text, body);
});

test('ALPN chooses HTTP/2', async (t) => {
  assert.equal((await ask(t, 'h2')).text, 'hello');
  assert.deepEqual([app.last.version, app.last.alpn], ['2.0', 'h2']);
  assert.equal((await ask(t, 'h2', 'GET /big HTTP/1.1\nHost: a\n\n')).text, big.toString());
});

test('the name asked for is that of the request, or what sni says; connections are used for one name only', async (t) => {
  await ask(t, 'plain', 'GET / HTTP/1.1\nHost: One.test:8080\n\n');
  assert.equal(app.last.name, 'one.test');
  await ask(t, 'plain', 'GET / HTTP/1.1\nHost: 127.0.0.1\n\n');
  assert.equal(app.last.name, false, 'an address is no name');
  const before = app.connections;
  const client = await connect(t, run.port('fe_always'));
  for (const host of ['a.test', 'a.test', 'b.test', 'b.test', 'a.test'])
    assert.equal((await client.exchange(`GET / HTTP/1.1\nHost: ${host}\n\n`)).status, 200);
  assert.equal(app.connections - before, 2);
});

test('a server is accepted with the right certificate only', async (t) => {
  assert.equal((await ask(t, 'verified')).status, 200);
  assert.equal((await ask(t, 'verified')).status, 200, 'a resumed session too');
  assert.equal((await ask(t, 'by_sni', 'GET / HTTP/1.1\nHost: a\nX-Name: app.test\n\n')).status, 200);
  assert.equal((await ask(t, 'by_sni', 'GET / HTTP/1.1\nHost: a\nX-Name: x.wild.test\n\n')).status, 200);
  assert.equal((await ask(t, 'by_sni', 'GET / HTTP/1.1\nHost: a\nX-Name: wrong.test\n\n')).status, 503);
  for (const name of ['wrong_ca', 'expired', 'revoked']) {
    assert.equal((await ask(t, name)).status, 503, name);
    assert.match((await log.waitFor(new RegExp(` ${name} ${name}/s `))).toString(), / 503 \d+ - - SC-- /);
    const row = await run.row(`${name}/s`);
    assert.deepEqual([row['econ'], row['ssl_failed_handshake'], row['ssl_sess']], ['1', '1', '0'], name);
  }
  assert.equal((await ask(t, 'not_revoked')).status, 200);
});

test('a client certificate is shown to who asks for one', async (t) => {
  assert.equal((await ask(t, 'with_crt')).status, 200);
  assert.equal(asking.last.peer, 'me');
  for (const name of ['without_crt', 'stranger']) assert.match(String((await ask(t, name)).status), /^50[23]$/, name);
});

test('versions that the server does not speak fail the handshake', async (t) => {
  assert.equal((await ask(t, 'only13')).status, 503);
  assert.equal((await ask(t, 'tls12')).status, 200);
});

test('a handshake that hangs ends with timeout connect, one that breaks at once', async (t) => {
  assert.equal((await ask(t, 'silent')).status, 503);
  assert.match((await log.waitFor(/ silent silent\/s /)).toString(), / sC-- /);
  for (const name of ['resetting', 'clear']) {
    assert.equal((await ask(t, name)).status, 503, name);
    assert.match((await log.waitFor(new RegExp(` ${name} ${name}/s `))).toString(), / SC-- /, name);
    assert.equal((await run.row(`${name}/s`))['ssl_failed_handshake'], '1');
  }
});

test('the PROXY protocol header comes before TLS', async (t) => {
  assert.equal((await ask(t, 'proxied')).text, 'ok');
  assert.match(introduced[0]!, /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\n$/);
});

test('sessions are resumed unless no-ssl-reuse says not to', async (t) => {
  for (const [name, reused] of [
    ['tls12', true],
    ['fresh', false],
  ] as const) {
    for (let i = 0; i < 3; i++) assert.equal((await ask(t, name)).status, 200);
    const row = await run.row(`${name}/s`);
    assert.ok(Number(row['ssl_sess']) + Number(row['ssl_reused_sess']) >= 3);
    if (reused) assert.ok(Number(row['ssl_reused_sess']) >= 2, `${row['ssl_reused_sess']}`);
    else assert.equal(row['ssl_reused_sess'], '0');
  }
});

test('mode tcp is carried over TLS', async (t) => {
  const client = await connect(t, run.port('fe_raw'));
  assert.equal((await client.exchange('GET / HTTP/1.1\nHost: a\n\n')).text, 'hello');
});

test('set server ssl off and on takes effect with the next connection', async (t) => {
  assert.equal((await ask(t, 'switched')).status, 200);
  await run.cli('set server switched/s ssl off');
  assert.equal((await ask(t, 'switched')).status, 502, 'the server is spoken to in the clear');
  assert.match(await run.cli('show servers state switched'), / 0 0 - - 0$/);
  await run.cli('set server switched/s ssl on');
  assert.equal((await ask(t, 'switched')).status, 200);
});

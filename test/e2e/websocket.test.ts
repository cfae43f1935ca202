import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import {
  type ClientHttp2Session,
  connect as connectH2,
  createServer as createH2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Server, Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { type Scope, within } from '../support/wait.ts';

// WebSockets between HTTP/1.1 (RFC 6455) and HTTP/2 (RFC 8441), either side. What goes through them is not looked at.

const log = await syslog({ after });
const sockets = new Set<Socket>();
/** Head of the last request that a server got. */
let asked: Record<string, unknown> = {};

async function listen(server: Server): Promise<number> {
  server.on('connection', (socket: Socket) => void sockets.add(socket.on('error', () => undefined)));
  after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' ? address!.port : 0;
}

const one = createServer((_request, response) => response.end('no')).on('upgrade', (request, socket) => {
  asked = { ...request.headers, path: request.url };
  if (request.url === '/refused') {
    socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
    return;
  }
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  const head = `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${accept}\r\nx-one: 1\r\n\r\n`;
  socket.write(`${head}hello `);
  socket.pipe(socket);
});

const echoes = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
  asked = { ...headers };
  stream.on('error', () => undefined);
  if (headers[':path'] === '/refused' || headers[':method'] !== 'CONNECT') {
    stream.respond({ ':status': 403 }, { endStream: true });
    return;
  }
  if (headers[':path'] === '/brief') {
    stream.respond({ ':status': 200 }, { endStream: true });
    return;
  }
  stream.respond({ ':status': 200, 'x-two': '2' });
  stream.write('hello ');
  stream.pipe(stream);
};
const ports = {
  one: await listen(one),
  two: await listen(createH2Server({ settings: { enableConnectProtocol: true } }).on('stream', echoes)),
  without: await listen(createH2Server().on('stream', echoes)),
  log: log.port,
};

const run = await start(
  { after },
  `
global
    nbthread 1
    log {addr:log} local0
    stats socket {sock:admin} level admin
defaults
    mode http
    log global
    option httplog
    retries 1
    timeout connect 2s
    timeout client 5s
    timeout server 5s
frontend fe_one
    bind {addr:fe_one}
    default_backend one
frontend fe_two
    bind {addr:fe_two}
    default_backend two
frontend fe_without
    bind {addr:fe_without}
    default_backend without
listen both
    bind {addr:both}
    http-request set-var(txn.version) req.ver
    http-request return status 200 unless { req.hdr(upgrade) -m found }
    http-after-response set-header x-version %[var(txn.version)]
    server s {addr:one}
listen ws_one
    bind {addr:ws_one}
    server s {addr:both} proto h2 ws h1
listen ws_two
    bind {addr:ws_two}
    server s {addr:both} ws h2
backend one
    server s {addr:one}
backend two
    server s {addr:two} proto h2
backend without
    server s {addr:without} proto h2
`,
  { ports },
);

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const UPGRADE = `Host: ws.test\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: ${KEY}\n\n`;

/** A WebSocket over HTTP/1.1: its response head, and how to speak. */
async function overOne(scope: Scope, name: string, path = '/chat') {
  const client = await connect(scope, run.port(name));
  client.send(`GET ${path} HTTP/1.1\r\n${UPGRADE.replaceAll('\n', '\r\n')}`);
  return client;
}

async function session(scope: Scope, name: string): Promise<ClientHttp2Session> {
  const made = connectH2(`http://127.0.0.1:${run.port(name)}`);
  made.on('error', () => undefined);
  scope.after(() => made.destroy());
  await within(new Promise((resolve) => made.once('remoteSettings', resolve)), 'settings');
  return made;
}

/** A WebSocket over HTTP/2. */
async function overTwo(scope: Scope, name: string, path = '/chat', more: OutgoingHttpHeaders = {}) {
  const made = await session(scope, name);
  assert.equal(made.remoteSettings.enableConnectProtocol, true);
  const stream = made.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'http',
    ':path': path,
    ':authority': 'ws.test',
    'sec-websocket-version': '13',
    ...more,
  });
  stream.on('error', () => undefined);
  let text = '';
  stream.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
  });
  const headers = await within(
    new Promise<IncomingHttpHeaders & { ':status'?: number }>((resolve) => {
      stream.once('response', resolve);
      stream.once('close', () => resolve({}));
    }),
    'a response',
  );
  const told = async (wanted: string) => {
    while (!text.includes(wanted))
      await within(new Promise((resolve) => stream.once('data', resolve)), () => `${wanted} in ${text}`);
    return text;
  };
  return { stream, headers, told };
}

const big = 'abcdefghij'.repeat(20_000);

describe('a WebSocket', () => {
  for (const [name, version] of [
    ['fe_one', 1],
    ['fe_two', 2],
  ] as const) {
    test(`from HTTP/1.1 to HTTP/${version}`, async (t) => {
      const client = await overOne(t, name);
      const head = await client.through('\r\n\r\n');
      assert.match(head, /^HTTP\/1\.1 101 /);
      assert.match(head, /^upgrade: websocket\r$/im);
      assert.match(head, /^sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r$/im);
      client.send(`${big}end`);
      assert.equal(await client.through('end'), `hello ${big}end`);
      assert.equal(asked[version === 1 ? 'path' : ':path'], '/chat');
      if (version === 2) {
        assert.deepEqual(
          [asked[':method'], asked[':protocol'], asked[':authority']],
          ['CONNECT', 'websocket', 'ws.test'],
        );
        assert.equal(asked['sec-websocket-key'], undefined);
        assert.equal(asked['sec-websocket-version'], '13');
      }
    });

    test(`from HTTP/2 to HTTP/${version}`, async (t) => {
      const { stream, headers, told } = await overTwo(t, name);
      assert.equal(headers[':status'], 200);
      assert.equal(headers[`x-${version === 1 ? 'one' : 'two'}`], String(version));
      assert.equal(headers['sec-websocket-accept'], undefined);
      stream.write(`${big}end`);
      assert.equal(await told('end'), `hello ${big}end`);
      if (version === 1) {
        assert.match(String(asked['sec-websocket-key']), /^[A-Za-z0-9+/]{22}==$/);
        assert.match(String(asked['connection']), /^upgrade$/i);
        assert.equal(asked['upgrade'], 'websocket');
        assert.equal(asked['host'], 'ws.test');
      } else assert.equal(asked[':protocol'], 'websocket');
      log.clear();
      stream.end();
      await within(new Promise((resolve) => stream.once('close', resolve)), 'the end');
      assert.match(await log.waitFor(/\/chat/), /" ?101 |\/\d+ 101 /);
    });

    if (version === 2)
      test('whose server has nothing to say', async (t) => {
        const client = await overOne(t, name, '/brief');
        assert.match(await client.rest(), /^HTTP\/1\.1 101 .*\r\n\r\n$/s);
        const { headers } = await overTwo(t, name, '/brief');
        assert.equal(headers[':status'], 200);
      });

    test(`that HTTP/${version} refuses`, async (t) => {
      assert.match(await (await overOne(t, name, '/refused')).through('\r\n\r\n'), /^HTTP\/1\.1 403 /);
      assert.equal((await overTwo(t, name, '/refused')).headers[':status'], 403);
    });
  }

  for (const [name, ws, plain] of [
    ['ws_one', '1.1', '2.0'],
    ['ws_two', '2.0', '1.1'],
  ] as const)
    test(`over HTTP/${ws} where other requests go over HTTP/${plain}`, async (t) => {
      for (const _ of [1, 2]) {
        const client = await connect(t, run.port(name));
        assert.equal((await client.exchange('GET / HTTP/1.1\nHost: x\n\n')).get('x-version'), plain);
        client.send(`GET /chat HTTP/1.1\r\n${UPGRADE.replaceAll('\n', '\r\n')}`);
        const head = await client.through('\r\n\r\n');
        assert.match(head, /^HTTP\/1\.1 101 /);
        assert.ok(head.includes(`x-version: ${ws}\r\n`), head);
        client.send('end');
        assert.equal(await client.through('end'), 'hello end');
      }
    });

  test('that a server of HTTP/2 does not know is answered with an error, and others go on', async (t) => {
    assert.match(await (await overOne(t, 'fe_without')).through('\r\n\r\n'), /^HTTP\/1\.1 50[23] /);
    assert.ok([502, 503].includes((await overTwo(t, 'fe_without')).headers[':status']!));
    const made = await session(t, 'fe_without');
    const plain = made.request({ ':path': '/plain' });
    const headers = await within(
      new Promise<IncomingHttpHeaders & { ':status'?: number }>((resolve) => plain.once('response', resolve)),
      'a response',
    );
    assert.equal(headers[':status'], 403);
  });

  test('without a path, or by another method, is malformed', async (t) => {
    for (const wrong of [
      { ':path': '' },
      { ':method': 'GET' },
      { ':protocol': 'web socket' },
    ] as OutgoingHttpHeaders[]) {
      const { headers } = await overTwo(t, 'fe_one', '/chat', wrong).catch(() => ({
        headers: {} as IncomingHttpHeaders,
      }));
      assert.equal(headers[':status'], undefined, JSON.stringify(wrong));
    }
  });
});

test('a server that switches to WebSocket without a proof has broken the rules, whatever was asked for', async (t) => {
  const raw = await origin(
    t,
    () => 'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n',
  );
  const own = await start(
    t,
    `
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
listen web
    bind {addr:web}
    server s {addr:raw}
`,
    { ports: { raw } },
  );
  const client = await connect(t, own.port('web'));
  client.send('GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n');
  assert.equal((await client.response()).status, 502);
});

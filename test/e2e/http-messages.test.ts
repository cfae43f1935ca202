import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, get, request } from '../support/connection.ts';
import { type Answer, origin, type Script } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { pause } from '../support/wait.ts';

// One origin for the whole file: what it does is said by the test, in the path: /<name>.
const scripts: Record<string, Script | Answer> = {
  '/plain': { body: 'hello', headers: { 'X-Mixed-Case': 'Kept As Is' } },
  '/chunked': { chunks: ['one,', 'two,', 'three'] },
  '/trailers': { chunks: ['body'], trailers: [['X-Checksum', 'abc']] },
  '/close-delimited': { body: 'until the end', framing: 'close' },
  '/no-content': { status: 204 },
  '/not-modified': { status: 304, headers: { ETag: '"v1"', 'Content-Length': '1234' } },
  '/length-on-head': { body: 'twelve bytes' },
  '/empty': { body: '' },
  '/echo': (req) => ({ body: req.body, headers: { 'x-had-chunks': String(req.chunks !== null) } }),
  '/server-closes': { body: 'bye', headers: { Connection: 'close' }, close: true },
  '/http10': { version: '1.0', body: 'old', framing: 'close' },
  '/early-hints': () =>
    'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
};
const app = await origin({ after }, (req, connection) => {
  const script = scripts[req.target];
  if (!script) return { status: 404, body: 'no such script' };
  return typeof script === 'function' ? script(req, connection) : script;
});
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend fe
    bind {addr:fe}
    default_backend be
backend be
    no option abortonclose
    server app {addr:app}
frontend fe_close
    bind {addr:close}
    option httpclose
    default_backend be
frontend fe_server_close
    bind {addr:srvclose}
    option http-server-close
    default_backend be
`,
  { ports: { app } },
);
const fe = run.port('fe');

const last = () => app.requests.at(-1)!;

test('header names are sent in lower case in both directions, values and order as they were', async () => {
  const response = await get(fe, '/plain', 'X-FIRST: A b  c', 'x-Second:  trimmed  ', 'X-first: again');
  assert.deepEqual(response.fields, [
    ['x-mixed-case', 'Kept As Is'],
    ['content-length', '5'],
    ['connection', 'close'],
  ]);
  assert.deepEqual(last().fields, [
    ['host', 'sluice.test'],
    ['x-first', 'A b  c'],
    ['x-second', 'trimmed'],
    ['x-first', 'again'],
  ]);
});

test('a connection serves one request after another', async (t) => {
  const client = await connect(t, fe);
  for (const path of ['/plain', '/chunked', '/empty', '/plain']) {
    const response = await client.exchange(`GET ${path} HTTP/1.1\nHost: x\n\n`);
    assert.equal(response.status, 200);
    assert.equal(response.get('connection'), undefined);
  }
});

test('Connection: close is answered with Connection: close and an end', async (t) => {
  const client = await connect(t, fe);
  const response = await client.exchange('GET /plain HTTP/1.1\nHost: x\nConnection: close\n\n');
  assert.equal(response.get('connection'), 'close');
  assert.equal(await client.rest(), '');
  assert.equal(last().get('connection'), undefined, 'the server side is kept for others');
});

test('an HTTP/1.0 client gets its answer and an end', async (t) => {
  const client = await connect(t, fe);
  const response = await client.exchange('GET /plain HTTP/1.0\nHost: x\n\n');
  assert.equal(response.version, 'HTTP/1.1');
  assert.equal(response.get('connection'), 'close');
  assert.equal(response.text, 'hello');
  assert.equal(await client.rest(), '');
  assert.equal(last().version, 'HTTP/1.0', 'the version is passed on, so that the server knows what it may send');
});

test('an HTTP/1.0 client that asks for keep-alive gets it', async (t) => {
  const client = await connect(t, fe);
  for (let i = 0; i < 2; i++) {
    const response = await client.exchange('GET /plain HTTP/1.0\nHost: x\nConnection: keep-alive\n\n');
    assert.equal(response.get('connection'), 'keep-alive');
  }
});

test('pipelined requests are answered in order', async (t) => {
  const client = await connect(t, fe);
  const ask = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  client.send(ask('/plain') + ask('/chunked') + ask('/empty') + ask('/trailers') + ask('/plain'));
  const texts: string[] = [];
  for (let i = 0; i < 5; i++) texts.push((await client.response('GET')).text);
  assert.deepEqual(texts, ['hello', 'one,two,three', '', 'body', 'hello']);
});

test('pipelined requests before a half-close are all answered, then the connection ends', async (t) => {
  const client = await connect(t, fe);
  client.send('GET /plain HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3));
  client.end();
  for (let i = 0; i < 3; i++) assert.equal((await client.response('GET')).text, 'hello');
  assert.equal(await client.rest(), '');
});

test('a request that arrives byte by byte is understood', async (t) => {
  const client = await connect(t, fe);
  for (const byte of 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc') {
    client.send(byte);
    await new Promise(setImmediate);
  }
  assert.equal((await client.response('POST')).text, 'abc');
});

test('empty lines before a request line are ignored', async (t) => {
  const client = await connect(t, fe);
  assert.equal((await client.exchange('\n\nGET /plain HTTP/1.1\nHost: x\n\n')).text, 'hello');
});

test('HEAD: the length is told and no body is sent', async (t) => {
  const client = await connect(t, fe);
  const response = await client.exchange('HEAD /length-on-head HTTP/1.1\nHost: x\n\n');
  assert.equal(response.get('content-length'), '12');
  assert.equal(response.body.length, 0);
  assert.equal((await client.exchange('GET /plain HTTP/1.1\nHost: x\n\n')).text, 'hello');
});

test('HEAD of a chunked resource tells chunked and sends no chunk', async (t) => {
  const client = await connect(t, fe);
  const response = await client.exchange('HEAD /chunked HTTP/1.1\nHost: x\n\n');
  assert.equal(response.get('transfer-encoding'), 'chunked');
  assert.equal((await client.exchange('GET /plain HTTP/1.1\nHost: x\n\n')).text, 'hello');
});

test('204 and 304 have no body, whatever length they tell', async (t) => {
  const client = await connect(t, fe);
  const empty = await client.exchange('GET /no-content HTTP/1.1\nHost: x\n\n');
  assert.equal(empty.status, 204);
  const same = await client.exchange('GET /not-modified HTTP/1.1\nHost: x\n\n');
  assert.equal(same.status, 304);
  assert.equal(same.get('etag'), '"v1"');
  assert.equal((await client.exchange('GET /plain HTTP/1.1\nHost: x\n\n')).text, 'hello');
});

test('a chunked request body reaches the server chunked', async (t) => {
  const client = await connect(t, fe);
  const response = await client.exchange(
    'POST /echo HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n4\nabcd\n3;ext=1\nefg\n0\n\n',
  );
  assert.equal(response.text, 'abcdefg');
  assert.equal(response.get('x-had-chunks'), 'true');
  assert.equal(last().get('transfer-encoding'), 'chunked');
});

test('a chunked response reaches the client chunked', async () => {
  const response = await request(fe, 'GET /chunked HTTP/1.1\nHost: x\n\n');
  assert.equal(response.text, 'one,two,three');
  assert.equal(response.get('transfer-encoding'), 'chunked');
  assert.equal(response.get('content-length'), undefined);
});

test('trailers pass in both directions', async () => {
  const response = await request(fe, 'GET /trailers HTTP/1.1\nHost: x\n\n');
  assert.deepEqual(response.trailers, [['x-checksum', 'abc']]);
  await request(fe, 'POST /echo HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n1\na\n0\nX-Sum: 1\n\n');
  assert.deepEqual(last().trailers, [['x-sum', '1']]);
});

test('a response without length ends with its connection and is closed towards the client', async (t) => {
  const client = await connect(t, fe);
  const response = await client.exchange('GET /close-delimited HTTP/1.1\nHost: x\n\n');
  assert.equal(response.text, 'until the end');
  assert.equal(response.get('transfer-encoding'), undefined);
  assert.equal(await client.rest(), '');
});

test('a server that closes leaves the client connection alive', async (t) => {
  const client = await connect(t, fe);
  const response = await client.exchange('GET /server-closes HTTP/1.1\nHost: x\n\n');
  assert.equal(response.text, 'bye');
  assert.equal(response.get('connection'), undefined);
  assert.equal((await client.exchange('GET /plain HTTP/1.1\nHost: x\n\n')).text, 'hello');
});

test('the version of an HTTP/1.0 server is passed on', async () => {
  const response = await get(fe, '/http10');
  assert.equal(response.version, 'HTTP/1.0');
  assert.equal(response.text, 'old');
});

test('interim responses pass before the final one', async (t) => {
  const client = await connect(t, fe);
  const hints = await client.exchange('GET /early-hints HTTP/1.1\nHost: x\n\n');
  assert.equal(hints.status, 103);
  assert.equal(hints.get('link'), '</a.css>');
  assert.equal((await client.response('GET')).text, 'ok');
});

test('httpclose closes both sides after each response', async (t) => {
  const client = await connect(t, run.port('close'));
  const response = await client.exchange('GET /plain HTTP/1.1\nHost: x\n\n');
  assert.equal(response.get('connection'), 'close');
  assert.equal(await client.rest(), '');
  assert.equal(last().get('connection'), 'close');
});

test('http-server-close keeps the client and closes the server side', async (t) => {
  const client = await connect(t, run.port('srvclose'));
  for (let i = 0; i < 2; i++) {
    const response = await client.exchange('GET /plain HTTP/1.1\nHost: x\n\n');
    assert.equal(response.get('connection'), undefined);
    assert.equal(last().get('connection'), 'close');
  }
  assert.notEqual(app.requests.at(-1)!.connection, app.requests.at(-2)!.connection);
});

test('Expect: 100-continue is passed on, and so is the 100 that comes back', async (t) => {
  const patient = await origin(
    t,
    async (req, connection) => {
      await connection.send('HTTP/1.1 100 Continue\r\n\r\n');
      return { body: (await connection.requestBody(req)).body };
    },
    { unread: true },
  );
  const own = await start(t, one('app'), { ports: { app: patient } });
  const client = await connect(t, own.port('fe'));
  client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
  const interim = await client.response('POST');
  assert.equal(interim.status, 100);
  assert.equal((await patient.nextRequest()).get('expect'), '100-continue');
  client.send('body');
  assert.equal((await client.response('POST')).text, 'body');
});

test('a response may come before the request body has been sent', async (t) => {
  const hasty = await origin(t, () => ({ status: 403, body: 'no' }), { unread: true });
  const own = await start(t, one('app'), { ports: { app: hasty } });
  const client = await connect(t, own.port('fe'));
  client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nonly this');
  const response = await client.response('POST');
  assert.equal(response.status, 403);
  assert.equal(response.text, 'no');
});

const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';

test('101 turns the connection into a tunnel in both directions, with half-close', async (t) => {
  const socket = await origin(t, async (_req, connection) => {
    await connection.send(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nfrom the server first;',
    );
    await connection.send(`you said: ${(await connection.rest()).toUpperCase()}`);
    connection.end();
    return null;
  });
  const own = await start(t, one('app'), { ports: { app: socket } });
  const client = await connect(t, own.port('fe'));
  client.send(`GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n\r\n`);
  const response = await client.response('GET');
  assert.equal(response.status, 101);
  assert.equal(response.get('upgrade'), 'websocket');
  assert.equal(response.get('connection')?.toLowerCase(), 'upgrade');
  const seen = await socket.nextRequest();
  assert.equal(seen.get('upgrade'), 'websocket');
  assert.equal(seen.get('connection')?.toLowerCase(), 'upgrade');
  assert.equal(await client.through(';'), 'from the server first;');
  client.send('\x00binary \xc0 ');
  await pause(5);
  client.send('and more');
  client.end();
  assert.equal(await client.rest(), 'you said: \x00BINARY \xc0 AND MORE');
});

test('a WebSocket request without a key is refused', async () => {
  const response = await request(fe, 'GET /chat HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: websocket\n\n');
  assert.equal(response.status, 400);
});

test('a WebSocket answer without its accept key is refused', async (t) => {
  const careless = await origin(t, () =>
    ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket', '', ''].join('\r\n'),
  );
  const own = await start(t, one('app'), { ports: { app: careless } });
  const response = await request(
    own.port('fe'),
    `GET /chat HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: websocket\n${key}\n\n`,
  );
  assert.equal(response.status, 502);
});

test('another protocol than WebSocket needs no key', async (t) => {
  const other = await origin(t, () => 'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: chat/2\r\n\r\nhi!');
  const own = await start(t, one('app'), { ports: { app: other } });
  const client = await connect(t, own.port('fe'));
  const response = await client.exchange('GET / HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: chat/2\n\n');
  assert.equal(response.status, 101);
  assert.equal(await client.through('!'), 'hi!');
});

test('a server that does not switch answers as usual', async (t) => {
  const client = await connect(t, fe);
  const ask = `GET /plain HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: websocket\n${key}\n\n`;
  assert.equal((await client.exchange(ask)).text, 'hello');
  assert.equal((await client.exchange('GET /plain HTTP/1.1\nHost: x\n\n')).text, 'hello');
});

test('CONNECT with a 200 becomes a tunnel', async (t) => {
  const proxy = await origin(t, async (_req, connection) => {
    await connection.send('HTTP/1.1 200 Connected\r\n\r\n');
    await connection.send(`echo:${await connection.through('!')}`);
    return null;
  });
  const own = await start(t, one('app'), { ports: { app: proxy } });
  const client = await connect(t, own.port('fe'));
  client.send('CONNECT example.net:443 HTTP/1.1\r\nHost: example.net:443\r\n\r\n');
  assert.equal((await client.response('CONNECT')).status, 200);
  assert.equal((await proxy.nextRequest()).target, 'example.net:443');
  client.send('hi!');
  assert.equal(await client.through('!'), 'echo:hi!');
});

function one(name: string): string {
  return `
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend fe
    bind {addr:fe}
    default_backend be
backend be
    server app {addr:${name}}
`;
}

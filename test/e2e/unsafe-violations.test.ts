import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, describe, test } from 'node:test';
import { connect, request } from '../support/connection.ts';
import { isHaproxy, start } from '../support/program.ts';
import { httpDefaults } from '../support/proxies.ts';
import { within } from '../support/wait.ts';

/* `option accept-unsafe-violations-in-http-request` and `-response`: what HAProxy 2.6 does under their old names, with what 3.4 says of header names and WebSocket. */

/** The head that the server got last, and what it answers. */
let got = '';
let answer = '';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', (bytes: Buffer) => {
    got = bytes.latin1Slice();
    socket.end(answer, 'latin1');
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => server.close());
const address = server.address();

const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
${httpDefaults()}
frontend relaxed
    bind {addr:relaxed}
    bind {addr:h2} proto h2
    option accept-invalid-http-request
    default_backend relaxed
backend relaxed
    option accept-invalid-http-response
    server s {addr:origin}
frontend strict
    bind {addr:strict}
    default_backend strict
backend strict
    server s {addr:origin}
`,
  { ports: { origin: typeof address === 'object' ? address!.port : 0 } },
);

/** What comes back to the bytes on a connection of its own. */
async function exchange(t: Parameters<typeof connect>[0], port: string, bytes: string): Promise<string> {
  got = '';
  const client = await connect(t, run.port(port));
  client.socket.setEncoding('latin1');
  let back = '';
  client.socket.on('data', (text: string) => {
    back += text;
  });
  client.socket.write(Buffer.from(bytes, 'latin1'));
  await within(new Promise((resolve) => client.socket.once('end', resolve)), 'the end of the connection');
  return back;
}

const HOST = '\r\nHost: a\r\nConnection: close\r\n\r\n';
/** Requests, and the first lines that the server gets of them; null: they are refused. */
const REQUESTS: readonly (readonly [string, string, string | null])[] = [
  ['HTTP/0.9', 'GET /x\r\n\r\n', 'GET /x HTTP/1.0'],
  ['HTTP/0.9 with another method', 'POST /x\r\n\r\n', null],
  ['another protocol', `GET /x RTSP/1.0${HOST}`, 'GET /x RTSP/1.0\r\nhost: a\r\nconnection: keep-alive'],
  ['a version of more digits', `GET /x HTTP/1.23${HOST}`, 'GET /x HTTP/1.23\r\nhost: a\r\nconnection: keep-alive'],
  ['a version above those there are', `GET /x HTTP/2.0${HOST}`, 'GET /x HTTP/1.1\r\nhost: a'],
  ['a version in small letters', `GET /x http/1.1${HOST}`, null],
  ['bytes above 127 in the target', `GET /\xe9x HTTP/1.1${HOST}`, 'GET /\xe9x HTTP/1.1\r\nhost: a'],
  ['DEL in the target', `GET /\x7f HTTP/1.1${HOST}`, null],
  ['a fragment', `GET /x#frag HTTP/1.1${HOST}`, 'GET /x#frag HTTP/1.1\r\nhost: a'],
  ['two hosts: target and field', `GET http://b/x HTTP/1.1${HOST}`, 'GET http://b/x HTTP/1.1\r\nhost: a'],
  ['two Host fields', `GET /x HTTP/1.1\r\nHost: b${HOST}`, null],
  ['CONNECT to no port', `CONNECT foo HTTP/1.1${HOST}`, 'CONNECT foo HTTP/1.1\r\nhost: a'],
  [
    'names that are none',
    `GET /x HTTP/1.1\r\nBad Name: 1\r\nB@d: 2\r\nB\xe9d : 3${HOST}`,
    'GET /x HTTP/1.1\r\nhost: a',
  ],
  ['NUL in a value', `GET /x HTTP/1.1\r\nV: a\0b${HOST}`, 'GET /x HTTP/1.1\r\nv: a\0b\r\nhost: a'],
  ['a line without a colon', `GET /x HTTP/1.1\r\nnothing${HOST}`, null],
  ['two lengths', `GET /x HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2${HOST}`, null],
  [
    'a WebSocket handshake without a key',
    'GET /x HTTP/1.1\r\nUpgrade: websocket\r\nHost: a\r\nConnection: upgrade, close\r\n\r\n',
    'GET /x HTTP/1.1\r\nupgrade: websocket\r\nhost: a\r\nconnection: upgrade',
  ],
];

/** Responses, and what the client gets of them; null: 502. */
const RESPONSES: readonly (readonly [string, string, string | null])[] = [
  ['another protocol', OK.replace('HTTP/1.1', 'RTSP/1.0'), 'RTSP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok'],
  ['a version of more digits', OK.replace('1.1', '1.23'), 'HTTP/1.23 200 OK\r\ncontent-length: 2\r\n\r\nok'],
  [
    'a longer status',
    OK.replace('200', '1200'),
    'HTTP/1.1 1200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok',
  ],
  ['a status above 65535', OK.replace('200', '65536'), null],
  [
    'names that are none',
    OK.replace('content', 'B@d: 1\r\ncontent'),
    OK.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'),
  ],
  [
    'NUL in a value',
    OK.replace('content', 'v: a\0b\r\ncontent'),
    'HTTP/1.1 200 OK\r\nv: a\0b\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok',
  ],
  [
    'an empty transfer-encoding',
    OK.replace('content', 'transfer-encoding:\r\ncontent'),
    'HTTP/1.1 200 OK\r\ntransfer-encoding: \r\nconnection: close\r\n\r\nok',
  ],
  [
    'chunked, chunked',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  ],
  [
    'chunked in two lines',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  ],
  ['gzip', OK.replace('content', 'transfer-encoding: gzip\r\ncontent'), null],
];
/** What 2.6 does otherwise. */
const NEWER = [
  'names that are none',
  'a WebSocket handshake without a key',
  'chunked, chunked',
  'chunked in two lines',
  'a status above 65535',
];
const cases = <T extends readonly [string, ...unknown[]]>(all: readonly T[]) =>
  isHaproxy ? all.filter(([name]) => !NEWER.includes(name)) : all;

describe('requests with mistakes that may pass', () => {
  for (const [name, bytes, expected] of cases(REQUESTS))
    test(name, async (t) => {
      answer = OK;
      const back = await exchange(t, 'relaxed', bytes);
      if (expected === null) {
        assert.match(back, /^HTTP\/1.1 400 /);
        assert.equal(got, '');
      } else {
        assert.match(back, /^HTTP\/1.1 200 [\s\S]*ok$/);
        assert.equal(got.slice(0, expected.length), expected);
        assert.match(got.slice(expected.length), /^\r\n(?:connection: keep-alive\r\n)?\r\n$/);
      }
      assert.match(await exchange(t, 'strict', bytes), /^HTTP\/1.1 400 /);
    });

  test('are kept for show errors, with the place of the mistake', async (t) => {
    answer = OK;
    await exchange(t, 'relaxed', `GET /kept HTTP/1.1\r\nB@d: 1${HOST}`);
    const shown = await run.cli('show errors');
    assert.match(
      shown,
      /frontend relaxed .*invalid request[\s\S]*error at position 21[\s\S]*GET \/kept HTTP[\s\S]*Host: a/,
    );
  });

  test('fit into one piece or many', async (t) => {
    answer = OK;
    const client = await connect(t, run.port('relaxed'));
    const ended = new Promise((resolve) => client.socket.once('end', resolve).resume());
    for (const char of `GET /\xe9 RTSP/1.0\r\nB@d: 1${HOST}`) {
      client.socket.write(Buffer.from(char, 'latin1'));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await within(ended, 'the end');
    assert.match(got, /^GET \/\xe9 RTSP\/1.0\r\nhost: a\r\n/);
  });
});

describe('responses with mistakes that may pass', () => {
  for (const [name, bytes, expected] of cases(RESPONSES))
    test(name, async (t) => {
      answer = bytes;
      const back = await exchange(t, 'relaxed', `GET / HTTP/1.1${HOST}`);
      if (expected === null) assert.match(back, /^HTTP\/1.1 502 /);
      else assert.equal(back, expected);
      const { status } = await request(run.port('strict'), 'GET / HTTP/1.1\nHost: a\n\n');
      assert.equal(status, 502);
    });
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { connect } from '../../support/connection.ts';
import { start } from '../../support/program.ts';
import { until } from '../../support/wait.ts';
import { block, END_HEADERS, END_STREAM, frame, headers, int32, PADDED, Peer, preface, settings, T } from './peer.ts';

// Servers of HTTP/2 that do what they may not do, or too much of what they may.

/** Speaks once the request of a connection is there. `first` is its stream. */
type Speak = (peer: Peer, first: number) => void;

interface Case {
  readonly name: string;
  readonly speak: Speak;
  /** What the client gets; 'cut': a response that ends too early. */
  readonly expect: readonly (number | 'cut')[];
  /** Sent before anything comes. */
  readonly hello?: Buffer;
}

const OK: readonly [string, string][] = [[':status', '200']];
const bad = [502];
const answer = (stream: number, fields: readonly (readonly [string, string])[] = OK, flags = END_STREAM) =>
  headers(stream, fields, flags);
const repeat = (bytes: Buffer, times: number) => Buffer.concat(Array.from({ length: times }, () => bytes));
const says = (...make: ((stream: number) => Buffer)[]): Speak => {
  return (peer, stream) => peer.send(...make.map((one) => one(stream)));
};
const data =
  (bytes: number, flags = 0) =>
  (stream: number) =>
    frame(T.data, flags, stream, Buffer.alloc(bytes, 'a'));
const begins = (stream: number) => answer(stream, OK, 0);

const CASES: readonly Case[] = [
  { name: 'garbage', hello: Buffer.from('this is no HTTP/2 at all\n'), speak: says(), expect: bad },
  {
    name: 'an answer of HTTP/1.1',
    hello: Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
    speak: says(),
    expect: bad,
  },
  { name: 'a good answer', speak: says(answer as Speak & ((s: number) => Buffer)), expect: [200] },
  { name: 'a frame larger than allowed', speak: says(begins, data(20_000, END_STREAM)), expect: ['cut', ...bad] },
  { name: 'a body without a head', speak: says(data(10, END_STREAM)), expect: bad },
  { name: 'a stream that nobody opened', speak: says(() => answer(2)), expect: bad },
  { name: 'a stream of ours that is not open yet', speak: says((stream) => answer(stream + 20)), expect: bad },
  {
    name: 'a push',
    speak: says((stream) => frame(T.push, END_HEADERS, stream, Buffer.concat([int32(2), block(OK)]))),
    expect: bad,
  },
  { name: 'a head for stream 0', speak: says(() => answer(0)), expect: bad },
  {
    name: 'padding longer than the frame',
    speak: says((s) => frame(T.headers, PADDED | END_HEADERS, s, Buffer.from([200, 1]))),
    expect: bad,
  },
  { name: 'a window of 0 more', speak: says(() => frame(T.window, 0, 0, int32(0))), expect: bad },
  {
    name: 'a window that overflows',
    speak: says(() => repeat(frame(T.window, 0, 0, int32(0x7fff_ffff)), 2)),
    expect: bad,
  },
  {
    name: 'a window of a stream that overflows',
    speak: says((s) => repeat(frame(T.window, 0, s, int32(0x7fff_ffff)), 2)),
    expect: bad,
  },
  { name: 'settings out of range', speak: says(() => settings([4, 0x8000_0000])), expect: bad },
  { name: 'a largest frame of 1', speak: says(() => settings([5, 1])), expect: bad },
  { name: 'settings of 5 bytes', speak: says(() => frame(T.settings, 0, 0, 'abcde')), expect: bad },
  { name: 'settings without end', speak: says(() => repeat(settings([3, 100]), 20_000)), expect: bad },
  { name: 'pings without end', speak: says(() => repeat(frame(T.ping, 0, 0, '12345678'), 20_000)), expect: bad },
  {
    name: 'empty data without end',
    speak: says(begins, (s) => repeat(frame(T.data, 0, s), 20_000)),
    expect: ['cut', ...bad],
  },
  {
    name: 'priorities without end',
    speak: says((s) => repeat(frame(T.priority, 0, s, Buffer.alloc(5)), 20_000)),
    expect: bad,
  },
  {
    name: 'interim responses without end',
    speak: says((s) => repeat(answer(s, [[':status', '103']], 0), 20_000)),
    expect: [103, ...bad],
  },
  {
    name: 'continuations without end',
    speak: says(
      (s) => frame(T.headers, 0, s, block(OK)),
      (s) => repeat(frame(T.continuation, 0, s, block([['a', 'b']])), 20_000),
    ),
    expect: bad,
  },
  {
    name: 'a head without end',
    speak: says((s) =>
      answer(s, [...OK, ...Array.from({ length: 60 }, (_, i) => [`x-${i}`, 'v'.repeat(220)] as const)]),
    ),
    expect: [200, ...bad],
  },
  {
    name: 'another frame between the pieces of a head',
    speak: says(
      (s) => frame(T.headers, 0, s, block(OK)),
      () => frame(T.ping, 0, 0, '12345678'),
    ),
    expect: bad,
  },
  { name: 'resets without end', speak: says((s) => repeat(frame(T.rst, 0, s, int32(8)), 20_000)), expect: bad },
  { name: 'resets of streams that are not open', speak: says(() => frame(T.rst, 0, 99, int32(8))), expect: bad },
  {
    name: 'more data than the window',
    speak: says(begins, ...Array.from({ length: 2000 }, () => data(16_384))),
    expect: ['cut'],
  },
  {
    name: 'a head that cannot be decoded',
    speak: says((s) => frame(T.headers, END_HEADERS | END_STREAM, s, Buffer.from([0xff, 0xff, 0xff]))),
    expect: bad,
  },
  { name: 'no status', speak: says((s) => answer(s, [['a', 'b']])), expect: bad },
  { name: 'two statuses', speak: says((s) => answer(s, [...OK, ...OK])), expect: bad },
  { name: 'a status that is none', speak: says((s) => answer(s, [[':status', '20']])), expect: bad },
  { name: 'switching protocols', speak: says((s) => answer(s, [[':status', '101']], 0)), expect: bad },
  { name: 'a connection header', speak: says((s) => answer(s, [...OK, ['connection', 'close']])), expect: bad },
  { name: 'a name in upper case', speak: says((s) => answer(s, [...OK, ['Abc', 'x']])), expect: bad },
  { name: 'a value with a line end', speak: says((s) => answer(s, [...OK, ['abc', 'x\r\ny: z']])), expect: bad },
  {
    name: 'two lengths',
    speak: says((s) => answer(s, [...OK, ['content-length', '1'], ['content-length', '2']], 0)),
    expect: bad,
  },
  {
    name: 'less than its length',
    speak: says((s) => answer(s, [...OK, ['content-length', '9']], 0), data(3, END_STREAM)),
    expect: ['cut', ...bad],
  },
  {
    name: 'more than its length',
    speak: says((s) => answer(s, [...OK, ['content-length', '3']], 0), data(9, END_STREAM)),
    expect: ['cut', 200, ...bad],
  },
  { name: 'trailers that are a head', speak: says(begins, data(3), (s) => answer(s)), expect: ['cut', ...bad] },
  { name: 'data behind the end', speak: says((s) => answer(s), data(3)), expect: [200] },
  {
    name: 'goodbye behind the head',
    speak: says(begins, (s) => frame(T.goaway, 0, 0, Buffer.concat([int32(s), int32(0)])), data(5, END_STREAM)),
    expect: [200],
  },
  {
    name: 'goodbye before the request',
    speak: says(() => frame(T.goaway, 0, 0, Buffer.concat([int32(0), int32(0)]))),
    expect: [502, 503],
  },
  {
    name: 'an end in the middle of a frame',
    speak: (peer, s) => void peer.socket.end(Buffer.concat([begins(s), data(100)(s).subarray(0, 50)])),
    expect: ['cut', ...bad],
  },
  {
    name: 'an end in the middle of a head',
    speak: (peer, s) => void peer.socket.end(answer(s).subarray(0, 8)),
    expect: bad,
  },
  { name: 'nothing', speak: says(), expect: [504] },
];

async function misbehaving({ speak, hello }: Case): Promise<number> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    // The preface comes before the frames.
    let head = Buffer.alloc(0);
    const take = (bytes: Buffer) => {
      head = Buffer.concat([head, bytes]);
      if (head.length < preface.length) return;
      socket.off('data', take);
      const peer = new Peer(socket);
      socket.emit('data', head.subarray(preface.length));
      if (hello !== undefined) peer.send(hello);
      void peer
        .next(({ type }) => type === T.headers, 'a request')
        .then((request) => {
          if (request === null) return;
          if (hello === undefined) peer.send(settings());
          speak(peer, request.stream);
        });
    };
    socket.on('data', take);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' ? address!.port : 0;
}

const ports = Object.fromEntries(
  await Promise.all(CASES.map(async (one, i) => [`s${i}`, await misbehaving(one)] as const)),
);
const run = await start(
  { after },
  `
global
    nbthread 1
    stats socket {sock:admin} level admin
defaults
    mode http
    retries 1
    timeout connect 2s
    timeout client 5s
    timeout server 2s
frontend main
    bind {addr:main}
    use_backend %[path,word(1,/)]
${CASES.map((_, i) => `backend b${i}\n    server s {addr:s${i}} proto h2\n`).join('')}`,
  { ports },
);

const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${run.pid}/status`, 'latin1'))![1]);

describe('a server of HTTP/2 that sends', () => {
  for (const [i, { name, expect }] of CASES.entries())
    test(`${name}: ${expect.join(' or ')}`, async (t) => {
      const client = await connect(t, run.port('main'));
      await client.send(`GET /b${i} HTTP/1.1\r\nHost: a\r\n\r\n`);
      const status = await client.response().then(
        (response) => response.status,
        () => 'cut' as const,
      );
      assert.ok(expect.includes(status), String(status));
    });

  test('nothing of it is left', async () => {
    await until('no connection', async () => {
      const rows = await run.stat();
      return rows.every((row) => row['pxname'] === undefined || row['svname'] !== 's' || row['scur'] === '0');
    });
    assert.equal((await run.row('main/FRONTEND'))['eint'] ?? '0', '0');
    assert.ok(memory() < 400_000, `${memory()} kB`);
  });
});

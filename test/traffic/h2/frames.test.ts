import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, suite, test } from 'node:test';
import { origin } from '../../support/origin.ts';
import { start } from '../../support/program.ts';
import { pause, until } from '../../support/wait.ts';
import {
  block,
  END_HEADERS,
  END_STREAM,
  frame,
  GET,
  headers,
  int32,
  PADDED,
  Peer,
  preface,
  settings,
  T,
} from './peer.ts';

const PROTOCOL = 1;
const FLOW_CONTROL = 3;
const STREAM_CLOSED = 5;
const FRAME_SIZE = 6;
const REFUSED = 7;
const COMPRESSION = 9;
const CALM = 11;

const big = Buffer.from(Array.from({ length: 30_000 }, (_, i) => `${i};`).join(''));

const app = await origin({ after }, async (request) => {
  if (request.target === '/big') return { body: big };
  if (request.target === '/echo')
    return { body: request.body, headers: { 'x-trailers': JSON.stringify(request.trailers) } };
  if (request.target === '/trailers') return { chunks: ['body'], trailers: [['X-Sum', '1']] };
  if (request.target === '/slow') return null;
  return { body: 'ok' };
});

/** A server that answers without end; how much it could send. */
const endless = { sent: 0, port: 0 };
const filler = Buffer.alloc(65_536, 'z');
const source = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('end', () => socket.destroy());
  socket.once('data', () => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const more = (): void => {
      while (socket.writable && socket.write(filler)) endless.sent += filler.length;
    };
    socket.on('drain', more);
    more();
  });
});
await new Promise<void>((resolve) => source.listen(0, '127.0.0.1', resolve));
endless.port = (source.address() as { port: number }).port;
after(() => source.close());

const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
    tune.h2.max-concurrent-streams 5
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend h2
    bind {addr:h2} proto h2
    use_backend endless if { path /endless }
    default_backend be
frontend either
    bind {addr:either}
    default_backend be
backend be
    http-reuse never
    server app {addr:app}
backend endless
    server app {addr:endless}
`,
  { ports: { app, endless } },
);

const open = (hello?: Buffer | null) => Peer.open({ after }, run.port('h2'), hello);
const asked = (fields: Record<string, string>, extra: [string, string][] = []): [string, string][] => [
  ...GET.map(([name, value]): [string, string] => [name, fields[name] ?? value]),
  ...extra,
];

suite('HTTP/2 connections', () => {
  const request = headers(1, asked({ ':path': '/slow' }));
  const connectionErrors: [string, Buffer[], number][] = [
    ['DATA on stream 0', [frame(T.data, 0, 0, 'x')], PROTOCOL],
    ['HEADERS on stream 0', [headers(0)], PROTOCOL],
    ['HEADERS on an even stream', [headers(2)], PROTOCOL],
    ['SETTINGS on a stream', [frame(T.settings, 0, 1)], PROTOCOL],
    ['PING on a stream', [frame(T.ping, 0, 1, '12345678')], PROTOCOL],
    ['GOAWAY on a stream', [frame(T.goaway, 0, 1, '12345678')], PROTOCOL],
    ['PUSH_PROMISE', [frame(T.push, 4, 1, int32(2))], PROTOCOL],
    ['PRIORITY on stream 0', [frame(T.priority, 0, 0, '12345')], PROTOCOL],
    ['CONTINUATION without HEADERS', [frame(T.continuation, 4, 1, '')], PROTOCOL],
    [
      'another frame inside a header block',
      [frame(T.headers, 0, 1, block(GET)), frame(T.ping, 0, 0, '12345678')],
      PROTOCOL,
    ],
    ['CONTINUATION of another stream', [frame(T.headers, 0, 1, block(GET)), frame(T.continuation, 4, 3, '')], PROTOCOL],
    ['HEADERS of another stream inside a block', [frame(T.headers, 0, 1, block(GET)), headers(3)], PROTOCOL],
    ['DATA on an idle stream', [frame(T.data, 0, 1, 'x')], PROTOCOL],
    ['RST_STREAM on an idle stream', [frame(T.rst, 0, 1, int32(8))], PROTOCOL],
    ['WINDOW_UPDATE on an idle stream', [frame(T.window, 0, 1, int32(1))], PROTOCOL],
    ['HEADERS that is all padding', [frame(T.headers, PADDED | END_HEADERS | END_STREAM, 1, '\x05abcd')], PROTOCOL],
    [
      'HEADERS that says it is padded and is empty',
      [frame(T.headers, PADDED | 0x20 | END_HEADERS | END_STREAM, 1, '')],
      FRAME_SIZE,
    ],
    ['HEADERS too short for their priority', [frame(T.headers, 0x20 | END_HEADERS | END_STREAM, 1, 'ab')], FRAME_SIZE],
    ['RST_STREAM of 3 bytes on the connection', [frame(T.rst, 0, 0, '123')], PROTOCOL],
    ['DATA padded beyond its end', [request, frame(T.data, PADDED, 1, '\x04abc')], PROTOCOL],
    ['window increment of 0', [frame(T.window, 0, 0, int32(0))], PROTOCOL],
    ['connection window beyond 2^31-1', [frame(T.window, 0, 0, int32(0x7fffffff))], FLOW_CONTROL],
    ['initial window beyond 2^31-1', [settings([4, 0x80000000])], FLOW_CONTROL],
    ['frame size below 2^14', [settings([5, 16_383])], PROTOCOL],
    ['frame size above 2^24-1', [settings([5, 16_777_216])], PROTOCOL],
    ['ENABLE_PUSH of 2', [settings([2, 2])], PROTOCOL],
    ['SETTINGS of 5 bytes', [frame(T.settings, 0, 0, '12345')], FRAME_SIZE],
    ['SETTINGS acknowledged with content', [frame(T.settings, 1, 0, '123456')], FRAME_SIZE],
    ['PING of 7 bytes', [frame(T.ping, 0, 0, '1234567')], FRAME_SIZE],
    ['PRIORITY of 4 bytes', [frame(T.priority, 0, 1, '1234')], FRAME_SIZE],
    ['RST_STREAM of 3 bytes', [request, frame(T.rst, 0, 1, '123')], FRAME_SIZE],
    ['WINDOW_UPDATE of 3 bytes', [frame(T.window, 0, 0, '123')], FRAME_SIZE],
    ['a frame above 2^14', [frame(T.data, 0, 0, Buffer.alloc(16_385))], FRAME_SIZE],
    ['a header block that is no HPACK', [frame(T.headers, END_HEADERS | END_STREAM, 1, '\x80')], COMPRESSION],
    [
      'trailers that are no HPACK',
      [
        headers(1, asked({ ':method': 'POST', ':path': '/slow' }), 0),
        frame(T.headers, END_HEADERS | END_STREAM, 1, '\x80'),
      ],
      COMPRESSION,
    ],
    [
      'trailers that end nothing',
      [headers(1, asked({ ':method': 'POST', ':path': '/slow' }), 0), headers(1, [['a', 'b']], 0)],
      PROTOCOL,
    ],
    ['a stream below the last one', [headers(5, asked({ ':path': '/slow' })), headers(3)], STREAM_CLOSED],
    [
      'a header block in endless pieces',
      [frame(T.headers, 0, 1, block(GET)), ...Array.from({ length: 100 }, () => frame(T.continuation, 0, 1, ''))],
      CALM,
    ],
    [
      'a header block without end',
      [
        frame(T.headers, 0, 1, block(GET)),
        ...Array.from({ length: 12 }, () => frame(T.continuation, 0, 1, Buffer.alloc(16_000))),
      ],
      CALM,
    ],
    ['a flood of SETTINGS', Array.from({ length: 1100 }, () => settings()), CALM],
    ['a flood of PINGs', Array.from({ length: 1100 }, () => frame(T.ping, 0, 0, '12345678')), CALM],
    ['a flood of PRIORITY', Array.from({ length: 1100 }, () => frame(T.priority, 0, 1, '12345')), CALM],
    ['a flood of unknown frames', Array.from({ length: 1100 }, () => frame(77, 0, 0, '')), CALM],
    [
      'a flood of empty DATA',
      [
        headers(1, asked({ ':method': 'POST', ':path': '/slow' }), 0),
        ...Array.from({ length: 1100 }, () => frame(T.data, 0, 1, '')),
      ],
      CALM,
    ],
    [
      'a flood of requests that are reset at once',
      Array.from({ length: 1100 }, (_, i) =>
        Buffer.concat([headers(2 * i + 1, asked({ ':path': '/slow' })), frame(T.rst, 0, 2 * i + 1, int32(8))]),
      ),
      CALM,
    ],
    [
      'a flood of requests beyond the limit',
      Array.from({ length: 1200 }, (_, i) => headers(2 * i + 1, asked({ ':path': '/slow' }))),
      CALM,
    ],
  ];
  for (const [name, frames, code] of connectionErrors) {
    test(`${name} ends the connection`, async () => {
      const peer = await open();
      peer.send(...frames);
      assert.equal(await peer.goaway(), code);
      await until('the end of the connection', () => peer.ended);
    });
  }

  test('a wrong preface ends the connection', async () => {
    const peer = await open(Buffer.from('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n'));
    assert.ok([null, PROTOCOL].includes(await peer.goaway()));
    await until('the end of the connection', () => peer.ended);
  });

  test('a preface that comes byte by byte is understood, by both kinds of listeners', async () => {
    for (const name of ['h2', 'either']) {
      const peer = await Peer.open({ after }, run.port(name), null);
      peer.socket.setNoDelay(true);
      for (const byte of Buffer.concat([preface, settings(), headers(1)])) {
        peer.send(Buffer.from([byte]));
        await pause(0);
      }
      assert.equal((await peer.body(1)).toString(), 'ok', name);
    }
  });

  test('unknown frames, settings and flags are passed over', async () => {
    const peer = await open();
    peer.send(
      settings([0x99, 1], [1, 0]),
      frame(0xee, 0xff, 0, 'x'),
      frame(T.ping, 1, 0, '12345678'),
      frame(T.headers, END_HEADERS | END_STREAM | 0xc0, 1, block(GET)),
    );
    assert.equal((await peer.body(1)).toString(), 'ok');
    assert.ok(await peer.alive());
  });

  test('padding and priority are taken off', async () => {
    const peer = await open();
    const padded = Buffer.concat([
      Buffer.from([3]),
      int32(0),
      Buffer.from([9]),
      block(asked({ ':method': 'POST', ':path': '/echo' })),
      Buffer.alloc(3),
    ]);
    peer.send(
      frame(T.headers, END_HEADERS | PADDED | 0x20, 1, padded),
      frame(T.data, PADDED, 1, '\x02ab\0\0'),
      frame(T.data, PADDED | END_STREAM, 1, '\0cd'),
    );
    assert.equal((await peer.body(1)).toString(), 'abcd');
  });

  test('a head in pieces is one head', async () => {
    const peer = await open();
    const bytes = block(asked({}, [['x-long', 'y'.repeat(500)]]));
    peer.send(frame(T.headers, END_STREAM, 1, bytes.subarray(0, 1)));
    for (let at = 1; at < 11; at++) peer.send(frame(T.continuation, 0, 1, bytes.subarray(at, at + 1)));
    peer.send(frame(T.continuation, END_HEADERS, 1, bytes.subarray(11)));
    assert.equal((await peer.body(1)).toString(), 'ok');
  });
});

suite('simple peers', () => {
  test('the settings and their acknowledgement come first, then the window of the connection', async () => {
    const peer = await Peer.open({ after }, run.port('h2'), preface);
    await peer.next((f) => f.type === T.settings, 'SETTINGS');
    peer.send(settings());
    await peer.next((f) => f.type === T.window, 'WINDOW_UPDATE');
    assert.deepEqual(
      peer.frames.map(({ type, flags }) => [type, flags]),
      [
        [T.settings, 0],
        [T.settings, 1],
        [T.window, 0],
      ],
    );
  });

  // RFC 7541, 4.2: who wants a smaller table is told of it at the next header block; nobody else need understand that.
  for (const [name, limits, first] of [
    ['nothing', [], 0x88],
    ['a larger one', [65_536], 0x88],
    ['none', [0], 0x20],
    ['none and then a larger one', [0, 65_536], 0x20],
  ] as const)
    test(`a peer that says of the table: ${name}`, async () => {
      const peer = await Peer.open(
        { after },
        run.port('h2'),
        Buffer.concat([preface, settings(...limits.map((limit) => [1, limit] as const))]),
      );
      peer.send(headers(1), headers(3));
      const heads = [];
      for (const id of [1, 3]) heads.push(await peer.next((f) => f.type === T.headers && f.stream === id, 'a head'));
      assert.deepEqual(
        heads.map((head) => head!.payload[0]),
        [first, 0x88],
      );
    });

  test('blanks around the values of fields are taken off', async () => {
    const peer = await open();
    peer.send(
      headers(
        1,
        asked({}, [
          ['x-blank', ' \ta b '],
          ['content-length', ' 0 '],
          ['x-none', '  '],
        ]),
      ),
    );
    assert.equal((await peer.body(1)).toString(), 'ok');
    const fields = new Map(app.requests.at(-1)!.fields);
    assert.deepEqual([fields.get('x-blank'), fields.get('content-length'), fields.get('x-none')], ['a b', '0', '']);
  });

  test('the authority stands in the place of the host header', async () => {
    const peer = await open();
    peer.send(
      headers(
        1,
        asked({}, [
          ['host', 'b.test'],
          ['host', 'c.test'],
        ]),
      ),
    );
    assert.equal((await peer.body(1)).toString(), 'ok');
    const { fields } = app.requests.at(-1)!;
    assert.deepEqual(
      fields.filter(([name]) => name === 'host'),
      [['host', 'a.test']],
    );
  });
});

suite('HTTP/2 streams', () => {
  const bad: [string, [string, string][]][] = [
    ['no method', GET.filter(([name]) => name !== ':method')],
    ['no scheme', GET.filter(([name]) => name !== ':scheme')],
    ['no path', GET.filter(([name]) => name !== ':path')],
    ['an empty path', asked({ ':path': '' })],
    ['a path that is none', asked({ ':path': 'a' })],
    ['a path with a blank', asked({ ':path': '/a b' })],
    ['a path with a line end', asked({ ':path': '/a\r\nx: y' })],
    ['a method with a blank', asked({ ':method': 'GET /x' })],
    ['an authority with header lines', asked({ ':authority': 'a\r\nx-injected: y' })],
    ['an authority with a blank', asked({ ':authority': 'a b' })],
    ['an authority with user information', asked({ ':authority': 'u:p@a' })],
    ['a scheme that is none', asked({ ':scheme': 'ht tp' })],
    ['a pseudo header twice', asked({}, [[':path', '/']])],
    ['an unknown pseudo header', asked({}, [[':other', 'x']])],
    ['a response pseudo header', asked({}, [[':status', '200']])],
    ['a pseudo header behind a field', [...GET.slice(0, 3), ['a', 'b'], GET[3]!]],
    ['a name in upper case', asked({}, [['Abc', 'x']])],
    ['a name with a colon', asked({}, [['a:b', 'x']])],
    ['an empty name', asked({}, [['', 'x']])],
    ['a value with a line end', asked({}, [['a', 'x\ny: z']])],
    ['two hosts and no authority', [...GET.slice(0, 3), ['host', 'a.test'], ['host', 'b.test']]],
    ['a value with NUL', asked({}, [['a', 'x\0']])],
    ['connection', asked({}, [['connection', 'close']])],
    ['transfer-encoding', asked({}, [['transfer-encoding', 'chunked']])],
    ['te other than trailers', asked({}, [['te', 'gzip']])],
    [
      'two lengths',
      asked({}, [
        ['content-length', '0'],
        ['content-length', '1'],
      ]),
    ],
    ['a length that is no number', asked({}, [['content-length', '+1']])],
    ['a length and no body', asked({}, [['content-length', '3']])],
    [
      'too many fields',
      asked(
        {},
        Array.from({ length: 210 }, (_, i) => [`x-${i}`, 'y']),
      ),
    ],
    [
      'too large a head',
      asked({}, [
        ['x', 'y'.repeat(16_200)],
        ['z', 'y'.repeat(100)],
      ]),
    ],
  ];
  for (const [name, fields] of bad) {
    test(`${name}: the request is refused, the connection goes on`, async () => {
      const before = app.requests.length;
      const peer = await open();
      const bytes = block(fields);
      if (bytes.length <= 16_384) peer.send(frame(T.headers, END_HEADERS | END_STREAM, 1, bytes));
      else
        peer.send(
          frame(T.headers, END_STREAM, 1, bytes.subarray(0, 16_000)),
          frame(T.continuation, END_HEADERS, 1, bytes.subarray(16_000)),
        );
      assert.equal(await peer.reset(1), PROTOCOL);
      peer.send(headers(3));
      assert.equal((await peer.body(3)).toString(), 'ok');
      assert.equal(app.requests.length, before + 1);
    });
  }

  const post = (extra: [string, string][] = []) => headers(1, asked({ ':method': 'POST', ':path': '/slow' }, extra), 0);
  const streamErrors: [string, Buffer[], number][] = [
    [
      'a body shorter than its length',
      [post([['content-length', '5']]), frame(T.data, END_STREAM, 1, 'abc')],
      PROTOCOL,
    ],
    ['a body longer than its length', [post([['content-length', '3']]), frame(T.data, 0, 1, 'abcd')], PROTOCOL],
    ['DATA behind the end', [post(), frame(T.data, END_STREAM, 1, 'x'), frame(T.data, 0, 1, 'y')], STREAM_CLOSED],
    [
      'DATA behind a head that was all',
      [headers(1, asked({ ':path': '/slow' })), frame(T.data, 0, 1, 'y')],
      STREAM_CLOSED,
    ],
    ['trailers behind the end', [post(), frame(T.data, END_STREAM, 1, 'x'), headers(1, [['a', 'b']])], STREAM_CLOSED],
    ['trailers with a pseudo header', [post(), headers(1, [[':path', '/']])], PROTOCOL],
    ['a window increment of 0', [post(), frame(T.window, 0, 1, int32(0))], PROTOCOL],
    ['a window beyond 2^31-1', [post(), frame(T.window, 0, 1, int32(0x7fffffff))], FLOW_CONTROL],
    [
      'DATA beyond the window',
      [post(), ...Array.from({ length: 9 }, () => frame(T.data, 0, 1, Buffer.alloc(16_384)))],
      FLOW_CONTROL,
    ],
  ];
  for (const [name, frames, code] of streamErrors) {
    test(`${name} ends the stream, the connection goes on`, async () => {
      const peer = await open();
      peer.send(...frames);
      assert.equal(await peer.reset(1), code);
      assert.ok(await peer.alive());
      peer.send(headers(3));
      assert.equal((await peer.body(3)).toString(), 'ok');
    });
  }

  test('what was on its way to a stream that was reset is passed over', async () => {
    const peer = await open();
    peer.send(headers(1, asked({ ':path': '' }), 0));
    assert.equal(await peer.reset(1), PROTOCOL);
    peer.send(
      frame(T.data, 0, 1, 'late'),
      headers(1, [['late', 'trailer']]),
      frame(T.window, 0, 1, int32(5)),
      frame(T.rst, 0, 1, int32(8)),
    );
    assert.ok(await peer.alive());
  });

  test('a client that says that it goes is served what it has asked for, and the connection ends then', async () => {
    const goaway = frame(T.goaway, 0, 0, Buffer.alloc(8));
    const peer = await open();
    peer.send(headers(1, asked({ ':method': 'POST', ':path': '/echo' }), 0));
    assert.ok(await peer.alive());
    peer.send(goaway, headers(3), frame(T.data, END_STREAM, 1, 'abc'));
    assert.equal(await peer.goaway(), null);
    const sent = peer.frames.filter(({ type, payload }) => type === T.data && payload.length > 0);
    assert.deepEqual(sent.map(({ stream, payload }) => `${stream} ${payload}`).sort(), ['1 abc', '3 ok']);
    const idle = await open();
    idle.send(goaway);
    assert.equal(await idle.goaway(), null);
  });

  test('streams beyond the limit are refused, and served once there is room', async () => {
    const peer = await open();
    for (let id = 1; id <= 11; id += 2) peer.send(headers(id, asked({ ':path': '/slow' })));
    assert.equal(await peer.reset(11), REFUSED);
    peer.send(frame(T.rst, 0, 1, int32(8)), headers(13));
    assert.equal((await peer.body(13)).toString(), 'ok');
  });

  test('trailers go both ways', async () => {
    const peer = await open();
    peer.send(
      headers(1, asked({ ':method': 'POST', ':path': '/echo' }), 0),
      frame(T.data, 0, 1, 'abc'),
      headers(1, [['x-sum', '7']]),
    );
    assert.equal((await peer.body(1)).toString(), 'abc');
    assert.deepEqual(app.requests.at(-1)!.trailers, [['x-sum', '7']]);
    peer.send(headers(3, asked({ ':path': '/trailers' })));
    assert.equal((await peer.body(3)).toString(), 'body');
    const last = peer.frames.at(-1)!;
    assert.deepEqual([last.type, last.payload.includes('x-sum')], [T.headers, true]);
  });

  test('a response keeps to a small window, whatever it is changed to', async () => {
    const peer = await open(Buffer.concat([preface, settings([4, 10])]));
    peer.send(headers(1, asked({ ':path': '/big' })));
    const received = () =>
      peer.frames.filter((f) => f.stream === 1 && f.type === T.data).reduce((sum, f) => sum + f.payload.length, 0);
    await until('10 bytes', () => received() === 10);
    peer.send(settings([4, 4]), frame(T.window, 0, 1, int32(3)));
    assert.ok(await peer.alive());
    assert.equal(received(), 10, 'the window is negative');
    peer.send(frame(T.window, 0, 1, int32(13)));
    await until('20 bytes', () => received() === 20);
    peer.send(frame(T.window, 0, 1, int32(1_000_000)));
    await until('the connection window is used up', () => received() === 65_535);
    assert.ok(await peer.alive());
    assert.equal(received(), 65_535);
    peer.send(frame(T.window, 0, 0, int32(1_000_000)));
    await until('the end', () =>
      peer.frames.some((f) => f.stream === 1 && f.type === T.data && (f.flags & END_STREAM) !== 0),
    );
    assert.ok(
      Buffer.concat(peer.frames.filter((f) => f.stream === 1 && f.type === T.data).map((f) => f.payload)).equals(big),
    );
  });

  test('an empty end is sent while the window is negative', async () => {
    const peer = await open(Buffer.concat([preface, settings([4, 2])]));
    peer.send(headers(1, asked({ ':path': '/' })));
    const data = await peer.next((f) => f.type === T.data, 'DATA');
    assert.equal(data!.payload.toString(), 'ok');
    peer.send(settings([4, 0]));
    assert.ok(await peer.alive());
  });

  test('a client that reads nothing holds its server back', async () => {
    const peer = await open(
      Buffer.concat([preface, settings([4, 0x7fffffff]), frame(T.window, 0, 0, int32(0x7fff0000 - 65_535))]),
    );
    peer.send(headers(1, asked({ ':path': '/endless' })));
    await peer.next((f) => f.type === T.data, 'DATA');
    peer.socket.pause();
    let last = -1;
    await until('the server to stand still', async () => {
      const before = last;
      last = endless.sent;
      await pause(150);
      return before === last;
    });
    assert.ok(endless.sent < 40 << 20, `${endless.sent} bytes were taken from the server`);
    peer.socket.destroy();
  });

  test('nothing is left behind', async () => {
    // The connection of `show info` itself is one.
    await until('no connection to be left', async () => Number((await run.info())['CurrConns']) <= 1);
    for (const name of ['be/app', 'endless/app', 'h2/FRONTEND']) {
      const row = await run.row(name);
      assert.equal(row['scur'], '0', name);
      assert.ok(row['qcur'] === '0' || row['qcur'] === '', name);
    }
  });
});

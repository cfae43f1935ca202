import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type AddressInfo, createServer, connect as tcpConnect } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { type ConnectionOptions, createSecureContext, connect as tlsConnect } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import type { NativeContext } from '../../src/net/bindings.ts';
import { tcpTransport } from '../../src/net/tcp.ts';
import { acceptTls, connectTls, type ServerHandshake } from '../../src/net/tls.ts';
import type { TlsConn } from '../../src/net/tls-conn.ts';
import type { Conn, ConnHandler, ListenSocket } from '../../src/net/transport.ts';
import { issue } from '../support/certificates.ts';
import { type Scope, until, within } from '../support/wait.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const any = { family: 'inet', host: '127.0.0.1', port: 0, fd: -1, backlog: 64, v6only: false, share: false } as const;
const quiet: ConnHandler = { onData() {}, onEnd() {}, onDrain() {}, onError() {}, onConnect() {} };
let setup: ServerHandshake;
let listening: ListenSocket;
let serve: (conn: TlsConn) => Partial<ConnHandler> = () => ({});
const served: TlsConn[] = [];

before(async () => {
  const context = createSecureContext(issue(['a.test'])).context as NativeContext;
  const plain = {
    alpn: null,
    verify: 'none',
    ocsp: null,
    session: null,
    onSession: null,
    keylog: false,
    watch: false,
  } as const;
  setup = { context, ...plain, maxRecord: 0 };
  listening = await tcpTransport.listen(any, (conn) => {
    conn.handler = {
      ...quiet,
      onData: (buffer, start, end) => {
        const handler: ConnHandler = { ...quiet };
        const tls = acceptTls(conn, setup, handler);
        served.push(tls);
        Object.assign(handler, serve(tls));
        tls.begin(Buffer.from(buffer.subarray(start, end)));
      },
      onError: () => {},
    };
    conn.start();
  });
});

after(() => listening.close());

/** What stands in place of the random number in a server's hello that asks for another one (RFC 8446, section 4.1.3). */
const HELLO_RETRY = createHash('sha256').update('HelloRetryRequest').digest('latin1');

/** A way to a port that keeps what goes over it. */
async function relayed(scope: Scope, to: number) {
  const sides: readonly [Buffer[], Buffer[]] = [[], []];
  const server = createServer((socket) => {
    const other = tcpConnect(to, '127.0.0.1');
    scope.after(() => void [socket, other].map((one) => one.destroy()));
    for (const [from, into, kept] of [
      [socket, other, sides[0]],
      [other, socket, sides[1]],
    ] as const)
      from
        .on('data', (bytes: Buffer) => {
          kept.push(bytes);
          into.write(bytes);
        })
        .on('error', () => into.destroy())
        .on('end', () => into.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { port, clientSent: () => Buffer.concat(sides[0]), serverSent: () => Buffer.concat(sides[1]) };
}

/** A client of Node's own. */
function client(options: ConnectionOptions = {}) {
  const socket = tlsConnect({ port: listening.port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  socket.on('error', () => {});
  after(() => socket.destroy());
  return socket;
}

const echo = (conn: TlsConn): Partial<ConnHandler> => ({
  onData: (buffer, start, end) => void conn.write(buffer, start, end),
  onEnd: () => {
    conn.end();
    conn.destroy();
  },
});

suite('connections over TLS', behaviour);

suite('connections over TLS whose hellos are read', () => {
  before(() => {
    setup = { ...setup, watch: true };
  });
  behaviour();

  test('tell the random numbers of both sides, also where the server asks for another hello', async (t) => {
    serve = (conn) => ({ onConnect: () => void conn.writeLatin1('x') });
    for (const options of [{ maxVersion: 'TLSv1.2' }, {}, { ecdhCurve: 'P-521:P-256' }] as const) {
      const relay = await relayed(t, listening.port);
      const socket = client({ ...options, port: relay.port });
      await within(new Promise((resolve) => socket.once('data', resolve)), 'an answer');
      const { sent, received } = served.at(-1)!.watched!;
      assert.equal(received.random, relay.clientSent().subarray(11, 43).latin1Slice());
      const answer = relay.serverSent().latin1Slice();
      assert.equal(sent.random.length, 32);
      const asked = answer.indexOf(HELLO_RETRY) >= 0;
      assert.equal(asked, 'ecdhCurve' in options);
      assert.equal(answer.indexOf(sent.random), asked ? answer.indexOf('\x16\x03\x03', 5) + 11 : 11);
    }
  });
});

function behaviour(): void {
  test('carry what is written on either side, in order, and end in order', async () => {
    serve = echo;
    const text = Array.from({ length: 40_000 }, (_, index) => `line ${index}\n`).join('');
    const socket = client();
    let heard = '';
    socket.on('data', (chunk: Buffer) => void (heard += chunk.latin1Slice()));
    for (let at = 0; at < text.length; at += 1000) socket.write(text.slice(at, at + 1000), 'latin1');
    await until('all of it back', () => heard.length === text.length);
    assert.equal(heard, text);
    const closed = within(new Promise((resolve) => socket.once('end', resolve)), 'the end');
    socket.end();
    await closed;
  });

  test('survive a garbage collection, however they have been forgotten while they wait', async (t) => {
    const waiting: TlsConn[] = [];
    t.after(() => waiting.map((conn) => conn.destroy()));
    serve = (conn) => ({ onData: () => void waiting.push(conn) });
    const context = createSecureContext().context as NativeContext;
    const begin = { context, servername: '', alpn: [], session: null, onSession: null, keylog: false, onClosed: null };
    const spec = { family: 'inet', host: '127.0.0.1', port: listening.port, sourceHost: null, sourcePort: 0 } as const;
    let heard = 0;
    const forget = () => {
      const raw = tcpTransport.connect(spec, {
        ...quiet,
        onConnect() {
          const conn = connectTls(
            raw,
            { ...begin, watch: setup.watch },
            {
              ...quiet,
              onConnect: () => void conn.writeLatin1('x'),
              onData: () => {
                heard++;
                conn.destroy();
              },
            },
          );
          conn.hello();
        },
      });
    };
    for (let count = 0; count < 20; count++) forget();
    await until('all of them', () => waiting.length === 20);
    for (let round = 0; round < 3; round++) {
      collectGarbage();
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const conn of waiting) conn.writeLatin1('y');
    await until('the answers', () => heard === 20);
  });

  test('tell once that the handshake is done, before anything else', async () => {
    const events: string[] = [];
    serve = () => ({
      onConnect: () => void events.push('connect'),
      onData: () => void events.push('data'),
      onEnd: () => void events.push('end'),
    });
    const socket = client({ ALPNProtocols: ['http/1.1'] });
    socket.end('x');
    await until('the end', () => events.includes('end'));
    assert.deepEqual(events, ['connect', 'data', 'end']);
  });

  test('hold the writer up while the peer does not read, and let it go on when it does', async () => {
    const bytes = Buffer.alloc(1 << 20, 'x');
    let written = 0;
    let heard = 0;
    const fill = (conn: TlsConn) => {
      while (written < 64 && !conn.blocked) {
        conn.write(bytes, 0, bytes.length);
        written++;
      }
    };
    serve = (conn) => ({ onConnect: () => fill(conn), onDrain: () => fill(conn) });
    const socket = client();
    socket.pause();
    await until('a full connection', () => served.at(-1)?.blocked === true);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(written < 64, `${written} MB were taken`);
    socket.on('data', (chunk: Buffer) => void (heard += chunk.length));
    socket.resume();
    await until('all of it', () => heard === 64 << 20);
  });

  test('deliver nothing while the reader pauses, and lose nothing', async () => {
    let heard = 0;
    let paused = false;
    serve = (conn) => ({
      onData: (_buffer, start, end) => {
        assert.ok(!paused, 'data while paused');
        heard += end - start;
        conn.pause();
        paused = true;
        setTimeout(() => {
          paused = false;
          conn.resume();
        }, 1);
      },
    });
    const socket = client();
    socket.write(Buffer.alloc(500_000, 'y'));
    await until('all of it', () => heard === 500_000);
  });

  test('put many small writes together behind the first', async () => {
    serve = (conn) => ({
      onConnect: () => {
        for (let index = 0; index < 5000; index++) conn.writeLatin1(`${index} `);
      },
    });
    let heard = '';
    client().on('data', (chunk: Buffer) => void (heard += chunk.latin1Slice()));
    const all = Array.from({ length: 5000 }, (_, index) => `${index} `).join('');
    await until('all of it', () => heard.length >= all.length);
    assert.equal(heard, all);
  });

  test('send what is pending, and close_notify, when they are closed right after a write', async () => {
    for (const close of [
      (conn: TlsConn) => conn.closeGently(),
      (conn: TlsConn) => {
        conn.end();
        conn.destroy();
      },
    ]) {
      serve = (conn) => ({
        onConnect: () => {
          const bytes = Buffer.alloc(300_000, 'z');
          conn.write(bytes, 0, bytes.length);
          close(conn);
        },
      });
      const socket = client();
      let heard = 0;
      socket.on('data', (chunk: Buffer) => void (heard += chunk.length));
      await within(new Promise((resolve) => socket.once('end', resolve)), 'the end');
      assert.equal(heard, 300_000);
    }
  });

  test('refuse to renegotiate', async () => {
    const { constants } = await import('node:crypto');
    const issued = issue(['b.test']);
    const { context } = createSecureContext({ ...issued, secureOptions: 0x4000_0000 | constants.SSL_OP_NO_TICKET });
    const before = setup;
    setup = { ...setup, context: context as NativeContext };
    serve = echo;
    const socket = client({ maxVersion: 'TLSv1.2' });
    await within(new Promise((resolve) => socket.once('secureConnect', resolve)), 'a handshake');
    setup = before;
    const refused = new Promise<Error>((resolve) => socket.once('error', resolve));
    socket.renegotiate({}, () => {});
    assert.match((await within(refused, 'an answer')).message, /no renegotiation/);
  });

  test('tell what was wrong with a handshake', async () => {
    const failed = Promise.withResolvers<string>();
    serve = () => ({ onError: failed.resolve });
    const socket = tcpConnect(listening.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\n\r\n');
    assert.equal(await within(failed.promise, 'an error'), 'EPROTO');
    assert.deepEqual(served.at(-1)!.failure, { code: 0x0a00009c, reason: 'http request', protocol: 'TLSv1.3' });
  });

  test('resume sessions that the client kept, on either side of them', async () => {
    serve = (conn) => ({ onData: () => void conn.writeLatin1('ok') });
    let session: Buffer | null = null;
    const once = () =>
      within(
        new Promise<boolean>((resolve) => {
          tcpTransport.connect(
            { family: 'inet', host: '127.0.0.1', port: listening.port, sourceHost: null, sourcePort: 0 },
            {
              ...quiet,
              onConnect() {
                const context = createSecureContext({ ca: [] }).context as NativeContext;
                const begin = {
                  context,
                  servername: 'a.test',
                  alpn: [],
                  session,
                  keylog: false,
                  watch: setup.watch,
                  onClosed: null,
                };
                const conn: TlsConn = connectTls(
                  raw!,
                  { ...begin, onSession: (kept) => void (session = kept) },
                  {
                    ...quiet,
                    onConnect: () => void conn.writeLatin1('hello'),
                    onData: () => {
                      const reused = conn.tls.isSessionReused();
                      conn.destroy();
                      resolve(reused);
                    },
                  },
                );
                conn.hello();
              },
            },
          );
        }),
        'an answer',
      );
    let raw: Conn | null = null;
    const { connect } = tcpTransport;
    tcpTransport.connect = (spec, handler) => (raw = connect(spec, handler));
    assert.equal(await once(), false);
    assert.ok(session !== null);
    assert.equal(await once(), true);
    tcpTransport.connect = connect;
  });

  test('survive whatever is sent in place of a handshake, or in the middle of one', async () => {
    serve = echo;
    const hello = Buffer.from('16030100c8010000c40303', 'hex');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 600 }), fc.boolean(), async (noise, framed) => {
        const bytes = framed ? Buffer.concat([hello, noise]) : Buffer.from(noise);
        const socket = tcpConnect(listening.port, '127.0.0.1');
        socket.on('error', () => {});
        socket.resume().end(bytes);
        await within(new Promise((resolve) => socket.once('close', resolve)), 'the end');
      }),
      { numRuns: 100 },
    );
    const socket = client();
    socket.write('still here');
    const [answer] = await within(
      new Promise<Buffer[]>((resolve) => socket.once('data', (...chunks: Buffer[]) => resolve(chunks))),
      'an answer',
    );
    assert.equal(answer!.latin1Slice(), 'still here');
  });
}

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, suite, test } from 'node:test';
import fc from 'fast-check';
import { scratchBuffer } from '../../src/net/scratch.ts';
import { tcpTransport } from '../../src/net/tcp.ts';
import type { Conn, ConnHandler, Transport } from '../../src/net/transport.ts';
import { ThreadResources } from '../../src/net/uring/resources.ts';
import { openUringTransport } from '../../src/net/uring/transport.ts';
import { uringProblem } from '../../src/util/libc.ts';
import { until, within } from '../support/wait.ts';

const any = { family: 'inet', host: '127.0.0.1', port: 0, fd: -1, backlog: 16, v6only: false, share: false } as const;
const quiet: ConnHandler = { onData() {}, onEnd() {}, onDrain() {}, onError() {}, onConnect() {} };

/** A connection as this driver accepted it, and its peer. */
async function pair(transport: Transport, handler: Partial<ConnHandler> = {}) {
  const accepted = Promise.withResolvers<Conn>();
  const listening = await transport.listen(any, (conn) => {
    conn.handler = { ...quiet, ...handler };
    accepted.resolve(conn);
  });
  const peer = connect(listening.port, '127.0.0.1');
  peer.on('error', () => {});
  const [conn] = await within(Promise.all([accepted.promise, once(peer, 'connect')]), 'a connection');
  after(async () => {
    conn.destroy();
    peer.destroy();
    await listening.close();
  });
  return { conn, peer };
}

/** Writes until the peer has no more room. */
function fill(conn: Conn): number {
  const bytes = Buffer.alloc(1 << 20, 'x');
  let written = 0;
  while (written < 64 << 20) {
    written += bytes.length;
    if (!conn.writeStable(bytes, 0, bytes.length)) break;
  }
  assert.ok(conn.blocked);
  return written;
}

const problem = uringProblem();
const drivers: readonly (readonly [string, () => Transport, string | null])[] = [
  ['libuv', () => tcpTransport, null],
  ['io_uring', () => openUringTransport(new ThreadResources()), problem],
];

for (const [name, open, missing] of drivers) {
  suite(`connections over ${name}`, { skip: missing ?? false }, () => {
    const transport = missing === null ? open() : tcpTransport;

    test('nothing is read before the start, and nothing while paused', async () => {
      let heard = '';
      const { conn, peer } = await pair(transport, {
        onData: (buffer, start, end) => void (heard += Buffer.from(buffer.subarray(start, end)).latin1Slice()),
      });
      peer.write('one');
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(heard, '');
      conn.start();
      await until('the first bytes', () => heard === 'one');
      conn.pause();
      peer.write('two');
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(heard, 'one');
      conn.resume();
      await until('all bytes', () => heard === 'onetwo');
    });

    test('addresses of both ends are known', async () => {
      const { conn, peer } = await pair(transport);
      assert.deepEqual(
        [conn.remoteHost, conn.remotePort, conn.localHost, conn.localPort],
        ['127.0.0.1', peer.localPort, '127.0.0.1', peer.remotePort],
      );
    });

    test('the scratch buffer may be filled again at once, even when the peer is slow', async () => {
      const { conn, peer } = await pair(transport);
      const parts: Buffer[] = [];
      for (let i = 0; i < 400; i++) {
        const text = `${i};`.repeat(8_000).slice(0, 40_000);
        scratchBuffer().latin1Write(text, 0);
        conn.flushScratch(text.length);
        parts.push(Buffer.from(text, 'latin1'));
        scratchBuffer().fill('!');
      }
      assert.ok(conn.blocked);
      conn.closeGently();
      const heard: Buffer[] = [];
      peer.on('data', (chunk: Buffer) => heard.push(chunk));
      await within(once(peer, 'end'), 'the end');
      assert.ok(Buffer.concat(heard).equals(Buffer.concat(parts)));
    });

    test('a write that had to wait ends in a drain', async () => {
      const drained = Promise.withResolvers<void>();
      const { conn, peer } = await pair(transport, { onDrain: () => drained.resolve() });
      fill(conn);
      peer.resume();
      await within(drained.promise, 'a drain');
      assert.equal(conn.blocked, false);
    });

    test('a gentle close sends what waits; a peer that does not take it is cut off in the end', async (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] });
      const { conn, peer } = await pair(transport);
      fill(conn);
      conn.closeGently();
      t.mock.timers.tick(59_000);
      assert.equal(conn.closed, false);
      t.mock.timers.tick(2_000);
      assert.equal(conn.closed, true);
      t.mock.timers.reset();
      peer.resume();
      await within(once(peer, 'close'), 'the close');
    });

    test('a destroyed connection tells its handler nothing more', async () => {
      const events: string[] = [];
      const { conn, peer } = await pair(transport, {
        onEnd: () => events.push('end'),
        onData: () => events.push('data'),
        onError: () => events.push('error'),
      });
      conn.start();
      peer.write('x');
      conn.destroy(true);
      await until('the close', () => peer.closed);
      assert.deepEqual(events, []);
      assert.equal(conn.closed, true);
      assert.equal(conn.fd, -1);
    });

    test('the peer may end and still be answered', async () => {
      const ended = Promise.withResolvers<void>();
      const { conn, peer } = await pair(transport, { onEnd: () => ended.resolve() });
      conn.start();
      peer.end('bye');
      await within(ended.promise, 'the end');
      conn.writeLatin1('answer');
      conn.end();
      const heard: Buffer[] = [];
      peer.on('data', (chunk: Buffer) => heard.push(chunk));
      await within(once(peer, 'end'), 'the answer');
      assert.equal(Buffer.concat(heard).toString(), 'answer');
    });

    test('a refused connect is told after the call, with its name', async () => {
      const { port, close } = await transport.listen(any, () => {});
      await close();
      const code = Promise.withResolvers<string>();
      let returned = false;
      transport.connect(
        { family: 'inet', host: '127.0.0.1', port, sourceHost: null, sourcePort: 0 },
        { ...quiet, onError: (name) => code.resolve(`${name} ${returned}`) },
      );
      returned = true;
      assert.equal(await within(code.promise, 'a refusal'), 'ECONNREFUSED true');
    });

    test('an address that is in use is told by its name', async () => {
      const first = await transport.listen(any, () => {});
      await assert.rejects(
        transport.listen({ ...any, port: first.port }, () => {}),
        { code: 'EADDRINUSE' },
      );
      await first.close();
    });

    test('whatever is written arrives, in order, however the reader pauses and the writer hurries', async () => {
      const size = fc.integer({ min: 1, max: 200_000 });
      const step = fc.record({ size, bulk: fc.boolean(), pause: fc.integer({ min: 0, max: 3 }), stable: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
          const whole = Buffer.concat(steps.map(({ size: length }, i) => Buffer.alloc(length, i + 1)));
          const back: Buffer[] = [];
          const done = Promise.withResolvers<void>();
          const listening = await transport.listen(any, (conn) => {
            let pending = 0;
            conn.handler = {
              ...quiet,
              onData(buffer, start, end) {
                const { bulk, pause } = steps[pending++ % steps.length]!;
                const own = conn.bulk && conn.ownsBuffer(buffer);
                const open = own ? conn.writeStable(buffer, start, end) : conn.write(buffer, start, end);
                conn.readBulk(bulk);
                if (!open) conn.pause();
                else if (pause > 0 && !own) {
                  conn.pause();
                  setTimeout(() => conn.resume(), pause);
                }
              },
              onDrain: () => conn.resume(),
              onEnd: () => conn.closeGently(),
            };
            conn.start();
          });
          const conn = transport.connect(
            { family: 'inet', host: '127.0.0.1', port: listening.port, sourceHost: null, sourcePort: 0 },
            {
              ...quiet,
              onData: (buffer, start, end) => void back.push(Buffer.from(buffer.subarray(start, end))),
              onConnect() {
                let at = 0;
                for (const { size: length, stable } of steps) {
                  if (stable) conn.writeStable(whole, at, at + length);
                  else conn.write(whole, at, at + length);
                  at += length;
                }
                conn.end();
              },
              onEnd: () => done.resolve(),
              onError: (code) => done.reject(new Error(code)),
            },
          );
          await within(done.promise, 'the end');
          conn.destroy();
          await listening.close();
          assert.ok(Buffer.concat(back).equals(whole));
        }),
        { numRuns: 30 },
      );
    });

    test('a reset is told as one, and ends what was under way', async () => {
      const code = Promise.withResolvers<string>();
      const { conn, peer } = await pair(transport, { onError: code.resolve });
      conn.start();
      fill(conn);
      peer.resetAndDestroy();
      assert.equal(await within(code.promise, 'an error'), 'ECONNRESET');
      assert.ok(conn.closed);
    });

    test('a connection that is reset tells its peer so', async () => {
      const { conn, peer } = await pair(transport);
      const told = Promise.withResolvers<NodeJS.ErrnoException>();
      peer.on('error', told.resolve);
      conn.start();
      conn.destroy(true);
      assert.equal((await within(told.promise, 'an error')).code, 'ECONNRESET');
    });

    test('what was written before the close arrives', async () => {
      const { conn, peer } = await pair(transport);
      const heard: Buffer[] = [];
      peer.on('data', (bytes) => heard.push(Buffer.from(bytes)));
      conn.start();
      conn.writeLatin1('one ');
      conn.write(Buffer.from('two '), 0, 4);
      conn.write(Buffer.alloc(50_000, 'x'), 0, 50_000);
      conn.destroy();
      await within(once(peer, 'end'), 'the end');
      assert.equal(Buffer.concat(heard).toString(), `one two ${'x'.repeat(50_000)}`);
    });
  });
}

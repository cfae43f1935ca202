import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, suite, test } from 'node:test';
import { scratchBuffer } from '../../src/net/scratch.ts';
import { tcpTransport } from '../../src/net/tcp.ts';
import type { Conn, ConnHandler } from '../../src/net/transport.ts';
import { until, within } from '../support/wait.ts';

const any = { family: 'inet', host: '127.0.0.1', port: 0, fd: -1, backlog: 16, v6only: false, share: false } as const;
const quiet: ConnHandler = { onData() {}, onEnd() {}, onDrain() {}, onError() {}, onConnect() {} };

/** A connection as this driver accepted it, and its peer. */
async function pair(handler: Partial<ConnHandler> = {}) {
  const accepted = Promise.withResolvers<Conn>();
  const listening = await tcpTransport.listen(any, (conn) => {
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

suite('connections over TCP', () => {
  test('nothing is read before the start, and nothing while paused', async () => {
    let heard = '';
    const { conn, peer } = await pair({
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
    const { conn, peer } = await pair();
    assert.deepEqual(
      [conn.remoteHost, conn.remotePort, conn.localHost, conn.localPort],
      ['127.0.0.1', peer.localPort, '127.0.0.1', peer.remotePort],
    );
  });

  test('the scratch buffer may be filled again at once, even when the peer is slow', async () => {
    const { conn, peer } = await pair();
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
    const { conn, peer } = await pair({ onDrain: () => drained.resolve() });
    fill(conn);
    peer.resume();
    await within(drained.promise, 'a drain');
    assert.equal(conn.blocked, false);
  });

  test('a gentle close sends what waits; a peer that does not take it is cut off in the end', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { conn, peer } = await pair();
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
    const { conn, peer } = await pair({
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
    const { conn, peer } = await pair({ onEnd: () => ended.resolve() });
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
    const { port, close } = await tcpTransport.listen(any, () => {});
    await close();
    const code = Promise.withResolvers<string>();
    let returned = false;
    tcpTransport.connect(
      { family: 'inet', host: '127.0.0.1', port, sourceHost: null, sourcePort: 0 },
      { ...quiet, onError: (name) => code.resolve(`${name} ${returned}`) },
    );
    returned = true;
    assert.equal(await within(code.promise, 'a refusal'), 'ECONNREFUSED true');
  });

  test('an address that is in use is told by its name', async () => {
    const first = await tcpTransport.listen(any, () => {});
    await assert.rejects(
      tcpTransport.listen({ ...any, port: first.port }, () => {}),
      { code: 'EADDRINUSE' },
    );
    await first.close();
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { tcpTransport } from '../../src/net/tcp.ts';
import type { ConnHandler } from '../../src/net/transport.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Larger than what the kernel takes at once. */
const LENGTH = 24 << 20;

test('what waits to be written survives a garbage collection, however the owner has forgotten it', async (t) => {
  const peer = net.createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  t.after(() => peer.close());
  await once(peer, 'listening');
  const connected = Promise.withResolvers<void>();
  const drained = Promise.withResolvers<void>();
  const handler: ConnHandler = {
    onData: () => {},
    onEnd: () => {},
    onDrain: () => drained.resolve(),
    onError: (code) => drained.reject(new Error(code)),
    onConnect: () => connected.resolve(),
  };
  const { port } = peer.address() as AddressInfo;
  const conn = tcpTransport.connect(
    { family: 'inet', host: '127.0.0.1', port, sourceHost: null, sourcePort: 0 },
    handler,
  );
  const [socket] = (await once(peer, 'connection')) as [net.Socket];
  t.after(() => socket.destroy());
  await connected.promise;

  // In a function of its own, so that nothing here refers to the bytes any more.
  const write = () => conn.write(Buffer.alloc(LENGTH, 'abcdefg'), 0, LENGTH);
  assert.equal(write(), false);
  for (let i = 0; i < 5; i++) {
    collectGarbage();
    // Takes the place of what was collected.
    Buffer.alloc(LENGTH, 0);
    await new Promise((resolve) => setImmediate(resolve));
  }

  const parts: Buffer[] = [];
  let length = 0;
  socket.on('data', (part: Buffer) => {
    parts.push(part);
    length += part.length;
  });
  socket.resume();
  await drained.promise;
  conn.closeGently();
  await once(socket, 'end');
  assert.equal(length, LENGTH);
  assert.ok(Buffer.concat(parts).equals(Buffer.alloc(LENGTH, 'abcdefg')));
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { newBind } from '../../../src/config/draft-server.ts';
import { listenForPeers } from '../../../src/control/peers/listener.ts';
import { duplicateDescriptor } from '../../../src/util/libc.ts';
import { within } from '../../support/wait.ts';

test('peers are waited for on a socket that was passed to the process', async (t) => {
  const passed = createServer().listen(0, '127.0.0.1');
  await once(passed, 'listening');
  const fd = duplicateDescriptor((passed as unknown as { _handle: { fd: number } })._handle.fd);
  const { port } = passed.address() as AddressInfo;
  passed.close();
  const listener = await listenForPeers(newBind({ file: 'haproxy.cfg', line: 1 }, { family: 'fd', fd }));
  t.after(() => listener.close());
  const taken = new Promise<void>((resolve) => {
    listener.take = (conn) => {
      conn.destroy();
      resolve();
    };
  });
  const client = connect(port, '127.0.0.1');
  t.after(() => client.destroy());
  client.on('error', () => undefined);
  await within(taken, 'a connection');
  assert.equal(listener.host, `fd@${fd}`);
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Actor } from '../../src/change/change.ts';
import { actorOf } from '../../src/runtime/actor.ts';

const asRoot = process.getuid!() === 0;
const self = userInfo().username;

/** A client of a unix socket: another process, that stays until it is ended. */
async function client(t: TestContext, options: { uid?: number; env?: Record<string, string> }) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-actor-'));
  chmodSync(folder, 0o755);
  const path = join(folder, 's');
  const server = createServer().listen({ path, writableAll: true });
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const script = `require('node:net').connect(${JSON.stringify(path)}).resume()`;
  const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore', cwd: '/', ...options });
  t.after(() => {
    child.kill('SIGKILL');
    server.close();
    rmSync(folder, { recursive: true });
  });
  const [socket] = await accepted;
  t.after(() => socket.destroy());
  return { child, actor: actorOf(socket, `unix@${path}`, 'admin'), path };
}

test('the account of a process that connects is the actor', async (t) => {
  const { child, actor } = await client(t, {});
  assert.deepEqual(actor(), { name: self, uid: process.getuid!(), pid: child.pid!, sudoUser: null } satisfies Actor);
});

test('SUDO_USER of a process of root is believed', { skip: asRoot ? false : 'needs root' }, async (t) => {
  const { actor } = await client(t, { env: { SUDO_USER: 'anna\nforged' } });
  assert.deepEqual([actor().name, actor().sudoUser], ['root', 'anna\nforged']);
});

test('SUDO_USER of anybody else is not, and who has no name is known by number', {
  skip: asRoot ? false : 'needs root',
}, async (t) => {
  const { actor } = await client(t, { uid: 54321, env: { SUDO_USER: 'anna' } });
  assert.deepEqual([actor().name, actor().uid, actor().sudoUser], ['uid 54321', 54321, null]);
});

test('SUDO_USER is not believed once the process is gone', { skip: asRoot ? false : 'needs root' }, async (t) => {
  const { child, actor } = await client(t, { env: { SUDO_USER: 'anna' } });
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.deepEqual(actor(), { name: 'root', uid: 0, pid: child.pid!, sudoUser: null } satisfies Actor);
});

test('over TCP the address and the level are the actor', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const other = connect((server.address() as { port: number }).port, '127.0.0.1');
  t.after(() => other.destroy());
  const [socket] = await accepted;
  assert.deepEqual(actorOf(socket, '127.0.0.1:4711', 'operator')(), {
    name: '127.0.0.1:4711 (operator)',
    uid: null,
    pid: null,
    sudoUser: null,
  } satisfies Actor);
});

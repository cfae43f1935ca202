/** What the client makes of servers that do not do as they should: clear errors, in bounded time and memory. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseAddress } from '../../src/client/address.ts';
import { connect, type RuntimeClient, RuntimeClientError } from '../../src/client/index.ts';
import { openSocket } from '../../src/client/socket.ts';
import { type Scripted, scripted, scriptedApi } from './scripted.ts';

async function clientOf(t: TestContext, server: Scripted, options = {}): Promise<RuntimeClient> {
  const client = await connect(server.path, { timeout: 2000, ...options });
  t.after(() => client.close());
  return client;
}

const code =
  (wanted: string, message = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof RuntimeClientError, String(error));
    assert.equal(error.code, wanted, error.message);
    assert.match(error.message, message);
    return true;
  };

test('no socket, and a socket on which nobody listens', async (t) => {
  await assert.rejects(connect('/nonexistent/api.sock'), code('ENOENT', /^no such socket: \/nonexistent\/api\.sock$/));
  const server = await scripted(t, () => {});
  await server.unlisten();
  await assert.rejects(connect(server.path), code('ENOENT'));
  await assert.rejects(connect('127.0.0.1:1'), code('ECONNREFUSED', /^nothing listens/));
});

test('a server whose queue is full is waited for, as by a connect that blocks', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'full-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'api.sock');
  const listens = `require('node:net').createServer(() => {}).listen({ path: '${path}', backlog: 1 }, () => console.log(''))`;
  const child = spawn(process.execPath, ['-e', listens], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const open = (timeout: number) => openSocket(parseAddress(path), { timeout }).then((socket) => sockets.push(socket));
  await assert.rejects(
    async () => {
      for (let n = 0; n < 100; n++) await open(100);
    },
    code('EAGAIN', /^too many wait to be connected/),
  );
  const waits = open(5000);
  child.kill('SIGCONT');
  await waits;
});

test('addresses that are none', async () => {
  for (const address of ['', 'localhost', 'host:', 'host:0', 'host:70000', 'a b:1', '/a\0b'])
    await assert.rejects(connect(address), code('EINVAL'), address);
});

test('a server that never answers', async (t) => {
  const server = await scripted(t, () => {});
  await assert.rejects(connect(server.path, { timeout: 50 }), code('TIMEOUT', /^no prompt within 50 ms/));
});

test('a server that closes at once', async (t) => {
  const server = await scripted(t, (socket) => socket.end());
  await assert.rejects(connect(server.path), code('CLOSED'));
});

test('a server that speaks HTTP, TLS or nonsense', async (t) => {
  const says = (bytes: string) => scripted(t, (socket) => socket.end(bytes, 'latin1'));
  const http = await says('HTTP/1.1 400 Bad Request\r\n\r\n');
  await assert.rejects(connect(http.path), code('PROTOCOL', /speaks HTTP/));
  const tls = await says('\x15\x03\x01\x00\x02\x02\x0a');
  await assert.rejects(connect(tls.path), code('PROTOCOL', /speaks TLS/));
  const nonsense = await says('\0\x01\xff> \n> hello\n> ');
  await assert.rejects(connect(nonsense.path), code('PROTOCOL'));
});

test('a server that prompts and is no Runtime API', async (t) => {
  const server = await scripted(t, (socket) => socket.write('hello\n> '));
  await assert.rejects(connect(server.path), code('PROTOCOL', /no Runtime API of HAProxy or Sluice/));
});

test('a server that talks without end before the prompt, and after a command', async (t) => {
  const endless = (socket: {
    write(text: string): boolean;
    destroyed: boolean;
    once(name: 'drain', on: () => void): unknown;
  }) => {
    const more = () => {
      while (!socket.destroyed && socket.write('x'.repeat(65_536)));
      if (!socket.destroyed) socket.once('drain', more);
    };
    more();
  };
  const early = await scripted(t, endless);
  await assert.rejects(connect(early.path), code('TOO_LONG'));
  const server = await scriptedApi(t, () => endless);
  const client = await clientOf(t, server, { limit: 1_000_000 });
  await assert.rejects(client.run(['show', 'stat']), code('TOO_LONG', /^answer of more than 1000000 bytes/));
  await assert.rejects(Array.fromAsync(client.stream(['show', 'stat'])), code('TOO_LONG', /^a line of more than/));
  await assert.rejects(client.run(['show', 'env']), code('TOO_LONG'));
});

test('an answer of which only a half comes', async (t) => {
  const half = 'half an\nans';
  const closing = await clientOf(t, await scriptedApi(t, () => (socket) => socket.end(half)));
  await assert.rejects(closing.run(['show', 'stat']), code('CLOSED', /^closed before the answer ended/));
  await assert.rejects(closing.run(['show', 'env']), code('CLOSED', /^closed before the answer ended/));
  await assert.rejects(Array.fromAsync(closing.stream(['show', 'stat'])), code('CLOSED'));
  const resting = await clientOf(t, await scriptedApi(t, () => (socket) => socket.write(half)));
  await assert.rejects(resting.run(['show', 'stat'], { timeout: 50 }), code('TIMEOUT', /within 50 ms/));
  await assert.rejects(resting.run(['show', 'env'], { timeout: 50 }), code('TIMEOUT'));
  await assert.rejects(
    Array.fromAsync(resting.stream(['show', 'stat'], { timeout: 50 })),
    code('TIMEOUT', /nothing came for 50 ms/),
  );
  const lying = await clientOf(t, await scriptedApi(t, () => (socket) => socket.end('\nwhole lines\nbut no end\n\n')));
  await assert.rejects(lying.run(['show', 'env']), code('CLOSED'));
});

test('bytes that nobody asked for end the connection, not the client', async (t) => {
  const server = await scriptedApi(t, (line, connection) => (connection === 1 ? 'first\n> more\n> yet more' : line));
  const client = await clientOf(t, server);
  assert.equal(await client.run(['show', 'version']), 'first');
  assert.equal(await client.run(['show', 'stat', '-1']), 'show stat -1');
  assert.equal(server.connections, 2);
});

test('what was sent when the connection ended fails and is not sent again; what was not is', async (t) => {
  const server = await scriptedApi(t, (line, connection) => (connection === 1 ? (socket) => socket.end() : line));
  const client = await clientOf(t, server, { pipelining: 2 });
  const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd'].map((name) => client.run(['show', 'stat', name])));
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.code)),
    ['CLOSED', 'CLOSED', 'show stat c', 'show stat d'],
  );
  assert.equal(server.lines.filter((line) => line === 'show stat a').length, 1);
  assert.ok(server.lines.filter((line) => line === 'show stat b').length <= 1);
});

test('a program that restarts is waited for, and one that does not come back is told', async (t) => {
  const server = await scriptedApi(t, (line) => {
    if (line.includes('show env'))
      return (socket) =>
        socket.end(`${line.replace(/;show env.*/, ';').replace(/[^;]+;/g, '\n')}all\n\n[6]: admin\n\n`);
    return line === 'show version' ? (socket) => socket.end('\n> ') : line;
  });
  const client = await clientOf(t, server, { reconnect: 1000 });
  const closed = () => new Promise((resolve) => setTimeout(resolve, 30)); // of which only the client's inside tells
  await client.run(['show', 'version']);
  await closed();
  await server.unlisten();
  const pending = client.run(['show', 'stat', 'x']);
  await new Promise((resolve) => setTimeout(resolve, 150));
  await server.listen();
  assert.equal(await pending, 'show stat x');
  await server.unlisten();
  const alone = client.run(['show', 'env']);
  const streamed = Array.fromAsync(client.stream(['show', 'env']));
  await new Promise((resolve) => setTimeout(resolve, 150));
  await server.listen();
  assert.equal(await alone, 'all');
  assert.deepEqual(await streamed, ['all']);
  await client.run(['show', 'version']);
  await closed();
  await server.unlisten();
  const hasty = await connect(await scriptedApi(t, () => (socket) => socket.end()).then(({ path }) => path), {
    reconnect: 0,
  });
  t.after(() => hasty.close());
  await assert.rejects(hasty.run(['show', 'stat']), code('CLOSED'));
  await assert.rejects(client.run(['show', 'stat']), code('ENOENT'));
});

test('an aborted command gives its place up, and answers stay with their commands', async (t) => {
  const waiting: (() => void)[] = [];
  const server = await scriptedApi(t, (line) => (socket) => waiting.push(() => socket.write(`${line}\n> `)));
  const client = await clientOf(t, server, { pipelining: 2 });
  const abort = new AbortController();
  const sent = client.run(['show', 'stat', 'sent'], { signal: abort.signal });
  const kept = client.run(['show', 'stat', 'kept']);
  const queued = client.run(['show', 'stat', 'queued'], { signal: abort.signal });
  while (waiting.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  abort.abort(new Error('enough'));
  await assert.rejects(sent, /^Error: enough$/);
  await assert.rejects(queued, /^Error: enough$/);
  for (const answer of waiting) answer();
  assert.equal(await kept, 'show stat kept');
  assert.deepEqual(server.lines, ['show stat sent', 'show stat kept']);
  await assert.rejects(client.run(['show', 'stat'], { signal: abort.signal }), /^Error: enough$/);
  await assert.rejects(client.run(['show', 'env'], { signal: abort.signal }), /^Error: enough$/);
});

test('an aborted command whose answer never ends does not hold up others for longer than its time', async (t) => {
  const server = await scriptedApi(t, (line, connection) => (connection === 1 ? () => {} : line));
  const client = await clientOf(t, server, { pipelining: 1, timeout: 5000 });
  const abort = new AbortController();
  const stuck = client.run(['show', 'stat', 'stuck'], { signal: abort.signal, timeout: 100 });
  const next = client.run(['show', 'stat', 'next']);
  while (server.lines.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  abort.abort(new Error('enough'));
  await assert.rejects(stuck, /enough/);
  assert.equal(await next, 'show stat next');
});

test('a reader that stops holds up the server, not memory', async (t) => {
  const server = await scriptedApi(t, () => (socket) => {
    const line = `${'y'.repeat(999)}\n`;
    let left = 50_000;
    const more = () => {
      while (left-- > 0 && !socket.destroyed) if (!socket.write(line)) return void socket.once('drain', more);
      if (!socket.destroyed) socket.end('\n[6]: admin\n\n');
    };
    socket.write('\n\n');
    more();
  });
  const client = await clientOf(t, server);
  let seen = 0;
  for await (const line of client.stream(['show', 'stat'])) {
    assert.equal(line.length, 999);
    if (++seen === 10) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      assert.ok(server.written() < 5_000_000, `${server.written()} bytes were taken`);
      break;
    }
  }
  seen = 0;
  for await (const _ of client.stream(['show', 'stat'])) seen++;
  assert.equal(seen, 50_000);
});

test('closing fails what has no answer, and everything after', async (t) => {
  const server = await scriptedApi(t, () => () => {});
  const client = await clientOf(t, server);
  const pending = client.run(['show', 'stat']);
  client.close();
  await assert.rejects(pending, code('CLOSED', /the client has been closed/));
  await assert.rejects(client.run(['show', 'stat']), code('CLOSED'));
});

test('a connection without commands is given back, and opened again for the next', async (t) => {
  const server = await scriptedApi(t, (line) => line);
  const client = await clientOf(t, server, { idle: 30 });
  await client.run(['show', 'stat', 'a']);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(await client.run(['show', 'stat', 'b']), 'show stat b');
  assert.equal(server.connections, 2);
});

test('words and payloads that cannot be written are refused before anything is sent', async (t) => {
  const server = await scriptedApi(t, (line) => line);
  const client = await clientOf(t, server);
  for (const words of [[], [''], ['show', 'a\nb'], ['show', 'a\0b'], Array(65).fill('x')])
    await assert.rejects(client.run(words), code('EINVAL'));
  await assert.rejects(client.run(['prompt']), code('EINVAL', /is about the connection itself/));
  await assert.rejects(client.run(['add', 'map', 'm'], { payload: 'a\0b' }), code('EINVAL'));
  assert.deepEqual(server.lines, []);
});

test('commands that wait for a connection of their own can be given up', async (t) => {
  const server = await scriptedApi(t, () => () => {});
  const client = await clientOf(t, server, { connections: 1, timeout: 300 });
  const abort = new AbortController();
  const first = client.run(['show', 'env'], { timeout: 200 });
  const aborted = client.run(['show', 'env'], { signal: abort.signal });
  const impatient = client.run(['show', 'env'], { timeout: 50 });
  abort.abort(new Error('enough'));
  await assert.rejects(aborted, /^Error: enough$/);
  await assert.rejects(impatient, code('TIMEOUT', /no place for a connection within 50 ms/));
  await assert.rejects(first, code('TIMEOUT'));
  await assert.rejects(client.run(['show', 'env']), code('TIMEOUT', /no whole answer/));
});

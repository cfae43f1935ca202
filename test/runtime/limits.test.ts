import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { exchange, fakeControl, modelOf, proxyConfig, serverConfig, startApi, type TestApi } from './support.ts';

/** A model whose statistics are several megabytes long. */
function largeControl() {
  const servers = Array.from({ length: 2000 }, (_, i) => serverConfig(`s${i}`, 1000));
  return fakeControl(modelOf([proxyConfig('fe', 'frontend', 2), proxyConfig('be', 'backend', 3, { servers })]));
}

function connect(path: string): net.Socket {
  return net.connect({ path, allowHalfOpen: true });
}

/** Reads until the server closes. */
async function readAll(socket: net.Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  socket.destroy();
  return Buffer.concat(chunks).toString();
}

describe('clients that keep to no rule', () => {
  let api: TestApi;
  before(async () => {
    api = await startApi(largeControl());
  });
  after(() => api.close());

  it('get an error for a line beyond tune.bufsize, and are closed', async () => {
    const answer = await exchange(api.path('admin'), `show version ${'a'.repeat(17_000)}\n`);
    assert.equal(
      answer,
      "The command line is too big for the buffer size. Please change 'tune.bufsize' in the configuration to use a bigger command.\n",
    );
  });

  it('get the same for a line without end', async () => {
    const socket = connect(api.path('admin'));
    socket.write('x'.repeat(16_000));
    const answer = readAll(socket);
    socket.write('x'.repeat(1000));
    assert.match(await answer, /^The command line is too big/);
  });

  it('may use all of tune.bufsize', async () => {
    const line = `echo ${'a'.repeat(16_382 - 5)}`;
    assert.equal(await exchange(api.path('admin'), `${line}\n`), `${line.slice(5)}\n\n`);
  });

  it('get an error for a payload beyond tune.cli.max-payload-size', async () => {
    const answer = await exchange(api.path('admin'), `echo before;echo x <<\n${'key value\n'.repeat(14_000)}\n`);
    assert.equal(
      answer,
      "before\n\nThe payload is too big. Please change 'tune.cli.max-payload-size' in the configuration to use a bigger payload.\n",
    );
  });

  it('may use a payload of nearly that size', async () => {
    assert.equal(await exchange(api.path('admin'), `echo x <<\n${'key value\n'.repeat(13_000)}\n`), 'x\n\n');
  });

  it('are served while the server holds little of what they do not read', async () => {
    const slow = connect(api.path('admin'));
    slow.write('prompt i\n');
    slow.write('show stat typed\n'.repeat(500));
    await once(slow, 'readable');
    // Answers of some gigabytes wait to be made; another client must not notice.
    assert.match(await exchange(api.path('admin'), 'show info\n'), /^Name: Sluice\n/);
    assert.ok(process.memoryUsage().external < 200e6, 'the answers are not kept in memory');
    slow.destroy();
  });

  it('may send binary input', async () => {
    const bytes = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7 + (i >> 8)) & 0xff)).filter(
      (byte) => byte !== 10,
    );
    const answer = await exchange(api.path('admin'), Buffer.concat([bytes, Buffer.from('\n')]));
    assert.match(answer, /^Unknown command|^\n/);
  });

  it('may close their side right after the command', async () => {
    assert.equal(await exchange(api.path('admin'), 'echo here\n', true), 'here\n\n');
  });

  it('may close their side at any point without an answer, and nothing runs', async () => {
    for (const sent of ['', 'ec', 'set weight be/s1 5', 'prompt i', 'set weight be/s1 5 <<\npayload', '\\']) {
      assert.equal(await exchange(api.path('admin'), sent, true), '', sent);
    }
    assert.deepEqual(api.control.changes, []);
  });

  it('may vanish in the middle of an answer', async () => {
    const socket = connect(api.path('admin'));
    socket.write('show stat json\n');
    await once(socket, 'readable');
    socket.destroy();
    assert.match(await exchange(api.path('admin'), 'show cli level\n'), /^admin/);
  });
});

describe('stats timeout', () => {
  it('ends idle connections without a word', async () => {
    const api = await startApi(fakeControl(), { timeout: 50 });
    assert.equal(await readAll(connect(api.path('admin'))), '');
    await api.close();
  });

  it('ends clients that do not read', async () => {
    const api = await startApi(largeControl(), { timeout: 100, maxconn: 1 });
    const socket = connect(api.path('admin'));
    socket.write('show stat typed\n');
    await once(socket, 'readable');
    // The only place becomes free when the server has given up on the first client.
    assert.equal(await exchange(api.path('admin'), 'show cli level\n'), 'admin\n\n');
    assert.ok(socket.bytesRead < 1_000_000, 'the answer was cut off');
    socket.destroy();
    await api.close();
  });

  it('does not count while a command works', async () => {
    const api = await startApi(fakeControl(), { timeout: 50 });
    assert.equal(await exchange(api.path('admin'), 'wait 150;show cli level\n'), 'Done.\n\nadmin\n\n');
    await api.close();
  });

  it('can be changed by a client for itself', async () => {
    const api = await startApi(fakeControl(), { timeout: 60_000 });
    const socket = connect(api.path('admin'));
    socket.write('prompt i;set timeout cli 20ms\n');
    assert.equal(await readAll(socket), '\n\n');
    await api.close();
  });
});

describe('stats maxconn', () => {
  it('lets further clients wait until one leaves', async () => {
    const api = await startApi(fakeControl(), { maxconn: 2 });
    const served = [connect(api.path('admin')), connect(api.path('admin'))];
    for (const socket of served) {
      socket.write('prompt i\n');
      await once(socket, 'data');
    }
    const waiting = [1, 2, 3].map((i) => exchange(api.path(i === 3 ? 'user' : 'admin'), `echo ${i}\n`));
    const early = await Promise.race([...waiting, new Promise((resolve) => setTimeout(resolve, 100, 'nobody'))]);
    assert.equal(early, 'nobody');
    served[0]!.destroy();
    assert.deepEqual(await Promise.all(waiting), ['1\n\n', '2\n\n', '3\n\n']);
    served[1]!.destroy();
    await api.close();
  });

  it('leaves hundreds of idle clients where they are', async () => {
    const api = await startApi(fakeControl(), { maxconn: 10, timeout: 60_000 });
    const idle: net.Socket[] = [];
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 1000; i++) idle.push(connect(api.path('operator')).on('error', () => {}));
    await Promise.all(idle.slice(0, 10).map((socket) => once(socket, 'connect')));
    const served = await Promise.all(
      idle.slice(0, 10).map((socket) => {
        socket.write('echo here\n');
        return readAll(socket);
      }),
    );
    assert.deepEqual(new Set(served), new Set(['here\n\n']));
    assert.ok(process.memoryUsage().rss - before < 100e6);
    for (const socket of idle) socket.destroy();
    await api.close();
  });
});

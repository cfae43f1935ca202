import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { runtimeCommand } from '../../src/runtime/client.ts';
import { startMasterCli } from '../../src/runtime/master.ts';
import type { RuntimeApi } from '../../src/runtime/server.ts';
import { bind, startApi, type TestApi } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'rt-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A server that keeps what it is sent and answers `answer` when it has seen `until`. */
async function scripted(until: RegExp, answer: string, close = true) {
  const path = join(folder, `${Math.random()}.sock`);
  let seen = '';
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      seen += data;
      if (!until.test(seen)) return;
      socket.write(answer);
      if (close) socket.end();
    });
  });
  await once(server.listen(path), 'listening');
  return { path, seen: () => seen, close: () => server.close() };
}

describe('the client', () => {
  let api: TestApi;
  let master: RuntimeApi;
  before(async () => {
    api = await startApi();
    master = await startMasterCli(
      api.control,
      [bind({ family: 'unix', path: join(folder, 'master.sock') })],
      api.api.sockets,
    );
  });
  after(async () => {
    await master.close();
    await api.close();
  });

  it('tells answers and their severity', async () => {
    const socket = { path: api.path('admin') };
    assert.deepEqual(await runtimeCommand(socket, ['show', 'cli', 'level']), { severity: 6, text: 'admin' });
    assert.deepEqual(await runtimeCommand(socket, ['get', 'weight', 'be_app/nope']), {
      severity: 3,
      text: 'No such server.',
    });
    assert.deepEqual(await runtimeCommand(socket, ['get', 'weight', 'be_app/s1']), {
      severity: null,
      text: '10 (initial 10)',
    });
    assert.deepEqual(await runtimeCommand(socket, ['disable', 'server', 'be_app/s1']), { severity: null, text: '' });
    assert.equal((await runtimeCommand(socket, ['show', 'servers', 'state'])).text.split('\n')[0], '1');
  });

  it('speaks to TCP sockets and to masters', async () => {
    assert.equal((await runtimeCommand({ host: '127.0.0.1', port: api.port }, ['show', 'cli', 'level'])).text, 'admin');
    const options = { master: true };
    assert.deepEqual(
      await runtimeCommand({ path: join(folder, 'master.sock') }, ['get', 'weight', 'be_app/nope'], null, options),
      { severity: 3, text: 'No such server.' },
    );
  });

  it('sends words that hold blanks, semicolons and backslashes', async () => {
    const word = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom('a', ' ', ';', '\\', '\t', '<', 'é') });
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 4 }), async (words) => {
        const { text } = await runtimeCommand({ path: api.path('admin') }, ['echo', ...words]);
        assert.equal(text, words.join(' '));
      }),
      { numRuns: 50 },
    );
  });

  it('refuses words that no line can hold', async () => {
    for (const word of ['', 'a\nb', 'a\0b']) {
      await assert.rejects(runtimeCommand({ path: api.path('admin') }, ['echo', word]), { code: 'EINVAL' });
    }
  });

  it('ends payloads by an empty line, or by a word that is not in them', async () => {
    const plain = await scripted(/\n\n$/, '\nok\n\n');
    await runtimeCommand({ path: plain.path }, ['add', 'map', 'f'], 'a b\nc d\n');
    assert.equal(plain.seen(), 'set severity-output number;add map f <<\na b\nc d\n\n');
    plain.close();
    const spaced = await scripted(/EOF1\n$/, '\n[5]: ok\n\n');
    assert.deepEqual(await runtimeCommand({ path: spaced.path }, ['x'], 'a\n\nEOF0\nb'), { severity: 5, text: 'ok' });
    assert.equal(spaced.seen(), 'set severity-output number;x <<EOF1\na\n\nEOF0\nb\nEOF1\n');
    spaced.close();
  });

  it('says why there is no answer', async () => {
    await assert.rejects(runtimeCommand({ path: join(folder, 'none.sock') }, ['x']), {
      code: 'ENOENT',
      message: `no such socket: ${join(folder, 'none.sock')}`,
    });
    const silent = await scripted(/\n/, '', false);
    await assert.rejects(runtimeCommand({ path: silent.path }, ['x'], null, { timeout: 30 }), { code: 'TIMEOUT' });
    silent.close();
    const rude = await scripted(/\n/, '');
    await assert.rejects(runtimeCommand({ path: rude.path }, ['x']), { code: 'CLOSED' });
    rude.close();
    const talkative = await scripted(/\n/, 'x'.repeat(100_000), false);
    await assert.rejects(runtimeCommand({ path: talkative.path }, ['x'], null, { limit: 1000 }), { code: 'TOO_LONG' });
    talkative.close();
  });
});

describe('the client and HAProxy', {
  skip: spawnSync('haproxy', ['-v']).status === 0 ? false : 'no haproxy here',
}, () => {
  const config = `
global
  stats socket ${folder}/h.sock mode 600 level admin
  stats timeout 10s
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
listen li
  bind unix@${folder}/li.sock
  http-request set-header x %[path,map(${folder}/a.map)]
  server s1 127.0.0.1:1
`;
  let process_: ReturnType<typeof spawn>;
  before(async () => {
    writeFileSync(join(folder, 'a.map'), '/a x\n');
    writeFileSync(join(folder, 'h.cfg'), config);
    process_ = spawn('haproxy', ['-W', '-db', '-S', `${folder}/m.sock`, '-f', `${folder}/h.cfg`], { stdio: 'ignore' });
    const deadline = Date.now() + 8000;
    while (!existsSync(`${folder}/h.sock`) && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 20));
  });
  after(async () => {
    process_.kill('SIGTERM');
    await once(process_, 'exit');
  });

  it('understand each other', async () => {
    const socket = { path: `${folder}/h.sock` };
    assert.match((await runtimeCommand(socket, ['show', 'info'])).text, /^Name: HAProxy$/m);
    assert.deepEqual(await runtimeCommand(socket, ['set', 'weight', 'li/s1', '50']), { severity: null, text: '' });
    assert.equal((await runtimeCommand(socket, ['get', 'weight', 'li/s1'])).text, '50 (initial 1)');
    assert.deepEqual(await runtimeCommand(socket, ['get', 'weight', 'li/s2']), {
      severity: 3,
      text: 'No such server.',
    });
    assert.deepEqual(await runtimeCommand(socket, ['add', 'map', `${folder}/a.map`], '/b y z\n/c w\n'), {
      severity: null,
      text: '',
    });
    assert.match((await runtimeCommand(socket, ['show', 'map', `${folder}/a.map`])).text, /\/b y z\n.*\/c w$/);
  });
});

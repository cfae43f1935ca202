import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, linkSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { startRuntimeApi } from '../../src/runtime/server.ts';
import { bind, exchange, fakeControl } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'rt-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const options = { maxconn: 10, timeout: 1000 };

function start(...binds: Parameters<typeof startRuntimeApi>[1]) {
  return startRuntimeApi(fakeControl(), binds, options);
}

function unix(name: string, more: Parameters<typeof bind>[1] = {}) {
  return bind({ family: 'unix', path: join(folder, name) }, more);
}

describe('a stats socket', () => {
  it('has the mode of its line before anybody can connect', async () => {
    const api = await start(unix('mode.sock', { mode: 0o640 }));
    assert.equal(statSync(join(folder, 'mode.sock')).mode & 0o777, 0o640);
    await api.close();
    assert.equal(statSync(join(folder, 'mode.sock'), { throwIfNoEntry: false }), undefined);
  });

  it('has the owner of its line', { skip: process.getuid?.() === 0 ? false : 'needs root' }, async () => {
    const api = await start(unix('owner.sock', { uid: 12345, gid: 23456, mode: 0o660 }));
    const { uid, gid, mode } = statSync(join(folder, 'owner.sock'));
    assert.deepEqual([uid, gid, mode & 0o777], [12345, 23456, 0o660]);
    await api.close();
  });

  it('leaves the umask as it was', async () => {
    const before = process.umask();
    await (await start(unix('umask.sock', { mode: null }))).close();
    assert.equal(process.umask(), before);
  });

  it('takes the place of one that was left behind', async () => {
    const path = join(folder, 'stale.sock');
    await new Promise<void>((resolve) => {
      const old = net.createServer().listen(path, () => {
        symlinkSync('/nowhere', join(folder, 'unrelated'));
        resolve();
      });
      old.unref();
    });
    const api = await start(bind({ family: 'unix', path }));
    assert.equal(await exchange(path, 'echo new\n'), 'new\n\n');
    await api.close();
  });

  it('does not take the place of another kind of file', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'precious');
    await assert.rejects(
      start(bind({ family: 'unix', path })),
      new RegExp(`^Error: a file that is no socket is in the way: stats socket ${path} `),
    );
  });

  it('answers who has connected before the process ends', async () => {
    const path = join(folder, 'last.sock');
    const api = await start(bind({ family: 'unix', path }));
    const prompt = net.connect(path).on('error', () => {});
    prompt.write('prompt\n');
    await once(prompt, 'data');
    const answer = exchange(path, 'show cli level\n');
    await api.finish();
    await api.close();
    assert.equal(await answer, 'admin\n\n');
    prompt.destroy();
  });

  it('does not wait for long for who asks nothing', async () => {
    const path = join(folder, 'silent.sock');
    const api = await start(bind({ family: 'unix', path }));
    const silent = net.connect(path).on('error', () => {});
    await once(silent, 'connect');
    const began = Date.now();
    await api.finish();
    assert.ok(Date.now() - began >= 900);
    await api.close();
    silent.destroy();
  });

  it('needs a folder', async () => {
    await assert.rejects(
      start(bind({ family: 'unix', path: join(folder, 'no/such/x.sock') })),
      /^Error: folder '.*\/no\/such' does not exist: stats socket .* \(test.cfg:1\); create it/,
    );
  });

  it('can be abstract', async () => {
    const name = `sluice-test-${process.pid}`;
    const api = await start(bind({ family: 'abns', path: name }));
    assert.equal(api.sockets[0]!.name, `abns@${name}`);
    assert.equal(await exchange(`\0${name}`.padEnd(108, '\0'), 'show cli level\n'), 'admin\n\n');
    await api.close();
  });

  it('can be on TCP, with a port of the system', async () => {
    for (const [family, host, name] of [
      ['inet', '127.0.0.1', 'ipv4@127.0.0.1:'],
      ['inet6', '::1', 'ipv6@[::1]:'],
    ] as const) {
      const api = await start(bind({ family, host, port: 0, portEnd: 0, portMap: '' }, { level: 'operator' }));
      const [socket] = api.sockets;
      assert.equal(socket!.name, `${name}${socket!.port}`);
      const level = await new Promise((resolve) =>
        net
          .connect(socket!.port, host)
          .on('data', (data) => resolve(String(data)))
          .end('show cli level\n'),
      );
      assert.equal(level, 'operator\n\n');
      await api.close();
    }
  });

  for (const kind of ['TCP', 'Unix'] as const) {
    it(`can be a ${kind} socket that was opened before the program`, async () => {
      const path = join(folder, 'inherited.sock');
      const opened = kind === 'TCP' ? net.createServer().listen(0, '127.0.0.1') : net.createServer().listen(path);
      await once(opened, 'listening');
      const { fd } = (opened as unknown as { _handle: { fd: number } })._handle;
      const child = spawn(process.execPath, [join(import.meta.dirname, 'inherited.ts')], {
        stdio: ['pipe', 'pipe', 'inherit', fd],
      });
      const [name] = (await once(child.stdout!, 'data')) as [Buffer];
      const target = kind === 'TCP' ? (opened.address() as net.AddressInfo).port : path;
      assert.equal(String(name), kind === 'TCP' ? `ipv4@127.0.0.1:${target}\n` : 'fd@3\n');
      // From here on the child alone accepts. Node removes the path of a Unix socket that it closes.
      if (kind === 'Unix') linkSync(path, `${path}.kept`);
      opened.close();
      assert.equal(await exchange(kind === 'TCP' ? target : `${path}.kept`, 'echo inherited\n'), 'inherited\n\n');
      child.stdin!.end();
      await once(child, 'exit');
    });
  }

  it('must be a socket when it was opened before', async () => {
    await assert.rejects(
      start(bind({ family: 'fd', fd: 99_999 })),
      /^Error: descriptor 99999 is no socket: stats socket fd@99999 \(test.cfg:1\); pass a listening socket/,
    );
  });

  it('leaves nothing open when another one fails', async () => {
    await assert.rejects(start(unix('first.sock'), bind({ family: 'unix', path: join(folder, 'file') })));
    assert.equal(statSync(join(folder, 'first.sock'), { throwIfNoEntry: false }), undefined);
  });

  it('says that an address is taken', async () => {
    const api = await start(bind({ family: 'inet', host: '127.0.0.1', port: 0, portEnd: 0, portMap: '' }));
    const { port } = api.sockets[0]!;
    await assert.rejects(
      start(bind({ family: 'inet', host: '127.0.0.1', port, portEnd: port, portMap: '' })),
      new RegExp(`^Error: address already in use: stats socket ipv4@127.0.0.1:${port} `),
    );
    await api.close();
  });

  it('says that a folder is not writable', {
    skip: process.getuid?.() === 0 ? 'root may write anywhere' : false,
  }, async () => {
    chmodSync(folder, 0o500);
    await assert.rejects(start(unix('x.sock')), /permission denied/);
    chmodSync(folder, 0o700);
  });
});

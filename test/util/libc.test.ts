import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { getSystemErrorMap } from 'node:util';
import * as libc from '../../src/util/libc.ts';
import { receiveUnixDatagrams } from './unix-datagrams.ts';

const LIBC = fileURLToPath(new URL('../../src/util/libc.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sluice-libc-'));
const skip = libc.libcProblem() ?? false;
const asRoot = skip || (process.getuid?.() !== 0 && 'needs root');

after(() => rmSync(folder, { recursive: true }));

/** Runs a module text in a process of its own; returns what it printed on both streams. */
function run(code: string, ...flags: string[]): { stdout: string; stderr: string } {
  const source = `import * as libc from ${JSON.stringify(LIBC)};\n${code}`;
  return spawnSync(process.execPath, [...flags, '--input-type=module', '-e', source], {
    encoding: 'utf8',
    timeout: 10_000,
  });
}

/** Closes a server at the end of the test, and what it accepted. */
function closing<S extends Server>(t: TestContext, server: S): S {
  const accepted: Socket[] = [];
  server.on('connection', (socket) => accepted.push(socket));
  t.after(() => {
    for (const socket of accepted) socket.destroy();
    server.close();
  });
  return server;
}

/** A connection to a listening server; both ends. */
async function connected(
  t: TestContext,
  server: Server,
  to: string | number,
): Promise<[client: Socket, accepted: Socket]> {
  const client = typeof to === 'string' ? connect(to) : connect(to, '127.0.0.1');
  t.after(() => client.destroy());
  const [accepted] = (await once(server, 'connection')) as [Socket];
  if (client.connecting) await once(client, 'connect');
  return [client, accepted];
}

describe('error numbers', () => {
  it('have the names that Node knows and the texts of the C library', { skip }, () => {
    const python = spawnSync(
      'python3',
      ['-c', 'import os\nfor i in range(1,134): print(i, os.strerror(i), sep="\\t")'],
      {
        encoding: 'utf8',
      },
    );
    if (python.status !== 0) return;
    const texts = new Map(python.stdout.split('\n').map((line) => line.split('\t') as [string, string]));
    for (const [number, [name]] of getSystemErrorMap()) {
      if (libc.errnoNumber(name) !== -number || name === 'ENOTSUP') continue;
      assert.equal(libc.errnoName(-number), name);
      if (libc.errnoText(name) !== name) assert.equal(libc.errnoText(name), texts.get(String(-number)), name);
    }
    assert.equal(libc.errnoText('ECONNREFUSED'), 'Connection refused');
  });

  it('without a name or text are passed through', () => {
    assert.equal(libc.errnoName(9999), 'errno 9999');
    assert.equal(libc.errnoNumber('ENOSUCH'), 0);
    assert.equal(libc.errnoText('ENOSUCH'), 'ENOSUCH');
  });
});

describe('the C library', () => {
  it('is loaded without the warning about ffi, and other warnings pass', { skip }, () => {
    const { stderr, stdout } = run(`
      console.log(libc.libcProblem());
      process.emitWarning('kept', 'ExperimentalWarning');`);
    assert.equal(stdout, 'null\n');
    assert.doesNotMatch(stderr, /FFI/);
    assert.match(stderr, /ExperimentalWarning: kept/);
  });

  it('is refused with the reason where node:ffi is missing', () => {
    const { stdout } = run(
      `console.log(libc.libcProblem());
       try { libc.changeRootOfThread('/'); } catch (error) { console.log(error.name, error.code, error.message); }
       console.log(libc.notifyServiceManager('/x', 'READY=1'));`,
      '--no-experimental-ffi',
    );
    const reason = 'this node has no node:ffi module (needs version 26.1 or newer, without --no-experimental-ffi)';
    assert.equal(stdout, `${reason}\nLibcError ENOSYS ${reason}: unshare\n${reason}: socket\n`);
  });

  it('names reason, call and subject of a failure', { skip }, () => {
    assert.throws(() => libc.bindInet(-1, '127.0.0.1', 80), {
      name: 'LibcError',
      code: 'EBADF',
      syscall: 'bind',
      message: 'Bad file descriptor: bind 127.0.0.1:80',
    });
  });
});

describe('unix datagrams', { skip }, () => {
  it('reach a path and an abstract name', () => {
    const socket = libc.openUnixDatagram();
    for (const path of [
      join(folder, 'log'),
      `\0sluice-log-${process.pid}`,
      libc.paddedAbstractName(`sluice-${process.pid}`),
    ]) {
      const receiver = receiveUnixDatagrams(path);
      assert.equal(socket.send(path, Buffer.from('<134>one')), null);
      assert.equal(socket.send(path, Buffer.from('<134>two')), null);
      assert.equal(receiver.read(), '<134>one');
      assert.equal(receiver.read(), '<134>two');
      assert.equal(receiver.read(), null);
      receiver.close();
    }
    socket.close();
  });

  it('that cannot be delivered are told by name, and sending never waits', () => {
    const socket = libc.openUnixDatagram();
    assert.equal(socket.send(join(folder, 'nothing'), Buffer.from('x')), 'ENOENT');
    const path = join(folder, 'slow');
    const receiver = receiveUnixDatagrams(path);
    let result: string | null = null;
    for (let i = 0; i < 100_000 && result === null; i++) result = socket.send(path, Buffer.alloc(100));
    assert.equal(result, 'EAGAIN');
    receiver.close();
    assert.equal(socket.send(path, Buffer.from('x')), 'ECONNREFUSED');
    assert.throws(() => socket.send('/'.padEnd(108, 'x'), Buffer.from('x')), { code: 'ENAMETOOLONG' });
    socket.close();
  });

  it('tell the service manager, at a path or an abstract address', () => {
    const receiver = receiveUnixDatagrams(`\0sluice-notify-${process.pid}`);
    assert.equal(libc.notifyServiceManager(`@sluice-notify-${process.pid}`, 'READY=1\nSTATUS=up'), null);
    assert.equal(receiver.read(), 'READY=1\nSTATUS=up');
    receiver.close();
    assert.equal(libc.notifyServiceManager(join(folder, 'absent'), 'READY=1'), 'ENOENT');
  });
});

describe('a unix listener', { skip }, () => {
  const access = { mode: 0o640, uid: process.getuid!(), gid: process.getgid!() };

  it('has its mode before anybody can connect, replaces a stale socket and accepts', async (t) => {
    const path = join(folder, 'admin.sock');
    for (let round = 0; round < 2; round++) {
      const fd = libc.listenUnix(path, access, 10);
      assert.equal(statSync(path).mode & 0o7777, 0o640);
      const server = closing(t, createServer()).listen({ fd });
      const [client, accepted] = await connected(t, server, path);
      const peer = libc.peerCredentials(libc.descriptorOf(accepted));
      assert.deepEqual(peer, { pid: process.pid, uid: process.getuid!(), gid: process.getgid!() });
      client.destroy();
      accepted.destroy();
      server.close();
      await once(server, 'close');
    }
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });

  it('is found at the abstract name that HAProxy uses', async (t) => {
    const name = libc.paddedAbstractName(`sluice-abns-${process.pid}`);
    const access = { mode: null, uid: null, gid: null };
    const server = closing(t, createServer()).listen({ fd: libc.listenUnix(name, access, 10) });
    const [, accepted] = await connected(t, server, name);
    assert.deepEqual(libc.localName(libc.descriptorOf(accepted)), { family: 'unix', path: name });
    assert.equal(libc.displayPath(name), `@sluice-abns-${process.pid}`);
  });

  it('refuses to replace what is no socket, and leaves nothing behind when it fails', () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'kept');
    assert.throws(() => libc.listenUnix(file, access, 10), { code: 'EEXIST' });
    assert.throws(() => libc.listenUnix(join(folder, 'no', 'such'), access, 10), { code: 'ENOENT' });
    const other = join(folder, 'other.sock');
    if (process.getuid!() !== 0)
      assert.throws(() => libc.listenUnix(other, { ...access, uid: 0 }, 10), { code: 'EPERM' });
    assert.ok(!existsSync(other));
    assert.equal(statSync(file).size, 4);
  });
});

describe('descriptors', { skip }, () => {
  it('pass over a unix socket and are described', async (t) => {
    const path = join(folder, 'pass.sock');
    const server = closing(t, createServer()).listen(path);
    await once(server, 'listening');
    const accepting = once(server, 'connection');
    const client = libc.connectUnixBlocking(path, 1000);
    const [accepted] = (await accepting) as [Socket];
    const web = closing(t, createServer()).listen(0, '127.0.0.1');
    await once(web, 'listening');
    const webFd = libc.descriptorOf(web);
    assert.equal(libc.sendDescriptors(libc.descriptorOf(accepted), Buffer.from('two'), [webFd, webFd]), true);
    const received = libc.receiveDescriptors(client, 100)!;
    assert.equal(Buffer.from(received.bytes).toString(), 'two');
    assert.equal(received.descriptors.length, 2);
    const port = (web.address() as { port: number }).port;
    for (const fd of received.descriptors) {
      assert.notEqual(fd, webFd);
      assert.deepEqual(libc.describeSocket(fd), {
        type: 'stream',
        listening: true,
        name: { family: 'inet', host: '127.0.0.1', port },
      });
      libc.closeDescriptor(fd);
    }
    // Bytes alone come without descriptors; then the end.
    assert.equal(libc.sendDescriptors(libc.descriptorOf(accepted), Buffer.from('x'), []), true);
    assert.deepEqual(libc.receiveDescriptors(client, 100)!.descriptors, []);
    accepted.destroy();
    await once(accepted, 'close');
    assert.equal(libc.receiveDescriptors(client, 100)!.bytes.length, 0);
    libc.closeDescriptor(client);
  });

  it('that block give up after their time-out, and one too many is refused', async (t) => {
    const path = join(folder, 'silent.sock');
    const server = closing(t, createServer()).listen(path);
    await once(server, 'listening');
    const client = libc.connectUnixBlocking(path, 20);
    assert.equal(libc.receiveDescriptors(client, 10), null);
    const many = new Array(libc.MAX_PASSED_DESCRIPTORS + 1).fill(client);
    assert.throws(() => libc.sendDescriptors(client, Buffer.from('x'), many), { code: 'EINVAL' });
    libc.closeDescriptor(client);
    assert.throws(() => libc.connectUnixBlocking(join(folder, 'gone.sock'), 20), { code: 'ENOENT' });
  });

  it('that are no sockets, or not open, are refused', () => {
    assert.throws(() => libc.describeSocket(99_999), { code: 'EBADF' });
    assert.equal(libc.descriptorOf({}), -1);
  });
});

describe('TCP sockets', { skip }, () => {
  for (const host of ['127.0.0.1', '::1']) {
    it(`listen on ${host} with options that Node cannot set`, async (t) => {
      const fd = libc.openStreamSocket(host === '::1' ? 'inet6' : 'inet');
      libc.setSocketOption(fd, 'SO_REUSEPORT', 1);
      libc.setSocketOption(fd, 'TCP_DEFER_ACCEPT', 1);
      libc.setSocketOption(fd, 'TCP_USER_TIMEOUT', 1234);
      assert.equal(libc.getSocketOption(fd, 'TCP_USER_TIMEOUT'), 1234);
      try {
        libc.bindInet(fd, host, 0);
      } catch (error) {
        libc.closeDescriptor(fd);
        if ((error as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL') return t.skip('no such address here');
        throw error;
      }
      libc.listenOn(fd, 16);
      const name = libc.localName(fd) as { port: number };
      const server = closing(t, createServer()).listen({ fd });
      server.on('connection', (socket: Socket) => socket.end('hello'));
      const client = connect(name.port, host);
      client.write('x');
      const [chunk] = await once(client, 'data');
      assert.equal(String(chunk), 'hello');
      client.destroy();
      return undefined;
    });
  }

  it('tell round-trip times', async (t) => {
    const server = closing(t, createServer()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const [client, accepted] = await connected(t, server, (server.address() as { port: number }).port);
    client.write('x');
    await once(accepted, 'data');
    const info = libc.tcpInfo(libc.descriptorOf(client));
    assert.ok(info.rtt > 0 && info.rtt < 5_000_000, `rtt ${info.rtt}`);
    assert.ok(info.rttvar > 0 && info.rttvar < 5_000_000, `rttvar ${info.rttvar}`);
    assert.equal(info.lost, 0);
    // At least the three of RFC 5681; more where the kernel has met reordering before.
    assert.ok(info.reordering >= 3 && info.reordering <= 300, `reordering ${info.reordering}`);
  });

  it('are tied to an interface, or refused with the reason', { skip: asRoot }, () => {
    const fd = libc.openStreamSocket('inet');
    libc.bindToDevice(fd, 'lo');
    assert.throws(() => libc.bindToDevice(fd, 'nosuch0'), {
      message: "No such device: setsockopt SO_BINDTODEVICE 'nosuch0'",
    });
    libc.setSocketOption(fd, 'IP_TRANSPARENT', 1);
    assert.equal(libc.getSocketOption(fd, 'IP_TRANSPARENT'), 1);
    libc.closeDescriptor(fd);
  });
});

describe('the process', { skip }, () => {
  it('changes its limit of descriptors', () => {
    const before = libc.descriptorLimit();
    assert.ok(before.soft > 0 && before.soft <= before.hard);
    const { stdout } = run(`
      const { hard } = libc.descriptorLimit();
      libc.setDescriptorLimit({ soft: 200, hard });
      console.log(libc.descriptorLimit().soft, libc.descriptorLimit().hard === hard);
      try { libc.setDescriptorLimit({ soft: 300, hard: 200 }); } catch (error) { console.log(error.message); }`);
    assert.equal(stdout, '200 true\nInvalid argument: setrlimit RLIMIT_NOFILE 300\n');
  });

  it('changes the root of one thread', { skip: asRoot }, () => {
    writeFileSync(join(folder, 'inside'), 'seen');
    const { stdout, stderr } = run(`
      import { existsSync } from 'node:fs';
      import { Worker } from 'node:worker_threads';
      const worker = new Worker(\`
        process.getBuiltinModule('node:worker_threads').parentPort.once('message', () => {
          console.log(process.getBuiltinModule('node:fs').existsSync('/inside'));
        })\`, { eval: true });
      await new Promise((resolve) => worker.once('online', resolve));
      libc.changeRootOfThread(${JSON.stringify(folder)});
      console.log(existsSync('/inside'), existsSync('inside'));
      libc.setDumpable(true);
      worker.postMessage(0);`);
    assert.equal(stderr, '');
    assert.equal(stdout, 'true true\nfalse\n');
  });

  it('is told why it cannot change its root', () => {
    const code = process.getuid!() === 0 ? 'ENOENT' : 'EPERM';
    assert.throws(() => libc.changeRootOfThread(join(folder, 'missing')), { code, syscall: 'chroot' });
  });
});

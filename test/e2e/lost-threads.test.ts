import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { blackhole } from '../support/blackhole.ts';
import { cli } from '../support/cli.ts';
import { connect, get } from '../support/connection.ts';
import { lowPort } from '../support/ports.ts';
import { program, type Run, start } from '../support/program.ts';
import { until } from '../support/wait.ts';

// A traffic thread ends, as a bug would end it, and another one takes its place.

const asRoot = { skip: process.getuid!() !== 0 && 'needs root' };
const hook = fileURLToPath(new URL('../support/lose-threads.mjs', import.meta.url));
const env = { NODE_OPTIONS: `--import=${hook}` };
const root = fileURLToPath(new URL('../..', import.meta.url));
const BUNDLE = `import('${root}scripts/bundle.ts').then(({ bundle }) => bundle(process.argv[1] + '/dist'))`;
const folder = mkdtempSync(join(tmpdir(), 'sluice-lost-'));
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true }));

const USER = 'nobody';
const uid = Number(spawnSync('id', ['-u', USER], { encoding: 'utf8' }).stdout);
const group = spawnSync('id', ['-gn', USER], { encoding: 'utf8' }).stdout.trim();

const config = (global: string, more = '') => `
global
  stats socket {sock:admin} level admin
  ${global}
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend web
  bind {addr:web}
  bind {sock:web}
  http-request return status 200 content-type text/plain string all
${more}`;

/** Threads of a process that carry traffic: number of the task by name. */
function trafficThreads(pid: number): Map<string, string> {
  const tasks = `/proc/${pid}/task`;
  return new Map(
    readdirSync(tasks)
      .map((task): [string, string] => [nameOf(join(tasks, task, 'comm')), task])
      .filter(([name]) => name.startsWith('traffic ')),
  );
}

function nameOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return ''; // The thread has ended since the folder was read.
  }
}

/** Ends the thread that runs longest and waits until another has taken its place. */
async function loseOne(run: Run, threads: number): Promise<void> {
  const before = [...trafficThreads(run.pid).values()];
  run.signal('SIGPROF');
  await until('another thread', () => {
    const now = [...trafficThreads(run.pid).values()];
    return now.length === threads && now.some((task) => !before.includes(task));
  });
}

/** Each request on a connection of its own: the kernel spreads them over all sockets of the port. */
async function askOften(target: number | string): Promise<void> {
  for (let i = 0; i < 20; i++) assert.equal((await get(target)).status, 200);
}

test('connections that come while the only thread is being replaced wait for the next one', async (t) => {
  const run = await start(t, config('nbthread 1'), { env });
  for (let i = 0; i < 3; i++) {
    run.signal('SIGPROF');
    await run.output(new RegExp(`(?:traffic thread 0 was lost[^]*){${i + 1}}`));
    const [tcp, unix] = await Promise.all([get(run.port('web')), get(run.sock('web'))]);
    assert.deepEqual([tcp.status, unix.status], [200, 200]);
  }
});

test('abstract sockets, and sockets that were passed to the process, are taken over too', async (t) => {
  const name = `sluice-lost-${process.pid}`;
  const file = join(folder, 'passed.cfg');
  const socket = join(folder, 'passed.sock');
  writeFileSync(
    file,
    `global\n stats socket ${socket} level admin\nfrontend web\n mode http\n timeout client 5s\n bind fd@3\n bind abnsz@${name}\n http-request return status 204\n`,
  );
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  const child = spawn(program, ['-db', '-f', file], {
    stdio: ['ignore', 'ignore', 'pipe', fd],
    env: { ...process.env, ...env, LISTEN_FDS: '1' },
  });
  t.after(() => child.kill());
  server.close();
  let said = '';
  child.stderr!.on('data', (bytes: Buffer) => {
    said += bytes;
  });
  assert.equal((await get(port)).status, 204);
  await until('the end of the start', () => cli(socket, 'show info').catch(() => ''));
  for (let i = 1; i <= 2; i++) {
    child.kill('SIGPROF');
    await until('the thread to be lost', () => said.split('was lost').length > i);
    assert.equal((await get(port)).status, 204);
    assert.equal((await get(`\0${name}`)).status, 204);
  }
  assert.doesNotMatch(said, /does not listen/);
});

test('another thread has the code of this process, whatever has become of its files', async (t) => {
  const copy = join(folder, 'program');
  mkdirSync(join(copy, 'bin'), { recursive: true });
  copyFileSync(join(root, 'bin/sluice'), join(copy, 'bin/sluice'));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const made = spawnSync(process.execPath, ['-e', BUNDLE, copy], { cwd: root, encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  const run = await start(t, config('nbthread 1'), { env, program: join(copy, 'bin/sluice') });
  assert.equal((await get(run.port('web'))).status, 200);
  writeFileSync(join(copy, 'dist/traffic.js'), 'throw new Error("another version")');
  await run.info();
  await loseOne(run, 1);
  assert.equal((await get(run.port('web'))).status, 200);
});

test('what was changed meanwhile holds in the new thread: paused frontends, servers, reloads', async (t) => {
  const more = 'frontend other\n  bind {addr:other}\n  http-request return status 204\n';
  const run = await start(t, config('nbthread 2', more), { env });
  await run.cli('disable frontend web');
  await loseOne(run, 2);
  await loseOne(run, 2);
  await assert.rejects(get(run.port('web')), /ECONNREFUSED/);
  for (let i = 0; i < 10; i++) assert.equal((await get(run.port('other'))).status, 204);
  assert.equal(await run.cli('enable frontend web'), '');
  await askOften(run.port('web'));
  run.rewrite(config('nbthread 2', more).replace('status 204', 'status 202'));
  await run.cli('reload');
  for (let i = 0; i < 10; i++) assert.equal((await get(run.port('other'))).status, 202);
});

test('a soft stop lets the ports go, also those of threads that were replaced', async (t) => {
  const silent = await blackhole(t);
  const more = 'listen slow\n  bind {addr:slow}\n  server s {addr:silent}\n';
  const run = await start(t, config('nbthread 2', more), { env, ports: { silent } });
  await loseOne(run, 2);
  const client = await connect(t, run.port('slow'));
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await until('the request to be in progress', async () => (await run.row('slow/BACKEND'))['scur'] === '1');
  run.signal('SIGUSR1');
  await until('the port to be let go', () =>
    get(run.port('web')).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
    ),
  );
  client.close();
  assert.equal((await run.exited).code, 0);
  await run.stop();
});

const jailed = (jail: string) => `nbthread 2\n  chroot ${jail}\n  user ${USER}\n  group ${group}`;

function jailIn(name: string): string {
  const jail = join(folder, name);
  mkdirSync(jail);
  return jail;
}

test(
  'as another user, in a chroot, the new thread listens on ports of root and is confined like the others',
  asRoot,
  async (t) => {
    const jail = jailIn('jail');
    const run = await start(t, config(jailed(jail)), { env, ports: { web: await lowPort() } });
    for (let i = 0; i < 3; i++) {
      await loseOne(run, 2);
      await askOften(run.port('web'));
      await askOften(run.sock('web'));
    }
    const tasks = readdirSync(`/proc/${run.pid}/task`);
    const traffic = trafficThreads(run.pid);
    assert.deepEqual([...traffic.keys()].sort(), ['traffic 0', 'traffic 1']);
    for (const task of tasks) {
      const status = readFileSync(`/proc/${run.pid}/task/${task}/status`, 'utf8');
      assert.match(status, new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, 'm'));
      assert.match(status, /^CapEff:\t0+$/m);
      // The control thread may confine threads to come, nothing else, and gives that to nobody.
      assert.match(status, task === String(run.pid) ? /^CapPrm:\t0+40000$/m : /^CapPrm:\t0+$/m);
    }
    const main = readFileSync(`/proc/${run.pid}/status`, 'utf8');
    assert.match(main, /^CapInh:\t0+$/m);
    assert.match(main, /^NoNewPrivs:\t1$/m);
    for (const task of traffic.values()) assert.equal(readlinkSync(`/proc/${run.pid}/task/${task}/root`), jail);
  },
);

test('a thread that cannot be confined does not serve; it is tried again until it can', asRoot, async (t) => {
  const jail = jailIn('moved');
  const run = await start(t, config(jailed(jail)), { env });
  renameSync(jail, `${jail}.away`);
  run.signal('SIGPROF');
  await run.output(
    /\[ALERT\].* traffic thread 0 was lost: it cannot be replaced, trying again in 1 s: No such file or directory: chroot/,
  );
  await until('the thread to be gone', () => trafficThreads(run.pid).size === 1);
  renameSync(`${jail}.away`, jail);
  await until('the thread to be there again', () => trafficThreads(run.pid).size === 2);
  await askOften(run.port('web'));
});

test(
  'a frontend on a port of root comes back after it was disabled, and the port may move by a reload',
  asRoot,
  async (t) => {
    const jail = jailIn('pause');
    const more = 'frontend other\n  bind {addr:other}\n  http-request return status 204\n';
    const text = config(jailed(jail), more);
    const run = await start(t, text, { env, ports: { web: await lowPort() } });
    chmodSync(run.dir, 0o755);
    await run.cli('disable frontend web');
    await assert.rejects(get(run.port('web')), /ECONNREFUSED/);
    assert.equal(await run.cli('enable frontend web'), '');
    await askOften(run.port('web'));

    run.rewrite(text.replace('  bind {addr:web}\n', '').replace('bind {addr:other}', 'bind {addr:web}'));
    const moved = await run.cli('reload');
    assert.equal((await get(run.port('web'))).status, 204, moved);

    // Another socket would be needed, which only root can open: nothing changes.
    run.rewrite(text.replace('bind {addr:web}', 'bind {addr:web} defer-accept'));
    assert.match(await run.cli('reload'), /\[ALERT\].*cannot bind socket \(Permission denied\)/);
    for (let i = 0; i < 10; i++) assert.equal((await get(run.port('web'))).status, 204);
  },
);

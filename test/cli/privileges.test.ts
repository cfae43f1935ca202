import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { freePort, listeningPorts } from '../support/ports.ts';
import { program, type Run, runToEnd, start } from '../support/program.ts';
import { until } from '../support/wait.ts';

const asRoot = { skip: process.getuid!() !== 0 && 'needs root' };

/** A user of the system with few rights. */
const USER = 'nobody';
const uid = Number(spawnSync('id', ['-u', USER], { encoding: 'utf8' }).stdout);
const gid = Number(spawnSync('id', ['-g', USER], { encoding: 'utf8' }).stdout);
const group = spawnSync('id', ['-gn', USER], { encoding: 'utf8' }).stdout.trim();

const jail = mkdtempSync(join(tmpdir(), 'sluice-jail-'));
after(() => rmSync(jail, { recursive: true }));

const config = `
  global
      nbthread 2
      chroot ${jail}
      user ${USER}
      group ${group}
      stats socket {sock:admin} mode 660 level admin user ${USER} group ${group}
  defaults
      mode http
      timeout connect 5s
      timeout client 5s
      timeout server 5s
  frontend web
      bind {addr:web}
      http-request return status 200
`;

/** The folder of a run is only its owner's: the user that the program becomes must get through to the file. */
function open(run: Run): void {
  chmodSync(run.dir, 0o755);
}

const threads = (pid: number) => readdirSync(`/proc/${pid}/task`);
const trafficThreads = (pid: number) =>
  threads(pid).filter((thread) => /^traffic \d/.test(readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8')));
const rootOf = (pid: number) => (thread: string) => readlinkSync(`/proc/${pid}/task/${thread}/root`);

test('all threads become the user and group, without any others', asRoot, async (t) => {
  const run = await start(t, config);
  // Its ports are there before the rights of root are gone; no client is served in between.
  await until('another user', () => statSync(`/proc/${run.pid}`).uid === uid);
  for (const thread of threads(run.pid)) {
    const status = readFileSync(`/proc/${run.pid}/task/${thread}/status`, 'utf8');
    assert.match(status, new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, 'm'));
    assert.match(status, new RegExp(`^Gid:\\t${gid}\\t${gid}\\t${gid}\\t${gid}$`, 'm'));
    assert.match(status, new RegExp(`^Groups:\\t${gid} $`, 'm'));
  }
});

test('the control socket has its owner, group and mode', asRoot, async (t) => {
  const run = await start(t, config);
  const { mode, uid: owner, gid: ownerGroup } = statSync(run.sock('admin'));
  assert.deepEqual([mode & 0o777, owner, ownerGroup], [0o660, uid, gid]);
});

test('traffic threads are confined to the chroot, the control thread is not: a reload works', asRoot, async (t) => {
  const run = await start(t, config);
  assert.equal(readlinkSync(`/proc/${run.pid}/root`), '/');
  assert.deepEqual(trafficThreads(run.pid).map(rootOf(run.pid)), [jail, jail]);
  open(run);
  run.rewrite(config.replace('status 200', 'status 299'));
  const answer = await run.cli('reload');
  assert.equal((await get(run.port('web'))).status, 299, answer);
});

test('a chroot that is not there ends the start', asRoot, async () => {
  const exit = await runToEnd(config.replace(jail, '{dir}/missing'), { noWait: true });
  assert.equal(exit.code, 1);
  assert.match(
    exit.stderr,
    /\[ALERT\].* : \[haproxy\.main\(\)\] Cannot chroot\(.*\/missing\) : No such file or directory/,
  );
});

test('who is not root cannot become somebody else, and is told', asRoot, async (t) => {
  if (spawnSync(program, ['-v'], { uid, gid, cwd: '/' }).status !== 0) return t.skip(`${USER} cannot run it from here`);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-unprivileged-'));
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  const file = join(folder, 'a.cfg');
  const port = await freePort();
  writeFileSync(
    file,
    `global\n group root\nlisten web\n bind 127.0.0.1:${port}\n timeout client 1s\n timeout connect 1s\n timeout server 1s\n`,
  );
  const { status, stderr } = spawnSync(program, ['-db', '-f', file], { uid, gid, cwd: folder, encoding: 'utf8' });
  assert.equal(status, 1, stderr);
  assert.match(stderr, /\[ALERT\].* : \[haproxy\.main\(\)\] Cannot set gid /);
});

test('clients wait until the rights of the start are given up', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-hold-'));
  t.after(() => rmSync(folder, { recursive: true }));
  // Opening it waits for a reader: the start stands still between listening and the change of user.
  const pidFile = join(folder, 'pid');
  assert.equal(spawnSync('mkfifo', [pidFile]).status, 0);
  const run = await start(
    t,
    `
  global
      pidfile ${pidFile}
  defaults
      mode http
      timeout client 5s
  frontend web
      bind {addr:web}
      http-request return status 200
  `,
    { noWait: true },
  );
  await until('it listens', () => listeningPorts().has(run.port('web')));
  const client = await connect(t, run.port('web'));
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.equal(await client.silent(300), true);
  assert.equal(readFileSync(pidFile, 'utf8'), `${run.pid}\n`);
  assert.equal((await client.response('GET')).status, 200);
});

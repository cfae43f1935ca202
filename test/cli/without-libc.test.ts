import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { get } from '../support/connection.ts';
import { lowPort } from '../support/ports.ts';
import { runToEnd, start } from '../support/program.ts';

// A Node.js that cannot call the C library: started without node:ffi, as an older one is.

const asRoot = { skip: process.getuid!() !== 0 && 'needs root' };
const env = { NODE_OPTIONS: '--no-experimental-ffi' };
const NO_FFI = 'this node has no node:ffi module';

const USER = 'nobody';
const uid = Number(spawnSync('id', ['-u', USER], { encoding: 'utf8' }).stdout);
const group = spawnSync('id', ['-gn', USER], { encoding: 'utf8' }).stdout.trim();
const jail = mkdtempSync(join(tmpdir(), 'sluice-jail-'));
after(() => rmSync(jail, { recursive: true }));

const config = (global = '') => `
global
  log {dir}/log local0
  log {dir}/log local1 notice
  stats socket {sock:admin} level admin
  nbthread 2
  ${global}
defaults
  log global
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend web
  bind {addr:web}
  http-request return status 200
frontend other
  bind {addr:other}
  http-request return status 204
`;

const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;

test('what cannot be done is told once, and the rest is done', async (t) => {
  const run = await start(t, config('ulimit-n 1000'), { env });
  assert.equal((await get(run.port('web'))).status, 200);
  assert.equal(count(run.stderr, /log lines are not sent to unix sockets/g), 1, run.stderr);
  assert.match(
    run.stderr,
    new RegExp(`\\[WARNING\\].* parsing \\[.*:3\\] : log lines are not sent to unix sockets: ${NO_FFI}`),
  );
  assert.match(run.stderr, new RegExp(`\\[WARNING\\].* Cannot raise FD limit to 1000: ${NO_FFI}`));
  assert.equal(await run.cli('disable frontend web'), '');
  await assert.rejects(get(run.port('web')), /ECONNREFUSED/);
  assert.equal(await run.cli('enable frontend web'), '');
  assert.equal((await get(run.port('web'))).status, 200);
  assert.match(await run.cli('reload'), /Success=1[\s\S]*log lines are not sent to unix sockets/);
});

test('root becomes the user and group all the same; that it is not confined is told', asRoot, async (t) => {
  const text = config(`chroot ${jail}\n  user ${USER}\n  group ${group}`);
  const run = await start(t, text, { env, ports: { web: await lowPort() } });
  for (const task of readdirSync(`/proc/${run.pid}/task`)) {
    const status = readFileSync(`/proc/${run.pid}/task/${task}/status`, 'utf8');
    assert.match(status, new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, 'm'));
    assert.match(status, /^CapPrm:\t0+$/m);
    assert.equal(readlinkSync(`/proc/${run.pid}/task/${task}/root`), '/');
  }
  assert.match(run.stderr, new RegExp(`\\[WARNING\\].* chroot '${jail}' is not done: ${NO_FFI}`));
  assert.equal((await get(run.port('web'))).status, 200);
  // Nothing is kept of the port of root: the frontend cannot come back, and says so.
  chmodSync(run.dir, 0o755);
  await run.cli('disable frontend web');
  assert.match(await run.cli('enable frontend web'), /Failed to resume frontend/);
  await run.output(/cannot bind socket \(Permission denied\) for \[127\.0\.0\.1:\d+\]/);
  assert.equal((await get(run.port('other'))).status, 204);
});

test('a user that the process cannot become ends the start: it never serves as root instead', asRoot, async (t) => {
  // In a user namespace with root alone there is nobody to become.
  const alone = spawnSync('unshare', ['-Ur', 'true']);
  if (alone.status !== 0) return t.skip('user namespaces are not permitted');
  const script = `exec unshare -Ur ${join(import.meta.dirname, '../../bin/sluice')} -db -f "$1"`;
  for (const options of [{ env }, {}]) {
    const exit = await runToEnd(config(`user ${USER}`), {
      ...options,
      program: '/bin/sh',
      argv: ['-c', script, 'sh', '{config}'],
      noWait: true,
    });
    assert.equal(exit.code, 1, exit.stderr);
    assert.match(exit.stderr, /\[ALERT\].* : \[haproxy\.main\(\)\] Cannot set uid \d+: .*EINVAL/);
  }
});

test('what would be less safe than asked for is refused: a unix socket that is to have an owner or mode', async () => {
  const exit = await runToEnd(config().replace('bind {addr:web}', 'bind {sock:web} mode 600'), { env, noWait: true });
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /\[ALERT\].*Binding \[.*:\d+\] for proxy web: cannot bind UNIX socket .*web\.sock/);
});

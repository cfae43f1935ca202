import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { get } from '../support/connection.ts';
import { lowPort } from '../support/ports.ts';
import { start } from '../support/program.ts';
import { until } from '../support/wait.ts';

// `setcap`: rights of root that outlast the change to another user.

const asRoot = { skip: process.getuid!() !== 0 && 'needs root' };
const hook = fileURLToPath(new URL('../support/lose-threads.mjs', import.meta.url));
const group = spawnSync('id', ['-gn', 'nobody'], { encoding: 'utf8' }).stdout.trim();
const jail = mkdtempSync(join(tmpdir(), 'sluice-jail-'));
after(() => rmSync(jail, { recursive: true }));

const config = (global: string, more = '') => `
global
  stats socket {sock:admin} level admin
  nbthread 2
  user nobody
  group ${group}
  ${global}
defaults
  mode http
  timeout client 5s
frontend web
  bind {addr:web}
  http-request return status 200
${more}`;

/** Effective and permitted rights of the threads of a process by name, in the hexadecimal digits of /proc. */
function rights(pid: number): Map<string, string> {
  const found = new Map<string, string>();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    let status: string;
    try {
      status = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8');
    } catch {
      continue; // A thread that has ended since.
    }
    const field = (name: string) =>
      Number.parseInt(new RegExp(`^${name}:\\t(\\S+)$`, 'm').exec(status)![1]!, 16).toString(16);
    const name = task === String(pid) ? 'control' : /^Name:\t(.*)$/m.exec(status)![1]!;
    found.set(name, `${field('CapEff')} ${field('CapPrm')}`);
  }
  return found;
}

test(
  'a reload may add ports of root with cap_net_bind_service, in threads that replace others, too',
  asRoot,
  async (t) => {
    const run = await start(t, config(`chroot ${jail}\n  setcap cap_net_bind_service,cap_net_raw`), {
      env: { NODE_OPTIONS: `--import=${hook}` },
    });
    chmodSync(run.dir, 0o755);
    // 10 and 13; the control thread may also use 18 for threads to come, and 2, since the folder is closed to the user.
    const expected = (name: string) =>
      name === 'control' ? '2400 42404' : name.startsWith('traffic') ? '2400 2400' : '0 0';
    let seen = new Map<string, string>();
    // It listens before it gives rights up.
    await until(
      () => `the rights to be given up: ${JSON.stringify([...seen])}`,
      () => {
        seen = rights(run.pid);
        return [...seen].every(([name, sets]) => sets === expected(name));
      },
    );
    for (const name of ['control', 'traffic 0', 'traffic 1']) assert.ok(seen.has(name), name);

    const low = await lowPort();
    const global = `chroot ${jail}\n  setcap cap_net_bind_service,cap_net_raw`;
    const frontend = (bind: string) => `frontend more\n  bind ${bind}\n  http-request return status 204\n`;
    run.rewrite(config(global, frontend(`127.0.0.1:${low}`)));
    assert.match(await run.cli('reload'), /^Success=1/);
    assert.equal((await get(low)).status, 204);
    // Another socket for the same address: the old one can be let go, since it could be bound again.
    run.rewrite(config(global, frontend(`127.0.0.1:${low} defer-accept`)));
    assert.match(await run.cli('reload'), /^Success=1/);
    assert.equal((await get(low)).status, 204);

    run.signal('SIGPROF');
    await run.output(/traffic thread 0 was lost/);
    await until(
      () => `the thread to be back with its rights: ${JSON.stringify([...rights(run.pid)])}${run.stderr}`,
      () => rights(run.pid).get('traffic 0') === '2400 2400',
    );
    for (let i = 0; i < 10; i++) assert.equal((await get(low)).status, 204);
  },
);

test('without chroot only what is named is kept; a change of it waits for a restart', asRoot, async (t) => {
  const run = await start(t, config('setcap cap_net_raw\n  setcap cap_net_admin'));
  chmodSync(run.dir, 0o755);
  await until('the change of user', () => {
    const seen = rights(run.pid);
    return seen.get('traffic 0') === '3000 3000' && seen.get('control') === '3000 3000';
  });
  run.rewrite(config('setcap cap_net_raw'));
  assert.match(
    await run.cli('reload'),
    /:7\] : 'setcap' needs a restart: it was cap_net_raw,cap_net_admin at the start and is cap_net_raw now; /,
  );
});

test('without the C library nothing is kept, and that is told', asRoot, async (t) => {
  const run = await start(t, config('setcap cap_net_raw'), { env: { NODE_OPTIONS: '--no-experimental-ffi' } });
  await run.output(/\[WARNING\].* setcap is not done: this node has no node:ffi module/);
  await until('the change of user', () => [...rights(run.pid).values()].every((sets) => sets === '0 0'));
});

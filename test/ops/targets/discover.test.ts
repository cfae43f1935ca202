import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { discover, type Installation, type ProcessFacts } from '../../../src/ops/targets/discover.ts';
import { haproxyArguments } from '../../../src/ops/targets/haproxy-arguments.ts';
import { start } from '../../support/program.ts';
import { until } from '../../support/wait.ts';
import { HAPROXY, meta, target } from './support.ts';

const process = (pid: number, command: string, more: Partial<ProcessFacts> = {}): ProcessFacts => ({
  pid,
  parent: 1,
  argv: command.split(' '),
  exe: '/usr/sbin/haproxy',
  cwd: '/',
  cgroup: '',
  namespacePids: [pid],
  ...more,
});

function found(processes: readonly ProcessFacts[], pid = 20) {
  return discover(pid, (asked) => processes.find((one) => one.pid === asked) ?? null) as Installation;
}

describe('an installation', () => {
  it('under systemd with master and worker is reloaded by its unit', () => {
    const cgroup = '/system.slice/haproxy.service';
    const line =
      '/usr/sbin/haproxy -sf 11 12 -x sockpair@4 -Ws -f /etc/haproxy/haproxy.cfg -f conf.d -p /run/haproxy.pid -S /run/m.sock';
    const about = found([
      process(10, line, { cgroup, cwd: '/etc/haproxy' }),
      process(20, line, { parent: 10, cgroup, cwd: '/etc/haproxy' }),
    ]);
    assert.deepEqual(about, {
      mode: 'master-worker',
      pid: 10,
      files: ['/etc/haproxy/haproxy.cfg', '/etc/haproxy/conf.d'],
      check: ['/usr/sbin/haproxy', '-c', '-f', '/etc/haproxy/haproxy.cfg', '-f', '/etc/haproxy/conf.d'],
      reload: ['systemctl', 'reload', 'haproxy.service'],
      why: '',
      unit: 'haproxy.service',
    });
  });

  it('with a master alone is reloaded by a signal to it', () => {
    const line = 'haproxy -W -f a.cfg';
    const about = found([process(10, line), process(20, line, { parent: 10 })]);
    assert.deepEqual(about.reload, ['kill', '-USR2', '10']);
  });

  it('in the background is replaced by one that takes over', () => {
    const about = found([process(20, 'haproxy -D -C /etc/haproxy -f a.cfg -p /run/h.pid -sf 5', { exe: '' })]);
    assert.equal(about.mode, 'daemon');
    assert.deepEqual(about.files, ['/etc/haproxy/a.cfg']);
    const command = 'haproxy -f /etc/haproxy/a.cfg -D -C /etc/haproxy -p /run/h.pid -sf 20';
    assert.deepEqual(about.reload, command.split(' '));
  });

  it('in the foreground cannot be reloaded, and says why', () => {
    const about = found([process(20, 'haproxy -db -f /a.cfg')]);
    assert.equal(about.reload, null);
    assert.match(about.why, /^HAProxy runs in the foreground without a master/);
  });

  it('that is not visible is told as hidden, unless it is configured', () => {
    const hidden = (processes: readonly ProcessFacts[]) => (found(processes) as unknown as { hidden: string }).hidden;
    assert.match(hidden([]), /is not on this machine: HAProxy runs in a container or elsewhere/);
    assert.match(
      hidden([process(20, 'postgres', { exe: '/usr/bin/postgres' })]),
      /process 20 of this machine is postgres/,
    );
    assert.match(
      hidden([process(20, 'haproxy', { cgroup: '/system.slice/docker-0123.scope' })]),
      /in a container \(docker\)/,
    );
    assert.match(hidden([process(20, 'haproxy', { namespacePids: [20, 7] })]), /in a container \(a PID namespace/);
    const configured = { files: ['/a'], check: ['c'], reload: ['r'] };
    const about = discover(20, () => null, configured) as Installation;
    assert.deepEqual([about.files, about.check, about.reload], [['/a'], ['c'], ['r']]);
    const replaced = discover(20, () => process(20, 'haproxy -f /b'), { reload: ['r'] }) as Installation;
    assert.deepEqual([replaced.files, replaced.reload, replaced.why], [['/b'], ['r'], '']);
  });

  it('of a program that was replaced on disk is the one on disk', () => {
    assert.equal(
      found([process(20, 'haproxy -W -f /a', { exe: '/usr/sbin/haproxy (deleted)' })]).check[0],
      '/usr/sbin/haproxy',
    );
  });

  it('is read from any command line without an exception', () => {
    const word = fc.constantFrom('-f', '-sf', '-C', '--', '-p', '-D', '-W', '12', 'a.cfg', '', '-x');
    fc.assert(fc.property(fc.array(word), (argv) => void haproxyArguments(argv)));
  });
});

const CONFIG = `
  global
    stats socket {sock:admin} level admin
  defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
  frontend web
    bind {addr:web}
`;

describe('a running HAProxy', { skip: existsSync(HAPROXY) ? false : 'haproxy is not installed' }, () => {
  it('with a master is found with its file, which passes its own check, and is reloaded', async (t) => {
    const run = await start(t, CONFIG, { program: HAPROXY, argv: ['-W', '-f', 'haproxy.cfg', '-S', '{sock:master}'] });
    const lb = await target(t, run.sock('admin'));
    const about = (await lb.installation()) as Installation;
    assert.deepEqual([about.mode, about.pid, about.files], ['master-worker', run.pid, [run.file]]);
    assert.equal(spawnSync(about.check[0]!, about.check.slice(1)).status, 0);
    const before = (await lb.state()).info.pid;
    if (about.unit === null) spawnSync(about.reload![0]!, about.reload!.slice(1));
    else run.signal('SIGUSR2');
    await until('another worker', async () => (await lb.state().catch(() => null))?.info.pid !== before);
  });

  it('in the foreground is found, too', async (t) => {
    const run = await start(t, CONFIG, { program: HAPROXY });
    const lb = await target(t, run.sock('admin'));
    const about = (await lb.installation()) as Installation;
    assert.deepEqual([about.mode, about.pid, about.files, about.reload], ['foreground', run.pid, [run.file], null]);
  });
});

describe('a reload of HAProxy', { skip: existsSync(HAPROXY) ? false : 'haproxy is not installed' }, () => {
  it('is followed: what is changed and told afterwards is of the process that took over', async (t) => {
    const run = await start(t, CONFIG, { program: HAPROXY, argv: ['-W', '-f', 'haproxy.cfg'] });
    const lb = await target(t, run.sock('admin'));
    const limit = { kind: 'global.maxconn', maxconn: 77 } as const;
    const before = (await lb.state()).info.pid;
    run.signal('SIGUSR2');
    await until('another worker', async () => (await run.info())['Pid'] !== String(before));
    assert.ok((await lb.apply([limit], meta())).ok);
    assert.equal((await run.info())['Maxconn'], '77');
    assert.notEqual((await lb.state()).info.pid, before);
  });
});

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { cli } from '../support/cli.ts';
import { get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { freePort } from '../support/ports.ts';
import { program, start } from '../support/program.ts';
import { until } from '../support/wait.ts';

// The file that people have on their servers, with nothing but paths, ports and the name of the user changed.

const asRoot = { skip: process.getuid!() !== 0 && 'needs root' };
const folder = mkdtempSync(join(tmpdir(), 'sluice-home-'));
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true }));

const group = spawnSync('id', ['-gn', 'nobody'], { encoding: 'utf8' }).stdout.trim();

test(
  'the usual file: in the background when it is ready, chroot, user, control socket, replaced by -sf',
  asRoot,
  async (t) => {
    const a = await origin(t, 'a');
    const [run, jail, pidFile, file] = ['run', 'jail', 'run/h.pid', 'haproxy.cfg'].map((name) => join(folder, name));
    mkdirSync(run!);
    mkdirSync(jail!);
    const port = await freePort();
    const socket = join(run!, 'admin.sock');
    const errors = ['400', '403', '408', '500', '502', '503', '504'].map((code) => {
      const page = join(folder, `${code}.http`);
      writeFileSync(page, `HTTP/1.0 ${code} Own\r\ncontent-type: text/plain\r\n\r\nown page ${code}\n`);
      return `\terrorfile ${code} ${page}`;
    });
    const text = `
global
\tlog /dev/log\tlocal0
\tlog /dev/log\tlocal1 notice
\tchroot ${jail}
\tstats socket ${socket} mode 660 level admin expose-fd listeners
\tstats timeout 30s
\tuser nobody
\tgroup ${group}
\tdaemon

defaults
\tlog\tglobal
\tmode\thttp
\toption\thttplog
\toption\tdontlognull
        timeout connect 5000
        timeout client  50000
        timeout server  50000
${errors.join('\n')}

frontend web
\tbind 127.0.0.1:${port}
\tuse_backend none if { path /none }
\tdefault_backend app
backend app
\tserver a 127.0.0.1:${a.port}
backend none
`;
    writeFileSync(file!, text);
    const args = ['-f', file!, '-p', pidFile!];
    const pidOf = () => Number(readFileSync(pidFile!, 'utf8'));
    const end = (pid: number) => {
      try {
        process.kill(pid, 'SIGTERM');
      } catch {
        // Gone already.
      }
    };
    const first = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 });
    assert.equal(first.status, 0, first.stderr);
    const pid = pidOf();
    t.after(() => end(pid));
    // The command has come back: it serves, nothing needs to be waited for.
    assert.equal((await get(port)).status, 200);
    assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Uid:\t(?!0\t)(\d+)\t\1\t\1\t\1$/m);
    assert.equal((statSync(socket).mode & 0o777).toString(8), '660');
    const roots = spawnSync('sh', ['-c', `readlink /proc/${pid}/task/*/root`], { encoding: 'utf8' }).stdout;
    assert.ok(roots.split('\n').includes(jail!), roots);
    assert.equal(readlinkSync(`/proc/${pid}/root`), '/');
    assert.match((await get(port, '/none')).text, /own page 503/);

    // The signal of a service manager's reload, with the rights that are left.
    writeFileSync(file!, text.replace('default_backend app', 'default_backend none'));
    process.kill(pid, 'SIGUSR2');
    await until('the reloaded file to be in force', async () => (await get(port)).status === 503);

    const second = spawnSync(program, [...args, '-x', socket, '-sf', String(pid)], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.equal(second.status, 0, second.stderr);
    const next = pidOf();
    t.after(() => end(next));
    assert.notEqual(next, pid);
    assert.equal((await get(port)).status, 503);
    await until('the new process to answer on the socket', async () =>
      (await cli(socket, 'show info')).includes(`Pid: ${next}\n`),
    );
  },
);

test('a socket of the service manager (socket activation) is accepted from, what waits in it is served', async (t) => {
  const file = join(folder, 'activated.cfg');
  writeFileSync(file, 'frontend web\n mode http\n timeout client 5s\n bind fd@3\n http-request return status 204\n');
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  const run = spawn(program, ['-db', '-f', file], {
    stdio: ['ignore', 'ignore', 'ignore', fd],
    env: { ...process.env, LISTEN_FDS: '1' },
  });
  t.after(async () => {
    run.kill();
    if (run.exitCode === null) await once(run, 'exit');
  });
  server.close();
  assert.equal((await get(port)).status, 204);
});

test('log lines reach a datagram socket outside the chroot; a file that can no longer be read changes nothing', {
  skip: asRoot.skip || (!existsSync('/usr/bin/socat') && 'needs socat'),
}, async (t) => {
  const [log, out, jail] = ['log', 'log.out', 'jail2'].map((name) => join(folder, name));
  mkdirSync(jail!);
  writeFileSync(out!, '');
  const receiver = spawn('socat', ['-u', `UNIX-RECV:${log},mode=666`, `OPEN:${out},append`], { stdio: 'ignore' });
  t.after(() => receiver.kill());
  await until('the log socket', () => existsSync(log!));
  const run = await start(
    t,
    `
global
  log ${log} local0
  chroot ${jail}
  user nobody
  group ${group}
frontend web
  mode http
  log global
  option httplog
  timeout client 5s
  bind {addr:web}
  http-request return status 200
`,
  );
  assert.equal((await get(run.port('web'), '/seen')).status, 200);
  await until('the log line', () => readFileSync(out!, 'utf8').includes('"GET /seen HTTP/1.1"'));
  assert.match(readFileSync(out!, 'utf8'), /^<134>\w{3} [ \d]\d \d\d:\d\d:\d\d haproxy\[\d+\]: /m);
  run.signal('SIGUSR2');
  await run.output(/\[ALERT\].*Cannot open configuration file.* : Permission denied/);
  assert.equal((await get(run.port('web'))).status, 200);
});

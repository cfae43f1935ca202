import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { cli } from '../support/cli.ts';
import { get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { freePort } from '../support/ports.ts';
import { program, runToEnd, start } from '../support/program.ts';
import { until, within } from '../support/wait.ts';
import { receiveUnixDatagrams } from '../util/unix-datagrams.ts';

const config = `
  global
      stats socket {sock:admin} level admin
  defaults
      mode http
      timeout connect 5s
      timeout client 5s
      timeout server 5s
  listen web
      bind {addr:web}
      server app {addr:app}
`;

async function app(t: TestContext) {
  return { ports: { app: await origin(t, 'hello') } };
}

/** A program that is meant to end must not fail the test by that. */
function mayEnd(t: TestContext) {
  return { after: (cleanUp: () => unknown) => t.after(async () => Promise.resolve(cleanUp()).catch(() => {})) };
}

for (const [signal, args, code] of [
  ['SIGTERM', [], 0],
  ['SIGINT', [], 0],
  ['SIGINT', ['-W'], 130],
  ['SIGTERM', ['-W'], 0],
  ['SIGUSR1', [], 0],
] as const) {
  test(`${signal} ends it with ${code} ${args.join(' ')}`, async (t) => {
    const run = await start(mayEnd(t), config, { ...(await app(t)), args: [...args] });
    run.signal(signal);
    const exit = await within(run.exited, `the end after ${signal}`);
    assert.deepEqual([exit.code, exit.signal], [code, null]);
  });
}

test('-p holds the id of the process that was started, and is gone after it', async (t) => {
  const run = await start(mayEnd(t), config, { ...(await app(t)), args: ['-p', '{dir}/pid'] });
  assert.equal(readFileSync(join(run.dir, 'pid'), 'utf8'), `${run.pid}\n`);
  run.signal('SIGTERM');
  await run.exited;
  assert.equal(existsSync(join(run.dir, 'pid')), false);
});

test('a pid file that cannot be written ends the start', async (t) => {
  const exit = await runToEnd(config, { ...(await app(t)), args: ['-p', '/nonexistent/pid'], noWait: true });
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /\[ALERT\] {4}\(\d+\) : \[haproxy\.main\(\)\] Cannot create pidfile \/nonexistent\/pid : /);
});

test('SIGUSR2 and SIGHUP put an edited file in force; a broken one changes nothing and says why', async (t) => {
  const run = await start(t, config, await app(t));
  run.rewrite(`${config}      http-request return status 299\n`);
  run.signal('SIGUSR2');
  await until('the edited file in force', async () => (await get(run.port('web'))).status === 299);
  run.rewrite(`${config}      nonsense here\n`);
  run.signal('SIGHUP');
  await run.output(/unknown keyword 'nonsense'/);
  assert.equal((await get(run.port('web'))).status, 299);
});

test('-S opens the master CLI, for its owner only and of level admin', async (t) => {
  const run = await start(t, config, { ...(await app(t)), args: ['-W', '-S', '{sock:master}'] });
  assert.equal(statSync(run.sock('master')).mode & 0o777, 0o600);
  assert.match(await cli(run.sock('master'), 'show proc'), new RegExp(`^#<PID>.*\n${run.pid} +master `));
  assert.match(await cli(run.sock('master'), '@1 show info'), new RegExp(`^Pid: ${run.pid}$`, 'm'));
});

test('-S with options: level and mode', async (t) => {
  const run = await start(t, config, {
    ...(await app(t)),
    args: ['-W', '-S', '{sock:master},level,operator,mode,660'],
  });
  assert.equal(statSync(run.sock('master')).mode & 0o777, 0o660);
  assert.match(await cli(run.sock('master'), '@1 disable frontend web'), /^Permission denied/);
});

test('-n is the limit of the process, -N that of frontends that have none', async (t) => {
  const run = await start(t, config, { ...(await app(t)), args: ['-n', '321', '-N', '45'] });
  assert.equal((await run.info())['Maxconn'], '321');
  assert.equal((await run.row('web/FRONTEND'))['slim'], '45');
});

test('a server whose name does not resolve ends the start, with -dr it waits for an address', async (t) => {
  const unresolved = `${config}      server lost nosuch.invalid:80\n`;
  const exit = await runToEnd(unresolved, { ...(await app(t)), noWait: true });
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /'server web\/lost' : could not resolve address 'nosuch\.invalid'\./);
  const run = await start(t, unresolved, { ...(await app(t)), args: ['-dr'] });
  assert.match((await run.row('web/lost'))['status']!, /^MAINT/);
});

test('a port in use ends the start with its reason and status 1', async (t) => {
  const busy = createServer().listen({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => busy.once('listening', resolve));
  t.after(() => busy.close());
  const { port } = busy.address() as { port: number };
  const exit = await runToEnd(config, { ports: { app: 1, web: port }, noWait: true });
  assert.equal(exit.code, 1);
  assert.match(
    exit.stderr,
    new RegExp(
      `Binding \\[.*haproxy\\.cfg:10\\] for proxy web: cannot bind socket \\(Address already in use\\) for \\[127\\.0\\.0\\.1:${port}\\]`,
    ),
  );
});

test('-Ws tells the service manager when it is ready, reloading and stopping', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-notify-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'notify');
  const manager = receiveUnixDatagrams(path);
  t.after(() => manager.close());
  const next = async (what: string): Promise<string> => {
    let got: string | null = null;
    await until(what, async () => {
      got ??= manager.read();
      return got !== null;
    });
    return got!;
  };
  const run = await start(mayEnd(t), config, { ...(await app(t)), args: ['-Ws'], env: { NOTIFY_SOCKET: path } });
  assert.equal(await next('READY'), `READY=1\nMAINPID=${run.pid}\nSTATUS=Ready.`);
  run.signal('SIGUSR2');
  assert.match(await next('RELOADING'), /^RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=Reloading\.$/);
  assert.equal(await next('READY again'), 'READY=1\nSTATUS=Ready.');
  run.signal('SIGTERM');
  assert.match(await next('STOPPING'), /^STOPPING=1\n/);
});

test('-D ends with 0 once the process that stays serves, and leaves no output open', async (t) => {
  const { pid, stderr, status, folder, port } = await background(t, '');
  // Where the system has no io_uring a notice says so.
  const messages = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('[NOTICE]'));
  assert.deepEqual([messages, status], [[], 0]);
  const stays = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  t.after(() => {
    if (isRunning(stays)) process.kill(stays, 'SIGKILL');
  });
  assert.notEqual(stays, pid);
  assert.equal((await get(port)).status, 200);
  process.kill(stays, 'SIGTERM');
  await until('the end of the process that stays', async () => !isRunning(stays));
});

test('-D ends with the messages and the status of a start that failed', async (t) => {
  const { stderr, status, folder } = await background(t, 'nonsense here');
  assert.equal(status, 1);
  assert.match(stderr, /unknown keyword 'nonsense'/);
  assert.match(stderr, /Fatal errors found in configuration\.\n$/);
  assert.equal(existsSync(join(folder, 'pid')), false);
});

/** Runs the program with -D to the end of the process that was started: its outputs close only when nobody holds them any more. */
async function background(t: TestContext, line: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-daemon-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const port = await freePort();
  writeFileSync(
    join(folder, 'a.cfg'),
    `defaults\n mode http\n timeout client 5s\n timeout connect 5s\n timeout server 5s\nfrontend web\n bind 127.0.0.1:${port}\n ${line}\n http-request return status 200\n`,
  );
  const child = spawn(program, ['-D', '-p', 'pid', '-f', 'a.cfg'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const [stdout, stderr, status] = await within(
    Promise.all([text(child.stdout), text(child.stderr), ended]),
    'the end of the process that was started',
  );
  assert.equal(stdout, '');
  return { pid: child.pid, stderr, status, folder, port };
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('-Ws with -sf names the new process to the service manager before the old one stops, which says nothing of an end', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-notify-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'notify');
  const manager = receiveUnixDatagrams(path);
  t.after(() => manager.close());
  const options = { ...(await app(t)), env: { NOTIFY_SOCKET: path } };
  const old = await start(mayEnd(t), config, { ...options, args: ['-Ws'] });
  const next = await start(mayEnd(t), config, { ...options, args: ['-Ws', '-sf', String(old.pid)] });
  await within(old.exited, 'the end of the old process');
  next.signal('SIGTERM');
  await within(next.exited, 'the end of the new process');
  const got: (string | undefined)[] = [];
  for (let message = manager.read(); message !== null; message = manager.read())
    got.push(message.replace(/\nSTATUS=.*/s, ''));
  assert.deepEqual(got, [`READY=1\nMAINPID=${old.pid}`, `READY=1\nMAINPID=${next.pid}`, 'STOPPING=1']);
});

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as netConnect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { program, type Run, start } from '../support/program.ts';
import { until } from '../support/wait.ts';

// The program replaced while it has a journal: what was set goes on in its successor, and every Change is recorded once.

const config = `
global
    stats socket {sock:admin} level admin expose-fd listeners
    nbthread 2
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend fe
    bind {addr:fe}
    default_backend be
backend be
    server a {addr:a} weight 100
    server b {addr:a} weight 100
`;

/** The first process is ended by its successor. */
const endsByItself = { after: (): void => {} };

interface Scene {
  readonly run: Run;
  /** Starts a process in place of those with these pids; null: they are not told to end. */
  replace(pids: readonly number[] | null, ...more: string[]): ChildProcess & { said: () => string };
  /** What `sluice audit` prints. */
  audit(...args: string[]): string;
}

async function scene(t: TestContext, ...args: string[]): Promise<Scene> {
  const a = await origin(t, 'a');
  const stateDir = mkdtempSync(join(tmpdir(), 'sluice-state-'));
  t.after(() => rmSync(stateDir, { recursive: true, force: true }));
  const state = ['--state-dir', stateDir, ...args];
  const run = await start(endsByItself, config, { ports: { a }, args: state });
  t.after(() => end(run.pid));
  return {
    run,
    replace(pids, ...more) {
      const finish = pids === null ? [] : ['-sf', ...pids.map(String)];
      const argv = ['-f', run.file, '-db', '-x', run.sock('admin'), ...state, ...more, ...finish];
      const child = spawn(program, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
      let said = '';
      child.stderr!.on('data', (chunk: Buffer) => {
        said += chunk;
      });
      t.after(async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill();
        await once(child, 'exit');
      });
      return Object.assign(child, { said: () => said });
    },
    audit: (...words) => {
      const { stdout, stderr } = spawnSync(program, ['audit', ...words, '--state-dir', stateDir], { encoding: 'utf8' });
      return stdout + stderr;
    },
  };
}

const change = (changes: readonly object[], meta: object) => `change <<EOF\n${JSON.stringify({ changes, meta })}\nEOF`;

const serves = ({ run }: Scene, child: ChildProcess) =>
  until('the new process to serve', async () => Number((await run.info())['Pid']) === child.pid, { ms: 30_000 });

test('replaced three times under load, everything that was set stays, and no request and no record is lost', async (t) => {
  const s = await scene(t);
  const { run } = s;
  const load = requests(t, run);
  await run.cli('set server be/a weight 7');
  const drain = { kind: 'server.state', backend: 'be', server: 'b', to: 'drain' };
  const leased = JSON.parse(await run.cli(change([drain], { for: 600_000 })));
  assert.equal(leased.ok, true, JSON.stringify(leased));
  // Somebody who changes things all the time, whoever answers: what is acknowledged has to be in force at the end.
  let going = true;
  t.after(() => {
    going = false;
  });
  let acknowledged = 0;
  const refusals: string[] = [];
  const operator = (async () => {
    for (let n = 1; going; n++) {
      const answer = await run.cli(`experimental-mode on; set var proc.n int(${n})`).catch((error) => String(error));
      if (answer === '') acknowledged = n;
      else refusals.push(answer);
    }
  })();
  let pid = run.pid;
  for (let n = 0; n < 3; n++) {
    const next = s.replace([pid]);
    await serves(s, next);
    await until('the process before to end', () => isGone(pid));
    pid = next.pid!;
  }
  going = false;
  await operator;
  assert.ok(acknowledged > 3, `${acknowledged} changes; ${refusals[0]}`);
  assert.match(await run.cli('get var proc.n'), new RegExp(`<${acknowledged}>`));
  assert.match(await run.cli('get weight be/a'), /^7 \(initial 100\)/);
  assert.match((await run.row('be/b'))['status']!, /^DRAIN/);
  assert.match(await run.cli('show leases'), new RegExp(leased.operation));
  assert.match(s.audit('verify'), /^intact: /);
  assert.ok(load.made() > 50, `${load.made()} requests`);
  assert.deepEqual(await load.end(), []);
});

test('a Change that the old process acknowledges while the new one serves is in force in the new one', async (t) => {
  const s = await scene(t);
  const { run } = s;
  await run.cli('set server be/a weight 7');
  await run.cli('set server be/b weight 8');
  const old = await prompt(t, run);
  const next = s.replace(null);
  await serves(s, next);
  assert.match(await run.cli('get weight be/a'), /^7 /, 'what stood is in force at once');
  assert.equal(await old('set server be/a weight 9'), '');
  assert.equal(await old('set server be/b weight 100'), '');
  const waits = run.cli('set server be/a state drain');
  process.kill(run.pid, 'SIGUSR1');
  assert.equal(await waits, '');
  await until('the Change to be in force', async () => /^9 /.test(await run.cli('get weight be/a')));
  assert.match(await run.cli('get weight be/b'), /^100 /);
  await old('quit').catch(() => {});
  await until('the old process to end', () => isGone(run.pid));
  assert.match(s.audit('verify'), /^intact: /);
  const done = s.audit('list').trimEnd().split('\n').slice(1);
  assert.deepEqual(
    done.map((line) => / (weight|drain) be\/[ab]: .* ok$/.test(line)),
    [true, true, true, true, true],
    done.join('\n'),
  );
});

test('a process that was told to stop softly refuses Changes and says where to go; what only looks is answered', async (t) => {
  const s = await scene(t);
  const { run } = s;
  const old = await prompt(t, run);
  // What is under way keeps the old process.
  const client = await connect(t, run.port('fe'));
  client.send('GET / HTTP/1.1\r\nHost: x\r\n');
  await serves(s, s.replace([run.pid]));
  await until('the journal to change hands', async () => (await run.cli('set server be/a weight 5')) === '');
  assert.match(
    await old('set server be/a weight 9'),
    /this process is stopping and has let go of its journal: nothing was changed; connect again to reach the process that takes over/,
  );
  assert.match(await old('get weight be/a'), /^100 /);
});

test('a process that does not let go is told, Changes are refused until it ends, and what it did counts', async (t) => {
  const s = await scene(t);
  const { run } = s;
  const next = s.replace(null);
  await serves(s, next);
  assert.match(
    await run.cli('set server be/a weight 9'),
    new RegExp(
      `process ${run.pid} has not let go of it yet: journal '.*': nothing was changed|nothing was changed, because`,
    ),
  );
  await until('the warning', async () => /has not let go of the journal; changes are refused/.test(next.said()));
  process.kill(run.pid, 'SIGTERM');
  await until('the journal to change hands', async () => (await run.cli('set server be/a weight 9')) === '');
  assert.match(next.said(), /it is this process that records changes now/);
  assert.match(s.audit('verify'), /^intact: /);
});

test('a process that is ended at once (-st) and one that was killed leave the journal to the next one', async (t) => {
  const s = await scene(t);
  const { run } = s;
  await run.cli('set server be/a weight 7');
  const second = s.replace(null, '-st', String(run.pid));
  await serves(s, second);
  await until('the first one to end', () => isGone(run.pid));
  assert.equal(await run.cli('set server be/b weight 8'), '');
  const third = s.replace(null);
  await serves(s, third);
  second.kill('SIGKILL');
  await until('the journal to change hands', async () => (await run.cli('set server be/b weight 9')) === '');
  assert.match(await run.cli('get weight be/a'), /^7 /);
  assert.match(s.audit('verify'), /^intact: /);
});

/** Requests without end over connections of their own, several at a time. */
function requests(t: TestContext, run: Run) {
  let going = true;
  let made = 0;
  const failures: string[] = [];
  const ask = async (): Promise<void> => {
    while (going) {
      try {
        assert.equal((await get(run.port('fe'))).status, 200);
        made++;
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  const all = Promise.all([ask(), ask(), ask()]);
  t.after(() => {
    going = false;
  });
  return {
    made: () => made,
    async end(): Promise<readonly string[]> {
      going = false;
      await all;
      return failures;
    },
  };
}

/** A connection to the Runtime API that stays: gives the answer to a line. */
async function prompt(t: TestContext, run: Run): Promise<(line: string) => Promise<string>> {
  const socket: Socket = netConnect(run.sock('admin'));
  t.after(() => socket.destroy());
  // A process that ends does not read what is under way to it.
  socket.on('error', () => undefined);
  let got = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    got += chunk;
  });
  const ask = async (line: string): Promise<string> => {
    got = '';
    socket.write(`${line}\n`);
    await until(`the answer to ${line}`, async () => got.endsWith('\n> ') || socket.destroyed);
    return got.slice(0, -'\n> '.length);
  };
  await ask('prompt');
  return ask;
}

async function end(pid: number): Promise<void> {
  if (isGone(pid)) return;
  process.kill(pid, 'SIGKILL');
  await until('the end', () => isGone(pid));
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { program, start } from '../support/program.ts';
import { until } from '../support/wait.ts';

// The program replaced while it serves: -x takes the listening sockets over, -sf lets the old process end.

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
    server a {addr:a}
`;

/** The first process is ended by its successor. */
const endsByItself = { after: (): void => {} };

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, 'exit');
}

/** Pid of the process that answers on the stats socket. */
const pidOf = async (run: Awaited<ReturnType<typeof start>>) => Number((await run.info())['Pid']);

test('a new process takes over under load: nothing is lost, and the old one ends by itself', async (t) => {
  const a = await origin(t, 'a');
  const run = await start(endsByItself, config, { ports: { a } });
  let going = true;
  let requests = 0;
  const failures: unknown[] = [];
  const ask = async (): Promise<void> => {
    while (going) {
      try {
        assert.equal((await get(run.port('fe'))).status, 200);
        requests++;
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const load = Promise.all([ask(), ask(), ask(), ask()]);
  const args = ['-f', run.file, '-db', '-x', run.sock('admin'), '-sf', String(run.pid)];
  const next = spawn(program, args, { stdio: 'ignore' });
  t.after(() => end(next));
  await until('the new process to serve', async () => (await pidOf(run)) === next.pid);
  await until('the old process to end', () => isGone(run.pid));
  const before = requests;
  await until('more requests', () => requests > before + 20);
  going = false;
  await load;
  assert.deepEqual(failures, []);
});

test('without expose-fd listeners the sockets stay where they are, and the new process binds its own', async (t) => {
  const a = await origin(t, 'a');
  const run = await start(endsByItself, config.replace(' expose-fd listeners', ''), { ports: { a } });
  assert.match(await run.cli('_getsocks'), /Permission denied/);
  const args = ['-f', run.file, '-db', '-x', run.sock('admin'), '-sf', String(run.pid)];
  const next = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  next.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  t.after(() => end(next));
  await until('the old process to end', () => isGone(run.pid));
  assert.match(
    said,
    /Failed to get the sockets from the old process! the process behind \S+ does not pass its listening sockets/,
  );
  const client = await connect(t, run.port('fe'));
  client.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.equal((await client.response('GET')).status, 200);
});

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

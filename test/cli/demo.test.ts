import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { program } from '../support/program.ts';
import { within } from '../support/wait.ts';

const checkout = join(import.meta.dirname, '../..');

/** Ports of examples/quickstart. */
const ports = [8080, 8404, 9001, 9002, 9003];

function listen(port: number): Promise<ReturnType<typeof createServer> | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen({ port, host: '127.0.0.1' }, () => resolve(server));
  });
}

async function allFree(): Promise<boolean> {
  const servers = await Promise.all(ports.map(listen));
  await Promise.all(servers.map((server) => server && new Promise((resolve) => server.close(resolve))));
  return servers.every((server) => server !== null);
}

/** Starts the demonstration; resolves once it has said what to try, or has ended. */
async function demo(t: TestContext) {
  const child = spawn(program, ['demo'], { cwd: checkout, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  t.after(() => {
    child.kill('SIGTERM');
    return ended;
  });
  const ready = new Promise<void>((resolve) => {
    const onData = (data: Buffer) => {
      output += data;
      if (/interactively/.test(output)) resolve();
    };
    child.stdout.on('data', onData);
    child.stderr.on('data', onData);
  });
  await within(Promise.race([ready, ended]), () => `the demonstration; it said: ${output}`);
  return { output: () => output, ended };
}

test('the demonstration runs, and the five commands that it names do what they say', async (t) => {
  if (!(await allFree())) return t.skip('its ports are in use');
  if (['socat', 'curl', 'column'].some((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0))
    return t.skip('needs socat, curl and column');
  const { output } = await demo(t);
  const commands = output().match(/^ {2}(curl|echo) .*$/gm)!;
  assert.equal(commands.length, 5);
  const answers = commands.map((command) =>
    execFileSync('sh', ['-c', command], { cwd: checkout, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  assert.match(answers[0]!, /^app\d: request 1, GET \/$/m);
  assert.match(answers[1]!, /^app +BACKEND /m);
  for (const answer of answers.slice(2)) assert.equal(answer, '\n');
  const weight = commands[4]!.replace(/set server (\S+) weight 50%/, 'get weight $1');
  assert.equal(execFileSync('sh', ['-c', weight], { cwd: checkout, encoding: 'utf8' }).trim(), '50 (initial 100)');
});

test('a port in use is named', async (t) => {
  if (!(await allFree())) return t.skip('its ports are in use');
  const server = await listen(9002);
  t.after(() => server!.close());
  const { output, ended } = await demo(t);
  assert.equal(await ended, 1);
  assert.match(output(), /^sluice: the demonstration needs ports .*; in use by something else: 9002\./);
});

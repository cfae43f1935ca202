import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';

const sluice = join(import.meta.dirname, '../../bin/sluice');
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
    stats socket {addr:tcp} level user
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
listen app
    bind {addr:app}
    server a {addr:a}
`,
  { ports: { a: await origin({ after }, 'a') } },
);

/** Runs `sluice send`; resolves to [exit status, standard output, standard error]. */
function send(...args: string[]): Promise<[number | null, string, string]> {
  const child = spawn(sluice, ['send', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve([code, out, err])));
}

test('an answer is printed, and the exit status is 0', async () => {
  assert.deepEqual(await send(run.sock('admin'), 'get', 'weight', 'app/a'), [0, '1 (initial 1)\n', '']);
});

test('a refusal is printed, and the exit status is 1', async () => {
  assert.deepEqual(await send(run.sock('admin'), 'get', 'weight', 'app/nope'), [1, 'No such server.\n', '']);
});

test('levels hold over TCP', async () => {
  const [code, out] = await send(`127.0.0.1:${run.port('tcp')}`, 'disable', 'server', 'app/a');
  assert.equal(code, 1);
  assert.equal(out, 'Permission denied\n');
});

test('without a socket the exit status is 2', async () => {
  const [code, out, err] = await send(join(run.dir, 'nothing.sock'), 'show', 'info');
  assert.equal(code, 2);
  assert.equal(out, '');
  assert.match(err, /nothing\.sock/);
});

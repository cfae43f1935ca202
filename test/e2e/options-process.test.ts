import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';

/* What the global section says about the process: its end, and what programs that it runs may become. */

const slow = await origin({ after }, () => ({ body: 'late', delay: 30_000 }));
const quick = await origin({ after }, 'quick');
const config = (global: string) => `
global
    ${global}
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
listen slow
    bind {addr:slow}
    server s {addr:origin}
listen quick
    bind {addr:quick}
    server s {addr:other}
`;
const ports = { origin: slow, other: quick };

test('hard-stop-after ends what a soft stop would wait for', async (t) => {
  const run = await start({ after: () => {} }, config('hard-stop-after 300ms'), { ports });
  const client = await connect(t, run.port('slow'));
  client.send('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await slow.nextRequest();
  const began = Date.now();
  run.signal('SIGUSR1');
  await run.exited;
  assert.ok(Date.now() - began >= 250);
  await client.rest({ tolerateReset: true });
});

test('during grace new connections are still served', async () => {
  const run = await start({ after: () => {} }, config('grace 600ms'), { ports });
  run.signal('SIGUSR1');
  const began = Date.now();
  assert.equal((await get(run.port('quick'))).text, 'quick');
  await run.exited;
  assert.ok(Date.now() - began >= 400);
});

test('programs that are run may gain rights by their owner only with insecure-setuid-wanted', async (t) => {
  const locked = (pid: number | 'self') =>
    /^NoNewPrivs:\t(\d)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  if (locked('self') !== '0') return t.skip('this process may not gain rights itself');
  assert.equal(locked((await start(t, config('insecure-fork-wanted'), { ports })).pid), '1');
  assert.equal(locked((await start(t, config('insecure-setuid-wanted'), { ports })).pid), '0');
});

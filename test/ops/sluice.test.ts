import assert from 'node:assert/strict';
import { test } from 'node:test';
import { get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { until } from '../support/wait.ts';
import { operationsWork } from './real.ts';
import { operate } from './support.ts';

operationsWork('Sluice');

test('what is leased is taken back at its time, unless it is confirmed', async (t) => {
  const app = await origin(t, 'hello');
  const run = await start(
    t,
    `
      global
          stats socket {sock:admin} level admin
      listen web
          mode http
          bind {addr:web}
          timeout client 5s
          timeout server 5s
          timeout connect 5s
          server a {addr:app}
          server b {addr:app}
    `,
    { ports: { app } },
  );
  const back = () =>
    until(
      () => 'the server to be ready again',
      async () => (await run.row('web/a'))['status'] === 'no check',
    );
  const short = await operate(run, 'drain', 'web/a', '--for', '400ms');
  assert.match(short.stdout, /^taken back by itself at /m);
  assert.equal((await run.row('web/a'))['status'], 'DRAIN');
  await back();
  const tried = await operate(run, 'maint', 'web/a', '--confirm-within', '400ms');
  assert.equal(tried.status, 0, tried.stderr);
  await back();
  const kept = await operate(run, 'maint', 'web/a', '--confirm-within', '60s');
  assert.match(
    (await operate(run, 'leases')).stdout,
    /^op-\w+ +maint web\/a --confirm-within 60s +in (1m|\d+s) unless confirmed/,
  );
  const confirmed = await operate(run, 'confirm');
  assert.match(confirmed.stdout, new RegExp(`^confirmed: ${kept.operation}`, 'm'));
  assert.equal((await operate(run, 'leases')).stdout, 'none\n');
  assert.match((await run.row('web/a'))['status']!, /^MAINT/);
  assert.equal((await get(run.port('web'))).status, 200);
});

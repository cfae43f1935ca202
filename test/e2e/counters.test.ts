import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { until } from '../support/wait.ts';

const app = await origin({ after }, () => ({ status: 200, body: 'ok' }));
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend plain
    bind {addr:plain}
    default_backend be
frontend denies
    bind {addr:denies}
    http-request deny
frontend raw
    mode tcp
    bind {addr:raw}
    default_backend tcp
backend be
    server app {addr:app}
backend tcp
    mode tcp
    server app {addr:app}
`,
  { ports: { app } },
);

for (const name of ['plain', 'denies', 'raw']) await get(run.port(name));

test('a request that no server gets counts all the same', async () => {
  assert.equal((await run.row('denies/FRONTEND'))['h1req'], '1');
});

test('sessions of a frontend in TCP mode are of no HTTP version', async () => {
  const row = await run.row('raw/FRONTEND');
  assert.deepEqual([row['h1sess'], row['sess_other']], ['0', '1']);
});

test('a connection that is kept for reuse is idle, not in use', async () => {
  await until('the connections are idle', async () => Number((await run.row('be/app'))['idle_conn_cur']) > 0);
  assert.equal((await run.row('be/app'))['used_conn_cur'], '0');
});

test('BytesOutRate is what clients were sent over the last second', async () => {
  const before = Number((await run.info())['TotalBytesOut']);
  let sent = 0;
  await until('a rate', async () => {
    for (let i = 0; i < 20; i++) await get(run.port('plain'));
    const info = await run.info();
    sent = Number(info['TotalBytesOut']) - before;
    const rate = Number(info['BytesOutRate']);
    return rate > 0 && rate <= sent;
  });
  assert.ok(sent > 0);
  await until('nothing is sent', async () => (await run.info())['BytesOutRate'] === '0');
});

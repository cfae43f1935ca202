import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { get, request } from '../support/connection.ts';
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
frontend addresses
    option socket-stats
    bind {addr:one} name one
    bind {addr:two}
    http-request deny if { dst_port {port:two} }
    default_backend be
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

test('bound addresses with counters of their own count bytes, what rules deny, and what cannot be read', async () => {
  await get(run.port('one'));
  await get(run.port('two'));
  await request(run.port('one'), 'not http\n\n');
  const read = async (name: string) => {
    const { bin, bout, dreq, ereq } = await run.row(`addresses/${name}`);
    return { bin: Number(bin), bout: Number(bout), dreq, ereq };
  };
  const [one, two, both] = [await read('one'), await read('sock-2'), await read('FRONTEND')];
  assert.deepEqual([one.dreq, one.ereq, two.dreq, two.ereq], ['0', '1', '1', '0']);
  assert.ok(one.bin > 0 && one.bout > 0 && two.bin > 0);
  assert.deepEqual([both.bin, both.bout], [one.bin + two.bin, one.bout + two.bout]);
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

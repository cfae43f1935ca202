import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';

const log = await syslog({ after });
const web = await origin({ after }, () => ({ body: 'hi' }));
const run = await start(
  { after },
  `
global
    nbthread 1
    profiling.tasks on
    stats socket {sock:admin} level admin
    log {addr:log} local0
defaults
    log global
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend web
    mode http
    bind {addr:web}
    log-format "%HU calls=%[cpu_calls] %[cpu_ns_avg]/%[cpu_ns_tot] %[lat_ns_avg]/%[lat_ns_tot]"
    http-request set-header x-cost "%[cpu_calls] %[cpu_ns_tot] %[cpu_ns_avg] %[lat_ns_avg]"
    http-request return status 200 if { path /here }
    default_backend web
backend web
    mode http
    server s {addr:origin}
frontend raw
    mode tcp
    bind {addr:raw}
    log-format "raw bytes=%B calls=%[cpu_calls] %[cpu_ns_tot]"
    default_backend raw
backend raw
    mode tcp
    server s {addr:origin}
`,
  { ports: { log, origin: web } },
);

/** Figures of the next line that begins so. */
const logged = async (beginning: string) =>
  (await log.waitFor(new RegExp(` ${beginning} `))).split(' calls=')[1]!.match(/\d+/g)!.map(Number);

test('calls are counted: one for the request, one for the connection to the server, one for the response', async (t) => {
  const client = await connect(t, run.port('web'));
  await client.exchange('GET /new HTTP/1.1\nHost: a\n\n');
  assert.equal(/^x-cost: (.*)$/im.exec((await web.nextRequest()).head)?.[1], '1 0 0 0');
  assert.match(await log.waitFor(/ \/new /), / calls=3 /);
  await client.exchange('GET /again HTTP/1.1\nHost: a\n\n');
  assert.match(await log.waitFor(/ \/again /), / calls=2 /);
});

test('each of several requests that come at once has calls of its own', async (t) => {
  const client = await connect(t, run.port('web'));
  client.send('GET /here HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3));
  for (let index = 0; index < 3; index++) assert.equal((await logged('/here'))[0], 1);
});

test('their time is measured while tasks are profiled, up to the call that asks', async (t) => {
  await get(run.port('web'), '/timed');
  const [calls, average, total, averageWait, wait] = await logged('/timed');
  assert.ok(total! > 1000 && total! < 5e9, `${total} ns`);
  assert.equal(average, Math.floor(total! / calls!));
  assert.equal(averageWait, Math.floor(wait! / calls!));
  assert.match(await run.cli('show profiling'), /^Per-task CPU profiling +: on /m);
  await run.cli('set profiling tasks off');
  t.after(() => run.cli('set profiling tasks on'));
  await get(run.port('web'), '/untimed');
  assert.deepEqual((await logged('/untimed')).slice(1), [0, 0, 0, 0]);
});

test('requests that are handled in the same turn wait for each other', async (t) => {
  const clients = await Promise.all(Array.from({ length: 20 }, () => connect(t, run.port('web'))));
  const waits: number[] = [];
  for (let round = 0; round < 20 && !waits.some((wait) => wait > 0); round++) {
    await Promise.all(clients.map((client) => client.exchange('GET /many HTTP/1.1\nHost: a\n\n')));
    for (const _ of clients) waits.push((await logged('/many'))[4]!);
  }
  assert.ok(waits.some((wait) => wait > 0));
});

test('calls of connections in mode tcp are counted, too', async (t) => {
  const client = await connect(t, run.port('raw'));
  await client.exchange('GET /raw HTTP/1.1\nHost: a\n\n');
  client.end();
  const [calls, total] = await logged('raw');
  assert.ok(calls! >= 4, `${calls} calls`);
  assert.ok(total! > 0);
});

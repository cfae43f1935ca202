import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';

const log = await syslog({ after });
const run = await start(
  { after },
  `
global
    log {addr:log} local0
    stats socket {sock:admin} level admin
defaults
    mode http
    log global
    timeout connect 5s
    timeout client 300ms
    timeout server 5s
    timeout http-request 300ms
frontend all
    bind {addr:all} accept-proxy
    option httplog
frontend some
    bind {addr:some} accept-proxy name pub
    option httplog
    option dontlognull
frontend separate
    bind {addr:separate} accept-proxy
    option httplog
    option log-separate-errors
frontend bare
    bind {addr:bare}
    log-format "bare %cp %ST %ts %HU"
frontend quiet
    bind {addr:quiet}
    log-format "quiet %cp %ST %ts %HU"
    option dontlognull
frontend probed
    bind {addr:probed}
    log-format "probed %cp %ST %ts %HU"
    option http-ignore-probes
frontend plain
    bind {addr:plain}
    http-request return status 200
`,
  { ports: { log } },
);

const WRONG = {
  'Received something which does not look like a PROXY protocol header': 'GET / HTTP/1.1\r\n\r\n',
  'Received an invalid PROXY protocol header': 'PROXY TCP4 1.2.3\r\n',
  'Received an unhandled protocol in the PROXY protocol header': 'PROXY FOO 1.2.3.4 1.2.3.4 5 6\r\n',
};

for (const [name, listener] of [
  ['all', '1'],
  ['some', 'pub'],
] as const) {
  for (const [message, bytes] of Object.entries(WRONG)) {
    test(`frontend ${name} logs '${message}'`, async (t) => {
      const client = await connect(t, run.port(name));
      client.send(bytes);
      const line = await log.waitFor(new RegExp(`127\\.0\\.0\\.1:${client.port} `));
      assert.match(line, new RegExp(`^<134>.* \\[\\S+\\] ${name}/${listener}: ${message}$`));
    });
  }
}

test('what ended before its header, or sent none, is logged', async (t) => {
  const partial = await connect(t, run.port('all'));
  await partial.send('PROXY TCP4 1.2');
  partial.end();
  assert.match(await log.waitFor(new RegExp(`:${partial.port} `)), /: Truncated PROXY protocol header received$/);
  const empty = await connect(t, run.port('all'));
  empty.end();
  const closed = await log.waitFor(new RegExp(`:${empty.port} `));
  assert.match(closed, /: Connection closed while waiting for PROXY protocol header$/);
  const silent = await connect(t, run.port('all'));
  assert.match(await log.waitFor(new RegExp(`:${silent.port} `)), /: Timeout while waiting for PROXY protocol header$/);
});

test('dontlognull leaves out connections without a byte', async (t) => {
  const empty = await connect(t, run.port('some'));
  empty.end();
  await empty.closed;
  const wrong = await connect(t, run.port('some'));
  wrong.send('x');
  wrong.send('y');
  await log.waitFor(new RegExp(`:${wrong.port} `));
  assert.deepEqual(
    log.lines.filter((line) => line.includes(`:${empty.port} `)),
    [],
  );
});

test('log-separate-errors raises the level', async (t) => {
  const client = await connect(t, run.port('separate'));
  client.send('x');
  assert.match(await log.waitFor(new RegExp(`:${client.port} `)), /^<131>/);
});

test('a frontend without a format logs connects', async () => {
  await get(run.port('plain'));
  const line = await log.waitFor(/Connect from/);
  assert.match(
    line,
    new RegExp(`Connect from 127\\.0\\.0\\.1:\\d+ to 127\\.0\\.0\\.1:${run.port('plain')} \\(plain/HTTP\\)$`),
  );
});

test('who leaves without a byte of a request is answered, counted and logged', async (t) => {
  const left = await connect(t, run.port('bare'));
  left.end();
  assert.equal((await left.response()).status, 400);
  await log.waitFor(new RegExp(`bare ${left.port} 400 CR <BADREQ>`));
  const gone = await connect(t, run.port('bare'));
  const { port } = gone;
  // A connection that is reset before it is accepted may have no address any more.
  await run.row('bare/FRONTEND');
  gone.reset();
  await log.waitFor(new RegExp(`bare ${port} 400 CR <BADREQ>`));
  const late = await connect(t, run.port('bare'));
  assert.equal((await late.response()).status, 408);
  await log.waitFor(new RegExp(`bare ${late.port} 408 cR <BADREQ>`));
  const row = await run.row('bare/FRONTEND');
  assert.deepEqual([row['req_tot'], row['ereq'], row['hrsp_4xx']], ['3', '3', '3']);
});

test('dontlognull leaves out who says nothing, http-ignore-probes answers nobody of them', async (t) => {
  const left = await connect(t, run.port('quiet'));
  left.end();
  assert.equal((await left.response()).status, 400);
  const late = await connect(t, run.port('quiet'));
  assert.equal((await late.response()).status, 408);
  const probe = await connect(t, run.port('probed'));
  probe.end();
  await probe.closed;
  assert.equal((await run.row('probed/FRONTEND'))['ereq'], '0');
  const partial = await connect(t, run.port('quiet'));
  await partial.send('GET / HT');
  partial.end();
  await log.waitFor(new RegExp(`quiet ${partial.port} 400 CR <BADREQ>`));
  assert.deepEqual(
    log.lines.filter((line) => [left, late, probe].some(({ port }) => line.includes(` ${port} `))),
    [],
  );
});

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, get, request } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';

const log = await syslog({ after });
const app = await origin({ after }, (request) =>
  request.target === '/slow' ? { chunks: ['a', 'b'], delay: 30 } : { body: 'ok' },
);
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
    log {addr:log} local0 info
    log-tag balancer
ring kept
    format raw
    size 32768
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend http
    bind {addr:http}
    log global
    option httplog
    capture request header User-Agent len 20
    capture response header X-Reply len 10
    default_backend be
frontend plain
    bind {addr:plain}
    log global
    default_backend be
frontend custom
    bind {addr:custom}
    log {addr:log} format rfc5424 local3 info
    log-format "%ci %ft %b/%s %ST %B %{+Q}r %HM %HP"
    default_backend be
frontend quiet
    bind {addr:quiet}
    log global
    option httplog
    option dontlognull
    option dontlog-normal
    default_backend be
frontend ringed
    bind {addr:ringed}
    log ring@kept format raw local0
    option httplog
    default_backend be
frontend early
    bind {addr:early}
    log global
    option httplog
    option logasap
    default_backend be
frontend out
    bind {addr:out}
    log stdout format raw daemon
    option httplog
    default_backend be
listen tcp
    mode tcp
    bind {addr:tcp}
    log global
    option tcplog
    server app {addr:app}
backend be
    server app {addr:app}
`,
  { ports: { log, app } },
);

test('httplog: priority, date, tag, captured headers and the request', async () => {
  await get(run.port('http'), '/a?b=c', 'User-Agent: a very long user agent indeed');
  assert.match(
    await log.waitFor(/ http be/),
    /^<134>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d balancer\[\d+\]: 127\.0\.0\.1:\d+ \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] http be\/app \d+\/\d+\/\d+\/\d+\/\d+ 200 \d+ - - ---- \d+\/\d+\/\d+\/\d+\/0 0\/0 \{a very long user age\} \{\} "GET \/a\?b=c HTTP\/1\.1"$/,
  );
});

test('without a format the default line tells the connection', async () => {
  await get(run.port('plain'));
  assert.match(
    await log.waitFor(/plain/),
    /^<134>.*balancer\[\d+\]: Connect from 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+ \(plain\/HTTP\)$/,
  );
});

test('log-format over rfc5424', async () => {
  await get(run.port('custom'), '/x');
  assert.match(
    await log.waitFor(/custom/),
    /^<158>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d \S+ balancer \d+ - - 127\.0\.0\.1 custom be\/app 200 \d+ "GET \/x HTTP\/1\.1" GET \/x$/,
  );
});

test('dontlognull and dontlog-normal leave out what is empty or fine', async (t) => {
  const client = await connect(t, run.port('quiet'));
  client.end();
  await client.rest();
  await get(run.port('quiet'), '/fine');
  await request(run.port('quiet'), 'GET /\x01 HTTP/1.1\nHost: x\n\n');
  assert.match(await log.waitFor(/ quiet/), / 400 .* "<BADREQ>"$/);
  assert.equal(log.lines.filter((line) => / quiet/.test(line)).length, 1);
});

test('a ring keeps the lines and show events gives them', async () => {
  await get(run.port('ringed'), '/kept');
  await until('the line in the ring', async () => (await run.cli('show events kept')).includes('"GET /kept HTTP/1.1"'));
  assert.match(await run.cli('show events'), /kept .*: type=buffer, 0 dropped/);
});

test('logasap logs before the end, with a plus before the total time', async (t) => {
  const client = await connect(t, run.port('early'));
  client.send('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.match(await log.waitFor(/ early/), /\/\+\d+ 200 \+\d+ - - ---- /);
  assert.equal((await client.response('GET')).text, 'ab');
});

test('a log line on stdout', async () => {
  await get(run.port('out'), '/printed');
  await run.output(/127\.0\.0\.1:\d+ \[.*\] out be\/app .* "GET \/printed HTTP\/1\.1"\n/);
});

test('tcplog', async (t) => {
  const client = await connect(t, run.port('tcp'));
  await client.exchange('GET / HTTP/1.1\nHost: x\n\n');
  client.end();
  await client.rest();
  assert.match(await log.waitFor(/ tcp /), / tcp tcp\/app \d+\/\d+\/\d+ \d+ -- \d+\/\d+\/\d+\/\d+\/0 0\/0$/);
});

test('a line break in a request cannot forge a log line', async () => {
  await get(run.port('http'), '/evil%0aline');
  const line = await log.waitFor(/evil/);
  assert.ok(!line.includes('\n'));
  assert.match(line, /"GET \/evil%0aline HTTP\/1\.1"$/);
});

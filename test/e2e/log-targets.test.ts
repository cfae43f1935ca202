import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { freePort } from '../support/ports.ts';
import { isHaproxy, start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';

/* What targets get, and that traffic goes on whatever becomes of them. */

const log = await syslog({ after });
const readers: Socket[] = [];
/** Accepts and never reads. */
const deaf = createServer({ pauseOnConnect: true }, (socket) => readers.push(socket.on('error', () => {})));
await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
after(() => {
  for (const socket of readers) socket.destroy();
  deaf.close();
});
/** What a collector of logs over TCP gets. */
const collected: string[] = [];
const server = createServer((socket) => {
  readers.push(socket.on('error', () => {}));
  createInterface(socket).on('line', (line) => collected.push(line));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => server.close());
const collector = (server.address() as AddressInfo).port;
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
ring deaf
    format rfc3164
    maxlen 1200
    size 32764
    timeout connect 1s
    timeout server 30s
    server deaf {addr:deaf}
ring nobody
    format raw
    size 32764
    timeout connect 1s
    timeout server 1s
    server nobody {addr:nobody}
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend lost
    bind {addr:lost}
    log ring@deaf local0
    log ring@nobody local0
    log {addr:unheard} len 2048 local0
    log unix@{dir}/nobody.sock local0
    log-format "%{+Q}r %HU %HU %HU"
    http-request return status 200
frontend seen
    bind {addr:seen}
    log {addr:log} format raw local0
    log-format "%{+bin}o seen %[str(DQpB),b64dec] %HP"
    http-request return status 200
frontend streamed
    bind {addr:streamed}
    log tcp@{addr:collector} format raw local0
    log tcp@{addr:collector} len 80 format priority local1
    log-format "streamed %HU"
    http-request return status 200
frontend seldom
    bind {addr:seldom}
    log {addr:log} len 80 format raw sample 1,3:4 local0 notice
    log {addr:log} format priority local1 err
    log-format "seldom %HP %HU %HU %ts"
    http-request set-log-level notice if { path_beg /n }
    http-request set-log-level err if { path_beg /e }
    http-request return status 200
`,
  { ports: { log, collector, deaf: (deaf.address() as AddressInfo).port, unheard: await freePort() } },
);

function residentKb(): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${run.pid}/status`, 'utf8'))![1]);
}

test('log servers that are slow, gone or never there hold up nothing and grow nothing', async (t) => {
  const client = await connect(t, run.port('lost'));
  const request = `GET /${'x'.repeat(900)} HTTP/1.1\r\nhost: x\r\n\r\n`;
  const round = async () => {
    for (let i = 0; i < 40; i++) {
      client.send(request.repeat(25));
      for (let j = 0; j < 25; j++) assert.equal((await client.response('GET')).status, 200);
    }
  };
  for (let i = 0; i < 5; i++) await round();
  const before = residentKb();
  // Lines of 85 MB for each of the four targets, and a heap that is not yet of its size.
  for (let i = 0; i < 30; i++) await round();
  assert.ok(residentKb() < before + 196_608, `${before} kB, then ${residentKb()} kB`);
  // HAProxy 2.6 writes over the oldest lines, and counts none.
  if (!isHaproxy) assert.match(await run.cli('show events'), /deaf .*type=buffer, [1-9]\d* dropped/);
});

test('bytes are sent as they are where a format asks for them', async () => {
  await get(run.port('seen'), '/bytes');
  assert.match(await log.waitFor(/seen/), /^seen \r\nA \/bytes$/);
});

test('a target has its length, level and sample of the lines', async () => {
  for (const path of ['/n1', '/n2', '/n3', '/n4', '/e1', '/i1']) await get(run.port('seldom'), path.padEnd(60, 'x'));
  await log.waitFor(/^<\d+>seldom \/e1/);
  await get(run.port('seen'), '/behind');
  await log.waitFor(/behind/);
  const lines = log.lines.filter((line) => line.includes('seldom'));
  assert.deepEqual(
    lines.filter((line) => line.startsWith('<')).map((line) => line.slice(0, 14)),
    ['<139>seldom /e'],
  );
  // Which of them are the first and third depends on the threads that they come from.
  const cut = lines.filter((line) => !line.startsWith('<'));
  assert.deepEqual(
    cut.map((line) => line.length),
    [80, 80, 80],
  );
  assert.ok(cut.every((line) => /^seldom \/[ne]/.test(line)));
});

test('lines go to a stream each with its end, in the format and length of their target', async () => {
  await get(run.port('streamed'), '/1');
  await get(run.port('streamed'), '/'.padEnd(100, 'x'));
  await until('four lines', () => collected.length === 4);
  const [first, cut, ...others] = collected.toSorted();
  assert.equal(first, '<142>streamed /1');
  // 80 in all: versions of HAProxy differ by one or two.
  assert.match(cut!, /^<142>streamed \/x{64,66}$/);
  assert.deepEqual(others, ['streamed /1', `streamed ${'/'.padEnd(100, 'x')}`]);
  assert.match(await run.cli('show events'), /^ +ring#2 +: type=buffer, 0 dropped, created from log.* declared into /m);
});

/** Tunnels of which one side has ended or is late: how long the other one lasts, what is logged and what counts, as on the installed HAProxy. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { after, describe, test } from 'node:test';
import { isHaproxy, program, type Run, start } from '../support/program.ts';
import { type Syslog, syslog } from '../support/syslog.ts';
import { pause } from '../support/wait.ts';

const HAPROXY = '/usr/sbin/haproxy';
const skip = isHaproxy || !existsSync(HAPROXY) ? 'needs Sluice and HAProxy' : false;

interface Case {
  readonly mode: 'tcp' | 'http';
  readonly front: string;
  readonly back: string;
  /** What happens behind 80 ms: the client or the server ends its side, the server sends something behind another 200 ms, one does not read what the other one sends, or nothing; or it is no tunnel but a response whose body does not come or is not read. */
  readonly event:
    | 'client ends'
    | 'server ends'
    | 'server sends'
    | 'client is deaf'
    | 'server is deaf'
    | 'body stops'
    | 'body is not read'
    | 'nothing';
  /** Termination state, and when the connection is over, in ms. */
  readonly told: string;
  readonly at: number;
}

/** Holds short responses back for 600 ms. */
const HELD = 'tcp-response inspect-delay 600ms\n    tcp-response content accept if { res.len ge 100 }';

const CASES: readonly Case[] = [
  { mode: 'tcp', front: 'timeout client 300', back: 'timeout server 700', event: 'client ends', told: 'sD', at: 700 },
  { mode: 'tcp', front: 'timeout client 300', back: 'timeout server 700', event: 'nothing', told: 'cD', at: 700 },
  { mode: 'tcp', front: 'timeout client 700', back: 'timeout server 300', event: 'nothing', told: 'sD', at: 700 },
  { mode: 'tcp', front: 'timeout client 300', back: 'timeout server 700', event: 'server ends', told: 'cD', at: 380 },
  { mode: 'tcp', front: 'timeout client 500', back: 'timeout server 500', event: 'client ends', told: 'sD', at: 500 },
  { mode: 'tcp', front: 'timeout client 300', back: 'timeout server 700', event: 'server sends', told: 'cD', at: 980 },
  { mode: 'tcp', front: 'timeout client 300', back: 'timeout server 900\n    timeout server-fin 200', event: 'nothing', told: 'cD', at: 500 },
  { mode: 'tcp', front: 'timeout client 900\n    timeout client-fin 200', back: 'timeout server 300', event: 'nothing', told: 'sD', at: 500 },
  { mode: 'tcp', front: 'timeout client 300', back: 'timeout server 900\n    timeout tunnel 500', event: 'client ends', told: 'sD', at: 500 },
  { mode: 'tcp', front: 'timeout client 300', back: 'timeout server 900\n    timeout tunnel 500\n    timeout server-fin 200', event: 'nothing', told: 'cD', at: 500 },
  { mode: 'tcp', front: 'timeout client 5s', back: `timeout server 300\n    ${HELD}\n    tcp-response content reject`, event: 'nothing', told: 'PD', at: 300 },
  { mode: 'tcp', front: 'timeout client 5s', back: `timeout server 400\n    ${HELD}\n    tcp-response content close`, event: 'server sends', told: '--', at: 600 },
  { mode: 'tcp', front: 'timeout client 1000', back: `timeout server 400\n    ${HELD}`, event: 'server sends', told: 'sD', at: 1080 },
  { mode: 'tcp', front: 'timeout client 700', back: 'timeout server 300', event: 'client is deaf', told: 'cD', at: 780 },
  { mode: 'tcp', front: 'timeout client 300', back: 'timeout server 700', event: 'server is deaf', told: 'sD', at: 780 },
  { mode: 'http', front: 'timeout client 300', back: 'timeout server 700', event: 'client ends', told: 'sD', at: 700 },
  { mode: 'http', front: 'timeout client 300', back: 'timeout server 700', event: 'nothing', told: 'cD', at: 700 },
  { mode: 'http', front: 'timeout client 700', back: 'timeout server 300', event: 'nothing', told: 'sD', at: 300 },
  { mode: 'http', front: 'timeout client 700', back: 'timeout server 300', event: 'body stops', told: 'sD', at: 300 },
  { mode: 'http', front: 'timeout client 500', back: 'timeout server 300', event: 'body is not read', told: 'cD', at: 500 },
  { mode: 'http', front: 'timeout client 500', back: 'timeout server 500', event: 'server ends', told: '--', at: 80 },
]; // biome-ignore format: a table

const CONFIG = `
global
    nbthread 1
    stats socket {sock:admin} level admin
defaults
    timeout connect 5s
${CASES.map(
  ({ mode, front, back }, at) => `
frontend f${at}
    mode ${mode}
    bind {addr:f${at}}
    log {addr:log} local0
    log-format "f${at} %ts %Tt"
    ${front}
    default_backend b${at}
backend b${at}
    mode ${mode}
    ${back}
    server s {addr:origin}
`,
).join('')}`;

const UPGRADE = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n';
const GET = 'GET / HTTP/1.1\r\nHost: a\r\nX-Event: ';
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n';

/** More than sockets take. */
const MUCH = Buffer.alloc(30_000_000);

/** A server that ends its side when it is asked to, and never because its client has. */
const origin = createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    const text = bytes.toString();
    if (/upgrade/i.test(text)) socket.write(SWITCHED);
    if (/^x-event/im.test(text)) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 30000000\r\n\r\nbegin');
    if (/^x-event: body is not/im.test(text)) socket.write(MUCH);
    if (text.endsWith('bye')) socket.end();
    if (text.endsWith('flood')) socket.write(MUCH);
    if (text.endsWith('deaf')) socket.pause();
    if (text.endsWith('more')) setTimeout(() => socket.write('sent'), 200);
  });
});

describe('beside HAProxy', { skip, concurrency: 4 }, async () => {
  if (skip !== false) return;
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  after(() => origin.close());
  const { port } = origin.address() as AddressInfo;
  const programs = await Promise.all(
    [program, HAPROXY].map(async (path) => {
      const log = await syslog({ after });
      return { log, run: await start({ after }, CONFIG, { ports: { origin: port, log }, program: path }) };
    }),
  );

  for (const [at, { mode, front, back, event, told, at: over }] of CASES.entries()) {
    test(`mode ${mode}, ${front}, ${back.replaceAll('\n    ', ', ')}: ${event}`, async () => {
      const [ours, theirs] = await Promise.all(programs.map((one) => observed(one, at)));
      assert.deepEqual(ours!.counts, theirs!.counts);
      assert.deepEqual([ours!.told, theirs!.told], [told, told]);
      for (const { time } of [ours!, theirs!])
        assert.ok(time >= over - 60 && time < over + 300, `over behind ${time} ms`);
    });
  }
});

async function observed({ run, log }: { run: Run; log: Syslog }, at: number) {
  const { mode, event } = CASES[at]!;
  const socket = connect({ port: run.port(`f${at}`), host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined).resume();
  if (event.startsWith('body')) socket.write(`${GET}${event}\r\n\r\n`);
  else if (mode === 'http') socket.write(UPGRADE);
  if (event === 'body is not read') socket.pause();
  await pause(80);
  if (event === 'client ends') socket.end();
  if (event === 'server ends') socket.write('bye');
  if (event === 'client is deaf') {
    socket.pause();
    socket.write('flood');
  }
  if (event === 'server is deaf') socket.write('deaf', () => setTimeout(() => socket.write(MUCH), 20));
  if (event === 'server sends') socket.write('more');
  const [told, time] = (await log.waitFor(new RegExp(`: f${at} `))).replace(/.*: f\d+ /, '').split(' ');
  socket.destroy();
  const counts = [];
  for (const name of [`f${at}/FRONTEND`, `b${at}/s`, `b${at}/BACKEND`]) {
    const { econ, eresp, cli_abrt, srv_abrt } = await run.row(name);
    counts.push({ name, econ, eresp, cli_abrt, srv_abrt });
  }
  return { told, time: Number(time), counts };
}

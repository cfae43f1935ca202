/**
 * Clients in mode tcp that end, leave or are silent while rules, a place in a queue, a connection to a server or the next try is waited for:
 * what is logged and what counts, as on the installed HAProxy.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { after, describe, test } from 'node:test';
import { blackhole } from '../support/blackhole.ts';
import { tcpOrigin } from '../support/origin.ts';
import { freePort } from '../support/ports.ts';
import { isHaproxy, program, type Run, start } from '../support/program.ts';
import { type Syslog, syslog } from '../support/syslog.ts';
import { pause, until } from '../support/wait.ts';

const HAPROXY = '/usr/sbin/haproxy';
const skip = isHaproxy || !existsSync(HAPROXY) ? 'needs Sluice and HAProxy' : false;

const INSPECT = 'tcp-request inspect-delay 250ms\n    tcp-request content accept if { req.len ge 100 }';
const ABORT = 'option abortonclose';

/** What a connection waits for: lines of the backend, without those of frontends. */
const WAITS = {
  rules: `${INSPECT.replace('250ms', '2s')}\n    use-server s if TRUE\n    server s {addr:origin}`,
  queue: 'timeout queue 700\n    server s {addr:origin} maxconn 1',
  'a server': 'timeout queue 700\n    use-server s if TRUE\n    server s {addr:origin} maxconn 1',
  connection: 'timeout connect 600\n    server s {addr:hole}',
  'next try': 'timeout connect 600\n    retries 1\n    server s {addr:refused}',
} as const;

interface Case {
  readonly waits: keyof typeof WAITS;
  /** What the client does: it sends something at once or not, and ends, leaves by a reset or is there until it is late. */
  readonly client: 'ends' | 'sends, ends' | 'leaves' | 'sends, leaves' | 'is silent' | 'sends';
  /** More lines of the frontend and the backend. */
  readonly front?: string;
  readonly back?: string;
  /** Server, termination state, retries; whether the line has a time in the queue. */
  readonly told: string;
}

const CASES: readonly Case[] = [
  { waits: 'rules', client: 'ends', back: 'timeout server 300', told: 's sD 0 queued' },
  { waits: 'rules', client: 'leaves', told: 's CR 0' },
  { waits: 'rules', client: 'sends, leaves', told: 's CR 0' },
  { waits: 'rules', client: 'is silent', told: 's cR 0' },
  { waits: 'rules', client: 'sends', told: 's cR 0' },
  { waits: 'rules', client: 'ends', back: ABORT, told: 's -- 0 queued' },
  { waits: 'queue', client: 'ends', told: '<NOSRV> CQ 0 queued' },
  { waits: 'queue', client: 'sends, ends', told: '<NOSRV> sQ 0 queued' },
  { waits: 'queue', client: 'sends, ends', back: ABORT, told: '<NOSRV> CQ 0 queued' },
  { waits: 'queue', client: 'leaves', told: '<NOSRV> CD 0 queued' },
  { waits: 'queue', client: 'is silent', told: '<NOSRV> cQ 0' },
  { waits: 'queue', client: 'ends', front: INSPECT, told: '<NOSRV> -- 0' },
  { waits: 'a server', client: 'ends', told: 's CQ 0 queued' },
  { waits: 'a server', client: 'sends, ends', told: 's sQ 0 queued' },
  { waits: 'a server', client: 'sends, leaves', told: 's CD 0 queued' },
  { waits: 'a server', client: 'is silent', told: 's cQ 0' },
  { waits: 'a server', client: 'sends', told: 's sQ 0 queued' },
  { waits: 'connection', client: 'ends', told: 's CC 0 queued' },
  { waits: 'connection', client: 'sends, ends', told: 's sC 0 queued' },
  { waits: 'connection', client: 'sends, ends', back: ABORT, told: 's CC 0 queued' },
  { waits: 'connection', client: 'leaves', told: 's CD 0 queued' },
  { waits: 'connection', client: 'is silent', told: 's cC 0 queued' },
  { waits: 'connection', client: 'is silent', back: ABORT, told: 's cC 0 queued' },
  { waits: 'connection', client: 'ends', front: INSPECT, told: 's sC 0 queued' },
  { waits: 'connection', client: 'ends', front: INSPECT, back: ABORT, told: 's -- 0 queued' },
  { waits: 'next try', client: 'ends', told: 's CC 1 queued' },
  { waits: 'next try', client: 'sends, ends', told: 's SC 1 queued' },
  { waits: 'next try', client: 'leaves', told: 's CD 1 queued' },
  { waits: 'next try', client: 'is silent', told: 's cC 1 queued' },
  { waits: 'next try', client: 'sends', told: 's SC 1 queued' },
  { waits: 'next try', client: 'ends', front: INSPECT, told: 's -- 1 queued' },
  { waits: 'next try', client: 'sends, ends', front: INSPECT, back: ABORT, told: 's CC 0 queued' },
]; // biome-ignore format: a table

const CONFIG = `
global
    nbthread 1
    stats socket {sock:admin} level admin
defaults
    mode tcp
    retries 0
    timeout client 5s
    timeout connect 5s
    timeout server 5s
${CASES.map(
  ({ waits, client, front = '', back = '' }, at) => `
frontend f${at}
    bind {addr:f${at}}
    log {addr:log} local0
    log-format "f${at} %s %ts %rc %Tw"
    ${/^(is silent|sends)$/.test(client) ? 'timeout client 200' : ''}
    ${front}
    default_backend b${at}
listen b${at}
    bind {addr:busy${at}}
    ${back}
    ${WAITS[waits]}
`,
).join('')}`;

describe('beside HAProxy', { skip, concurrency: 4 }, async () => {
  if (skip !== false) return;
  const ports = { origin: await tcpOrigin({ after }), hole: await blackhole({ after }), refused: await freePort() };
  const programs = await Promise.all(
    [program, HAPROXY].map(async (path) => {
      const log = await syslog({ after });
      return { log, run: await start({ after }, CONFIG, { ports: { ...ports, log }, program: path }) };
    }),
  );

  for (const [at, { waits, client, front, back, told }] of CASES.entries()) {
    const lines = `${front === undefined ? '' : ', behind rules'}${back === undefined ? '' : `, ${back}`}`;
    test(`waiting for ${waits}: a client ${client}${lines}`, async () => {
      const [ours, theirs] = await Promise.all(programs.map((one) => observed(one, at)));
      assert.deepEqual(ours, theirs);
      assert.equal(ours!.told, told);
    });
  }
});

async function observed(
  { run, log }: { run: Run; log: Syslog },
  at: number,
): Promise<{ told: string; counts: unknown }> {
  const { waits, client } = CASES[at]!;
  const holder = waits === 'queue' || waits === 'a server' ? await taken(run, at) : null;
  const socket = connect({ port: run.port(`f${at}`), host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  if (client.startsWith('sends')) socket.write('abc');
  await pause(100);
  if (/\bends$/.test(client)) socket.end();
  if (/\bleaves$/.test(client)) socket.resetAndDestroy();
  const line = await log.waitFor(new RegExp(`: f${at} `));
  socket.destroy();
  const [server, state, retries, queued] = line.replace(/.*: f\d+ /, '').split(' ');
  const counts = [];
  for (const name of [`f${at}/FRONTEND`, `b${at}/s`, `b${at}/BACKEND`]) {
    const { stot, bin, ereq, econ, eresp, wretr, cli_abrt, srv_abrt } = await run.row(name);
    counts.push({ name, stot, bin, ereq, econ, eresp, wretr, cli_abrt, srv_abrt });
  }
  holder?.destroy();
  return { told: `${server} ${state} ${retries}${queued === '-1' ? '' : ' queued'}`, counts };
}

/** Somebody who has the only place on the server. */
async function taken(run: Run, at: number): Promise<ReturnType<typeof connect>> {
  const socket = connect(run.port(`busy${at}`), '127.0.0.1');
  socket.on('error', () => undefined);
  await until('a place that is taken', async () => (await run.row(`b${at}/s`))['scur'] === '1');
  return socket;
}

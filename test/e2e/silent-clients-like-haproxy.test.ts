/** Clients in mode tcp that are silent while rules, a server or its connection are waited for: who is late, and what counts, as on the installed HAProxy. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { after, describe, test } from 'node:test';
import { blackhole } from '../support/blackhole.ts';
import { tcpOrigin } from '../support/origin.ts';
import { isHaproxy, type Run, start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';

const HAPROXY = '/usr/sbin/haproxy';
const skip = isHaproxy || !existsSync(HAPROXY) ? 'needs Sluice and HAProxy' : false;

const INSPECT = 'tcp-request inspect-delay 300ms\n    tcp-request content accept if { req.len ge 4 }';

interface Case {
  readonly name: string;
  readonly front: string;
  readonly back: string;
  readonly server: 'origin' | 'hole';
  readonly sends: string;
  /** Backend, server and termination state. */
  readonly told: string;
}

const CASES: readonly Case[] = [
  { name: 'a silent client is late when connecting took longer than its time', front: 'timeout client 150', back: 'timeout connect 400', server: 'hole', sends: '', told: 'b0/s cC' },
  { name: 'a client that has sent something is not late while a server is tried', front: 'timeout client 150', back: 'timeout connect 400', server: 'hole', sends: 'abcdef', told: 'b1/s sC' },
  { name: 'a silent client gets no more time by the connection to a server', front: `timeout client 500\n    ${INSPECT}`, back: 'timeout server 700', server: 'origin', sends: '', told: 'b2/s cD' },
  { name: 'a client that has sent something has its time anew', front: `timeout client 700\n    ${INSPECT}`, back: 'timeout server 500', server: 'origin', sends: 'ab', told: 'b3/s sD' },
  { name: 'a client that is late while rules wait is logged with the backend that they lead to', front: `timeout client 150\n    ${INSPECT}`, back: '', server: 'origin', sends: '', told: 'b4/<NOSRV> cR' },
  { name: 'rules that wait for a client that is late may refuse it', front: `timeout client 150\n    ${INSPECT}\n    tcp-request content reject`, back: '', server: 'origin', sends: 'ab', told: 'f5/<NOSRV> PR' },
  { name: 'the time of a tunnel begins with it', front: `timeout client 400\n    ${INSPECT}`, back: 'timeout server 100\n    timeout tunnel 300', server: 'origin', sends: '', told: 'b6/s cD' },
]; // biome-ignore format: a table

const CONFIG = `
global
    nbthread 1
    stats socket {sock:admin} level admin
defaults
    mode tcp
    retries 0
    timeout connect 5s
    timeout server 5s
${CASES.map(
  ({ front, back, server }, at) => `
frontend f${at}
    bind {addr:f${at}}
    log {addr:log} local0
    log-format "f${at} %b/%s %ts"
    ${front}
    default_backend b${at}
backend b${at}
    ${back}
    server s {addr:${server}}
`,
).join('')}`;

describe('beside HAProxy', { skip }, async () => {
  if (skip !== false) return;
  const log = await syslog({ after });
  const ports = { log, origin: await tcpOrigin({ after }), hole: await blackhole({ after }) };
  const runs = [await start({ after }, CONFIG, { ports }), await start({ after }, CONFIG, { ports, program: HAPROXY })];

  const observed = async (run: Run, at: number): Promise<unknown> => {
    const socket = connect(run.port(`f${at}`), '127.0.0.1', () => socket.write(CASES[at]!.sends));
    socket.on('error', () => undefined);
    const line = await log.waitFor(new RegExp(`: f${at} `));
    socket.destroy();
    const rows = [`f${at}/FRONTEND`, `b${at}/s`, `b${at}/BACKEND`];
    const counts = [];
    for (const name of rows) {
      const { ereq, econ, eresp, cli_abrt, srv_abrt, dreq } = await run.row(name);
      counts.push({ name, ereq, econ, eresp, cli_abrt, srv_abrt, dreq });
    }
    return { told: line.replace(/.*: f\d /, ''), counts };
  };

  for (const [at, { name, told }] of CASES.entries()) {
    test(name, async () => {
      const [ours, theirs] = [await observed(runs[0]!, at), await observed(runs[1]!, at)];
      assert.deepEqual(ours, theirs);
      assert.equal((ours as { told: string }).told, told);
    });
  }
});

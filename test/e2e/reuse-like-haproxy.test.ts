/** Over which connections to servers requests go when responses are refused, make them be sent again, or are of several servers: the same as on the installed HAProxy. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, describe, type TestContext, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { isHaproxy, type Run, start } from '../support/program.ts';
import { until } from '../support/wait.ts';

const HAPROXY = '/usr/sbin/haproxy';
const skip = isHaproxy || !existsSync(HAPROXY) ? 'needs Sluice and HAProxy' : false;

/** Settings of a proxy with servers `a`, `b` and `c`, what requests over one connection of a client ask for, and how many connections to servers that takes. */
const CASES: readonly (readonly [settings: string, targets: string, opened: number])[] = [
  ['http-reuse never', '/busy', 1],
  ['http-reuse never', '/busy /busy /chunks', 1],
  ['http-reuse never', '/close', 2],
  ['http-reuse never', '/later', 2],
  ['http-reuse safe', '/busy', 2],
  ['http-reuse safe', '/busy /busy /chunks', 2],
  ['http-reuse aggressive', '/busy', 2],
  ['http-reuse aggressive', '/busy /busy', 2],
  ['http-reuse always', '/busy', 1],
  ['http-reuse always', '/busy /busy', 1],
  ['http-reuse always', '/chunks', 1],
  ['http-reuse always', '/close', 2],
  ['http-reuse always', '/later', 2],
  ['http-response deny', '/ /', 1],
  ['http-response redirect location /', '/chunked /', 1],
  ['http-response return status 200', '/ / /', 1],
  ['http-reuse never\nhttp-response deny', '/ /', 1],
  ['http-response deny', '/half /', 2],
  ['http-reuse never', '/a /b /a /b', 2],
  ['http-reuse never\nmax-session-srv-conns 1', '/a /b /a /b', 3],
  ['http-reuse never\nmax-session-srv-conns 0', '/a /a', 2],
  ['http-reuse never\nmax-session-srv-conns 2', '/a /b /c /a /b /c', 4],
  ['http-reuse always\nmax-session-srv-conns 0', '/a /a', 1],
];

const CONFIG = `
global
    nbthread 1
    stats socket {sock:admin} level admin
defaults
    mode http
    retry-on 503
    timeout connect 5s
    timeout client 5s
    timeout server 5s
${CASES.map(
  ([settings], at) => `
listen l${at}
    bind {addr:l${at}}
    ${settings}
    use-server b if { path /b }
    use-server c if { path /c }
    balance first
    server a {addr:app}
    server b {addr:app}
    server c {addr:app}
`,
).join('')}
`;

describe('beside HAProxy', { skip }, async () => {
  if (skip !== false) return;
  const busy = new Map<string, boolean>();
  // Of two requests for the same the first gets a 503 of the kind that the target says.
  const app = await origin({ after }, async ({ target }, connection) => {
    if (target === '/half') {
      await connection.send('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nha');
      return null;
    }
    if (target === '/chunked') return { chunks: ['ok'] };
    if (!/busy|close|chunks|later/.test(target)) return { body: 'ok' };
    busy.set(target, busy.get(target) !== true);
    if (busy.get(target) === false) return { body: 'ok' };
    if (target === '/close') return { status: 503, headers: { connection: 'close' }, body: 'busy' };
    if (target === '/chunks') return { status: 503, chunks: ['busy'] };
    if (target === '/busy') return { status: 503, body: 'busy' };
    await connection.send('HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\n');
    return null;
  });
  const runs = [
    await start({ after }, CONFIG, { ports: { app } }),
    await start({ after }, CONFIG, { ports: { app }, program: HAPROXY }),
  ];

  const opened = async (t: TestContext, run: Run, at: number, targets: string): Promise<number> => {
    const before = app.connections.length;
    const client = await connect(t, run.port(`l${at}`));
    for (const target of targets.split(' '))
      assert.notEqual((await client.exchange(`GET ${target} HTTP/1.1\nhost: a\n\n`)).status, 503);
    client.close();
    await until('the client to be gone', async () => (await run.row(`l${at}/FRONTEND`))['scur'] === '0');
    return app.connections.length - before;
  };

  for (const [at, [settings, targets, expected]] of CASES.entries()) {
    test(`${settings.replace('\n', ', ')}: ${targets}`, async (t) => {
      for (const run of runs)
        assert.equal(await opened(t, run, at, targets), expected, run === runs[0] ? 'Sluice' : 'HAProxy');
    });
  }
});

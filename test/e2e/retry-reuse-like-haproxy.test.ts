/** Over which connection a request is sent again because of the status of its response: the same as on the installed HAProxy. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, describe, type TestContext, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { isHaproxy, type Run, start } from '../support/program.ts';
import { until } from '../support/wait.ts';

const HAPROXY = '/usr/sbin/haproxy';
const skip = isHaproxy || !existsSync(HAPROXY) ? 'needs Sluice and HAProxy' : false;

/** What requests over one connection of a client ask for, and how many connections to the server that takes. */
const CASES: readonly (readonly [mode: string, targets: string, opened: number])[] = [
  ['never', '/', 1],
  ['never', '/ / /chunks', 1],
  ['never', '/close', 2],
  ['never', '/later', 2],
  ['safe', '/', 2],
  ['safe', '/ / /chunks', 2],
  ['aggressive', '/', 2],
  ['aggressive', '/ /', 2],
  ['always', '/', 1],
  ['always', '/ /', 1],
  ['always', '/chunks', 1],
  ['always', '/close', 2],
  ['always', '/later', 2],
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
${CASES.map(([mode], at) => `listen l${at}\n    bind {addr:l${at}}\n    http-reuse ${mode}\n    server app {addr:app}\n`).join('')}
`;

describe('beside HAProxy', { skip }, async () => {
  if (skip !== false) return;
  let asked = 0;
  // Of two requests the first gets a 503 of the kind that the target says.
  const app = await origin({ after }, async ({ target }, connection) => {
    if (asked++ % 2 === 1) return { body: 'ok' };
    if (target === '/close') return { status: 503, headers: { connection: 'close' }, body: 'busy' };
    if (target === '/chunks') return { status: 503, chunks: ['busy'] };
    if (target !== '/later') return { status: 503, body: 'busy' };
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
      assert.equal((await client.exchange(`GET ${target} HTTP/1.1\nhost: a\n\n`)).status, 200);
    client.close();
    await until('the client to be gone', async () => (await run.row(`l${at}/FRONTEND`))['scur'] === '0');
    return app.connections.length - before;
  };

  for (const [at, [mode, targets, expected]] of CASES.entries()) {
    test(`http-reuse ${mode}, ${targets}`, async (t) => {
      for (const run of runs) assert.equal(await opened(t, run, at, targets), expected);
    });
  }
});

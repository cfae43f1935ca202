import assert from 'node:assert/strict';
import { test } from 'node:test';
import { get } from '../support/connection.ts';
import { start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';

test('%lc counts the lines of a frontend over all threads', async (t) => {
  const log = await syslog(t);
  const run = await start(
    t,
    `
global
    nbthread 2
    log {addr:log} local0
defaults
    mode http
    timeout connect 5s
    timeout client 2s
    timeout server 5s
frontend web
    bind {addr:web}
    log global
    log-format "count %lc."
    http-request return status 200
`,
    { ports: { log } },
  );
  for (let i = 0; i < 8; i++) {
    await get(run.port('web'));
    assert.match(await log.waitFor(/count/), new RegExp(`count ${i}\\.$`));
  }
});

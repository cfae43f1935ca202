import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';

/* What rules put into the captures of the log. */

const web = await origin({ after }, { body: 'web', headers: { 'x-kind': 'page' } });
const log = await syslog({ after });
const run = await start(
  { after },
  `
global
    log 127.0.0.1:{port:log} local0
defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend front
    bind {addr:front}
    capture request header host len 20
    declare capture request len 4
    declare capture response len 8
    http-request capture path len 5
    http-request capture req.hdr(user-agent) id 1
    default_backend back
backend back
    http-response capture res.hdr(x-kind) id 0
    server s {addr:web}
frontend plain
    bind {addr:plain}
    capture request header host len 20
    default_backend back
`,
  { ports: { web, log: log.port } },
);

test('declared places and places of rules stand in the order of the file, cut to their lengths', async () => {
  await get(run.port('front'), '/long/path', 'User-Agent: curlish');
  assert.match(await log.waitFor(/ front /), / \{sluice\.test\|curl\|\/long\} \{page\} /);
});

test('a rule of a backend passes over places that the frontend does not have', async () => {
  await get(run.port('plain'), '/');
  assert.match(await log.waitFor(/ plain /), / \{sluice\.test\} "GET /);
});

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { blackhole } from '../support/blackhole.ts';
import { connect } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { pause } from '../support/wait.ts';

// What the differential run has found about timeouts: each case holds on HAProxy, too.

const app = await origin({ after }, 'hello');
const hole = await blackhole({ after });
const log = await syslog({ after });

const run = await start(
  { after },
  `
defaults
    mode http
    option httplog
    log {addr:log} local0
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen trapping
    bind {addr:trapping}
    timeout tarpit 8s
    http-request tarpit
frontend short_trap
    bind {addr:short_trap}
    timeout connect 300ms
    http-request tarpit
listen idle
    bind {addr:idle}
    timeout client 300ms
    timeout http-keep-alive 20s
    timeout http-request 20s
    server s {addr:app}
listen connecting
    bind {addr:connecting}
    mode tcp
    option tcplog
    timeout client 100ms
    timeout connect 600ms
    retries 0
    server s {addr:hole}
`,
  { ports: { app, hole, log } },
);

test('a client that leaves its tarpit is logged with the answer that it would have had', async (t) => {
  const client = await connect(t, run.port('trapping'));
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await pause(50);
  client.reset();
  await log.waitFor(/ trapping trapping\/<NOSRV> -1\/\d+\/-1\/-1\/\d+ 500 208 - - PT-- /);
});

test('timeout connect of a frontend, which is said to be ignored, is that of its tarpits', async (t) => {
  const client = await connect(t, run.port('short_trap'));
  const began = Date.now();
  const { status } = await client.exchange('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.equal(status, 500);
  const waited = Date.now() - began;
  assert.ok(waited >= 250 && waited < 4000, `answered behind ${waited} ms`);
});

test('timeout client ends connections that longer timeouts would keep', async (t) => {
  const client = await connect(t, run.port('idle'));
  await client.exchange('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.equal(await client.rest(), '');
});

test('timeout client does not run while a server is tried', async (t) => {
  const client = await connect(t, run.port('connecting'));
  client.send('hello');
  assert.equal((await client.rest()).length, 0);
  await log.waitFor(/ connecting connecting\/s \d+\/-1\/[6-9]\d\d 0 sC /);
});

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fakeDns } from '../control/resolvers/fake-dns.ts';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';

/* What `tcp-request content` rules of HTTP proxies wait for, and where the time is logged. */

const web = await origin({ after }, 'web');
const log = await syslog({ after });
const dns = await fakeDns({ after }, { 'never.test A': null, 'never.test AAAA': null });
const run = await start(
  { after },
  `
resolvers names
    nameserver one 127.0.0.1:{port:dns}
    resolve_retries 1
    timeout retry 200
    timeout resolve 200
resolvers patient
    nameserver one 127.0.0.1:{port:dns}
    resolve_retries 1
    timeout retry 4s
    timeout resolve 4s
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    log {addr:log} format raw local0
    log-format "%HP %TR %Tw"
frontend whole
    bind {addr:whole}
    tcp-request inspect-delay 4s
    tcp-request content set-var(txn.found) int(1) if { req.body -m sub z }
    http-request return status 200
frontend head
    bind {addr:head}
    tcp-request inspect-delay 4s
    tcp-request content set-var(txn.found) int(1) if { req.body_len gt 100 } or { req.body_size gt 100 } or { req.body_param(q) -m found }
    http-request return status 200
frontend bounded
    bind {addr:bounded}
    tcp-request inspect-delay 200
    tcp-request content do-resolve(txn.ip,patient,ipv4) str(never.test)
    http-request return status 200
listen resolving
    bind {addr:resolving}
    http-request do-resolve(txn.ip,names,ipv4) str(never.test)
    server s {addr:web}
`,
  { ports: { web, log, dns } },
);

const HEAD = 'Host: x\r\nContent-Length: 6\r\n\r\n';

/** ms that the line about a request has as its time and as that in queues. */
async function times(path: string): Promise<{ request: number; queue: number }> {
  const [, request, queue] = (await log.waitFor(new RegExp(`^${path} `))).trim().split(' ');
  return { request: Number(request), queue: Number(queue) };
}

test('a condition on the body waits no longer than until all of it is there', async (t) => {
  const client = await connect(t, run.port('whole'));
  client.send(`POST /at-once HTTP/1.1\r\n${HEAD}abcdef`);
  assert.equal((await client.response()).status, 200);
  assert.ok((await times('/at-once')).request < 2000);
  client.send(`POST /in-parts HTTP/1.1\r\n${HEAD}abc`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  client.send('def');
  assert.equal((await client.response()).status, 200);
  const { request } = await times('/in-parts');
  assert.ok(request >= 150 && request < 2000, `${request} ms`);
});

test('a condition on how long a body is, or on a parameter in it, takes what is there', async (t) => {
  const client = await connect(t, run.port('head'));
  client.send(`POST /part HTTP/1.1\r\n${HEAD}abc`);
  assert.equal((await client.response()).status, 200);
  assert.ok((await times('/part')).request < 2000);
});

test('a request whose client leaves meanwhile is logged with its line and the time of the wait', async (t) => {
  const client = await connect(t, run.port('whole'));
  client.send(`POST /left HTTP/1.1\r\n${HEAD}abc`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  client.close();
  const { request, queue } = await times('/left');
  assert.ok(request >= 150 && request < 2000, `${request} ms`);
  assert.equal(queue, -1);
});

test('do-resolve among content rules ends with inspect-delay', async () => {
  assert.equal((await get(run.port('bounded'), '/bounded')).status, 200);
  const { request } = await times('/bounded');
  assert.ok(request >= 150 && request < 2000, `${request} ms`);
});

test('what a rule waits for is time of the request', async () => {
  assert.equal((await get(run.port('resolving'), '/resolving')).status, 200);
  const { request, queue } = await times('/resolving');
  assert.ok(request >= 150 && queue < 150, `${request} ms, ${queue} ms`);
});

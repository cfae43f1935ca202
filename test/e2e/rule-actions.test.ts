import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { freePort } from '../support/ports.ts';
import { runToEnd, start, unlessHaproxy26 } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';

/* Actions that drop, label packets, edit lists of fields, capture. */

const web = await origin({ after }, (seen) => ({ headers: { 'x-seen': seen.fields.map(([name]) => name).join(' ') } }));
const log = await syslog({ after });
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen drops
    bind {addr:drops}
    http-request silent-drop if { path /silent }
    http-request silent-drop rst-ttl 3 if { path /ttl }
    http-response silent-drop if { capture.req.uri /response }
    http-request set-fc-tos 0x10
    http-request set-bc-tos int(32) if { path /labelled }
    http-request set-fc-mark 7 if { path /mark }
    server s {addr:web}
listen tries
    bind {addr:tries}
    log {addr:log} format raw local0
    log-format "TRIES %HP %rc"
    retries 1
    timeout connect 20ms
    http-request set-retries 3 if { path /three }
    http-request set-retries int(2) if { path /two }
    http-request set-retries int(-5) if { path /negative }
    http-request set-retries int(200) if { path /many }
    server s 127.0.0.1:{port:nobody}
listen fields
    bind {addr:fields}
    http-request del-header connection
    http-request add-headers-bin req.hdrs_bin prefix x-
    http-request set-headers-bin req.hdrs_bin if { path /set }
    http-request del-headers-bin str(AXgA),b64dec -m beg if { path /del }
    http-request set-header x-names "%[req.hdr_names] %[req.hdrs,length] %[req.fhdr_cnt]"
    server s {addr:web}
frontend captures
    bind {addr:captures}
    log {addr:log} format raw local0
    declare capture response len 20
    http-after-response capture res.hdr(x-a) id 0
    http-request return status 200 hdr x-a "%[path]"
    log-format "%hs"
`,
  { ports: { web, log, nobody: await freePort() } },
);

test('silent-drop answers nothing, and the connection is gone', async (t) => {
  for (const path of ['/silent', '/ttl', '/response']) {
    const client = await connect(t, run.port('drops'));
    client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    // With CAP_NET_ADMIN the client is told nothing at all, else it may see a reset.
    if (!(await client.silent(100))) assert.equal(await client.rest({ tolerateReset: true }), '');
    await until('it is gone', async () => (await run.row('drops/FRONTEND'))['scur'] === '0');
  }
});

test('silent-drop acknowledges what came over a kept connection, so that nothing is sent again and answered by a reset', async (t) => {
  const client = await connect(t, run.port('drops'));
  assert.equal((await client.exchange('GET /mark HTTP/1.1\r\nHost: x\r\n\r\n')).status, 200);
  client.send('GET /silent HTTP/1.1\r\nHost: x\r\n\r\n');
  if (process.getuid?.() === 0) assert.ok(await client.silent(500));
  await until('it is gone', async () => (await run.row('drops/FRONTEND'))['scur'] === '0');
});

test('silent-drop takes nothing away of the response in front', async (t) => {
  for (const path of ['/silent', '/ttl', '/response']) {
    const client = await connect(t, run.port('drops'));
    client.send(`GET /mark HTTP/1.1\r\nHost: x\r\n\r\nGET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.equal((await client.response('GET')).status, 200);
    if (!(await client.silent(100))) assert.equal(await client.rest({ tolerateReset: true }), '');
    await until('it is gone', async () => (await run.row('drops/FRONTEND'))['scur'] === '0');
  }
});

test('lists of fields are added, set and deleted', unlessHaproxy26('has no such actions'), async () => {
  const seen = async (path: string) => (await get(run.port('fields'), path, 'x-a: 1')).get('x-seen');
  assert.equal(await seen('/add'), 'host x-a x-a x-names');
  assert.equal(await seen('/set'), 'host x-a x-names');
  assert.equal(await seen('/del'), 'host x-names');
  // What was deleted is nowhere any more.
  assert.equal(web.requests.at(-1)!.get('x-names'), 'host 21 1');
});

test('labelled requests go over connections of their own', async () => {
  const before = web.connections.length;
  await get(run.port('drops'), '/labelled');
  await get(run.port('drops'), '/labelled');
  assert.equal(web.connections.length - before, 2);
  assert.equal((await get(run.port('drops'), '/mark')).status, 200);
});

test('http-after-response captures what is sent back', unlessHaproxy26('does not log it'), async () => {
  await get(run.port('captures'), '/captured');
  await log.waitFor(/\{\/captured\}/);
});

test('set-retries takes numbers up to 100, and passes over others', unlessHaproxy26('has no such action'), async () => {
  const tries: Readonly<Record<string, number>> = { none: 1, three: 3, two: 2, negative: 1, many: 1 };
  for (const [path, retries] of Object.entries(tries)) {
    await get(run.port('tries'), `/${path}`);
    await log.waitFor(new RegExp(`TRIES /${path} ${retries}$`, 'm'));
  }
});

for (const [line, why] of [
  ['http-request set-retries 101', /expects an expression or an integer between 0 and 100/],
  ['http-request pause 0', /null value is not valid for a 'pause' rule/],
  ['http-request set-var(txn.a) res.hdr(x)', /extracts information from 'HTTP response headers'/],
  ['http-request del-headers-bin req.hdrs_bin -m reg', /unknown matching method 'reg'/],
  ['http-request silent-drop rst-ttl 0', /'rst-ttl' expects an integer argument between 1 and 255/],
  ['http-request set-fc-mark nonsense', /unknown fetch method 'nonsense'/],
] as const) {
  test(`refused: ${line}`, async () => {
    const exit = await runToEnd(`listen l\n    mode http\n    bind {addr:a}\n    ${line}\n`, {
      argv: ['-c', '-f', '{config}'],
    });
    assert.equal(exit.code, 1);
    assert.match(exit.stderr, why);
  });
}

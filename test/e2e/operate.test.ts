import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cli as ask } from '../support/cli.ts';
import { connect, get, request } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';

// An operator works on the running program over the Runtime API while traffic flows.

const log = await syslog({ after });
const held = new Map<string, () => void>();
const wait = (name: string) => (request: { target: string }) =>
  request.target.startsWith('/wait')
    ? new Promise<{ body: string }>((resolve) => held.set(request.target, () => resolve({ body: name })))
    : { body: name };
const a = await origin({ after }, wait('a'));
const b = await origin({ after }, wait('b'));
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
    stats socket {sock:operator} level operator
    stats socket {sock:user} level user
    log {addr:log} local0
defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    balance roundrobin
frontend fe
    bind {addr:fe}
    default_backend be
backend be
    server a {addr:a}
    server b {addr:b}
frontend extra
    bind {addr:extra}
    default_backend be
frontend shut
    bind {addr:shut}
    default_backend be
frontend limited
    bind {addr:limited}
    default_backend be
backend solo
    server only {addr:a}
frontend solo_fe
    bind {addr:solo}
    default_backend solo
`,
  { ports: { log, a, b } },
);
const fe = run.port('fe');
const cli = run.cli;

async function mix(n = 8): Promise<string> {
  let seen = '';
  for (let i = 0; i < n; i++) seen += (await get(fe)).text;
  return seen;
}

test('disable server: new requests go elsewhere, open ones finish; enable server: back again', async (t) => {
  const client = await connect(t, fe);
  let name = '';
  for (const path of ['/wait/1', '/wait/2']) {
    // Whichever of the two reaches server a is the one to look at.
    const probe = await connect(t, fe);
    probe.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await until('the request', () => held.has(path));
    if (a.requests.some(({ target }) => target === path)) {
      name = path;
      assert.equal(await cli('disable server be/a'), '');
      held.get(path)?.();
      assert.equal((await probe.response('GET')).text, 'a');
    } else {
      held.get(path)?.();
    }
  }
  assert.ok(name);
  assert.equal((await run.row('be/a'))['status'], 'MAINT');
  assert.equal(await mix(), 'bbbbbbbb');
  assert.equal((await client.exchange('GET / HTTP/1.1\nHost: x\n\n')).text, 'b');
  assert.equal(await cli('enable server be/a'), '');
  assert.equal((await run.row('be/a'))['status'], 'no check');
  assert.equal(new Set(await mix()).size, 2);
});

test('set server state drain: no new requests; ready: back again', async () => {
  assert.equal(await cli('set server be/a state drain'), '');
  assert.equal((await run.row('be/a'))['status'], 'DRAIN');
  assert.equal(await mix(), 'bbbbbbbb');
  assert.equal(await cli('set server be/a state ready'), '');
  assert.equal(new Set(await mix()).size, 2);
});

test('changes of state are logged with the words of HAProxy', async () => {
  log.clear();
  await cli('set server solo/only state maint');
  const line = await log.waitFor(/Server solo\/only/);
  assert.match(
    line,
    /Server solo\/only is going DOWN for maintenance\. 0 active and 0 backup servers left\. \d+ sessions active, 0 requeued, 0 remaining in queue\.$/,
  );
  assert.match(await log.waitFor(/backend solo/), /^<128>.*backend solo has no server available!$/);
  assert.equal((await get(run.port('solo'))).status, 503);
  await cli('set server solo/only state ready');
  assert.match(
    await log.waitFor(/Server solo\/only/),
    /Server solo\/only is UP\/READY \(leaving forced maintenance\)\.$/,
  );
  assert.equal((await get(run.port('solo'))).text, 'a');
});

test('set server weight: shares follow at once', async () => {
  assert.equal(await cli('set server be/a weight 25%'), '');
  assert.equal(await cli('get weight be/a'), '0 (initial 1)');
  assert.equal(await cli('set weight be/a 3'), '');
  assert.equal(await cli('get weight be/a'), '3 (initial 1)');
  assert.equal((await mix()).split('a').length - 1, 6);
  assert.equal(await cli('set weight be/a 0'), '');
  assert.equal(await mix(), 'bbbbbbbb');
  assert.equal((await run.row('be/a'))['status'], 'no check');
  await cli('set weight be/a 100%');
  assert.equal((await mix()).split('a').length - 1, 4);
});

test('disable frontend frees the port; enable frontend takes it back', async (t) => {
  const port = run.port('extra');
  assert.equal((await get(port)).status, 200);
  assert.equal(await cli('disable frontend extra'), '');
  await assert.rejects(connect(t, port), /ECONNREFUSED/);
  assert.equal((await run.row('extra/FRONTEND'))['status'], 'PAUSED');
  assert.equal(await cli('enable frontend extra'), '');
  assert.equal((await get(port)).status, 200);
  assert.equal((await run.row('extra/FRONTEND'))['status'], 'OPEN');
});

test('shutdown frontend is for good', async (t) => {
  assert.equal(await cli('shutdown frontend shut'), '');
  await assert.rejects(connect(t, run.port('shut')), /ECONNREFUSED/);
  assert.match(await cli('enable frontend shut'), /Frontend was previously shut down, cannot enable\./);
});

test('set maxconn frontend holds at once', unlessHaproxy26('loops when clients are waiting'), async (t) => {
  assert.equal(await cli('set maxconn frontend limited 1'), '');
  const first = await connect(t, run.port('limited'));
  await first.exchange('GET / HTTP/1.1\nHost: x\n\n');
  const second = await connect(t, run.port('limited'));
  second.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.ok(await second.silent(100));
  assert.equal(await cli('set maxconn frontend limited 10'), '');
  assert.equal((await second.response('GET')).status, 200);
});

test('shutdown session ends a hanging request, and its log line carries K', async (t) => {
  const client = await connect(t, fe);
  client.send('GET /wait/hanging HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await until('the request', () => held.has('/wait/hanging'));
  const line = (await cli('show sess')).split('\n').find((l) => l.includes(`src=127.0.0.1:${client.port} `));
  assert.ok(line, 'the session is listed with the address of its client');
  assert.match(line, /^0x[0-9a-f]+: proto=tcpv4 .* fe=fe be=be srv=[ab] /);
  const id = line.slice(0, line.indexOf(':'));
  assert.match(await cli(`show sess ${id}`), /frontend=fe \(id=\d+ mode=http\)/);
  log.clear();
  assert.equal(await cli(`shutdown session ${id}`), '');
  await client.rest({ tolerateReset: true });
  assert.match(await log.waitFor(/wait\/hanging/), / (-1|50\d) \d+ - - K[HD]-- /);
  assert.ok(!(await cli('show sess')).includes(`src=127.0.0.1:${client.port} `));
});

test('shutdown sessions server ends all of a server and no others', async (t) => {
  const clients = await Promise.all(
    ['/wait/s1', '/wait/s2', '/wait/s3', '/wait/s4'].map(async (path) => {
      const client = await connect(t, fe);
      client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      await until('the request', () => held.has(path));
      return { client, path, server: a.requests.some(({ target }) => target === path) ? 'a' : 'b' };
    }),
  );
  assert.equal(await cli('shutdown sessions server be/a'), '');
  for (const { client, path, server } of clients) {
    if (server === 'b') held.get(path)?.();
    if (server === 'b') assert.equal((await client.response('GET')).text, 'b');
    else await client.rest({ tolerateReset: true });
  }
});

test('show errors has the bytes of the last invalid request', async () => {
  log.clear();
  await request(fe, 'GET /bad\x01path HTTP/1.1\nHost: evil\n\n');
  assert.match(await log.waitFor(/BADREQ/), / fe fe\/<NOSRV> .* 400 \d+ - - PR-- .* "<BADREQ>"$/);
  const errors = await cli('show errors');
  assert.match(errors, /^Total events captured on \[.*\] : \d+\n/);
  assert.match(errors, /frontend fe \(#\d+\): invalid request\n/);
  assert.match(errors, /src 127\.0\.0\.1:\d+/);
  assert.match(errors, / {2}00000 {2}GET \/bad\\x01path HTTP\/1\.1\\r\\n\n/);
  assert.match(errors, / {2}000\d\d {2}Host: evil\\r\\n\n/);
});

test('levels: what is above the level of the socket is denied', async () => {
  assert.equal(await ask(run.sock('user'), 'disable server be/a'), 'Permission denied');
  assert.equal(await ask(run.sock('user'), 'show cli level'), 'user');
  assert.equal(await ask(run.sock('operator'), 'disable server be/a'), 'Permission denied');
  assert.equal((await run.row('be/a'))['status'], 'no check');
});

test('counters can be cleared: maxima by clear counters, all by clear counters all', async () => {
  await get(fe);
  assert.equal(await cli('clear counters'), '');
  assert.ok(Number((await run.row('fe/FRONTEND'))['stot']) > 0);
  assert.equal(await cli('clear counters all'), '');
  assert.equal((await run.row('fe/FRONTEND'))['stot'], '0');
});

test('set server addr: new requests go to the new address', async () => {
  assert.match(await cli(`set server solo/only addr 127.0.0.1 port ${b.port}`), /port changed from '\d+' to '\d+'/);
  assert.equal((await get(run.port('solo'))).text, 'b');
  await cli(`set server solo/only addr 127.0.0.1 port ${a.port}`);
  assert.equal((await get(run.port('solo'))).text, 'a');
});

test('mistakes get the answers of HAProxy', async () => {
  assert.equal(await cli('disable server be/nobody'), 'No such server.');
  assert.equal(await cli('disable server nowhere/a'), 'No such backend.');
  assert.equal(await cli('disable server be'), "Require 'backend/server'.");
  assert.equal(await cli('disable frontend nowhere'), 'No such frontend.');
  assert.match(
    await cli('set server be/a state nonsense'),
    /'set server <srv> state' expects 'ready', 'drain' and 'maint'\./,
  );
});

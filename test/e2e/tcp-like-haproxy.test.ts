import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTo } from 'node:net';
import { after, test } from 'node:test';
import { type Connection, connect } from '../support/connection.ts';
import { tcpOrigin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { pause, until } from '../support/wait.ts';

// What the differential run has found in mode tcp: each case holds on HAProxy, too.

/** How connections to the servers have ended: by FIN, or by a reset. */
const ends: string[] = [];
const echo = await tcpOrigin({ after }, (c: Connection) => {
  c.socket.on('data', (bytes) => c.socket.write(bytes));
  c.socket.on('end', () => {
    ends.push('end');
    c.end();
  });
  c.socket.on('error', () => ends.push('reset'));
});
const resetter = await tcpOrigin({ after }, (c) => c.reset());
const refused = await tcpOrigin({ after }, () => {});
await refused.close();
const log = await syslog({ after });

const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
defaults
    mode tcp
    log {addr:log} local0
    option tcplog
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen at-once
    bind {addr:atonce}
    tcp-response content reject if { res.len 0 }
    server s {addr:echoer}
listen rejecting
    bind {addr:rejecting}
    option socket-stats
    tcp-response inspect-delay 5s
    tcp-response content reject if { res.len gt 2 }
    server s {addr:echoer}
listen closing
    bind {addr:closing}
    tcp-response inspect-delay 5s
    tcp-response content close if { res.len gt 2 }
    server s {addr:echoer}
listen counting
    bind {addr:counting}
    stick-table type ip size 10 store gpc1
    tcp-request inspect-delay 5s
    tcp-request connection track-sc0 src
    tcp-request content sc-inc-gpc1(0)
    tcp-request content track-sc1 req.payload(0,4) table keys
    server s {addr:echoer}
backend keys
    stick-table type binary len 4 size 10 store conn_cnt
listen passing
    bind {addr:passing}
    server s {addr:echoer}
listen resetting
    bind {addr:resetting}
    server s {addr:resetter}
frontend inspecting
    bind {addr:inspecting}
    tcp-request inspect-delay 5s
    tcp-request content accept if { req.len gt 100 }
    use_backend inspected if { req.len gt 2 }
backend inspected
    server s {addr:echoer}
frontend refusing
    bind {addr:refusing}
    tcp-request connection reject
listen valued
    bind {addr:valued}
    tcp-request inspect-delay 5s
    tcp-request content set-var(txn.ended) wait_end
    tcp-response content reject unless { var(txn.ended) -m found }
    server s {addr:echoer}
listen large
    bind {addr:large}
    tcp-request inspect-delay 5s
    tcp-request content reject if { req.len 15360 }
    server s {addr:echoer}
listen chosen
    bind {addr:chosen}
    use-server s if TRUE
    server s {addr:echoer}
listen trying
    bind {addr:trying}
    retries 2
    timeout connect 20ms
    server s {addr:refused}
backend servers
    stick-table type string len 32 size 100
listen storing
    bind {addr:storing}
    tcp-response inspect-delay 5s
    tcp-response content accept if { res.len gt 2 }
    stick store-response res.payload(0,3) table servers
    server s {addr:echoer}
listen capturing
    bind {addr:capturing}
    log-format 'capturing %hr'
    tcp-request inspect-delay 5s
    tcp-request content capture req.payload(0,5) len 8
    server s {addr:echoer}
listen chosen-by-alpn
    bind {addr:alpn}
    tcp-request inspect-delay 5s
    tcp-request content reject if { req.ssl_alpn http/1.1 }
    server s {addr:echoer}
listen early
    bind {addr:early}
    option logasap
    option dontlognull
    server s {addr:resetter}
`,
  { ports: { echoer: echo, resetter, refused, log } },
);

const ended = async (pattern: RegExp): Promise<string> => await log.waitFor(pattern);

test('rules on the response that do not wait for it see that there is none yet', async (t) => {
  const client = await connect(t, run.port('atonce'));
  assert.equal((await client.rest()).length, 0);
  await ended(/ at-once at-once\/s \d+\/\d+\/\d+ 0 PD /);
});

test('a response that is rejected has been received and is counted as denied by all', async (t) => {
  const client = await connect(t, run.port('rejecting'));
  client.send('hello');
  assert.equal((await client.rest()).length, 0);
  assert.match(await ended(/ rejecting /), / 5 PD /);
  for (const name of ['FRONTEND', 'sock-1', 's', 'BACKEND'])
    assert.equal((await run.row(`rejecting/${name}`))['dresp'], '1', name);
  assert.equal((await run.row('rejecting/sock-1'))['bin'], '5');
  assert.equal((await run.row('rejecting/sock-1'))['bout'], '5');
});

test('close passes the response on, and the server sees a reset', async (t) => {
  ends.length = 0;
  const client = await connect(t, run.port('closing'));
  client.send('hello');
  assert.equal((await client.rest()).toString(), 'hello');
  assert.match(await ended(/ closing /), / 5 -- /);
  await until('the end of the server', () => ends.length > 0);
  assert.deepEqual(ends, ['reset']);
  assert.equal((await run.row('closing/BACKEND'))['dresp'], '0');
});

test('a client that goes by a reset is one for the server', async (t) => {
  ends.length = 0;
  const client = await connect(t, run.port('passing'));
  client.send('hello');
  await client.bytes(5);
  client.reset();
  assert.match(await ended(/ passing /), / 5 CD /);
  await until('the end of the server', () => ends.length > 0);
  assert.deepEqual(ends, ['reset']);
});

test('a server that goes by a reset is an error of its response', async (t) => {
  const client = await connect(t, run.port('resetting'));
  await client.rest();
  await ended(/ resetting .* SD /);
  const { eresp, srv_abrt } = await run.row('resetting/s');
  assert.deepEqual([eresp, srv_abrt], ['1', '1']);
});

test('a client that goes while rules wait for more is told about by the backend it would have had', async (t) => {
  const client = await connect(t, run.port('inspecting'));
  client.send('hello');
  await pause(50);
  client.reset();
  await ended(/ inspecting inspected\/<NOSRV> -1\/-1\/\d+ 0 CR /);
  assert.equal((await run.row('inspecting/FRONTEND'))['ereq'], '1');
  assert.equal((await run.row('inspected/BACKEND'))['stot'], '1');
  assert.equal((await run.row('inspected/BACKEND'))['bin'], '5');
});

test('connections that are refused at once end by a reset, count as connections alone and leave nothing', async () => {
  for (let i = 0; i < 6; i++) {
    const socket = connectTo(run.port('refusing'), '127.0.0.1');
    const [error] = await once(socket, 'error');
    assert.equal(error.code, 'ECONNRESET');
  }
  const { dcon, dreq } = await run.row('refusing/FRONTEND');
  assert.deepEqual([dcon, dreq], ['6', '0']);
  assert.doesNotMatch(await run.cli('show sess'), /fe=refusing/);
});

test('a server that a rule chose was not balanced', async (t) => {
  const client = await connect(t, run.port('chosen'));
  client.send('hello');
  await client.bytes(5);
  const { lbtot, stot } = await run.row('chosen/s');
  assert.deepEqual([lbtot, stot], ['0', '1']);
});

test('each attempt to connect is a session of the server', async (t) => {
  const client = await connect(t, run.port('trying'));
  await client.rest();
  const { stot, wretr } = await run.row('trying/s');
  assert.deepEqual([stot, wretr], ['3', '2']);
  assert.equal((await run.row('trying/BACKEND'))['stot'], '1');
});

test('what is stored of a response is what rules have waited for', async (t) => {
  const client = await connect(t, run.port('storing'));
  client.send('hello');
  await client.bytes(5);
  assert.match(await run.cli('show table servers'), /key=hel /);
});

test('a capture waits for what it captures', async (t) => {
  const client = await connect(t, run.port('capturing'));
  client.send('he');
  await pause(50);
  client.send('llo there');
  await client.bytes(11);
  client.end();
  await ended(/ capturing \{hello\}$/);
});

test('a value that a rule takes is the one of the moment: only conditions wait', async (t) => {
  const client = await connect(t, run.port('valued'));
  client.send('hello');
  assert.equal((await client.bytes(5)).toString(), 'hello');
});

test('rules see as much as a buffer has room for besides what is kept for rewriting', async (t) => {
  const client = await connect(t, run.port('large'));
  client.send('x'.repeat(15_500));
  await client.rest();
  assert.match(await ended(/ large /), / 0 PR /);
  assert.equal((await run.row('large/FRONTEND'))['bin'], '15360');
});

test('each protocol that a client offers is one to match', async (t) => {
  const alpn = '0010000e000c02683208687474702f312e31';
  const hello = `0303${'00'.repeat(32)}00000213010100${(alpn.length / 2).toString(16).padStart(4, '0')}${alpn}`;
  const message = `010000${(hello.length / 2).toString(16).padStart(2, '0')}${hello}`;
  const client = await connect(t, run.port('alpn'));
  client.send(Buffer.from(`16030100${(message.length / 2).toString(16).padStart(2, '0')}${message}`, 'hex'));
  assert.equal((await client.rest()).length, 0);
  assert.match(await ended(/ chosen-by-alpn /), / 0 PR /);
});

test('a line that is written early is written without bytes, too', async (t) => {
  const client = await connect(t, run.port('early'));
  await client.rest();
  assert.match(await ended(/ early /), / \+0 -- /);
});

test('rules in front of one that waits for its value run once', async (t) => {
  const client = await connect(t, run.port('counting'));
  for (const piece of ['a', 'b', 'cd']) {
    await client.send(piece);
    await pause(30);
  }
  await client.input.take(4);
  assert.match(await run.cli('show table counting'), /gpc1=1\b/);
});

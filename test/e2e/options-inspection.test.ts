import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { origin, tcpOrigin } from '../support/origin.ts';
import { start } from '../support/program.ts';

/* `tcp-request content` and `tcp-response content`: rules on what a connection carries. */

const echo = await tcpOrigin({ after }, (c) => {
  c.socket.on('data', (bytes) => c.socket.write(bytes));
  c.socket.on('end', () => c.end());
});
const greeter = await tcpOrigin({ after }, (c) => c.send('220 ready\r\n'));
const web = await origin({ after }, 'web');
const other = await tcpOrigin({ after }, (c) => {
  c.socket.on('data', () => c.send('other\n'));
});

const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen length
    bind {addr:length}
    tcp-request inspect-delay 5s
    tcp-request content accept if { req.len gt 3 }
    tcp-request content reject if WAIT_END
    server s {addr:echoer}
listen hurry
    bind {addr:hurry}
    tcp-request inspect-delay 100ms
    tcp-request content reject if WAIT_END { req.len lt 4 }
    server s {addr:echoer}
listen reject
    bind {addr:reject}
    tcp-request content reject
    server s {addr:echoer}
listen greet
    bind {addr:greet}
    tcp-request inspect-delay 150ms
    tcp-request content accept if WAIT_END
    server s {addr:greeter}
frontend switch
    bind {addr:switch}
    tcp-request inspect-delay 5s
    tcp-request content accept if { req.len gt 0 }
    use_backend bo if { req.payload(0,1) -m str O }
    default_backend be
backend be
    tcp-request inspect-delay 5s
    tcp-request content reject if { req.payload(0,2) -m str no }
    server s {addr:echoer}
backend bo
    server s {addr:other}
listen answer
    bind {addr:answer}
    tcp-response inspect-delay 5s
    tcp-response content reject if { res.payload(0,3) -m str 220 }
    server s {addr:greeter}
listen passes
    bind {addr:passes}
    tcp-response inspect-delay 5s
    tcp-response content accept if { res.payload(0,3) -m str 220 }
    tcp-response content reject
    server s {addr:greeter}
listen web
    bind {addr:web}
    mode http
    tcp-request inspect-delay 5s
    tcp-request content reject if { path /rejected }
    http-request return status 204 if { path /rule }
    server s {addr:origin}
listen webdelay
    bind {addr:webdelay}
    mode http
    tcp-request inspect-delay 5s
    tcp-request content accept if { req.body -m sub end }
    server s {addr:origin}
listen webanswer
    bind {addr:webanswer}
    mode http
    tcp-response inspect-delay 5s
    tcp-response content reject if { status 200 }
    server s {addr:origin}
`,
  { ports: { echoer: echo, greeter, origin: web, other } },
);

test('a condition on the length waits until there are enough bytes', async (t) => {
  const client = await connect(t, run.port('length'));
  client.send('abc');
  assert.equal(await client.silent(150), true);
  client.send('def');
  assert.equal((await client.bytes(6)).toString(), 'abcdef');
});

test('the end of the client ends the wait', async (t) => {
  const client = await connect(t, run.port('length'));
  client.send('abc');
  client.end();
  assert.equal(await client.rest({ tolerateReset: true }), '');
});

test('the wait ends after inspect-delay, and rules with WAIT_END apply then', async (t) => {
  const client = await connect(t, run.port('hurry'));
  const began = Date.now();
  client.send('abc');
  assert.equal(await client.rest({ tolerateReset: true }), '');
  assert.ok(Date.now() - began >= 90);
});

test('a rejected connection is closed and counted as denied', async (t) => {
  const client = await connect(t, run.port('reject'));
  assert.equal(await client.rest({ tolerateReset: true }), '');
  assert.equal((await run.row('reject/FRONTEND'))['dreq'], '1');
});

test('a client that is silent reaches a server that speaks first after the delay', async (t) => {
  // A busy machine tells late that the connection is there.
  const began = Date.now();
  const client = await connect(t, run.port('greet'));
  assert.equal(await client.through('\n'), '220 ready\r\n');
  assert.ok(Date.now() - began >= 140);
});

test('the backend is chosen by what the client has sent', async (t) => {
  const first = await connect(t, run.port('switch'));
  first.send('Over');
  assert.equal(await first.through('\n'), 'other\n');
  const second = await connect(t, run.port('switch'));
  second.send('yes');
  assert.equal((await second.bytes(3)).toString(), 'yes');
});

test('a backend has content rules of its own', async (t) => {
  const client = await connect(t, run.port('switch'));
  client.send('no!');
  assert.equal(await client.rest({ tolerateReset: true }), '');
  assert.equal((await run.row('switch/FRONTEND'))['dreq'], '1');
});

test('a response is rejected before the client sees any of it', async (t) => {
  const client = await connect(t, run.port('answer'));
  assert.equal(await client.rest({ tolerateReset: true }), '');
  assert.equal((await run.row('answer/BACKEND'))['dresp'], '1');
});

test('a response that is accepted passes whole', async (t) => {
  const client = await connect(t, run.port('passes'));
  assert.equal(await client.through('\n'), '220 ready\r\n');
});

test('content rules see the request in mode http, before the HTTP rules', async (t) => {
  const rejected = await connect(t, run.port('web'));
  rejected.send('GET /rejected HTTP/1.1\r\nhost: x\r\n\r\n');
  assert.equal(await rejected.rest({ tolerateReset: true }), '');
  const ruled = await connect(t, run.port('web'));
  assert.equal((await ruled.exchange('GET /rule HTTP/1.1\nhost: x\n\n')).status, 204);
  assert.equal((await ruled.exchange('GET / HTTP/1.1\nhost: x\n\n')).text, 'web');
});

test('in mode http a condition waits for more of the body', async (t) => {
  const client = await connect(t, run.port('webdelay'));
  client.send('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nbeg');
  assert.equal(await client.silent(150), true);
  client.send('end');
  assert.equal((await client.response()).text, 'web');
  assert.equal((await web.requests.at(-1))?.text, 'begend');
});

test('a rejected HTTP response is not sent', async (t) => {
  const client = await connect(t, run.port('webanswer'));
  client.send('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  assert.equal(await client.rest({ tolerateReset: true }), '');
});

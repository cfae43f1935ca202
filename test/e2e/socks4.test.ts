import assert from 'node:assert/strict';
import { connect as open } from 'node:net';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin, tcpOrigin } from '../support/origin.ts';
import { runToEnd, start } from '../support/program.ts';

const app = await origin({ after }, 'app');
const greeter = await tcpOrigin({ after }, (c) => c.send('hello\r\n'));
/** Requests as they came to the proxy. */
const requests: string[] = [];
let grants = true;
const proxy = await tcpOrigin({ after }, async (c) => {
  const head = Buffer.from(await c.through('HAProxy\0').catch(() => ''), 'latin1');
  if (head.length === 0) return;
  requests.push(`${head[0]} ${head[1]} ${head.subarray(4, 8).join('.')}:${head.readUInt16BE(2)}`);
  if (!grants) {
    c.send(Buffer.from([0, 91, 0, 0, 0, 0, 0, 0]));
    return;
  }
  const server = open({ host: head.subarray(4, 8).join('.'), port: head.readUInt16BE(2) });
  c.send(Buffer.from([0, 90, 0]));
  c.send(Buffer.from([0, 0, 0, 0, 0]));
  server.pipe(c.socket).pipe(server);
  server.on('error', () => c.socket.destroy());
  c.socket.on('error', () => server.destroy());
});
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
defaults
    timeout connect 1s
    timeout client 5s
    timeout server 5s
    retries 0
listen web
    mode http
    bind {addr:web}
    server s {addr:app} socks4 {addr:proxy} check check-via-socks4 inter 1s fastinter 50ms downinter 50ms
listen greet
    mode tcp
    bind {addr:greet}
    server s {addr:greeter} socks4 {addr:proxy} send-proxy
listen rule
    mode tcp
    bind {addr:rule}
    option tcp-check
    tcp-check connect via-socks4
    tcp-check expect string hello
    server s {addr:greeter} socks4 {addr:proxy} check inter 1s fastinter 50ms downinter 50ms
`,
  { ports: { app, greeter, proxy } },
);

test('socks4: requests go through the proxy', async () => {
  assert.equal((await get(run.port('web'))).text, 'app');
  assert.ok(requests.includes(`4 1 127.0.0.1:${app.port}`), requests.join());
});

test('socks4: what the server says first comes through', async (t) => {
  const client = await connect(t, run.port('greet'));
  assert.equal(await client.through('\r\n'), 'hello\r\n');
});

test('check-via-socks4, via-socks4: checks go through the proxy; one that it refuses fails', async () => {
  await run.status('web/s', 'UP');
  await run.status('rule/s', 'UP');
  grants = false;
  await run.status('web/s', 'DOWN');
  await run.status('rule/s', 'DOWN');
  grants = true;
  await run.status('web/s', 'UP');
});

test('socks4: a proxy that refuses is a failed connection', async (t) => {
  grants = false;
  const client = await connect(t, run.port('greet'));
  assert.equal(await client.rest().catch(() => ''), '');
  grants = true;
  assert.equal((await run.row('greet/s'))['econ'], '1');
});

test('socks4: mistakes are told', async () => {
  const told = async (words: string) =>
    (await runToEnd(`backend b\n server s 127.0.0.1:80 ${words}\n`, { args: ['-c'] })).stderr;
  assert.match(await told('socks4'), /'socks4' expects <addr>:<port> as argument/);
  assert.match(await told('socks4 127.0.0.1'), /missing port/);
});

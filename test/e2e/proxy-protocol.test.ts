import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin, tcpOrigin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';

const log = await syslog({ after });
const app = await origin({ after }, 'app');
const heads: Buffer[] = [];
let wake = (): void => {};
const raw = await tcpOrigin({ after }, async (c) => {
  heads.push(Buffer.from((await c.through('HTTP/1.1\r\n')) + (await c.through('\r\n\r\n')), 'latin1'));
  wake();
  c.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  c.end();
});
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
    log {addr:log} local0
defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout client 2s
    timeout server 5s
frontend accepts
    bind {addr:accepts} accept-proxy
    option forwardfor
    default_backend app
frontend sends1
    bind {addr:sends1}
    default_backend v1
frontend sends2
    bind {addr:sends2}
    default_backend v2
frontend relays
    bind {addr:relays} accept-proxy
    default_backend v1
backend app
    server s {addr:app}
backend v1
    server s {addr:raw} send-proxy
backend v2
    server s {addr:raw} send-proxy-v2
`,
  { ports: { log, app, raw } },
);

const ask = 'GET / HTTP/1.1\r\nConnection: close\r\nHost: x\r\n\r\n';
const v2 = (command: number, family: number, body: Buffer) => {
  const head = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
  const rest = Buffer.from([0x20 | command, family, body.length >> 8, body.length & 255]);
  return Buffer.concat([head, rest, body]);
};
const tcp4 = Buffer.from([203, 0, 113, 9, 192, 0, 2, 1, 0x12, 0x34, 0, 80]);

test('accept-proxy: the address of version 1 is the source', async (t) => {
  const client = await connect(t, run.port('accepts'));
  client.send(`PROXY TCP4 198.51.100.7 192.0.2.1 4321 80\r\n${ask}`);
  assert.equal((await client.response('GET')).text, 'app');
  assert.equal(app.requests.at(-1)!.get('x-forwarded-for'), '198.51.100.7');
  assert.match(await log.waitFor(/accepts/), /\]: 198\.51\.100\.7:4321 \[/);
});

test('accept-proxy: version 1 over IPv6 and UNKNOWN', async (t) => {
  const six = await connect(t, run.port('accepts'));
  six.send(`PROXY TCP6 2001:db8::7 2001:db8::1 4321 80\r\n${ask}`);
  await six.response('GET');
  assert.equal(app.requests.at(-1)!.get('x-forwarded-for'), '2001:db8::7');
  const unknown = await connect(t, run.port('accepts'));
  unknown.send(`PROXY UNKNOWN\r\n${ask}`);
  await unknown.response('GET');
  assert.equal(app.requests.at(-1)!.get('x-forwarded-for'), '127.0.0.1');
});

test('accept-proxy: version 2, PROXY and LOCAL', async (t) => {
  const proxied = await connect(t, run.port('accepts'));
  proxied.send(Buffer.concat([v2(1, 0x11, tcp4), Buffer.from(ask)]));
  await proxied.response('GET');
  assert.equal(app.requests.at(-1)!.get('x-forwarded-for'), '203.0.113.9');
  const local = await connect(t, run.port('accepts'));
  local.send(Buffer.concat([v2(0, 0, Buffer.alloc(0)), Buffer.from(ask)]));
  await local.response('GET');
  assert.equal(app.requests.at(-1)!.get('x-forwarded-for'), '127.0.0.1');
});

for (const [what, bytes] of [
  ['no PROXY line', ask],
  ['a broken PROXY line', `PROXY TCP4 1.2.3\r\n${ask}`],
  ['a PROXY line without end', `PROXY TCP4 ${'1'.repeat(200)}`],
  ['a version 2 head with a bad signature', Buffer.from('0d0a0d0a000d0a515549540b21110000', 'hex')],
] as const) {
  test(`accept-proxy: ${what} closes the connection`, async (t) => {
    const before = app.requests.length;
    const client = await connect(t, run.port('accepts'));
    client.send(bytes).catch(() => {});
    assert.equal(await client.rest({ tolerateReset: true }), '');
    assert.equal(app.requests.length, before);
  });
}

test('send-proxy puts a line of version 1 before the request', async (t) => {
  const client = await connect(t, run.port('sends1'));
  const seen = next();
  await client.exchange('GET / HTTP/1.1\nHost: x\n\n');
  const expected = `PROXY TCP4 127.0.0.1 127.0.0.1 ${client.port} ${run.port('sends1')}\r\nGET / HTTP/1.1\r\n`;
  assert.ok((await seen).toString('latin1').startsWith(expected), (await seen).toString('latin1'));
});

test('send-proxy-v2 puts a head of version 2 before the request', async (t) => {
  const client = await connect(t, run.port('sends2'));
  const seen = next();
  await client.exchange('GET / HTTP/1.1\nHost: x\n\n');
  const bytes = await seen;
  assert.equal(bytes.subarray(0, 16).toString('hex'), '0d0a0d0a000d0a515549540a2111000c');
  assert.equal(bytes.subarray(16, 24).toString('hex'), '7f0000017f000001');
  assert.equal(bytes.readUInt16BE(24), client.port);
  assert.equal(bytes.readUInt16BE(26), run.port('sends2'));
  assert.equal(bytes.subarray(28, 32).toString(), 'GET ');
});

test('a kept connection is for requests from the address that its server was told of', async (t) => {
  const lines: string[] = [];
  const server = await tcpOrigin({ after }, async (c) => {
    const line = (await c.through('\r\n')).split(' ')[2]!;
    for (;;) {
      await c.through('\r\n\r\n');
      lines.push(line);
      c.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    }
  });
  const own = await start(
    { after },
    `
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
listen web
    bind {addr:web}
    http-request set-src hdr_ip(x-ip) if { req.hdr(x-ip) -m found }
    server s {addr:server} send-proxy
`,
    { ports: { server } },
  );
  const client = await connect(t, own.port('web'));
  for (const ip of ['192.0.2.1', '192.0.2.1', '192.0.2.2', ''])
    await client.exchange(`GET / HTTP/1.1\nhost: a\n${ip === '' ? '' : `x-ip: ${ip}\n`}\n`);
  assert.deepEqual(lines, ['192.0.2.1', '192.0.2.1', '192.0.2.2', '127.0.0.1']);
});

test('what was accepted is sent on', async (t) => {
  const client = await connect(t, run.port('relays'));
  const seen = next();
  client.send(`PROXY TCP4 198.51.100.7 192.0.2.1 4321 80\r\n${ask}`);
  await client.response('GET');
  assert.match((await seen).toString('latin1'), /^PROXY TCP4 198\.51\.100\.7 192\.0\.2\.1 4321 80\r\nGET /);
});

test('an ordinary frontend takes no PROXY line', async (t) => {
  const client = await connect(t, run.port('sends1'));
  client.send(`PROXY TCP4 198.51.100.7 192.0.2.1 4321 80\r\n${ask}`);
  assert.equal((await client.response('GET')).status, 400);
  assert.equal((await get(run.port('sends1'))).status, 200);
});

/** The next bytes that the raw origin receives. */
function next(): Promise<Buffer> {
  return new Promise((resolve) => {
    wake = () => resolve(heads.at(-1)!);
  });
}

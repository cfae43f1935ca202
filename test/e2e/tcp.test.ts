import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Connection, connect } from '../support/connection.ts';
import { origin, tcpOrigin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { until } from '../support/wait.ts';

const echo = await tcpOrigin({ after }, async (c: Connection) => {
  c.socket.on('data', (bytes) => c.socket.write(bytes));
  c.socket.on('end', () => c.end());
});
const greeter = await tcpOrigin({ after }, (c) => c.send('220 ready\r\n'));
const collector = await tcpOrigin({ after }, async (c) => {
  const all = await c.rest();
  c.send(`${all.length} bytes, last ${all.slice(-3)}`);
  c.end();
});
const resetter = await tcpOrigin({ after }, (c) => c.reset());
const a = await origin({ after }, 'a');
const b = await origin({ after }, 'b');
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
listen echo
    bind {addr:echo}
    server s {addr:echoer}
listen greet
    bind {addr:greet}
    server s {addr:greeter}
listen collect
    bind {addr:collect}
    server s {addr:collector}
listen reset
    bind {addr:reset}
    server s {addr:resetter}
listen pair
    bind {addr:pair}
    balance roundrobin
    server a {addr:a}
    server b {addr:b}
listen unix
    bind {sock:front}
    server s {addr:echoer}
listen tunnel
    bind {addr:tunnel}
    timeout client 5s
    timeout server 5s
    timeout tunnel 200ms
    server s {addr:echoer}
`,
  { ports: { echoer: echo, greeter, collector, resetter, a, b } },
);

test('bytes are relayed both ways as they are', async (t) => {
  const client = await connect(t, run.port('echo'));
  const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  client.send(all);
  assert.deepEqual(await client.bytes(256), all);
});

test('the server may speak first', async (t) => {
  const client = await connect(t, run.port('greet'));
  assert.equal(await client.through('\n'), '220 ready\r\n');
});

test('a half-close of the client reaches the server, whose answer still reaches the client', async (t) => {
  const client = await connect(t, run.port('collect'));
  client.send('x'.repeat(100_000));
  client.send('end');
  client.end();
  assert.equal(await client.rest(), '100003 bytes, last end');
});

test('a half-close of the server reaches the client, who may still send', async (t) => {
  const server = await tcpOrigin(t, (c) => {
    c.send('bye');
    c.end();
  });
  const own = await start(
    t,
    `
defaults
    mode tcp
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen l
    bind {addr:l}
    server s {addr:s}
`,
    { ports: { s: server } },
  );
  const client = await connect(t, own.port('l'));
  assert.equal(await client.rest(), 'bye');
  client.send('still here');
  client.end();
  assert.equal(await (server.connections[0] as Connection).rest(), 'still here');
});

test('a reset of the server ends the client connection', async (t) => {
  const client = await connect(t, run.port('reset'));
  assert.equal(await client.rest({ tolerateReset: true }), '');
});

test('a reset of the client closes the server connection', async (t) => {
  const client = await connect(t, run.port('echo'));
  client.send('hello');
  await client.bytes(5);
  const open = echo.open;
  client.reset();
  await until('the server side to close', () => echo.open < open);
});

test('16 MB pass both ways at once', async (t) => {
  const client = await connect(t, run.port('echo'));
  const size = 16 << 20;
  const sent = Buffer.alloc(size, 'abcdefghijklmnopqrstuvwxyz');
  client.send(sent);
  const got = await client.bytes(size);
  assert.ok(got.equals(sent));
});

test('each connection goes to the next server', async (t) => {
  let seen = '';
  for (let i = 0; i < 4; i++) {
    const client = await connect(t, run.port('pair'));
    seen += (await client.exchange('GET / HTTP/1.1\nHost: x\n\n')).text;
    client.close();
  }
  assert.equal(seen, 'abab');
  assert.equal((await run.row('pair/a'))['stot'], '2');
});

test('a frontend may listen on a unix socket', async (t) => {
  const client = await connect(t, run.sock('front'));
  client.send('hi');
  assert.equal((await client.bytes(2)).toString(), 'hi');
});

test('timeout tunnel takes over from the others once both sides have spoken', async (t) => {
  const client = await connect(t, run.port('tunnel'));
  client.send('x');
  await client.bytes(1);
  const begin = Date.now();
  assert.equal(await client.rest(), '');
  assert.ok(Date.now() - begin < 3000);
});

test('bytes and connections are counted on the frontend, the server and the backend', async (t) => {
  const before = await Promise.all(['FRONTEND', 's', 'BACKEND'].map((name) => run.row(`collect/${name}`)));
  const client = await connect(t, run.port('collect'));
  client.send('12345');
  client.end();
  await client.rest();
  await until('the end to be counted', async () => (await run.row('collect/FRONTEND'))['scur'] === '0');
  const rows = await Promise.all(['FRONTEND', 's', 'BACKEND'].map((name) => run.row(`collect/${name}`)));
  rows.forEach((row, i) => {
    const grown = (field: string) => Number(row[field]) - Number(before[i]?.[field]);
    assert.equal(grown('bin'), 5);
    assert.equal(grown('bout'), '5 bytes, last 345'.length);
    assert.equal(grown('stot'), 1);
  });
});

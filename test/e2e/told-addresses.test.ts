import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type Connection, connect } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';

// What rules and headers say of addresses: of connection, session and request; where connections to servers go by it, and which are used again.

const log = await syslog({ after });
const app = await origin({ after }, 'app');
const other = await origin({ after }, 'other');
const held = await origin({ after }, () => null);
const facts = ['sess_fc', 'sess', 'fc', 'now'];
const levels = `
    tcp-request connection set-src ipv4(10.0.0.1)
    tcp-request connection set-dst ipv4(10.0.0.2)
    tcp-request session set-src ipv4(10.1.0.1)
    tcp-request session set-dst ipv4(10.1.0.2)
`;
const told = `
    tcp-request session set-var-fmt(sess.sess_fc) "%[fc_src] %[fc_dst]"
    tcp-request session set-var-fmt(sess.sess) "%[src] %[dst]"
    http-request set-src req.hdr(x-src) if { req.hdr(x-src) -m found }
    http-request set-var-fmt(txn.fc) "%[fc_src] %[fc_dst]"
    http-request set-var-fmt(txn.now) "%[src] %[dst]"
    http-request return status 200 content-type text/plain lf-string "${facts
      .map((name) => `%[var(${name.startsWith('sess') ? 'sess' : 'txn'}.${name})]`)
      .join(', ')}, %[fc_src]"
`;
const run = await start(
  { after },
  `
global
    log {addr:log} format raw local0
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend levels
    bind {addr:levels}
    ${levels}${told}
frontend proxied
    bind {addr:proxied} accept-proxy
    tcp-request connection set-src ipv4(10.0.0.1)
    ${told}
frontend excepts
    bind {addr:excepts}
    http-request set-src req.hdr(x-src)
    http-request set-dst req.hdr(x-src)
    use_backend %[path,field(2,/)]
${Object.entries({
  address: '2001:db8::1:0:0:1',
  six: '2001:db8:1f89::/47',
  four: '10.0.0.1/25',
  dotted: '10.0.0.0/255.255.0.255',
})
  .map(
    ([name, network]) => `
backend ${name}
    option forwardfor except ${network}
    option originalto except ${network}
    server s {addr:app}`,
  )
  .join('')}
listen dispatched
    bind {addr:dispatched}
    http-reuse always
    dispatch {addr:app}
listen transparent
    bind {addr:transparent}
    http-reuse always
    option transparent
    http-request set-dst-port req.hdr(x-port)
listen anyport
    bind {addr:anyport}
    http-request set-dst-port req.hdr(x-port)
    server s 127.0.0.1:0 pool-low-conn 5
listen anywhere
    bind {addr:anywhere}
    http-reuse always
    http-request set-dst-port req.hdr(x-port)
    server s 0.0.0.0 pool-low-conn 5
listen tagged
    bind {addr:tagged}
    unique-id-format id-%[req.hdr(x-id)]
    server s {addr:receiver} send-proxy-v2 proxy-v2-options unique-id pool-low-conn 5
frontend receiver
    bind {addr:receiver} accept-proxy
    http-request return status 200 content-type text/plain lf-string "%[fc_pp_unique_id] %[http_first_req]"
listen queue
    bind {addr:queue}
    option abortonclose
    log global
    log-format "%HP %TR/%Tw/%Tc/%Tr %ST %ts"
    server s {addr:held} maxconn 1
listen raw
    mode tcp
    bind {addr:raw}
    option abortonclose
    log global
    log-format "raw %Tw/%Tc %ts"
    server s {addr:held} maxconn 1
`,
  { ports: { app, other, held, log: log.port } },
);

const get = async (client: Connection, path = '/', ...fields: string[]) =>
  client.exchange([`GET ${path} HTTP/1.1`, 'Host: x', ...fields, '', ''].join('\n'));

describe('addresses', () => {
  test('of the connection, the session and the request are three', async (t) => {
    const client = await connect(t, run.port('levels'));
    const session = '10.0.0.1 10.0.0.2, 10.1.0.1 10.1.0.2, 10.0.0.1 10.0.0.2';
    assert.equal((await get(client)).text, `${session}, 10.1.0.1 10.1.0.2, 10.0.0.1`);
    assert.equal((await get(client, '/', 'x-src: 10.2.0.1')).text, `${session}, 10.2.0.1 10.1.0.2, 10.0.0.1`);
    assert.equal((await get(client)).text, `${session}, 10.1.0.1 10.1.0.2, 10.0.0.1`);
  });

  test('that a header of PROXY protocol says are those of the session', async (t) => {
    const client = await connect(t, run.port('proxied'));
    client.send('PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r\n');
    const own = '10.0.0.1 127.0.0.1';
    assert.equal((await get(client)).text, `${own}, 192.0.2.1 192.0.2.2, ${own}, 192.0.2.1 192.0.2.2, 10.0.0.1`);
  });

  for (const [name, address, isTold] of [
    ['address', '2001:db8::1:0:0:1', false],
    ['address', '2001:db8::1:0:0:2', true],
    ['six', '2001:db8:1f88::1', false],
    ['six', '2001:db8:1f89:ffff::1', false],
    ['six', '2001:db8:1f8a::1', true],
    ['six', '127.0.0.1', true],
    ['four', '10.0.0.127', false],
    ['four', '10.0.0.128', true],
    ['four', '::1', true],
    ['dotted', '10.0.7.0', false],
    ['dotted', '10.0.7.1', true],
  ] as const)
    test(`${address} is ${isTold ? '' : 'not '}told where ${name} is excepted`, async (t) => {
      const client = await connect(t, run.port('excepts'));
      await get(client, `/${name}`, `x-src: ${address}`);
      const request = app.requests.at(-1)!;
      const expected = isTold ? [address] : [];
      assert.deepEqual([request.all('x-forwarded-for'), request.all('x-original-to')], [expected, expected]);
    });
});

describe('connections to servers', () => {
  for (const name of ['dispatched', 'transparent'])
    test(`${name}: each client has its own, and keeps it`, async (t) => {
      const before = app.connections.length;
      for (const _ of [1, 2]) {
        const client = await connect(t, run.port(name));
        for (const _ of [1, 2, 3]) assert.equal((await get(client, '/', `x-port: ${app.port}`)).text, 'app');
      }
      assert.equal(app.connections.length, before + 2);
    });

  for (const name of ['anyport', 'anywhere'])
    test(`${name}: they go where the request wants, and requests that want the same share them`, async (t) => {
      const client = await connect(t, run.port(name));
      const before = [app.connections.length, other.connections.length];
      for (const to of [app, app, other, app, other])
        assert.equal((await get(client, '/', `x-port: ${to.port}`)).text, to === app ? 'app' : 'other');
      assert.deepEqual([app.connections.length, other.connections.length], [before[0]! + 1, before[1]! + 1]);
    });

  test('that tell a unique ID are for requests that have it', async (t) => {
    const client = await connect(t, run.port('tagged'));
    const seen = [];
    for (const id of ['a', 'a', 'b', 'b']) seen.push((await get(client, '/', `x-id: ${id}`)).text);
    assert.deepEqual(seen, ['id-a 1', 'id-a 0', 'id-b 1', 'id-b 0']);
  });
});

describe('clients that leave', () => {
  test('the queue: their time in it is told', async (t) => {
    const first = await connect(t, run.port('queue'));
    first.send('GET /first HTTP/1.1\r\nHost: x\r\n\r\n');
    await until('the request', () => held.requests.some(({ target }) => target === '/first'));
    const second = await connect(t, run.port('queue'));
    second.send('GET /second HTTP/1.1\r\nHost: x\r\n\r\n');
    await until('the queue', async () => (await run.row('queue/BACKEND'))['qcur'] === '1');
    second.close();
    assert.match(await log.waitFor(/\/second/), /\/second \d+\/\d+\/-1\/-1 -1 CQ/);
  });

  test(
    'a server that has the request: they have made a mistake',
    unlessHaproxy26('400 or 504, by the moment'),
    async (t) => {
      const client = await connect(t, run.port('queue'));
      client.send('GET /third HTTP/1.1\r\nHost: x\r\n\r\n');
      await until('the request', () => held.requests.some(({ target }) => target === '/third'));
      client.close();
      assert.match(await log.waitFor(/\/third/), /\/third \d+\/\d+\/\d+\/-1 400 CH/);
      assert.equal((await run.row('queue/BACKEND'))['hrsp_4xx'], (await run.row('queue/FRONTEND'))['hrsp_4xx']);
    },
  );

  test('the queue of mode tcp: their time in it is told', async (t) => {
    const before = held.connections.length;
    await connect(t, run.port('raw'));
    await until('the connection', () => held.connections.length > before);
    const second = await connect(t, run.port('raw'));
    await until('the queue', async () => (await run.row('raw/BACKEND'))['qcur'] === '1');
    second.close();
    assert.match(await log.waitFor(/raw .*CQ/), /raw \d+\/-1 CQ/);
  });
});

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createServer, type TLSSocket } from 'node:tls';
import { issue } from '../support/certificates.ts';
import { connect } from '../support/connection.ts';
import { isHaproxy, start, unlessHaproxy26 } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { connectTls } from '../support/tls.ts';
import { until } from '../support/wait.ts';

const authority = issue(['Test authority'], { ca: true });
const site = issue(['app.test'], { by: authority });
const log = await syslog({ after });

const sockets = new Set<TLSSocket>();
const server = createServer({ key: site.key, cert: site.cert }, (socket) => {
  sockets.add(socket);
  socket.on('error', () => undefined);
  socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = server.address();
const app = typeof address === 'object' ? address!.port : 0;
after(() => {
  server.close();
  for (const socket of sockets) socket.destroy();
});

const run = await start(
  { after },
  `
global
    nbthread 1
    maxsslconn 3
    stats socket {sock:admin} level admin
    log {addr:log} local0
defaults
    mode http
    log global
    retries 0
    http-reuse never
    timeout connect 1s
    timeout client 10s
    timeout server 10s
frontend secure
    bind {addr:secure} ssl crt {dir}/site.pem
    http-request return status 200
frontend clear
    bind {addr:clear}
    default_backend app
backend app
    balance roundrobin
    server s {addr:app} ssl verify none
backend checked
    server s {addr:app} ssl verify none check inter 100
`,
  { ports: { app, log: log.port }, files: { 'site.pem': site.cert + site.key } },
);

const current = async (): Promise<number> => Number((await run.info())['CurrSslConns']);

describe('connections with TLS', () => {
  test('of both sides are counted, and no more are made than maxsslconn says', async (t) => {
    await until('a check', async () => Number((await run.row('checked/s'))['ssl_sess']) > 1);
    await run.cli('set server checked/s state maint');
    await until('none', async () => (await current()) === 0);
    const first = await connect(t, run.port('clear'));
    assert.equal((await first.exchange('GET / HTTP/1.1\nHost: a\n\n')).status, 200);
    assert.equal(await current(), 1);
    const second = await connectTls(t, run.port('secure'));
    const third = await connectTls(t, run.port('secure'));
    assert.equal((await third.connection.exchange('GET / HTTP/1.1\nHost: a\n\n')).status, 200);
    const info = await run.info();
    assert.equal(info['CurrSslConns'], '3');
    assert.equal(info['MaxSslConns'], '3');
    assert.ok(Number(info['CumSslConns']) >= 5, info['CumSslConns']);
    assert.ok(Number(info['SslBackendMaxKeyRate']) >= 1);
    assert.ok(Number(info['SslFrontendMaxKeyRate']) >= 1);
    const refused = await connect(t, run.port('clear'));
    // HAProxy 2.6 says 500.
    assert.equal((await refused.exchange('GET / HTTP/1.1\nHost: a\n\n')).status, isHaproxy ? 500 : 503);
    second.socket.destroy();
    third.socket.destroy();
    await until('one', async () => (await current()) === 1);
    const again = await connect(t, run.port('clear'));
    assert.equal((await again.exchange('GET / HTTP/1.1\nHost: a\n\n')).status, 200);
    const row = await run.row('app/s');
    assert.deepEqual([row['ssl_sess'], row['ssl_reused_sess']], ['1', '1']);
    first.end();
    again.end();
    await until('none', async () => (await current()) === 0);
  });

  test('of clients beyond that are refused', unlessHaproxy26('stops listening'), async (t) => {
    const three = await Promise.all([1, 2, 3].map(() => connectTls(t, run.port('secure'))));
    await assert.rejects(connectTls(t, run.port('secure')));
    await log.waitFor(/Too many SSL connections/);
    for (const { socket } of three) socket.destroy();
    await until('none', async () => (await current()) === 0);
  });
});

test('a server that is added live verifies with a CA file in memory, and with no other', async (t) => {
  const cli = (line: string) => run.cli(isHaproxy ? `experimental-mode on;${line}` : line);
  const add = (words: string) => cli(`add server app/live 127.0.0.1:${app} ${words}`);
  assert.match(await add('ssl verify required ca-file /no/ca.pem'), /'ca-file' : unable to load \/no\/ca\.pem\./);
  assert.match(await add('ssl verify none crl-file /no/crl.pem'), /'crl-file' : unable to load \/no\/crl\.pem\./);
  assert.match(await add('ssl verify none crt /no/crt.pem'), /unable to stat SSL certificate '\/no\/crt\.pem'\./);
  assert.match(await run.cli('new ssl ca-file live.pem'), /created/);
  assert.match(await run.cli(`set ssl ca-file live.pem <<\n${authority.cert.trim()}\n\n`), /transaction created/);
  assert.match(await run.cli('commit ssl ca-file live.pem'), /Success/);
  assert.match(await add('ssl verify required ca-file live.pem verifyhost app.test'), /New server registered/);
  await run.cli('set server app/s state maint');
  await run.cli('enable server app/live');
  const client = await connect(t, run.port('clear'));
  assert.equal((await client.exchange('GET / HTTP/1.1\nHost: a\n\n')).status, 200);
  assert.equal((await run.row('app/live'))['ssl_sess'], '1');
});

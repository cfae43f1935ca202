import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { text } from 'node:stream/consumers';
import { after, type TestContext, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { origin, tcpOrigin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { within } from '../support/wait.ts';

const log = await syslog({ after });
const app = await origin({ after }, 'app');
const raw = await tcpOrigin({ after }, async (c) => {
  c.send(`raw ${await c.through('\n')}`);
  c.end();
});
const run = await start(
  { after },
  `
global
    log {addr:log} local0
defaults
    mode tcp
    log global
    option tcplog
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend either
    bind {addr:either}
    tcp-request inspect-delay 3s
    tcp-request content set-var(txn.seen) str(yes)
    tcp-request content switch-mode http if HTTP
    tcp-request content accept
    http-request set-header X-Seen %[var(txn.seen)]
    http-request return status 200 content-type text/plain string here if { path /here }
    use_backend web if HTTP
    default_backend raw
frontend noway
    bind {addr:noway}
    tcp-request inspect-delay 3s
    tcp-request content switch-mode http if HTTP
    default_backend raw
frontend never
    bind {addr:never} proto none
    tcp-request inspect-delay 3s
    tcp-request content switch-mode http if HTTP
    default_backend raw
frontend impossible
    bind {addr:impossible} proto none
    default_backend web
frontend implied
    bind {addr:implied}
    default_backend web
frontend one
    bind {addr:one}
    tcp-request content switch-mode http proto h1
    default_backend web
frontend two
    bind {addr:two}
    tcp-request content switch-mode http proto h2
    default_backend web
frontend looks
    bind {addr:looks}
    tcp-request inspect-delay 3s
    tcp-request content reject if HTTP !{ hdr(host) -i one.example }
    tcp-request content accept if { req.len gt 0 }
    default_backend raw
frontend rejects
    bind {addr:rejects} accept-proxy
    tcp-request content reject
    default_backend raw
backend raw
    server s {addr:raw}
backend web
    mode http
    http-request set-header X-Web 1
    http-response set-header X-Came back
    server s {addr:app}
`,
  { ports: { log, app, raw } },
);

const get = (path: string, host = 'x') => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

test('switch-mode http: requests of HTTP/1 are rules and backends for HTTP', async (t) => {
  const client = await connect(t, run.port('either'));
  for (let i = 0; i < 2; i++) {
    client.send(get(`/${i}`));
    const answer = await client.response('GET');
    assert.equal(answer.text, 'app');
    assert.equal(answer.get('x-came'), 'back');
    assert.equal(app.requests.at(-1)!.get('x-seen'), 'yes');
    assert.equal(app.requests.at(-1)!.get('x-web'), '1');
  }
  client.send(get('/here'));
  assert.equal((await client.response('GET')).text, 'here');
});

test('switch-mode http: there is no way back to a backend of mode tcp: the connection ends without an answer', async (t) => {
  const client = await connect(t, run.port('noway'));
  client.send(get('/'));
  assert.equal(await client.rest(), '');
  assert.match(await log.waitFor(/ noway raw\/<NOSRV> /), / 0 IR /);
});

test('proto none: HTTP does not take over the connection, which ends without an answer', async (t) => {
  for (const [name, line] of [
    ['never', / never never\/<NOSRV> -1\/-1\/\d+ 0 PR /],
    ['impossible', / impossible web\/<NOSRV> -1\/-1\/\d+ 0 RR /],
  ] as const) {
    const client = await connect(t, run.port(name));
    client.send(get('/'));
    assert.equal(await client.rest({ tolerateReset: true }), '');
    assert.match(await log.waitFor(new RegExp(` ${name} `)), line);
  }
  const client = await connect(t, run.port('never'));
  client.send('\x01hello\n');
  assert.equal(await client.rest(), 'raw \x01hello\n');
});

test('switch-mode http: a head that comes in pieces is waited for', async (t) => {
  const client = await connect(t, run.port('either'));
  for (const piece of ['GE', 'T / HTTP/1.1\r\nHo', 'st: x\r\n', '\r\n']) {
    client.send(piece);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal((await client.response('GET')).text, 'app');
});

test('switch-mode http: what is no HTTP stays in mode tcp', async (t) => {
  const client = await connect(t, run.port('either'));
  client.send('\x01hello\n');
  assert.equal(await client.rest(), 'raw \x01hello\n');
  client.end();
  assert.match(await log.waitFor(/ either raw\/s /), / -- /);
});

test('switch-mode http: what HTTP may not pass on is a request all the same', async (t) => {
  const client = await connect(t, run.port('either'));
  client.send('GET / HTTP/1.0\r\ncontent-length: 5\r\n\r\nhello');
  assert.match(await client.rest(), /^HTTP\/1.1 413 /);
});

/** The answer to GET `path` over HTTP/2 with prior knowledge. */
async function over2(t: TestContext, port: number, path: string): Promise<string> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  t.after(() => session.destroy());
  const stream = session.request({ ':path': path });
  return within(text(stream), `an answer to ${path} over HTTP/2`);
}

test('switch-mode http: HTTP/2 is known by its first bytes', async (t) => {
  assert.equal(await over2(t, run.port('either'), '/here'), 'here');
  assert.equal(await over2(t, run.port('either'), '/'), 'app');
  assert.equal(await over2(t, run.port('implied'), '/'), 'app');
});

test('switch-mode http proto: one version alone', async (t) => {
  assert.equal(await over2(t, run.port('two'), '/'), 'app');
  const client = await connect(t, run.port('one'));
  client.send(get('/'));
  assert.equal((await client.response('GET')).text, 'app');
  const wrong = await connect(t, run.port('one'));
  wrong.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  assert.match(await wrong.rest(), /^HTTP\/1\.1 400 /);
});

test('a backend in mode http switches the connections of a frontend in mode tcp', async (t) => {
  const client = await connect(t, run.port('implied'));
  for (let i = 0; i < 2; i++) {
    client.send(get('/'));
    const answer = await client.response('GET');
    assert.equal(answer.get('x-came'), 'back');
    assert.equal(app.requests.at(-1)!.get('x-web'), '1');
  }
  client.send(get('/').slice(0, 10));
  client.end();
  assert.match(await client.rest(), /^HTTP\/1\.1 400 /);
});

test('conditions of content rules see requests in mode tcp, which go on unchanged', async (t) => {
  const good = await connect(t, run.port('looks'));
  good.send('GET / HTTP/1.1\r\nHOST: One.example\r\n\r\n');
  assert.equal(await good.rest(), 'raw GET / HTTP/1.1\r\n');
  const other = await connect(t, run.port('looks'));
  other.send(get('/', 'two.example'));
  assert.equal(await other.rest().catch(() => ''), '');
  const none = await connect(t, run.port('looks'));
  none.send('QUIT\n');
  assert.equal(await none.rest(), 'raw QUIT\n');
});

test('bytes behind a PROXY line that are refused harm nobody', async (t) => {
  const client = await connect(t, run.port('rejects'));
  client.send('PROXY TCP4 198.51.100.7 192.0.2.1 4321 80\r\nmore');
  assert.equal(await client.rest().catch(() => ''), '');
  assert.match(await log.waitFor(/ rejects /), /198\.51\.100\.7:4321/);
});

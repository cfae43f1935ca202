import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin, tcpOrigin } from '../support/origin.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { until, within } from '../support/wait.ts';

/* Options that change how HTTP messages are read, held and written. */

const web = await origin({ after }, (request) =>
  request.target === '/trailers'
    ? { chunks: ['one', 'two'], trailers: [['x-sum', '1']] }
    : { body: 'web', headers: { 'x-answer': 'yes' } },
);
const echo = await tcpOrigin({ after }, (c) => {
  c.socket.on('data', (bytes) => c.socket.write(bytes));
});
const log = await syslog({ after });
/** When a server that goes on writing is told that its client has ended. */
const talkerToldAt = Promise.withResolvers<number>();
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
    log 127.0.0.1:{port:log} local0
    h1-case-adjust x-answer X-ANSWER
    h1-case-adjust content-length Content-Length
    h1-case-adjust-file {dir}/names.txt
    h1-accept-payload-with-any-method
    tune.http.logurilen 40
    tune.http.cookielen 10
    tune.rcvbuf.client 65536
    tune.sndbuf.server 65536
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen buffer
    bind {addr:buffer}
    option http-buffer-request
    http-request return status 200 content-type text/plain lf-string "%[req.body]" if { path /echo }
    server s {addr:web}
listen late
    bind {addr:late}
    timeout client 300ms
    log global
    option httplog
    option http-buffer-request
    server s {addr:web}
listen trickled
    bind {addr:trickled}
    timeout http-request 300ms
    log global
    option httplog
    option http-buffer-request
    server s {addr:web}
listen post
    bind {addr:post}
    balance url_param id check_post
    server s {addr:web}
frontend posts
    bind {addr:posts}
    log global
    option httplog
    default_backend posts
backend posts
    timeout http-request 300ms
    balance url_param id
    http-request return status 200 if { path /now }
    use-server s if { path /ruled }
    server s {addr:web}
listen trailers
    bind {addr:trailers}
    option http-drop-request-trailers
    option http-drop-response-trailers
    server s {addr:web}
listen kept
    bind {addr:kept}
    server s {addr:web}
listen pretend
    bind {addr:pretend}
    option http-server-close
    option http-pretend-keepalive
    server s {addr:web}
listen delete
    bind {addr:delete}
    option http-restrict-req-hdr-names delete
    server s {addr:web}
listen reject
    bind {addr:reject}
    option http-restrict-req-hdr-names reject
    server s {addr:web}
listen names
    bind {addr:names}
    option h1-case-adjust-bogus-client
    option h1-case-adjust-bogus-server
    http-request return status 204 hdr x-answer local if { path /local }
    server s {addr:web}
listen short
    bind {addr:short}
    log global
    option httplog
    capture cookie long len 60
    server s {addr:web}
listen sockets
    bind {addr:sockets} defer-accept
    option tcpka
    option nolinger
    server s {addr:web} tcp-ut 5s
listen independent
    bind {addr:independent}
    mode tcp
    timeout client 300ms
    timeout server 300ms
    option independent-streams
    server s {addr:talker}
`,
  {
    ports: {
      web,
      log: log.port,
      talker: await tcpOrigin({ after }, (c) => {
        const timer = setInterval(() => c.send('.').catch(() => {}), 50);
        c.closed.then(() => clearInterval(timer));
        c.rest({ tolerateReset: true }).then(() => talkerToldAt.resolve(Date.now()));
      }),
      echo,
    },
    files: { 'names.txt': '# names\nx-request X-REQUEST\n' },
  },
);

const POST = 'POST /echo HTTP/1.1\r\nhost: x\r\n';

test('the whole body is there when the rules of http-buffer-request are evaluated', async (t) => {
  const client = await connect(t, run.port('buffer'));
  client.send(`${POST}content-length: 6\r\n\r\nabc`);
  assert.equal(await client.silent(100), true);
  client.send('def');
  assert.equal((await client.response()).text, 'abcdef');
});

test('a client that expects 100-continue is told to go on when its body is waited for', async (t) => {
  const client = await connect(t, run.port('buffer'));
  client.send('POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n');
  assert.equal((await client.response('POST')).status, 100);
  client.send('abc');
  assert.equal((await client.response('POST')).text, 'web');
  assert.equal(web.requests.at(-1)!.text, 'abc');
});

test('a body that comes too slowly is waited for no longer than timeout http-request', async (t) => {
  const client = await connect(t, run.port('trickled'));
  client.send(`${POST}content-length: 100\r\n\r\n`);
  const trickle = setInterval(() => client.send('x').catch(() => {}), 50);
  t.after(() => clearInterval(trickle));
  assert.equal((await client.response()).status, 408);
  clearInterval(trickle);
  assert.match(await log.waitFor(/ trickled /), / trickled\/<NOSRV> -1\/-1\/-1\/-1\/\d+ 408 \d+ - - cR-- /);
});

test('a large body is not waited for beyond the size of a buffer', async (t) => {
  const client = await connect(t, run.port('buffer'));
  client.send(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\n\r\n${'x'.repeat(200_000)}`);
  assert.equal((await client.response()).text, 'web');
  assert.equal(web.requests.at(-1)!.body.length, 200_000);
});

test('a body that does not come in time is answered with 408', async (t) => {
  const client = await connect(t, run.port('late'));
  client.send('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nabc');
  assert.equal((await client.response()).status, 408);
  assert.match(await log.waitFor(/ late\/?/), / 408 \d+ - - cR-- /);
});

test('balance url_param check_post waits for the body', async (t) => {
  const client = await connect(t, run.port('post'));
  client.send('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nid');
  client.send('=abc');
  assert.equal((await client.response()).text, 'web');
});

test('balance url_param waits for the body of a POST, behind rules, unless there is a server', async (t) => {
  const half = (path: string): string => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nid`;
  const late = await connect(t, run.port('posts'));
  late.send(half('/late'));
  assert.equal((await late.response()).status, 408);
  assert.match(await log.waitFor(/ posts\/?.*late/), / posts posts\/<NOSRV> \d+\/-1\/-1\/-1\/\d+ 408 \d+ - - cR-- /);
  const refused = await connect(t, run.port('posts'));
  refused.send(half('/now'));
  assert.equal((await refused.response()).status, 200);
  const ruled = await connect(t, run.port('posts'));
  ruled.send(half('/ruled'));
  await new Promise((resolve) => setTimeout(resolve, 400));
  ruled.send('=abc');
  assert.equal((await ruled.response()).text, 'web');
});

const TRAILED =
  'POST /trailers HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-one: 1\r\nx-two: 2\r\n\r\n';

test('trailers are passed on unless they are to be dropped', async (t) => {
  const kept = await connect(t, run.port('kept'));
  kept.send(TRAILED);
  assert.deepEqual((await kept.response()).trailers, [['x-sum', '1']]);
  assert.deepEqual(web.requests.at(-1)!.trailers, [
    ['x-one', '1'],
    ['x-two', '2'],
  ]);
});

test('trailers are dropped in both directions', unlessHaproxy26('it does not know the options'), async (t) => {
  const client = await connect(t, run.port('trailers'));
  for (const part of [TRAILED, ...TRAILED]) client.send(part);
  for (let i = 0; i < 2; i++) {
    const response = await client.response();
    assert.deepEqual([response.text, response.trailers], ['onetwo', []]);
    assert.deepEqual([web.requests.at(-1)!.text, web.requests.at(-1)!.trailers], ['abc', []]);
  }
});

test('pretend-keepalive hides from the server that its connection will be closed', async () => {
  await get(run.port('pretend'));
  assert.deepEqual(web.requests.at(-1)!.all('connection'), []);
});

test('fields with strange names are deleted, or make the request rejected', async () => {
  assert.equal((await get(run.port('delete'), '/', 'X_Y: 1', 'X-Y: 2')).status, 200);
  assert.deepEqual([web.requests.at(-1)!.all('x_y'), web.requests.at(-1)!.all('x-y')], [[], ['2']]);
  assert.equal((await get(run.port('reject'), '/', 'X_Y: 1')).status, 403);
  assert.equal((await get(run.port('reject'), '/', 'X-Y: 1')).status, 200);
});

test('names of fields are put into the case that bogus peers need', async () => {
  const response = await get(run.port('names'), '/', 'x-request: 1');
  assert.match(response.head, /\r\nX-ANSWER: yes\r\n/);
  assert.match(response.head, /\r\nContent-Length: 3\r\n/);
  assert.match(web.requests.at(-1)!.head, /\r\nX-REQUEST: 1\r\n/);
  assert.match((await get(run.port('names'), '/local')).head, /\r\nX-ANSWER: local\r\n/);
});

test(
  'a body with a GET of HTTP/1.0 is taken when that is allowed',
  unlessHaproxy26('it does not heed the directive'),
  async (t) => {
    const client = await connect(t, run.port('kept'));
    client.send('GET / HTTP/1.0\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc');
    assert.equal((await client.response()).status, 200);
    assert.equal(web.requests.at(-1)!.text, 'abc');
  },
);

test('long targets and cookies are cut in the log', async () => {
  await get(run.port('short'), `/${'x'.repeat(100)}`, `Cookie: long=${'y'.repeat(50)}`);
  const line = await log.waitFor(/ short\/s /);
  assert.match(line, / "GET \/x{35}"$/);
  assert.match(line, / long=yyyyy - /);
});

test('socket options do not stand in the way of traffic', async (t) => {
  const client = await connect(t, run.port('sockets'));
  client.send('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  assert.equal((await client.response()).text, 'web');
});

test('with nolinger nothing is left of a connection that the client does not end', async (t) => {
  const client = await connect(t, run.port('sockets'));
  client.send('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  await client.response();
  assert.equal(await client.rest(), '');
  // What is sent to a connection that is no more is answered by a reset.
  await until('a reset', async () => {
    client.socket.write('x');
    return client.socket.destroyed;
  });
});

test(
  'with nolinger a client that reads slowly gets all of a response without a length',
  unlessHaproxy26('it destroys what is on its way'),
  async (t) => {
    const slow = await origin({ after }, () => ({ framing: 'close', close: true, body: 4_000_000 }));
    const fast = await start(
      { after },
      `
    global
        stats socket {sock:admin} level admin
    defaults
        mode http
        timeout client 5s
        timeout server 5s
        timeout connect 5s
    listen web
        bind {addr:web}
        option nolinger
        server slow {addr:slow}
`,
      { ports: { slow } },
    );
    const client = await connect(t, fast.port('web'));
    client.send('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await client.through('\r\n\r\n');
    client.pause();
    await until('the end of the response', async () => (await fast.row('web/slow'))['scur'] === '0');
    assert.equal((await fast.row('web/FRONTEND'))['scur'], '1', 'a socket that is open counts');
    setTimeout(() => client.resume(), 1500);
    assert.equal((await client.rest()).length, 4_000_000);
    await until('the client to be gone', async () => (await fast.row('web/FRONTEND'))['scur'] === '0');
  },
);

test('with independent-streams a client that is only written to is idle: its side ends, and the server may go on', async (t) => {
  const client = await connect(t, run.port('independent'));
  const began = Date.now();
  const toldAt = await within(talkerToldAt.promise, 'the end of the client at its server');
  assert.ok(toldAt - began < 3000);
  await client.through('.'.repeat(10));
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { blackhole } from '../support/blackhole.ts';
import { connect, get, request } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { isHaproxy, start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';

// How exchanges end: what the client gets, and the termination state in the log line (manual, 8.5).

const log = await syslog({ after });
const app = await origin({ after }, async (request, connection) => {
  switch (request.target) {
    case '/never':
    case '/thinks':
      return null;
    case '/close':
      connection.close();
      return null;
    case '/reset':
      connection.reset();
      return null;
    case '/garbage':
      return 'garbage\r\n\r\n';
    case '/partial':
      return { body: 100, closeAt: 100 };
    case '/partial-head':
      return { body: 100, closeAt: 10 };
    case '/stall':
      return 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc';
    case '/big':
      return { body: 8_000_000 };
    case '/bad-chunk':
      return 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n';
    default:
      return { body: 'ok' };
  }
});
const slow = await origin({ after }, () => null);
const upload = await origin({ after }, () => null, { unread: true });
const hole = await blackhole({ after });
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
    timeout connect 100ms
    timeout client 300ms
    timeout server 5s
    timeout http-request 200ms
    timeout queue 100ms
    retries 1
    errorfile 403 {dir}/403.http
frontend fe
    bind {addr:fe}
    use_backend refused if { path /refused }
    use_backend hole if { path /hole }
    use_backend queue if { path_beg /queue }
    use_backend upload if { path /upload }
    use_backend none if { path /none }
    http-request deny if { path /deny }
    http-request deny deny_status 429 if { path /deny-429 }
    http-request return status 200 content-type text/plain string hi if { path /return }
    http-request redirect location /elsewhere if { path /redirect }
    default_backend be
backend be
    http-request set-timeout server 300 if { path /never /stall }
    server app {addr:app}
backend refused
    server nobody {addr:nobody}
backend hole
    server silent {addr:hole}
backend none
    server off {addr:hole} disabled
backend queue
    timeout server 1s
    server slow {addr:slow} maxconn 1
backend upload
    server upload {addr:upload}
listen tcp
    mode tcp
    option tcplog
    bind {addr:tcp}
    server app {addr:app}
listen tcp_refused
    mode tcp
    option tcplog
    bind {addr:tcprefused}
    server nobody {addr:nobody}
`,
  {
    ports: { app, log, hole, slow, upload },
    files: { '403.http': 'HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\nX-From: file\r\n\r\nnot you\n' },
  },
);
const fe = run.port('fe');
before(() => log.clear());

/** path, status, part of the body, log from the backend to the request. */
const endings: [path: string, status: number, body: RegExp, line: RegExp][] = [
  ['/', 200, /^ok$/, / be\/app \d+\/\d+\/\d+\/\d+\/\d+ 200 51 - - ---- /],
  ['/never', 504, /504 Gateway Time-out/, / be\/app \d+\/\d+\/\d+\/-1\/(?:[2-9]\d\d|\d{4,}) 504 198 - - sH-- /],
  ['/close', 502, /502 Bad Gateway/, / be\/app \d+\/\d+\/\d+\/-1\/\d+ 502 209 - - SH-- /],
  ['/reset', 502, /502 Bad Gateway/, / be\/app \d+\/\d+\/\d+\/-1\/\d+ 502 209 - - SH-- /],
  ['/garbage', 502, /invalid or incomplete response/, / be\/app \d+\/\d+\/\d+\/-1\/\d+ 502 209 - - PH-- /],
  ['/partial-head', 502, /502 Bad Gateway/, / be\/app \d+\/\d+\/\d+\/-1\/\d+ 502 209 - - SH-- /],
  ['/refused', 503, /No server is available/, / refused\/nobody \d+\/\d+\/-1\/-1\/\d+ 503 217 - - SC-- \S+\/1 0\/0 /],
  ['/hole', 503, /503 Service Unavailable/, / hole\/silent \d+\/\d+\/-1\/-1\/\d+ 503 217 - - sC-- \S+\/1 0\/0 /],
  ['/none', 503, /503 Service Unavailable/, / none\/<NOSRV> \d+\/-1\/-1\/-1\/\d+ 503 217 - - SC-- /],
  ['/deny', 403, /^not you\n$/, / fe\/<NOSRV> \d+\/-1\/-1\/-1\/\d+ 403 \d+ - - PR-- /],
  ['/deny-429', 429, /429 Too Many Requests/, / fe\/<NOSRV> \d+\/-1\/-1\/-1\/\d+ 429 \d+ - - PR-- /],
  ['/return', 200, /^hi$/, / fe\/<NOSRV> \d+\/-1\/-1\/-1\/\d+ 200 73 - - LR-- /],
  ['/redirect', 302, /^$/, / fe\/<NOSRV> \d+\/-1\/-1\/-1\/\d+ 302 91 - - LR-- /],
];

for (const [path, status, body, line] of endings) {
  test(`${path} ends with ${status} and ${/[-\w]{4} $|[-\w]{2}-- /.exec(line.source)?.[0] ?? ''}`, async () => {
    const response = await get(fe, path);
    assert.equal(response.status, status);
    assert.match(response.text, body);
    const logged = await log.waitFor(/./);
    assert.match(logged, line);
    assert.ok(logged.endsWith(`"GET ${path} HTTP/1.1"`), logged);
  });
}

test('an error page of HAProxy is told not to be cached and to be HTML', async () => {
  const response = await get(fe, '/none');
  assert.deepEqual(response.fields.map(([name, value]) => `${name}: ${value}`).sort(), [
    'cache-control: no-cache',
    'connection: close',
    'content-length: 107',
    'content-type: text/html',
  ]);
  assert.equal(
    response.text,
    '<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n',
  );
  await log.waitFor(/none/);
});

test('an errorfile is sent with its headers', async () => {
  const response = await get(fe, '/deny');
  assert.equal(response.get('x-from'), 'file');
  await log.waitFor(/deny/);
});

test('a server that closes in the middle of the body: SD, and the client sees the cut', async (t) => {
  const client = await connect(t, fe);
  client.send('GET /partial HTTP/1.1\r\nHost: x\r\n\r\n');
  await assert.rejects(client.response('GET'), /end of stream/);
  assert.match(await log.waitFor(/partial/), / 200 \d+ - - SD-- /);
});

test('a server that falls silent in the middle of the body: sD', async (t) => {
  const client = await connect(t, fe);
  client.send('GET /stall HTTP/1.1\r\nHost: x\r\n\r\n');
  await assert.rejects(client.response('GET'), /end of stream|ECONNRESET/);
  assert.match(await log.waitFor(/stall/), / 200 \d+ - - sD-- /);
});

test('a bad chunk in a response that arrives with its head: 502 and PH', async () => {
  assert.equal((await get(fe, '/bad-chunk')).status, 502);
  assert.match(await log.waitFor(/bad-chunk/), / 502 209 - - PH-- /);
});

for (const [when, bytes] of [
  ['half a request', 'GET / HT'],
  ['nothing at all', ''],
] as const) {
  test(`${when} within timeout http-request: 408 and cR`, async (t) => {
    const client = await connect(t, fe);
    client.send(bytes);
    const response = await client.response();
    assert.equal(response.status, 408);
    assert.match(response.text, /^<html><body><h1>408 Request Time-out<\/h1>\nYour browser didn't send a complete/);
    assert.equal(await client.rest(), '');
    assert.match(
      await log.waitFor(/BADREQ/),
      / fe fe\/<NOSRV> -1\/-1\/-1\/-1\/(?:[1-9]\d\d|\d{4,}) 408 \d+ - - cR-- 1\/1\/0\/0\/0 0\/0 "<BADREQ>"$/,
    );
  });
}

test('half a request and an end: 400 and CR', async (t) => {
  const client = await connect(t, fe);
  client.send('GET / HT');
  client.end();
  assert.equal((await client.response()).status, 400);
  assert.match(await log.waitFor(/BADREQ/), / -1\/-1\/-1\/-1\/\d+ 400 \d+ - - CR-- .* "<BADREQ>"$/);
});

test('an invalid request: 400 and PR', async () => {
  const response = await request(fe, 'GET /\x01 HTTP/1.1\nHost: x\n\n');
  assert.equal(response.status, 400);
  assert.equal(
    response.text,
    '<html><body><h1>400 Bad request</h1>\nYour browser sent an invalid request.\n</body></html>\n',
  );
  assert.match(await log.waitFor(/BADREQ/), / fe fe\/<NOSRV> -1\/-1\/-1\/-1\/\d+ 400 \d+ - - PR-- .* "<BADREQ>"$/);
});

test('an idle keep-alive connection ends without a word and without a log line', async (t) => {
  const client = await connect(t, fe);
  await client.exchange('GET / HTTP/1.1\nHost: x\n\n');
  await log.waitFor(/"GET \/ /);
  const lines = log.lines.length;
  assert.equal(await client.rest(), '');
  await get(fe, '/return');
  await log.waitFor(/return/);
  assert.equal(log.lines.length, lines + 1);
});

test('a client that stops reading: cD after timeout client', async (t) => {
  const client = await connect(t, fe);
  client.send('GET /big HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.bytes(1000);
  client.pause();
  assert.match(await log.waitFor(/big/), / 200 \d+ - - cD-- /);
});

test('a client that resets in the middle of the response: CD', async (t) => {
  const client = await connect(t, fe);
  client.send('GET /big HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.bytes(1000);
  client.reset();
  assert.match(await log.waitFor(/big/), / 200 \d+ - - CD-- /);
});

// HAProxy 2.6 does not look at the client then, unless told to (abortonclose), and ends with 504 and sH.
test('a client that resets while the server thinks is gone: CH', async (t) => {
  const client = await connect(t, fe);
  client.send('GET /thinks HTTP/1.1\r\nHost: x\r\n\r\n');
  const asked = app.requests.length;
  await until('the request', () => app.requests.length > asked);
  client.reset();
  assert.match(await log.waitFor(/thinks/), isHaproxy ? / 504 198 - - sH-- / : / 400 0 - - CH-- /);
});

test('a client that resets in the middle of its body: CD and no status', async (t) => {
  const client = await connect(t, fe);
  client.send('POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc');
  await upload.nextRequest();
  client.reset();
  assert.match(await log.waitFor(/POST/), / -1 0 - - CD-- /);
});

test('a bad chunk that arrives with the head of a request: 400 and PR', async () => {
  const response = await request(fe, 'POST / HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\nzz\n');
  assert.equal(response.status, 400);
  assert.match(await log.waitFor(/BADREQ/), / 400 \d+ - - PR-- /);
});

test('a request that waits longer than timeout queue: 503 and sQ', async (t) => {
  const first = await connect(t, fe);
  first.send('GET /queue/1 HTTP/1.1\r\nHost: x\r\n\r\n');
  await slow.nextRequest();
  const response = await get(fe, '/queue/2');
  assert.equal(response.status, 503);
  assert.match(await log.waitFor(/queue\/2/), / queue\/<NOSRV> \d+\/\d{3,}\/-1\/-1\/\d{3,} 503 217 - - sQ-- \S+ 0\/1 /);
  assert.match(await log.waitFor(/queue\/1/), / queue\/slow .* 504 198 - - sH-- /);
});

const tcp: [what: string, line: RegExp, does: (c: Awaited<ReturnType<typeof connect>>) => unknown][] = [
  [
    'both sides end',
    / tcp tcp\/app \d+\/\d+\/\d+ 40 -- 1\/1\/0\/0\/0 0\/0$/,
    async (c) => {
      c.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await c.bytes(40);
      c.end();
    },
  ],
  ['nothing happens', / tcp tcp\/app \d+\/\d+\/(?:[2-9]\d\d|\d{4,}) 0 cD /, () => {}],
  [
    'the client resets',
    / tcp tcp\/app \d+\/\d+\/\d+ 44 CD /,
    async (c) => {
      c.send('GET /stall HTTP/1.1\r\nHost: x\r\n\r\n');
      await c.bytes(44);
      c.reset();
    },
  ],
  ['the server resets', / tcp tcp\/app \d+\/\d+\/\d+ 0 SD /, (c) => c.send('GET /reset HTTP/1.1\r\nHost: x\r\n\r\n')],
];

for (const [what, line, does] of tcp) {
  test(`mode tcp, ${what}: ${line.source.match(/ (--|[cCsS]D) /)?.[1]}`, async (t) => {
    await does(await connect(t, run.port('tcp')));
    assert.match(await log.waitFor(/ tcp /), line);
  });
}

test('mode tcp, the server refuses: SC after the retries, and the client is closed', async (t) => {
  const client = await connect(t, run.port('tcprefused'));
  await client.rest({ tolerateReset: true });
  assert.match(await log.waitFor(/ tcp_refused /), / tcp_refused\/nobody \d+\/-1\/\d+ 0 SC 1\/1\/0\/0\/1 0\/0$/);
});

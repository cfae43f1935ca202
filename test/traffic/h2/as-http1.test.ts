import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { origin } from '../../support/origin.ts';
import { start } from '../../support/program.ts';
import { syslog } from '../../support/syslog.ts';
import { block, END_HEADERS, END_STREAM, frame, GET, headers, int32, Peer, T } from './peer.ts';

// Requests of HTTP/2 as rules, servers and log lines see them, which is as HAProxy shows them.

const log = await syslog({ after });
let failures = 0;
const app = await origin({ after }, (request) => {
  if (request.target === '/retry' && ++failures % 2 === 1) return { status: 503, body: 'busy' };
  const { target, fields, body } = request;
  return { body: JSON.stringify({ target, fields: fields.map(([name]) => name), body: String(body) }) };
});
const names = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];
const run = await start(
  { after },
  `
global
    log {addr:log} local0
    stats socket {sock:admin}
defaults
    mode http
    log global
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend h2
    bind {addr:h2} proto h2
    option disable-h2-upgrade
    log-format "line %HU %ST %tsc %U"
    http-request set-path /star if METH_OPTIONS { req.hdr(host) b.test }
    http-request set-query a=1 if METH_OPTIONS { req.hdr(host) c.test }
    http-request set-var(txn.url) url
    http-request set-var(txn.coding) req.hdr(transfer-encoding)
    http-request return status 200 content-type text/plain lf-string "%[var(txn.url)] %[var(txn.coding)]." if { path /facts } or METH_OPTIONS
    http-request return status 200 content-type text/plain lf-string "%[req.body_len] %[req.body]" if { path /body }
    http-request reject if { path /reject }
    http-request replace-uri ^/(.*) /wrong/\\1 if { path /uri }
    http-request replace-uri http://(.*) http://other.\\1 if { path /uri }
    http-request set-path none if { path /none }
    http-request add-header x-last last
    use_backend hashed if { path_beg /hash }
    default_backend be
backend be
    retry-on 503
    server app {addr:app}
backend hashed
    balance uri
    ${names.map((name) => `server ${name} {addr:app}`).join('\n    ')}
    http-response set-header x-server %s
`,
  { ports: { app, log: log.port } },
);

const request = (path: string, ...more: [string, string][]): [string, string][] => [
  ...GET.map(([name, value]): [string, string] => [name, name === ':path' ? path : value]),
  ...more,
];
const open = () => Peer.open({ after }, run.port('h2'));
async function answer(peer: Peer, stream: number): Promise<{ target: string; fields: string[]; body: string }> {
  return JSON.parse((await peer.body(stream)).toString());
}

test('a body that comes with its head is sent again with it', async () => {
  const peer = await open();
  const fields = request('/retry');
  peer.send(headers(1, fields, 0), frame(T.data, END_STREAM, 1, 'hello'));
  const { body, fields: seen } = await answer(peer, 1);
  assert.equal(body, 'hello');
  assert.equal(failures, 2);
  assert.deepEqual(seen.slice(-2), ['x-last', 'transfer-encoding']);
});

test('rules see what has come of a body with its head', async () => {
  const peer = await open();
  const parts = (stream: number): Buffer[] => [
    frame(T.data, 0, stream, 'hel'),
    frame(T.data, END_STREAM, stream, 'lo'),
  ];
  peer.send(headers(1, request('/body'), 0), ...parts(1));
  assert.equal((await peer.body(1)).toString(), '5 hello');
  peer.send(headers(3, request('/body', ['content-length', '5']), 0), ...parts(3));
  assert.equal((await peer.body(3)).toString(), '5 hello');
});

// What a head counts for (e2e/bytes), without its path.
const HEAD = 29 + 'GET'.length + 'http://a.test'.length + 'hosta.test'.length;
const LENGTH: [string, string] = ['content-length', '5'];
const TRAILER: [string, string][] = [['x-sum', '7']];
const ended = (text: string): ((stream: number) => Buffer[]) => {
  return (stream) => [frame(T.data, END_STREAM, stream, text)];
};
const trailed = (text: string): ((stream: number) => Buffer[]) => {
  return (stream) => [frame(T.data, 0, stream, text), headers(stream, TRAILER)];
};
const COUNTED: readonly (readonly [string, [string, string][], (stream: number) => Buffer[], number])[] = [
  ['a body', [], ended('hello'), 5],
  ['a body with a length', [LENGTH], ended('hello'), 'content-length5'.length + 5],
  ['a body with trailers', [], trailed('hello'), 5 + 'x-sum7'.length + 1],
  ['a body with a length and trailers', [LENGTH], trailed('hello'), 'content-length5'.length + 5 + 'x-sum7'.length + 1],
  ['an end by itself', [], ended(''), 1],
];
for (const [at, [name, fields, body, bytes]] of COUNTED.entries())
  test(`${name} counts in log lines as in HAProxy`, async () => {
    const peer = await open();
    const path = `/counted${at}`;
    peer.send(headers(1, request(path, ...fields), 0), ...body(1));
    await peer.body(1);
    const line = await log.waitFor(new RegExp(`line http://a.test${path} `));
    assert.equal(Number(/\d+$/.exec(line.trim())![0]), HEAD + path.length + bytes);
  });

test('trailers that come when the request has been answered are passed over', async () => {
  const peer = await open();
  peer.send(headers(1, request('/', LENGTH), 0), frame(T.data, 0, 1, 'hello'));
  await peer.body(1);
  peer.send(headers(1, TRAILER));
  assert.ok(await peer.alive());
  peer.send(headers(3, request('/facts')));
  assert.match((await peer.body(3)).toString(), /facts/);
});

test('rules see the whole target and no framing', async () => {
  const peer = await open();
  peer.send(headers(1, request('/facts'), 0), frame(T.data, END_STREAM, 1, 'x'));
  assert.equal((await peer.body(1)).toString(), 'http://a.test/facts .');
  const asterisk = request('*').map(([name, value]): [string, string] => [
    name,
    name === ':method' ? 'OPTIONS' : value,
  ]);
  peer.send(headers(3, asterisk));
  assert.equal((await peer.body(3)).toString(), 'http://a.test .');
  await log.waitFor(/line http:\/\/a\.test 200 LR--/);
});

test('a path in the place of an asterisk is all of the target, a query stands behind the authority', async () => {
  const peer = await open();
  for (const [stream, authority, url] of [
    [1, 'b.test', '/star'],
    [3, 'c.test', 'http://c.test?a=1'],
  ] as const) {
    const values: Record<string, string> = { ':method': 'OPTIONS', ':authority': authority };
    peer.send(
      headers(
        stream,
        request('*').map(([name, value]) => [name, values[name] ?? value]),
      ),
    );
    assert.equal((await peer.body(stream)).toString(), `${url} .`);
  }
});

test('a target without an authority of its own stays as it is, and its Host field, too', async () => {
  const peer = await open();
  peer.send(
    headers(1, [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/facts'],
      ['host', 'a.test:80'],
    ]),
  );
  assert.equal((await peer.body(1)).toString(), '/facts .');
});

test('replace-uri sees scheme and authority, and what it makes goes to the server as it is', async () => {
  const peer = await open();
  peer.send(headers(1, request('/uri')));
  assert.equal((await answer(peer, 1)).target, 'http://other.a.test/uri');
});

test('a target that lost its path is sent with one', async () => {
  const peer = await open();
  peer.send(headers(1, request('/none?a=1')));
  assert.equal((await answer(peer, 1)).target, '/');
});

test('balance uri takes the authority into account', async () => {
  const chosen = new Set<string>();
  const peer = await open();
  for (const [at, host] of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].entries()) {
    const stream = 1 + 2 * at;
    peer.send(
      headers(
        stream,
        request('/hash').map(([name, value]) => [name, name === ':authority' ? host : value]),
      ),
    );
    await peer.body(stream);
  }
  for (const row of await run.stat()) if (row['pxname'] === 'hashed' && row['stot'] !== '0') chosen.add(row['svname']!);
  assert.ok(chosen.size > 2, [...chosen].join());
});

test('cookies without a value are passed on as well', async () => {
  const peer = await open();
  peer.send(headers(1, request('/', ['cookie', ''])));
  await peer.body(1);
  assert.deepEqual(app.requests.at(-1)!.all('cookie'), ['']);
  peer.send(headers(3, request('/', ['cookie', ''], ['cookie', 'a=1'])));
  await peer.body(3);
  assert.deepEqual(app.requests.at(-1)!.all('cookie'), ['; a=1']);
});

test('reject ends the connection', async () => {
  const peer = await open();
  peer.send(headers(1, request('/reject')));
  assert.equal(await peer.reset(1), 11);
  assert.equal(await peer.goaway(), 11);
  await log.waitFor(/line http:\/\/a\.test\/reject -1 PR--/);
});

test('a connection that breaks the rules is logged as an unreadable request without a status', async () => {
  const peer = await open();
  peer.send(frame(T.ping, 0, 0, Buffer.alloc(3)));
  assert.equal(await peer.goaway(), 6);
  await log.waitFor(/line <BADREQ> 0 PR--/);
});

test('so is one whose first request is no HPACK; of a frame that is too large a stream tells that is open', async () => {
  const peer = await open();
  peer.send(frame(T.headers, END_HEADERS | END_STREAM, 1, '\xff\xff\xff'));
  assert.equal(await peer.goaway(), 9);
  await log.waitFor(/line <BADREQ> 0 PR--/);
  const before = log.lines.length;
  const busy = await open();
  busy.send(headers(1, request('/'), 0), frame(T.data, 0, 1, Buffer.alloc(17_000)));
  assert.equal(await busy.goaway(), 6);
  await log.waitFor(/line http:\/\/a\.test\/ -1 C/);
  assert.doesNotMatch(log.lines.slice(before).join('\n'), /BADREQ/);
});

test('a window that is opened by nothing ends the connection, which is not logged', async () => {
  const peer = await open();
  const before = log.lines.length;
  peer.send(frame(T.window, 0, 0, int32(0)));
  assert.equal(await peer.goaway(), 1);
  const other = await open();
  other.send(headers(1, request('/facts')));
  await other.body(1);
  await log.waitFor(/line http:\/\/a\.test\/facts 200/);
  assert.doesNotMatch(log.lines.slice(before).join('\n'), /BADREQ/);
});

for (const name of ['content-length', 'host', 'te'])
  test(`trailers may not have ${name}`, async () => {
    const peer = await open();
    peer.send(headers(1, request('/'), 0), frame(T.data, 0, 1, 'x'));
    assert.ok(await peer.alive());
    peer.send(frame(T.headers, END_HEADERS | END_STREAM, 1, block([[name, '1']])));
    assert.equal(await peer.reset(1), 1);
    await log.waitFor(/line <BADREQ> 0 PR--/);
  });

test('twice as many fields as in HTTP/1 are taken, pseudo header fields included', async () => {
  const peer = await open();
  const fields = (count: number) => request('/', ...Array.from({ length: count }, (): [string, string] => ['n', '1']));
  peer.send(headers(1, fields(197)));
  assert.equal((await answer(peer, 1)).fields.filter((name) => name === 'n').length, 197);
  peer.send(headers(3, fields(198)));
  assert.equal(await peer.reset(3), 1);
});

test('a body of another length than was told is refused before a server gets it', async () => {
  const peer = await open();
  const before = app.requests.length;
  peer.send(headers(1, request('/', ['content-length', '3']), 0), frame(T.data, 0, 1, 'hello'));
  assert.equal(await peer.reset(1), 1);
  peer.send(headers(3, request('/', ['content-length', '3']), 0), frame(T.data, END_STREAM, 3, 'he'));
  assert.equal(await peer.reset(3), 1);
  assert.equal(app.requests.length, before);
});

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { a, aaaa, fakeDns } from '../control/resolvers/fake-dns.ts';
import { connect, get, request } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { isHaproxy, start, unlessHaproxy26 } from '../support/program.ts';
import { pause } from '../support/wait.ts';

/* Rules that wait, and rules that settle how a stream goes on. */

let tries = 0;
const web = await origin({ after }, (seen, connection) => {
  if (seen.target === '/slow') return { body: 'late', delay: 400 };
  if (seen.target === '/chunks') return { chunks: ['one ', 'two ', 'three'] };
  if (seen.target === '/close') return { body: 'until the end', framing: 'close', close: true };
  if (seen.target === '/big') return { body: 100_000 };
  if (seen.target === '/cut') return { body: 1000, closeAt: 300 };
  if (seen.target === '/broken') {
    void connection
      .send('HTTP/1.1 200 OK\r\nx-got: half\r\n\r\nhalf')
      .then(() => pause(50))
      .then(() => connection.reset());
    return null;
  }
  if (seen.target === '/again') {
    tries++;
    if (tries === 1) return { body: '', closeAt: 0 };
    void connection
      .send('HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf')
      .then(() => pause(50))
      .then(() => connection.send('half'));
    return null;
  }
  if (seen.target === '/never') return 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf';
  return { body: `${seen.method} ${seen.target} ${seen.text}` };
});
const pauses = isHaproxy
  ? ''
  : `
    http-request pause 200 if { path /pause }
    http-request pause url_param(ms) if { path /pause-for }
    http-response pause 200 if { capture.req.uri -m beg /held }
    http-request set-timeout client 300 if { path /quick-client }
    http-request set-retries 1`;
const run = await start(
  { after },
  `
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    timeout tarpit 100
listen waits
    bind {addr:waits}${pauses}
    http-request wait-for-body time 300 if { path -m beg /body }
    http-request wait-for-body time 5s at-least 4 if { path /least }
    http-request wait-for-handshake
    http-request set-header x-body "%[req.body]" if { path -m beg /body }
    http-request tarpit status 429 content-type text/plain lf-string "slow %[path]" if { path /tarpit }
    http-request set-timeout server 100 if { path /slow }
    http-request strict-mode on
    http-response wait-for-body time 300 if { capture.req.uri -m beg /chunks /close /big /never /cut /broken /again }
    http-response set-header x-body "%[res.body,length]"
    retry-on empty-response
    server s {addr:web}
listen hints
    bind {addr:hints}
    http-request early-hint Link "<%[path]>; rel=preload"
    http-request early-hint Link "</b>"
    http-request early-hint X-More "more" if { path /more }
    http-request set-header x-a b
    http-request early-hint X-Second second if { path /two }
    server s {addr:web}
`,
  { ports: { web } },
);

const timed = async <T>(work: Promise<T>): Promise<[T, number]> => {
  const from = performance.now();
  return [await work, performance.now() - from];
};

test(
  'pause holds a request for a time, given as it is or by an expression',
  unlessHaproxy26('has no pause'),
  async () => {
    const [first, ms] = await timed(get(run.port('waits'), '/pause'));
    assert.equal(first.text, 'GET /pause ');
    assert.ok(ms >= 190, `${ms} ms`);
    const [second, short] = await timed(get(run.port('waits'), '/pause-for?ms=120'));
    assert.equal(second.status, 200);
    assert.ok(short >= 110, `${short} ms`);
    assert.equal((await get(run.port('waits'), '/pause-for?ms=0')).status, 200);
  },
);

test('pause holds a response', unlessHaproxy26('has no pause'), async (t) => {
  const client = await connect(t, run.port('waits'));
  for (let i = 0; i < 2; i++) {
    const [answer, ms] = await timed(client.exchange('GET /held HTTP/1.1\r\nHost: x\r\n\r\n'));
    assert.equal(answer.text, 'GET /held ');
    assert.ok(ms >= 190, `${ms} ms`);
  }
});

test('wait-for-body waits until all of it is there', async (t) => {
  const client = await connect(t, run.port('waits'));
  client.send('POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234');
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.send('56789');
  assert.equal((await client.response()).text, 'POST /body 0123456789');
  assert.equal(web.requests.at(-1)!.get('x-body'), '0123456789');
});

test('wait-for-body asks a client that waits to be asked', async (t) => {
  const client = await connect(t, run.port('waits'));
  client.send('POST /body HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n');
  assert.equal((await client.response()).status, 100);
  client.send('abc');
  assert.equal((await client.response()).text, 'POST /body abc');
});

test('wait-for-body answers 408 when the body does not come', async (t) => {
  const client = await connect(t, run.port('waits'));
  client.send('POST /body-late HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234');
  assert.equal((await client.response()).status, 408);
});

test('wait-for-body at-least goes on with a part', async (t) => {
  const client = await connect(t, run.port('waits'));
  client.send('POST /least HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n0123');
  const seen = web.nextConnection().catch(() => null);
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.send('45');
  assert.equal((await client.response()).text, 'POST /least 012345');
  void seen;
});

test('a request without a body does not wait', async () => {
  assert.equal((await get(run.port('waits'), '/body')).text, 'GET /body ');
});

test('http-response wait-for-body sees the whole body, however it is framed', async () => {
  const chunked = await get(run.port('waits'), '/chunks');
  assert.deepEqual([chunked.text, chunked.get('x-body')], ['one two three', '13']);
  const closed = await get(run.port('waits'), '/close');
  assert.deepEqual([closed.text, closed.get('x-body')], ['until the end', '13']);
});

test('http-response wait-for-body goes on when the buffer is full', async () => {
  const big = await get(run.port('waits'), '/big');
  assert.equal(big.body.length, 100_000);
});

test('http-response wait-for-body answers 504 when the body does not come', async () => {
  const [answer, ms] = await timed(get(run.port('waits'), '/never'));
  assert.equal(answer.status, 504);
  assert.ok(ms >= 290, `${ms} ms`);
});

test('a body that is cut off while it is waited for is cut off for the client', async () => {
  await assert.rejects(get(run.port('waits'), '/cut'));
});

test('a response whose server breaks off while it is waited for begins, and is cut off', async (t) => {
  const client = await connect(t, run.port('waits'));
  client.send('GET /broken HTTP/1.1\r\nHost: x\r\n\r\n');
  const text = (await client.rest()).toString();
  assert.match(text, /^HTTP\/1\.1 200 OK\r\nx-got: half\r\nx-body: 4\r\n/);
});

test('a response is waited for also when a try before it has come to nothing', async () => {
  const answer = await get(run.port('waits'), '/again');
  assert.deepEqual([answer.text, answer.get('x-body')], ['halfhalf', '8']);
});

test('tarpit answers late, as its arguments say', unlessHaproxy26('has forgotten the request by then'), async () => {
  const [answer, ms] = await timed(get(run.port('waits'), '/tarpit'));
  assert.deepEqual([answer.status, answer.text], [429, 'slow /tarpit']);
  assert.ok(ms >= 95, `${ms} ms`);
});

test('a tarpit takes what comes of the body, and what comes behind that is the next request', async (t) => {
  const client = await connect(t, run.port('waits'));
  client.send('POST /tarpit HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhe');
  await new Promise((resolve) => setTimeout(resolve, 30));
  client.send('lloGET /next HTTP/1.1\r\nhost: x\r\n\r\n');
  assert.equal((await client.response()).status, 429);
  assert.equal((await client.response()).text, 'GET /next ');
});

test('set-timeout server holds for the stream', async () => {
  const [answer, ms] = await timed(get(run.port('waits'), '/slow'));
  assert.equal(answer.status, 504);
  assert.ok(ms < 390, `${ms} ms`);
});

async function hintsOf(t: Parameters<typeof connect>[0], path: string, version = '1.1') {
  const client = await connect(t, run.port('hints'));
  client.send(`GET ${path} HTTP/${version}\r\nHost: x\r\n\r\n`);
  const heads: [number, [string, string][]][] = [];
  for (;;) {
    const { status, fields } = await client.response();
    if (status !== 103) return heads;
    heads.push([status, fields]);
  }
}

test('early-hint rules that follow each other make one 103, those with a condition their own', async (t) => {
  const both: [number, [string, string][]] = [
    103,
    [
      ['link', '</x>; rel=preload'],
      ['link', '</b>'],
    ],
  ];
  assert.deepEqual(await hintsOf(t, '/x'), [both]);
  assert.deepEqual(await hintsOf(t, '/more'), [
    [
      103,
      [
        ['link', '</more>; rel=preload'],
        ['link', '</b>'],
      ],
    ],
    [103, [['x-more', 'more']]],
  ]);
  assert.deepEqual((await hintsOf(t, '/two')).at(1), [103, [['x-second', 'second']]]);
  assert.deepEqual(await hintsOf(t, '/old', '1.0'), []);
});

test('do-resolve asks name servers and keeps the address', async (t) => {
  const dns = await fakeDns(t, {
    'app.test A': { answers: a('app.test', '127.0.0.1') },
    'six.test AAAA': { answers: aaaa('six.test', '::1') },
    'slow.test A': null,
    'slow.test AAAA': null,
  });
  const resolving = await start(
    t,
    `
resolvers names
    nameserver one 127.0.0.1:{port:dns}
    resolve_retries 1
    timeout retry 200
    timeout resolve 200
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen resolve
    bind {addr:resolve}
    http-request do-resolve(txn.ip,names,ipv4) hdr(x-name),lower
    http-request set-dst var(txn.ip)
    http-request set-dst-port hdr(x-port) if { hdr(x-port) -m found }
    http-request return status 200 content-type text/plain lf-string "%[var(txn.ip)]" unless { hdr(x-port) -m found }
    server any 0.0.0.0:0
frontend raw
    mode tcp
    bind {addr:raw}
    tcp-request inspect-delay 5s
    tcp-request content do-resolve(sess.ip,names,ipv4) str(app.test)
    tcp-request content set-dst var(sess.ip)
    tcp-request content set-dst-port int({port:web})
    default_backend anywhere
backend anywhere
    mode tcp
    server any 0.0.0.0:0
`,
    { ports: { dns, web } },
  );
  const address = async (name: string) => (await get(resolving.port('resolve'), '/', `x-name: ${name}`)).text;
  assert.equal(await address('APP.test'), '127.0.0.1');
  assert.equal(await address('app.test.'), '127.0.0.1');
  assert.equal(await address('six.test'), '::1');
  assert.equal(await address('nobody.test'), '');
  const [late, ms] = await timed(address('slow.test'));
  assert.equal(late, '');
  assert.ok(ms < 5000, `${ms} ms`);
  const reached = await get(resolving.port('resolve'), '/', 'x-name: app.test', `x-port: ${web.port}`);
  assert.equal(reached.text, 'GET / ');
  assert.equal(
    (await request(resolving.port('raw'), 'GET /raw HTTP/1.1\nHost: x\nConnection: close\n\n')).text,
    'GET /raw ',
  );
});

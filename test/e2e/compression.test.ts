import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { after, test } from 'node:test';
import { createGunzip, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { connect, request } from '../support/connection.ts';
import { type Answer, type Origin, origin } from '../support/origin.ts';
import { isHaproxy, start, unlessHaproxy26 } from '../support/program.ts';

const TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(400);

/** Lines of listen sections; each has an origin of its own. */
const SECTIONS: Readonly<Record<string, string>> = {
  gzip: 'compression algo gzip',
  deflate: 'compression algo deflate',
  raw_deflate: 'compression algo raw-deflate',
  plain: 'compression algo gzip',
  chunked: 'compression algo gzip',
  types: 'compression algo gzip\ncompression type text/',
  offload: 'compression algo gzip\ncompression offload',
  told: 'compression algo gzip\nhttp-response set-header x-comp %[res.comp],%[res.comp_algo]',
  identity: 'compression algo identity',
  ...(isHaproxy
    ? {}
    : {
        requests: 'compression direction request\ncompression algo-req gzip',
        large: 'compression algo gzip\ncompression minsize-res 100',
      }),
};

const config = (sections: Readonly<Record<string, string>>, global = '') => `
global
    stats socket {sock:admin} level admin
    ${global}
defaults
    mode http
    timeout client 5s
    timeout connect 5s
    timeout server 5s
${Object.entries(sections)
  .map(
    ([name, lines]) => `listen ${name}
    bind {addr:${name}}
    ${lines}
    server app {addr:app_${name}}`,
  )
  .join('\n')}
frontend raw
    bind {addr:raw}
    mode tcp
    default_backend ${Object.keys(sections)[0]}
defaults text
    mode http
    timeout client 5s
    timeout connect 5s
    timeout server 5s
    compression algo gzip
    compression type text/css
frontend taken_over from text
    bind {addr:taken_over}
    default_backend css
backend css from text
    server app {addr:css}
`;

const TEXT_ANSWER: Answer = { headers: { 'content-type': 'text/plain' }, body: TEXT };
const apps: Record<string, Origin> = {};
for (const name of Object.keys(SECTIONS)) apps[name] = await origin({ after }, TEXT_ANSWER);
const css = await origin({ after }, { headers: { 'content-type': 'text/css' }, body: TEXT });
const ports = { css, ...Object.fromEntries(Object.entries(apps).map(([name, app]) => [`app_${name}`, app])) };
const run = await start({ after }, config(SECTIONS), { ports });

/** A section in front of an origin that gives `answer`. */
function proxied(name: string, answer: Answer = {}) {
  const app = apps[name]!;
  app.script = () => ({ ...TEXT_ANSWER, ...answer });
  const port = run.port(name);
  return { app, port, ask: (head: string) => request(port, `GET / HTTP/1.1\r\nhost: a\r\n${head}\r\n`) };
}

for (const [algorithm, coding, decode] of [
  ['gzip', 'gzip', gunzipSync],
  ['deflate', 'deflate', inflateSync],
  ['raw-deflate', 'deflate', inflateRawSync],
] as const) {
  test(`${algorithm} compresses a response that the client accepts in that coding`, async () => {
    const name = algorithm.replace('-', '_');
    const { ask } = proxied(name, { headers: { 'content-type': 'text/plain', etag: '"x"' } });
    const response = await ask(`accept-encoding: br, ${coding};q=0.5\r\n`);
    assert.equal(response.get('content-encoding'), coding);
    assert.equal(response.get('content-length'), undefined);
    assert.equal(response.get('transfer-encoding'), 'chunked');
    assert.equal(response.get('etag'), 'W/"x"');
    assert.equal(response.get('vary'), 'Accept-Encoding');
    assert.equal(decode(response.body).toString(), TEXT);
    assert.ok(response.body.length < TEXT.length / 10);
    const row = await run.row(`${name}/FRONTEND`);
    assert.equal(row['comp_in'], String(TEXT.length));
    if (!isHaproxy) assert.equal(row['comp_out'], String(response.body.length));
    assert.equal(row['comp_rsp'], '1');
    assert.equal((await run.row(`${name}/BACKEND`))['comp_rsp'], '1');
  });
}

test('trailers and the end of chunks count as compressed', async () => {
  const { ask } = proxied('chunked', { chunks: [TEXT], trailers: [['x-t', 'one']] });
  const response = await ask('accept-encoding: gzip\r\n');
  assert.equal(gunzipSync(response.body).toString(), TEXT);
  assert.equal((await run.row('chunked/FRONTEND'))['comp_in'], String(TEXT.length + 'x-tone'.length + 1));
});

test('a frontend of mode tcp has no compressed responses, but bytes that were compressed', async () => {
  const before = Number((await run.row('gzip/BACKEND'))['comp_rsp']);
  const response = await request(run.port('raw'), 'GET / HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\n\r\n');
  assert.equal(gunzipSync(response.body).toString(), TEXT);
  const front = await run.row('raw/FRONTEND');
  assert.deepEqual([front['comp_rsp'], front['comp_in']], ['0', String(TEXT.length)]);
  assert.equal(Number((await run.row('gzip/BACKEND'))['comp_rsp']), before + 1);
});

test('what the client does not accept, and what is not to be changed, goes out as it is', async () => {
  const cases: readonly [string, Answer][] = [
    ['', {}],
    ['accept-encoding: br\r\n', {}],
    ['accept-encoding: gzip;q=0\r\n', {}],
    ['accept-encoding: gzip\r\nuser-agent: Mozilla/4.0 (old)\r\n', {}],
    ['accept-encoding: gzip\r\n', { headers: { 'content-encoding': 'br' } }],
    ['accept-encoding: gzip\r\n', { headers: { 'cache-control': 'public, no-transform' } }],
    ['accept-encoding: gzip\r\n', { headers: { 'content-type': 'multipart/byteranges' } }],
    ['accept-encoding: gzip\r\n', { headers: { 'content-type': 'image/png' } }],
    ['accept-encoding: gzip\r\n', { headers: { etag: 'x' } }],
    ['accept-encoding: gzip\r\n', { status: 404 }],
    ['accept-encoding: gzip\r\n', { status: 206 }],
    ['accept-encoding: gzip\r\n', { framing: 'close' }],
    ['accept-encoding: gzip\r\n', { version: '1.0' }],
  ];
  let answer: Answer = {};
  const { ask, app } = proxied('types');
  app.script = () => ({ body: TEXT, ...answer, headers: { 'content-type': 'text/html', ...answer.headers } });
  for (const [head, next] of cases) {
    answer = next;
    const response = await ask(head);
    assert.equal(response.text, TEXT, `${head} ${JSON.stringify(next)}`);
    assert.notEqual(response.get('content-encoding'), 'gzip');
  }
});

test('a client of HTTP/1.0 and a HEAD request get no compressed body', async () => {
  const { port } = proxied('plain');
  const old = await request(port, 'GET / HTTP/1.0\r\naccept-encoding: gzip\r\n\r\n');
  assert.equal(old.text, TEXT);
  const head = await request(port, 'HEAD / HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\n\r\n');
  assert.equal(head.get('content-encoding'), undefined);
  assert.equal(head.get('content-length'), String(TEXT.length));
});

test('a chunked body is compressed chunk by chunk, with its trailers behind it', async () => {
  const { ask } = proxied('plain', {
    chunks: ['one ', TEXT, ' three'],
    trailers: [['x-sum', '17']],
  });
  const response = await ask('accept-encoding: gzip\r\n');
  assert.equal(gunzipSync(response.body).toString(), `one ${TEXT} three`);
  assert.deepEqual(response.trailers, [['x-sum', '17']]);
});

test('a piece of a response reaches the client when it has come', async (t) => {
  const { port, app } = proxied('plain');
  app.script = async (_request, connection) => {
    connection.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n');
    return null;
  };
  const client = await connect(t, port);
  client.send('GET / HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\n\r\n');
  await client.through('\r\n\r\n');
  const size = Number.parseInt(await client.through('\r\n'), 16);
  const inflate = createGunzip();
  inflate.write(await client.bytes(size));
  const [text] = await once(inflate, 'data');
  // HAProxy 2.6 may send it in two chunks.
  assert.ok('first'.startsWith(String(text)), String(text));
});

test('clients of HTTP/2 get compressed bodies, and trailers behind them', async (t) => {
  const { port, app } = proxied('plain');
  const session = http2.connect(`http://127.0.0.1:${port}`);
  t.after(() => session.close());
  for (const size of [0, 1, 1000, 500_000]) {
    app.script = () => ({ chunks: size === 0 ? [] : [Buffer.alloc(size, 'abc')], trailers: [['x-sum', '17']] });
    const stream = session.request({ ':path': '/', 'accept-encoding': 'gzip' });
    const parts: Buffer[] = [];
    let trailers = {};
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('trailers', (fields) => {
      trailers = fields;
    });
    const [[head]] = await Promise.all([once(stream, 'response'), once(stream, 'end')]);
    assert.equal(head['content-encoding'], 'gzip');
    assert.ok(gunzipSync(Buffer.concat(parts)).equals(Buffer.alloc(size, 'abc')), `${size} bytes`);
    assert.deepEqual(Object.entries(trailers), [['x-sum', '17']]);
  }
});

test('bodies of many sizes arrive whole', async () => {
  const { ask, app } = proxied('plain');
  for (const size of [1, 2, 100, 16_383, 16_384, 65_535, 65_536, 65_537, 300_000, 2_000_000]) {
    const body = Buffer.alloc(size);
    for (let i = 0; i < size; i++) body[i] = (i * 2_654_435_761) >>> 13;
    app.script = () => ({ body });
    const response = await ask('accept-encoding: gzip\r\n');
    assert.ok(gunzipSync(response.body).equals(body), `${size} bytes`);
  }
});

test('offload takes the field away that asks servers to compress', async () => {
  const { ask, app } = proxied('offload');
  const response = await ask('accept-encoding: gzip\r\n');
  assert.equal(response.get('content-encoding'), 'gzip');
  assert.equal(app.requests[0]!.get('accept-encoding'), undefined);
});

test('res.comp and res.comp_algo tell rules of it', async () => {
  const { ask } = proxied('told');
  assert.equal((await ask('accept-encoding: gzip\r\n')).get('x-comp'), '1,gzip');
  assert.equal((await ask('')).get('x-comp'), '0,');
});

test('identity passes a body on in chunks', async () => {
  const { ask } = proxied('identity');
  const response = await ask('');
  assert.equal(response.text, TEXT);
  assert.equal(response.get('content-encoding'), undefined);
  assert.equal(response.get('transfer-encoding'), 'chunked');
});

test('requests are compressed where the direction says so', unlessHaproxy26('has no direction'), async () => {
  const { port, app } = proxied('requests');
  const head = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\n';
  await request(port, `${head}content-length: ${TEXT.length}\r\n\r\n${TEXT}`);
  await request(port, `${head}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n`);
  await request(port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const [whole, chunked, none] = app.requests;
  assert.equal(gunzipSync(whole!.body).toString(), TEXT);
  assert.equal(whole!.get('content-encoding'), 'gzip');
  assert.equal(gunzipSync(chunked!.body).toString(), 'abcdefg');
  assert.equal(none!.get('content-encoding'), undefined);
});

test('bodies below minsize-res go out as they are', unlessHaproxy26('has no minsize-res'), async () => {
  const { ask, app } = proxied('large');
  app.script = () => ({ body: 'x'.repeat(99) });
  assert.equal((await ask('accept-encoding: gzip\r\n')).get('content-encoding'), undefined);
  app.script = () => ({ body: 'x'.repeat(100) });
  assert.equal((await ask('accept-encoding: gzip\r\n')).get('content-encoding'), 'gzip');
});

test('algorithms and types are taken over from a defaults section', async () => {
  const response = await request(run.port('taken_over'), 'GET / HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\n\r\n');
  assert.equal(gunzipSync(response.body).toString(), TEXT);
});

test('over maxcomprate bodies stay valid and are not compressed', async (t) => {
  const slow = await start(t, config({ slow: 'compression algo gzip' }, 'maxcomprate 1'), {
    ports: { css, app_slow: apps['plain']! },
  });
  proxied('plain');
  for (let i = 0; i < 20; i++) {
    const response = await request(slow.port('slow'), 'GET / HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\n\r\n');
    const body = response.get('content-encoding') === 'gzip' ? gunzipSync(response.body) : response.body;
    assert.equal(body.toString(), TEXT);
  }
  assert.ok(Number((await slow.row('slow/FRONTEND'))['comp_in']) < TEXT.length * 20);
});

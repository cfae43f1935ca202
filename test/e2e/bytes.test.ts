import assert from 'node:assert/strict';
import { connect as connectH2 } from 'node:http2';
import { after, test } from 'node:test';
import { get, request } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';
import { within } from '../support/wait.ts';

// `reqbin reqbout resbin resbout` of `show stat`: what came and what was passed on. Figures are those of HAProxy: a head counts for 29 bytes,
// method, target, names and values; a response head for 32, reason, names and values; `connection` is no field of a message.

const only = unlessHaproxy26('its statistics have no such fields');
let dropped = 0;
const app = await origin({ after }, async (seen) => {
  if (seen.target !== '/again') return { status: 200, body: 'ok' };
  return ++dropped === 1 ? { closeAt: 0 } : { status: 200, body: 'ok' };
});
const value = 'a'.repeat(50);
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend plain
    bind {addr:plain}
    default_backend b_plain
backend b_plain
    server app {addr:app}
frontend edits
    bind {addr:edits}
    http-request set-header x-long ${value}
    http-request del-header x-gone
    http-request set-path /longer
    default_backend b_edits
backend b_edits
    http-request set-header x-long ${value}${value}
    http-response set-header x-long ${value}
    server app {addr:app}
listen denies
    bind {addr:denies}
    http-request deny if { path /request }
    http-response deny if { res.hdr(content-length) 2 }
    server app {addr:app}
listen named
    bind {addr:named}
    http-send-name-header x-server
    server app {addr:app}
listen again
    bind {addr:again}
    retry-on empty-response
    retries 2
    server app {addr:app}
listen page
    bind {addr:page}
    stats enable
    stats uri /
listen h2
    bind {addr:h2}
    http-request set-header x-long ${value}
    http-response set-header x-long ${value}
    server app {addr:app}
listen raw
    mode tcp
    bind {addr:raw}
    server app {addr:app}
`,
  { ports: { app } },
);

/** Counts of a row: request in and out, response in and out. */
async function bytes(row: string): Promise<number[]> {
  const fields = await run.row(row);
  assert.deepEqual([fields['bin'], fields['bout']], [fields['reqbin'], fields['resbin']]);
  return ['reqbin', 'reqbout', 'resbin', 'resbout'].map((name) => Number(fields[name]));
}

/** What all rows of a path through the program count. */
async function alike(rows: readonly string[], expected: readonly number[]): Promise<void> {
  for (const row of rows) assert.deepEqual(await bytes(row), expected, row);
}

const head = 29 + 'GET/'.length + 'hosta'.length;
const answer = 32 + 'OK'.length + 'content-length2'.length + 'ok'.length;
const field = 'x-long'.length + 50;

test('what is not edited is passed on as it came', only, async () => {
  await request(run.port('plain'), 'GET / HTTP/1.1\nHost: a\nConnection: close\n\n');
  await alike(['plain/FRONTEND', 'b_plain/BACKEND', 'b_plain/app'], [head, head, answer, answer]);
});

test('fields that rules add and take away count as they are passed on', only, async () => {
  await request(run.port('edits'), 'GET / HTTP/1.1\nHost: a\nX-Gone: 12345\n\n');
  const came = head + 'x-gone12345'.length;
  const sent = head + field + 50 + 'longer'.length;
  await alike(['edits/FRONTEND', 'b_edits/BACKEND', 'b_edits/app'], [came, sent, answer, answer + field]);
});

test('a chunked body counts for its payload, its trailers and one', only, async () => {
  const before = await bytes('plain/FRONTEND');
  await request(
    run.port('plain'),
    'POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n3;ext\nabc\n2\nde\n0\nfoo: bar\n\n',
  );
  const now = await bytes('plain/FRONTEND');
  const size = 29 + 'POST/hosta'.length + 'transfer-encodingchunked'.length + 'abcde'.length + 1 + 'foobar'.length;
  assert.deepEqual([now[0]! - before[0]!, now[1]! - before[1]!], [size, size]);
});

test('a request that is refused is sent to nobody, and the answer came from nobody', only, async () => {
  const response = await get(run.port('denies'), '/request');
  assert.equal(response.status, 403);
  const [came, ...others] = await bytes('denies/FRONTEND');
  assert.ok(came! > 29);
  // What HAProxy counts for its page of 403.
  assert.deepEqual(others, [0, 0, 192]);
  assert.deepEqual(await bytes('denies/BACKEND'), [came, 0, 0, 192]);
  assert.deepEqual(await bytes('denies/app'), [0, 0, 0, 0]);
});

test('a response that is refused came all the same', only, async () => {
  const before = await bytes('denies/FRONTEND');
  assert.equal((await get(run.port('denies'), '/')).status, 502);
  const now = await bytes('denies/FRONTEND');
  assert.equal(now[2]! - before[2]!, answer - 'ok'.length);
  assert.equal(now[3]! - before[3]!, 209);
});

test('the name of the server is told to the server only', only, async () => {
  await request(run.port('named'), 'GET / HTTP/1.1\nHost: a\n\n');
  assert.deepEqual((await bytes('named/app')).slice(0, 2), [head, head + 'x-serverapp'.length]);
});

test('a request that is sent again has come once', only, async () => {
  assert.equal((await request(run.port('again'), 'GET /again HTTP/1.1\nHost: a\n\n')).status, 200);
  assert.equal(dropped, 2);
  const size = head + 'again'.length;
  await alike(['again/FRONTEND', 'again/BACKEND', 'again/app'], [size, 2 * size, answer, answer]);
});

test('a service of ours gets the request and gives the response', only, async () => {
  await request(run.port('page'), 'GET / HTTP/1.1\nHost: a\n\n');
  const [came, sent, made, passed] = await bytes('page/BACKEND');
  assert.deepEqual([came, sent], [head, head]);
  assert.ok(made! > 1000);
  assert.equal(made, passed);
  assert.deepEqual(await bytes('page/FRONTEND'), [came, sent, made, passed]);
});

test('over HTTP/2 the target has scheme and authority', only, async () => {
  const client = connectH2(`http://127.0.0.1:${run.port('h2')}`);
  const done = new Promise<void>((resolve, reject) => {
    const stream = client.request({ ':path': '/', ':authority': 'a' });
    stream.on('error', reject);
    stream.on('end', resolve);
    stream.resume();
  });
  await within(done, 'an answer over HTTP/2');
  client.close();
  const size = head + 'http://a'.length;
  await alike(['h2/FRONTEND', 'h2/BACKEND', 'h2/app'], [size, size + field, answer, answer + field]);
});

test('raw bytes count as they are', only, async () => {
  const response = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
  const text = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
  await request(run.port('raw'), text);
  await alike(['raw/FRONTEND', 'raw/BACKEND', 'raw/app'], [text.length, text.length, response.length, response.length]);
});

test('the process counts what it has sent to clients', only, async () => {
  let sent = 0;
  for (const name of ['plain', 'edits', 'denies', 'named', 'again', 'page', 'h2', 'raw'])
    sent += (await bytes(`${name}/FRONTEND`))[3]!;
  assert.equal((await run.info())['TotalBytesOut'], String(sent));
});

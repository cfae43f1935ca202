import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, get, request } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';

const log = await syslog({ after });
const good = await origin({ after }, 'good');
// Answers badly in the way that the path asks for, and counts how often it was asked.
const bad = await origin({ after }, (request, connection) => {
  if (request.target === '/empty') {
    connection.close();
    return null;
  }
  if (request.target === '/503') return { status: 503, body: 'later' };
  if (request.target === '/silent') return null;
  return 'garbage\r\n\r\n';
});
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
    timeout connect 1s
    timeout client 5s
    timeout server 300ms
    balance roundrobin
listen redispatch
    bind {addr:redispatch}
    retries 2
    option redispatch 1
    server gone {addr:gone}
    server good {addr:good}
listen stubborn
    bind {addr:stubborn}
    retries 1
    no option redispatch
    server gone {addr:gone}
    server good {addr:good}
listen never
    bind {addr:never}
    retries 0
    server gone {addr:gone}
listen retry_on
    bind {addr:retry_on}
    retries 2
    option redispatch 1
    retry-on empty-response junk-response 503 response-timeout conn-failure
    server bad {addr:bad}
    server good {addr:good}
listen plain
    bind {addr:plain}
    retries 2
    option redispatch 1
    server bad {addr:bad}
    server good {addr:good} backup
listen persistent
    bind {addr:persistent}
    retries 1
    option redispatch
    cookie SRV insert indirect
    server gone {addr:gone} cookie gone
    server good {addr:good} cookie good
`,
  { ports: { log, good, bad } },
);

test('a refused connection is tried again on another server', async () => {
  for (let i = 0; i < 2; i++) assert.equal((await get(run.port('redispatch'))).text, 'good');
  assert.match(
    await log.waitFor(/ redispatch redispatch\/good .* \+1 |\/\+1 /),
    / redispatch\/good .* 200 .* \S+\/\+1 0\/0 /,
  );
  const gone = await run.row('redispatch/gone');
  assert.ok(Number(gone['wredis']) >= 1);
  assert.equal(gone['wretr'], '0');
});

test('without redispatch the same server is tried, then the answer is 503', async () => {
  const response = await get(run.port('stubborn'));
  assert.equal(response.status, 503);
  assert.match(await log.waitFor(/ stubborn /), / stubborn\/gone .* 503 \d+ - - SC-- \S+\/1 0\/0 /);
  assert.equal((await run.row('stubborn/gone'))['wretr'], '1');
  assert.equal((await run.row('stubborn/gone'))['econ'], '1');
});

test('retries 0 gives up at once', async () => {
  assert.equal((await get(run.port('never'))).status, 503);
  assert.match(await log.waitFor(/ never /), / never\/gone .* 503 \d+ - - SC-- \S+\/0 0\/0 /);
});

for (const path of ['/empty', '/junk', '/503', '/silent']) {
  test(`retry-on: ${path.slice(1)} is tried on another server`, async () => {
    const asked = bad.requests.length;
    const answers = [await get(run.port('retry_on'), path), await get(run.port('retry_on'), path)];
    assert.deepEqual(
      answers.map((response) => response.text),
      ['good', 'good'],
    );
    assert.ok(bad.requests.length > asked, 'the bad server was asked at least once');
  });
}

test('without retry-on a bad answer is not tried again', async () => {
  assert.equal((await get(run.port('plain'), '/empty')).status, 502);
  assert.equal((await get(run.port('plain'), '/503')).status, 503);
});

test('a request with its body is sent again whole', async () => {
  const post = 'POST /empty HTTP/1.1\nHost: x\nContent-Length: 11\n\nhello world';
  for (let i = 0; i < 2; i++) assert.equal((await request(run.port('retry_on'), post)).text, 'good');
  const received = good.requests.filter(({ method }) => method === 'POST');
  assert.ok(received.length > 0);
  for (const { text } of received) assert.equal(text, 'hello world');
});

test('a persistent client is sent elsewhere when its server refuses, on the last try', async () => {
  const response = await get(run.port('persistent'), '/', 'Cookie: SRV=gone');
  assert.equal(response.text, 'good');
  assert.deepEqual(response.all('set-cookie'), ['SRV=good; path=/']);
  assert.match(await log.waitFor(/ persistent /), /\/\+1 0\/0 /);
});

test('the first request of a connection that the server closes meanwhile gets 502, a later one is closed', async (t) => {
  // An idle server connection that dies under a reused request: the client is told to try again (RFC 9110, 9.2.2).
  const fickle = await origin(t, (req, connection) => {
    if (req.target === '/close') {
      connection.close();
      return null;
    }
    return { body: 'ok' };
  });
  const own = await start(
    t,
    `
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
listen l
    bind {addr:l}
    server s {addr:s}
`,
    { ports: { s: fickle } },
  );
  assert.equal((await get(own.port('l'), '/close')).status, 502);
  const client = await connect(t, own.port('l'));
  assert.equal((await client.exchange('GET / HTTP/1.1\nHost: x\n\n')).text, 'ok');
  client.send('GET /close HTTP/1.1\r\nHost: x\r\n\r\n');
  const rest = await client.rest();
  assert.ok(rest === '' || rest.startsWith('HTTP/1.1 502 '), rest);
});

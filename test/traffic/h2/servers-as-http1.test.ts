import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { h2Server } from '../../differential/h2-origin.ts';
import { connect } from '../../support/connection.ts';
import { start } from '../../support/program.ts';
import { httpDefaults } from '../../support/proxies.ts';
import { syslog } from '../../support/syslog.ts';

// Responses of servers over HTTP/2 as clients of HTTP/1, rules and log lines see them, which is as HAProxy shows them.

const log = await syslog({ after });
const seen: string[] = [];
const app = await h2Server({ after }, 'app', (text) => seen.push(text));
const run = await start(
  { after },
  `
global
    log {addr:log} local0
${httpDefaults('log global')}
frontend web
    bind {addr:web}
    http-response wait-for-body time 5s if { capture.req.uri -m beg /waited }
    log-format "line %HU %ST %B %tsc"
    http-response set-header x-coding "<%[res.hdr(transfer-encoding)]>"
    http-request set-uri /moved if { path /uri }
    use_backend compressing if { path /compressed }
    default_backend be
backend be
    server app {addr:app} proto h2
backend compressing
    compression algo gzip
    server app {addr:app} proto h2
`,
  { ports: { app, log: log.port } },
);

async function ask(want: string, path: string, fields = ''): Promise<string> {
  const connection = await connect({ after }, run.port('web'));
  connection.send(`GET ${path} HTTP/1.1\r\nhost: a\r\nx-want: ${want}\r\n${fields}connection: close\r\n\r\n`);
  return (await connection.rest()).toString();
}

test('a body without a length goes on in chunks, of which rules do not know', async () => {
  const text = await ask('chunked', '/chunked');
  assert.match(text, /x-coding: <>\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n/);
  assert.match(text, /hello[\s\S]*world\r\n0\r\n\r\n$/);
  await log.waitFor(/line \/chunked 200 \d+ ----/);
});

test('a response with 204 has no length', async () => {
  assert.match(await ask('s204length', '/none'), /^HTTP\/1\.1 204 \r\nx-coding: <>\r\nconnection: close\r\n\r\n$/);
});

for (const want of ['spaceColon', 'linefeeds', 'lengthsDiffer', 'version', 'badStatus'])
  test(`a head that may not be so is answered with 502: ${want}`, async () => {
    assert.match(await ask(want, `/${want}`), /^HTTP\/1\.1 502 /);
    await log.waitFor(new RegExp(`line /${want} 502 \\d+ PH--`));
  });

for (const [want, length] of [
  ['cutChunk', 'transfer-encoding: chunked'],
  ['gzipChunked', 'content-length: 2'],
] as const)
  test(`a body that turns out to be wrong while it is waited for is cut off: ${want}`, async () => {
    const text = await ask(want, `/waited-${want}`);
    assert.match(text, /^HTTP\/1\.1 200 \r\n/);
    assert.ok(text.includes(`\r\n${length}\r\n`), text);
    assert.doesNotMatch(text, /0\r\n\r\n$/);
    await log.waitFor(new RegExp(`line /waited-${want} 200 \\d+ SD--`));
  });

test('a body without a length that is compressed says so as one in chunks', async () => {
  const text = await ask('chunked', '/compressed', 'accept-encoding: gzip\r\n');
  assert.match(
    text,
    /\r\ntransfer-encoding: chunked\r\nvary: Accept-Encoding\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n/,
  );
});

test('the scheme of an absolute target is told when a rule has taken it away', async () => {
  await ask('small', 'http://a/uri');
  assert.match(seen.at(-1)!, /^app: :method: GET\r\n:scheme: http\r\n:path: \/moved\r\nhost: a\r\n/);
});

test('a request that is there already does not go to a connection whose server has said goodbye behind its response', async () => {
  const connection = await connect({ after }, run.port('web'));
  const before = seen.length;
  const one = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a\r\nx-want: oldKept\r\n\r\n`;
  connection.send(one('/last') + one('/next'));
  assert.equal((await connection.response()).text, 'last');
  assert.equal((await connection.response()).text, 'last');
  assert.deepEqual(
    seen.slice(before).map((text) => /:path: (\S+)/.exec(text)![1]),
    ['/last', '/next'],
  );
});

test('trailers that frame a message are left out', async () => {
  const connection = await connect({ after }, run.port('web'));
  connection.send(
    'POST /t HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-T: 1\r\nContent-Length: 3\r\nTE: x\r\n\r\n',
  );
  const answer = await connection.response();
  assert.equal(answer.status, 200);
  assert.match(seen.at(-1)!, /hi\[x-t: 1\r\n\]$/);
});

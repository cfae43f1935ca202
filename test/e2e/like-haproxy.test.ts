import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { test } from 'node:test';
import { connect, get, request } from '../support/connection.ts';
import { type Origin, origin } from '../support/origin.ts';
import { type Run, start } from '../support/program.ts';
import { type Syslog, syslog } from '../support/syslog.ts';
import type { Scope } from '../support/wait.ts';

// What the differential run has found: each case holds on HAProxy, too.

async function frontend(
  t: Scope,
  lines: string,
  files: Record<string, string> = {},
): Promise<{ run: Run; app: Origin; log: Syslog; port: number }> {
  const app = await origin(t, 'hello');
  const log = await syslog(t);
  const run = await start(
    t,
    `
    defaults
        mode http
        timeout client 5s
        timeout connect 5s
        timeout server 5s
    frontend web
        bind {addr:web}
        log {addr:log} local0
        ${lines}
        default_backend app
    backend app
        server app {addr:app}
`,
    { ports: { app, log }, files },
  );
  return { run, app, log, port: run.port('web') };
}

test('requests that were sent ahead are answered after one that was answered here', async (t) => {
  const { port } = await frontend(t, 'http-request deny if { path_beg /deny }');
  const client = await connect(t, port);
  client.send('GET /deny HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(2) + 'GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const seen = [await client.response(), await client.response(), await client.response()];
  assert.deepEqual(
    seen.map(({ status }) => status),
    [403, 403, 200],
  );
});

test('what a server answered to a request that a rule answers then is not taken for requests', async (t) => {
  const { port, app } = await frontend(t, 'http-response deny if { res.hdr(x-deny) 1 }');
  app.script = () => ({ headers: { 'x-deny': '1' }, body: 'GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n' });
  const client = await connect(t, port);
  client.send('GET /first HTTP/1.1\r\nhost: a\r\n\r\nGET /second HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.deepEqual([(await client.response()).status, (await client.response()).status], [502, 502]);
  assert.ok(await client.silent(100));
  assert.deepEqual(
    app.requests.map(({ target }) => target),
    ['/first', '/second'],
  );
});

test('a connection is kept after an answer made here to a request with a body', async (t) => {
  const { port } = await frontend(t, 'http-request deny if { path_beg /deny }');
  const client = await connect(t, port);
  for (const body of ['content-length: 5\r\n\r\nhello', 'transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n']) {
    client.send(`POST /deny HTTP/1.1\r\nhost: a\r\n${body}GET / HTTP/1.1\r\nhost: a\r\n\r\n`);
    const denied = await client.response();
    assert.deepEqual([denied.status, denied.get('connection')], [403, undefined]);
    assert.equal((await client.response()).text, 'hello');
  }
});

test('a page of a file keeps the version that the file has', async (t) => {
  const page = 'HTTP/1.0 403 Mine\r\nContent-Length: 4\r\n\r\nmine';
  const { port } = await frontend(t, 'errorfile 403 {dir}/403.http\nhttp-request deny', { '403.http': page });
  const client = await connect(t, port);
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const kept = await client.response();
  assert.deepEqual([kept.version, kept.get('connection')], ['HTTP/1.0', 'keep-alive']);
  const last = await get(port);
  assert.deepEqual([last.version, last.get('connection')], ['HTTP/1.0', undefined]);
});

test('replace-value takes the blanks around what it replaces away', async (t) => {
  const { port } = await frontend(
    t,
    'http-request replace-value x-l ^t(.*)$ <t\\1>\nhttp-request return status 200 hdr x-l "%[req.fhdr(x-l)]"',
  );
  for (const [value, expected] of [
    ['one, two', 'one,<two>'],
    ['two, one,  two ,tw', '<two>, one,<two>,<tw>'],
    ['ten,"t,x" , a', '<ten>,"t,x" , a'],
  ])
    assert.equal((await get(port, '/', `x-l: ${value}`)).get('x-l'), expected);
});

test('the default port of the scheme is no part of the host of an HTTP/2 request', async (t) => {
  const { port, app } = await frontend(t, '');
  const session = http2.connect(`http://127.0.0.1:${port}`);
  t.after(() => session.close());
  for (const authority of ['a.example:80', 'a.example:443', 'a.example:8080']) {
    const stream = session.request({ ':path': '/', ':authority': authority });
    stream.resume();
    await Promise.all([once(stream, 'response'), once(stream, 'end')]);
  }
  assert.deepEqual(
    app.requests.map((seen) => seen.get('host')),
    ['a.example', 'a.example:443', 'a.example:8080'],
  );
});

test('log lines keep the blanks around what is empty, and tell of captures that a response did not get to', async (t) => {
  const { port, log } = await frontend(
    t,
    'capture response header x-a len 4\nhttp-request deny\nlog-format "|%HP %HQ %HU %hr %hs|"',
  );
  await get(port, '/x');
  await log.waitFor(/\|\/x {2}\/x \{\}\|/);
  assert.equal((await request(port, 'G@T / HTTP/1.1\n\n')).status, 400);
  await log.waitFor(/\|<BADREQ> <BADREQ> <BADREQ> \|/);
});

test('a request that cannot be read counts for nothing in its line', async (t) => {
  const { port, log } = await frontend(t, 'log-format "%ST %U %B %{+Q}r"');
  await request(port, 'G@T / HTTP/1.1\n\n');
  await log.waitFor(/400 0 0 "<BADREQ>"/);
});

import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { type Connection, connect, get, request } from '../support/connection.ts';
import { type Origin, origin } from '../support/origin.ts';
import { type Run, start } from '../support/program.ts';
import { type Syslog, syslog } from '../support/syslog.ts';
import { type Scope, within } from '../support/wait.ts';

// What the differential run has found where backends have a part in it: each case holds on HAProxy, too.

async function proxies(
  t: Scope,
  front: string,
  back: string,
): Promise<{ run: Run; apps: Record<string, Origin>; log: Syslog; port: number }> {
  const log = await syslog(t);
  const apps = { s1: await origin(t, 'one'), s2: await origin(t, 'two'), s3: await origin(t, 'three') };
  const run = await start(
    t,
    `
    defaults
        mode http
        timeout client 5s
        timeout connect 5s
        timeout server 5s
        timeout tarpit 50ms
    frontend web
        bind {addr:web}
        log {addr:log} local0
        ${front}
        default_backend app
    backend app
        ${back}
        server s1 {addr:s1} cookie c1
        server s2 {addr:s2} cookie c2
        server s3 {addr:s3} cookie c3
`,
    { ports: { ...apps, log } },
  );
  return { run, apps, log, port: run.port('web') };
}

/** A connection on which this has been sent. */
async function sent(t: Scope, port: number, text: string): Promise<Connection> {
  const client = await connect(t, port);
  client.send(text);
  return client;
}

test('what a section that is a backend captures has its own length in the place of a frontend', async (t) => {
  const { port, log } = await proxies(
    t,
    'declare capture request len 12\nlog-format %hr\nuse_backend other',
    'listen other\nbind {addr:other}\nhttp-request capture req.hdr(host) len 8',
  );
  await request(port, 'GET / HTTP/1.1\r\nhost: www.example.com\r\n\r\n');
  await log.waitFor(/\{www\.exam\}/);
});

for (const action of ['deny', 'tarpit']) {
  test(`the line of a request that 'http-request ${action}' ends has its cookie, and the server that it leads to`, async (t) => {
    const { port, log } = await proxies(
      t,
      'log-format "%CC %b/%s %ST %tsc"\ncapture cookie SR len 20',
      `cookie SRV insert\nhttp-request ${action}`,
    );
    await request(port, 'GET / HTTP/1.1\r\nhost: a\r\ncookie: SRV = c2\r\n\r\n');
    await log.waitFor(/SRV=c2 app\/s2 \d+ P[RT]VN/);
  });
}

test('the line of a request that was answered by another rule has no cookie', async (t) => {
  const { port, log } = await proxies(t, 'log-format "<%CC> %ST"\ncapture cookie SRV len 20\nhttp-request return', '');
  await request(port, 'GET / HTTP/1.1\r\nhost: a\r\ncookie: SRV=c2\r\n\r\n');
  await log.waitFor(/<-> 200/);
});

test('rules see the version of HTTP that the client speaks behind the request, too', async (t) => {
  const { port } = await proxies(t, 'http-response set-header x-major %[fc_http_major]', '');
  assert.equal((await get(port, '/')).get('x-major'), '1');
});

test('the tarpit logs how long the request took when it has waited for its body', async (t) => {
  const { port, log } = await proxies(
    t,
    'log-format "%TR/%Tw %ST"\noption http-buffer-request\nhttp-request tarpit',
    '',
  );
  await get(port, '/');
  await log.waitFor(/ \d+\/\d+ 500/);
});

test('addresses that the frontend or the backend excepts are not told to servers', async (t) => {
  const { port, apps } = await proxies(t, 'option forwardfor except 127.0.0.0/8', 'option forwardfor header x-client');
  await get(port, '/');
  assert.equal((await apps['s1']!.nextRequest()).get('x-client'), undefined);
});

test('a field that the backend tells the server in chooses the server before', async (t) => {
  const { port } = await proxies(t, '', 'balance hdr(host)\nhttp-send-name-header host');
  const answers = [];
  for (const host of ['a', 'a', 'a', 'b']) {
    answers.push((await request(port, `GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`)).text);
  }
  assert.equal(new Set(answers.slice(0, 3)).size, 1);
  assert.notEqual(answers[3], answers[0]);
});

test('a target that ends with its authority has an empty path to be balanced by', async (t) => {
  const { port } = await proxies(t, '', 'balance uri path-only\nhash-type map-based djb2');
  const answers = [];
  for (let i = 0; i < 3; i++) answers.push((await request(port, 'GET http://a HTTP/1.1\r\nhost: a\r\n\r\n')).text);
  assert.deepEqual(answers, ['three', 'three', 'three']);
});

test('a client that wants its connection closed and kept has it closed', async (t) => {
  const { port } = await proxies(t, '', '');
  const answer = await request(port, 'GET / HTTP/1.0\r\nconnection: close\r\nconnection: keep-alive\r\n\r\n');
  assert.equal(answer.get('connection'), 'close');
});

test('set-var-fmt takes values as they are, in quotes where they are asked for', async (t) => {
  const { port } = await proxies(
    t,
    `http-request set-var-fmt(txn.a) '%{+Q}[var(txn.none)]%{+Q}[str(a)]%[bin(0a)]'
        http-request return status 200 content-type text/plain lf-string %[var(txn.a),hex]`,
    '',
  );
  assert.equal((await get(port, '/')).text, Buffer.from('"""a"\n').toString('hex').toUpperCase());
});

test('the authority of a CONNECT whose target a rule sets is that of its Host field', async (t) => {
  const { port, apps } = await proxies(t, "http-request set-uri '%[url]'", '');
  await request(port, 'CONNECT a.example:443 HTTP/1.1\r\nhost: a.example:443\r\n\r\n');
  assert.equal((await apps['s1']!.nextRequest()).get('host'), 'a.example:443');
});

test('what a client sends behind a CONNECT at once arrives through the tunnel', async (t) => {
  const seen = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    let received = '';
    socket
      .on('error', () => {})
      .on('data', (bytes) => {
        if (!received.includes('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\n\r\n');
        received += bytes.toString();
        if (received.endsWith('\r\n\r\nhello')) seen.resolve();
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const text = `
    defaults
        mode http
        timeout client 5s
        timeout connect 5s
        timeout server 5s
    listen web
        bind {addr:web}
        server app {addr:app}
`;
  const run = await start(t, text, { ports: { app: (server.address() as AddressInfo).port } });
  const client = await connect(t, run.port('web'));
  client.send('CONNECT a.example:443 HTTP/1.1\r\nhost: a.example:443\r\n\r\nhello');
  await within(seen.promise, 'the bytes behind the CONNECT');
});

test('the key of a field is the first of its values; without one the servers take turns', async (t) => {
  const { port } = await proxies(t, '', 'balance hdr(x-a)');
  const hdr = async (...lines: string[]) =>
    (await request(port, `GET / HTTP/1.1\r\nhost: a\r\n${lines.map((line) => `x-a: ${line}\r\n`).join('')}\r\n`)).text;
  assert.equal(await hdr('one, two'), await hdr('one'));
  assert.equal(await hdr('"quoted, comma", b'), await hdr('"quoted, comma"'));
  assert.notEqual(await hdr('one'), await hdr('two'));
  const turns = new Set<string>();
  for (const lines of [[''], [',two'], ['', 'two']]) turns.add(await hdr(...lines));
  assert.equal(turns.size, 3);
});

test('a parameter is looked for in the bodies of POST, too', async (t) => {
  const { port } = await proxies(t, '', 'balance url_param a');
  const ask = async (start: string, body: string) =>
    (await request(port, `${start} HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`)).text;
  for (const value of ['1', '2', '3', '4'])
    assert.equal(await ask('POST /', `b=1&a=${value}`), await ask(`GET /?a=${value}`, ''));
});

test('a second choice by key is made of the request as it came, which goes out as it is to go out', async (t) => {
  const seen = await origin(t, 'app');
  const run = await start(
    t,
    `
    global
        h1-case-adjust host HOST
    defaults
        mode http
        timeout client 5s
        timeout connect 20ms
        timeout server 5s
    listen web
        bind {addr:web}
        balance hdr(x-a)
        cookie SRV insert
        option redispatch 1
        option h1-case-adjust-bogus-server
        server gone {addr:gone} cookie gone
        server app {addr:app}
`,
    { ports: { app: seen } },
  );
  const ask = (line: string) => request(run.port('web'), `GET / HTTP/1.1\r\nhost: a\r\n${line}x-a: a\r\n\r\n`);
  assert.deepEqual([(await ask('')).text, (await ask('cookie: SRV=gone\r\n')).text], ['app', 'app']);
  assert.ok(seen.requests.every(({ head }) => head.includes('\r\nHOST: a\r\n')));
});

test("where 'tcp-request content reject' ends a request there is no request line yet", async (t) => {
  const { port, log } = await proxies(
    t,
    'log-format "%HM %HU %r <%hr>"\ntcp-request content reject if { path /x }\ncapture request header host len 9',
    '',
  );
  assert.equal(await (await sent(t, port, 'GET /x HTTP/1.1\r\nhost: a\r\n\r\n')).rest(), '');
  await log.waitFor(/<BADREQ> <BADREQ> <BADREQ> <\{\}>/);
});

test('the line of a connection that failed has no status, and the time that it took', async (t) => {
  const log = await syslog(t);
  const run = await start(
    t,
    `
    defaults
        mode http
        timeout client 5s
        timeout connect 5s
        timeout server 5s
        log {addr:log} local0
        error-log-format "%ST %Ta %ID."
        unique-id-format x
    listen web
        bind {addr:web} accept-proxy
        server app {addr:web}
`,
    { ports: { log } },
  );
  await sent(t, run.port('web'), 'GET / HTTP/1.1\r\n\r\n');
  await log.waitFor(/: 0 \d+ -\./);
});

test('in the line of a request that got no further its frontend stands for the backend', async (t) => {
  const { port, log } = await proxies(t, 'log-format "%[be_name] %[be_id]."\nhttp-request deny', '');
  await get(port, '/');
  await log.waitFor(/: web \d+\./);
});

test('a key of a path is the same for all requests that have none', async (t) => {
  const { port } = await proxies(t, 'http-request set-path no/slash', 'balance uri path-only');
  const texts = [await get(port, '/a'), await get(port, '/b'), await get(port, '/c')].map(({ text }) => text);
  assert.deepEqual(texts, ['one', 'one', 'one']);
});

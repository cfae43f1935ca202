import assert from 'node:assert/strict';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { after, test } from 'node:test';
import { connect as dial, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { within } from '../support/wait.ts';

// HTTP/2 by prior knowledge at the front, HTTP/1.1 behind.

const log = await syslog({ after });
const big = Buffer.alloc(3 << 20, 'abcdefghij');
const app = await origin({ after }, async (request) => {
  if (request.target === '/big') return { body: big };
  if (request.target === '/echo') return { body: request.body, headers: { 'X-Length': String(request.body.length) } };
  if (request.target === '/trailers') return { chunks: ['body'], trailers: [['X-Sum', '1']] };
  if (request.target.startsWith('/slow')) return { body: request.target, delay: 30 };
  if (request.target === '/empty') return { status: 204 };
  return { body: 'hello', headers: { 'X-Served-By': 'app', Connection: 'keep-alive' } };
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
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend h2
    bind {addr:h2} proto h2
    http-request deny if { path /deny }
    http-request return status 200 content-type text/plain lf-string "%[req.ver] %[fc_http_major] %HV %[url] %[req.hdr_names] %[http_first_req]" if { path /version } HTTP_2.0
    default_backend be
frontend either
    bind {addr:either}
    default_backend be
backend be
    server app {addr:app}
`,
  { ports: { log, app } },
);

function session(port = run.port('h2')): ClientHttp2Session {
  const client = connect(`http://127.0.0.1:${port}`);
  client.on('error', () => {});
  after(() => client.destroy());
  return client;
}

interface Reply {
  headers: IncomingHttpHeaders;
  body: Buffer;
  trailers: IncomingHttpHeaders;
}

function ask(client: ClientHttp2Session, headers: Record<string, string>, body?: Buffer): Promise<Reply> {
  const reply = new Promise<Reply>((resolve, reject) => {
    const stream = client.request(
      { ':path': '/', ':authority': 'h2.test', ...headers },
      { endStream: body === undefined },
    );
    const chunks: Buffer[] = [];
    const result: Reply = { headers: {}, body: Buffer.alloc(0), trailers: {} };
    stream.on('response', (h) => Object.assign(result, { headers: h }));
    stream.on('trailers', (h) => Object.assign(result, { trailers: h }));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('end', () => resolve({ ...result, body: Buffer.concat(chunks) }));
    if (body !== undefined) stream.end(body);
  });
  return within(reply, () => `an answer to ${JSON.stringify(headers)}`);
}

test('a request over HTTP/2 reaches the server as HTTP/1.1', async () => {
  const reply = await ask(session(), { ':path': '/a?b=c', 'x-test': 'yes' });
  assert.equal(reply.headers[':status'], 200);
  assert.equal(reply.headers['x-served-by'], 'app');
  assert.equal(reply.headers['connection'], undefined, 'RFC 9113, 8.2.2');
  assert.equal(reply.body.toString(), 'hello');
  const seen = app.requests.at(-1)!;
  assert.equal(seen.version, 'HTTP/1.1');
  assert.equal(seen.target, '/a?b=c');
  assert.equal(seen.get('host'), 'h2.test');
  assert.equal(seen.get('x-test'), 'yes');
  assert.match(await log.waitFor(/ h2 /), /"GET http:\/\/h2\.test\/a\?b=c HTTP\/2\.0"$/);
});

test('streams run side by side and are answered as they come', async () => {
  const client = session();
  const order: string[] = [];
  await Promise.all([
    ask(client, { ':path': '/slow' }).then(() => order.push('slow')),
    ask(client, { ':path': '/fast' }).then(() => order.push('fast')),
  ]);
  assert.deepEqual(order, ['fast', 'slow']);
  const many = await Promise.all(Array.from({ length: 100 }, (_, i) => ask(client, { ':path': `/slow${i}` })));
  for (const [i, reply] of many.entries()) assert.equal(reply.body.toString(), `/slow${i}`);
});

test('bodies pass both ways, with and without a length', async () => {
  const client = session();
  const down = await ask(client, { ':path': '/big' });
  assert.ok(down.body.equals(big));
  const up = await ask(client, { ':path': '/echo', ':method': 'POST' }, big);
  assert.ok(up.body.equals(big));
  assert.equal(app.requests.at(-1)!.get('transfer-encoding'), 'chunked');
  const sized = await ask(client, { ':path': '/echo', ':method': 'POST', 'content-length': '5' }, Buffer.from('hello'));
  assert.equal(sized.headers['x-length'], '5');
  assert.equal(app.requests.at(-1)!.get('content-length'), '5');
});

test('trailers of the server reach the client', async () => {
  const reply = await ask(session(), { ':path': '/trailers' });
  assert.equal(reply.body.toString(), 'body');
  assert.equal(reply.trailers['x-sum'], '1');
});

test('HEAD and 204 have no body', async () => {
  const client = session();
  const head = await ask(client, { ':method': 'HEAD' });
  assert.equal(head.headers['content-length'], '5');
  assert.equal(head.body.length, 0);
  assert.equal((await ask(client, { ':path': '/empty' })).headers[':status'], 204);
});

test('cookie crumbs are joined', async () => {
  const client = session();
  await new Promise<void>((resolve, reject) => {
    const stream = client.request({ ':path': '/', ':authority': 'x', cookie: ['a=1', 'b=2'] as unknown as string });
    stream.on('error', reject);
    stream.resume().on('end', resolve);
  });
  assert.deepEqual(app.requests.at(-1)!.all('cookie'), ['a=1; b=2']);
});

test('a rule may answer', async () => {
  const reply = await ask(session(), { ':path': '/deny' });
  assert.equal(reply.headers[':status'], 403);
  assert.match(reply.body.toString(), /403 Forbidden/);
});

test('rules see the version, the whole target and the host in front', async () => {
  const { body } = await ask(session(), { ':path': '/version', 'x-last': '1' });
  assert.equal(body.toString(), '2.0 2 HTTP/2.0 http://h2.test/version host,x-last 0');
});

test('a request that cannot be read is logged', async () => {
  await assert.rejects(ask(session(), { ':path': 'nowhere' }));
  assert.match(await log.waitFor(/BADREQ/), / h2 h2\/<NOSRV> .* PR-- .* "<BADREQ>"$/);
});

test('a client that cancels a stream leaves the others alone', async () => {
  const client = session();
  const doomed = client.request({ ':path': '/big', ':authority': 'x' });
  doomed.on('error', () => {});
  doomed.once('data', () => doomed.close(8));
  const reply = await ask(client, { ':path': '/slow-other' });
  assert.equal(reply.body.toString(), '/slow-other');
});

test('a port without proto takes both, by the preface', async () => {
  assert.equal((await ask(session(run.port('either')), {})).body.toString(), 'hello');
  assert.equal((await get(run.port('either'))).text, 'hello');
});

for (const name of ['connection', 'transfer-encoding', 'upgrade']) {
  test(`a request with the connection header ${name} is refused (RFC 9113, 8.2.2)`, async () => {
    // node:http2 refuses to send it, so the frames are written by hand.
    const client = await dial({ after }, run.port('h2'));
    const before = app.requests.length;
    client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    client.send(frame(4, 0, 0, Buffer.alloc(0)));
    const literal = (n: string, v: string) =>
      Buffer.concat([Buffer.from([0, n.length]), Buffer.from(n), Buffer.from([v.length]), Buffer.from(v)]);
    const block = Buffer.concat([
      Buffer.from([0x82, 0x84, 0x86]),
      literal(':authority', 'x'),
      literal(name, 'chunked'),
    ]);
    client.send(frame(1, 5, 1, block));
    await client.input.readable();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(app.requests.length, before);
  });
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

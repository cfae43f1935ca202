import assert from 'node:assert/strict';
import { createServer, type Http2Server, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { start } from '../support/program.ts';
import { loggingProxies } from '../support/proxies.ts';
import { syslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';

// HTTP/1 in front, HTTP/2 in the clear to the servers.

const big = Buffer.alloc(3 << 20, 'abcdefghij');
const log = await syslog({ after });

interface Origin {
  readonly server: Http2Server;
  readonly port: number;
  sessions: Http2Session[];
  /** Pseudo headers and others of the last request. */
  last: Record<string, string | string[] | undefined>;
  body: string;
  trailers: Record<string, unknown>;
}

async function h2Origin(
  answer: (stream: ServerHttp2Stream, path: string, origin: Origin) => void,
  options = {},
): Promise<Origin> {
  const server = createServer({ settings: { maxConcurrentStreams: 100 }, ...options });
  const origin: Origin = { server, port: 0, sessions: [], last: {}, body: '', trailers: {} };
  server.on('session', (session) => {
    origin.sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    origin.last = headers as Origin['last'];
    stream.on('error', () => {});
    stream.on('trailers', (trailers) => {
      origin.trailers = trailers;
    });
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      origin.body = Buffer.concat(chunks).toString('latin1');
      answer(stream, String(headers[':path']), origin);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    for (const session of origin.sessions) session.destroy();
    server.close();
  });
  return Object.assign(origin, { port: (server.address() as AddressInfo).port });
}

function standard(stream: ServerHttp2Stream, path: string, origin: Origin): void {
  if (stream.destroyed) return;
  switch (path) {
    case '/big':
      stream.respond({ ':status': 200, 'content-length': big.length });
      stream.end(big);
      return;
    case '/endless':
      stream.respond({ ':status': 200 });
      stream.end(big);
      return;
    case '/empty':
      stream.respond({ ':status': 200 }, { endStream: true });
      return;
    case '/204':
      stream.respond({ ':status': 204 }, { endStream: true });
      return;
    case '/echo':
      stream.respond({ ':status': 200, 'x-length': String(origin.body.length) });
      stream.end(origin.body);
      return;
    case '/hints':
      stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
      stream.respond({ ':status': 200, 'content-length': 2 });
      stream.end('ok');
      return;
    case '/trailers':
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
      stream.end('body');
      return;
    case '/short':
      stream.respond({ ':status': 200, 'content-length': 10 });
      stream.write('12345');
      setTimeout(() => stream.close(2), 20);
      return;
    case '/refuse':
      stream.close(7);
      return;
    case '/reset':
      stream.close(2);
      return;
    case '/silent':
      return;
    default:
      stream.respond({ ':status': 200, 'content-length': 5, server: 'h2' });
      stream.end('hello');
  }
}

const app = await h2Origin(standard);
const waiting: ServerHttp2Stream[] = [];
const single = await h2Origin(
  (stream) => {
    setTimeout(() => {
      if (stream.destroyed) return;
      stream.respond({ ':status': 200, 'content-length': 2 });
      stream.end('ok');
    }, 50);
  },
  { settings: { maxConcurrentStreams: 2 } },
);
/** Answers four requests when all of them are there. */
const many = await h2Origin((stream) => {
  waiting.push(stream);
  if (waiting.length < 4) return;
  for (const one of waiting.splice(0)) {
    one.respond({ ':status': 200, 'content-length': 2 });
    one.end('ok');
  }
});
const run = await start(
  { after },
  `${loggingProxies('retries 2', 'timeout connect 1s', 'timeout server 1s')}
frontend web
    bind {addr:web}
    default_backend be
backend be
    server app {addr:app} proto h2
listen single
    bind {addr:fe_single} proto h2
    server s {addr:single} proto h2
listen always
    bind {addr:fe_always}
    http-reuse always
    server s {addr:many} proto h2
listen safe
    bind {addr:fe_safe}
    server s {addr:many} proto h2
listen thrice
    bind {addr:fe_thrice}
    http-reuse always
    server s {addr:many} proto h2 max-reuse 2
`,
  { ports: { log, app: app.port, single: single.port, many: many.port } },
);
const web = () => run.port('web');

async function ask(
  t: Parameters<typeof connect>[0],
  text: string,
): Promise<{ status: number; text: string; headers: [string, string][] }> {
  const client = await connect(t, web());
  const reply = await client.exchange(text);
  client.close();
  return reply as never;
}

test('a request reaches the server as HAProxy sends it, the response comes as HTTP/1.1', async (t) => {
  const reply = await ask(
    t,
    'GET /a?b=c HTTP/1.1\nHost: a.test\nX-Test: Yes\nConnection: keep-alive\nCookie: a=1; b=2\n\n',
  );
  assert.equal(reply.status, 200);
  assert.equal(reply.text, 'hello');
  const { last } = app;
  assert.deepEqual(
    [last[':method'], last[':path'], last[':scheme'], last['host'], last['x-test'], last['cookie'], last['connection']],
    ['GET', '/a?b=c', 'https', 'a.test', 'Yes', 'a=1; b=2', undefined],
  );
});

test('bodies of all framings are whole', async (t) => {
  assert.equal((await ask(t, 'GET /big HTTP/1.1\nHost: a\n\n')).text, big.toString());
  assert.equal((await ask(t, 'GET /endless HTTP/1.1\nHost: a\n\n')).text, big.toString());
  const empty = await ask(t, 'GET /empty HTTP/1.1\nHost: a\n\n');
  assert.equal(empty.text, '');
  assert.equal((await ask(t, 'GET /204 HTTP/1.1\nHost: a\n\n')).status, 204);
  assert.equal((await ask(t, 'HEAD /big HTTP/1.1\nHost: a\n\n')).status, 200);
  const old = await ask(t, 'GET /endless HTTP/1.0\nHost: a\n\n');
  assert.equal(old.text, big.toString());
});

test('request bodies pass, those in chunks and their trailers too', async (t) => {
  const sized = await ask(t, 'POST /echo HTTP/1.1\nHost: a\nContent-Length: 7\n\n1234567');
  assert.equal(sized.text, '1234567');
  const chunked = await ask(
    t,
    'POST /echo HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n3\nabc\n2\nde\n0\nX-T: 5\n\n',
  );
  assert.equal(chunked.text, 'abcde');
  assert.equal(app.trailers['x-t'], '5');
  const client = await connect(t, web());
  const body = 'x'.repeat(1 << 20);
  client.send(`POST /echo HTTP/1.1\nHost: a\nContent-Length: ${body.length}\n\n`);
  client.send(body);
  assert.equal((await client.response()).text, body);
});

test('interim responses and trailers of the server reach the client', async (t) => {
  const client = await connect(t, web());
  client.send('GET /hints HTTP/1.1\nHost: a\n\n');
  assert.equal((await client.response()).status, 103);
  assert.equal((await client.response()).text, 'ok');
  const reply = await ask(t, 'GET /trailers HTTP/1.1\nHost: a\n\n');
  assert.equal(reply.text, 'body');
});

test('requests of one client follow one another on one connection', async (t) => {
  const before = app.sessions.length;
  const client = await connect(t, web());
  for (let i = 0; i < 5; i++) assert.equal((await client.exchange('GET / HTTP/1.1\nHost: a\n\n')).status, 200);
  assert.ok(app.sessions.length - before <= 1);
  const row = await run.row('be/app');
  assert.ok(Number(row['reuse']) >= 4);
  assert.equal(row['used_conn_cur'], '0');
  assert.ok(Number(row['safe_conn_cur']) >= 1);
});

test('a body that is cut off is cut off for the client', async (t) => {
  const client = await connect(t, web());
  client.send('GET /short HTTP/1.1\nHost: a\n\n');
  const rest = await client.rest();
  assert.match(rest.toString(), /^HTTP\/1\.1 200 .*12345$/s);
  assert.match((await log.waitFor(/GET \/short/)).toString(), / SD-- /);
});

test('a stream that is refused is sent again, one that is reset is a bad gateway', async (t) => {
  const refused = await ask(t, 'GET /refuse HTTP/1.1\nHost: a\n\n');
  assert.equal(refused.status, 503);
  assert.match((await log.waitFor(/GET \/refuse/)).toString(), / SC-- .*\/2 /);
  const reset = await ask(t, 'GET /reset HTTP/1.1\nHost: a\n\n');
  assert.equal(reset.status, 502);
  assert.match((await log.waitFor(/GET \/reset/)).toString(), / SH-- /);
});

test('a server that does not answer costs its stream, not its connection', async (t) => {
  await ask(t, 'GET / HTTP/1.1\nHost: a\n\n');
  const silent = await ask(t, 'GET /silent HTTP/1.1\nHost: a\n\n');
  assert.equal(silent.status, 504);
  assert.match((await log.waitFor(/GET \/silent/)).toString(), / sH-- /);
  await until('nothing to be under way', async () => (await run.row('be/app'))['used_conn_cur'] === '0');
});

test('with http-reuse always, streams of several clients share a connection; with safe each has its own meanwhile', async (t) => {
  const together = async (name: string) => {
    const before = many.sessions.length;
    const port = run.port(`fe_${name}`);
    const first = await connect(t, port);
    const answer = first.exchange('GET / HTTP/1.1\nHost: a\n\n');
    await until('the first stream', async () => Number((await run.row(`${name}/s`))['scur']) === 1);
    const others = await Promise.all([1, 2, 3].map(() => connect(t, port)));
    const replies = await Promise.all(others.map((client) => client.exchange('GET / HTTP/1.1\nHost: a\n\n')));
    assert.deepEqual(
      [...replies, await answer].map(({ status }) => status),
      [200, 200, 200, 200],
    );
    return many.sessions.length - before;
  };
  assert.equal(await together('always'), 1);
  assert.equal(await together('safe'), 4);
  // Three uses of one connection, then another one.
  assert.equal(await together('thrice'), 2);
});

test('a reload of many streams stays within what the server allows', async (t) => {
  const { connect: session } = await import('node:http2');
  const client = session(`http://127.0.0.1:${run.port('fe_single')}`);
  t.after(() => client.destroy());
  const statuses = await Promise.all(
    Array.from(
      { length: 12 },
      () =>
        new Promise((resolve, reject) => {
          const stream = client.request({ ':path': '/' });
          stream.on('response', (headers) => resolve(headers[':status']));
          stream.on('error', reject);
          stream.resume();
        }),
    ),
  );
  assert.deepEqual(new Set(statuses), new Set([200]));
});

test('a connection that its server says goodbye on is not used again', async (t) => {
  await ask(t, 'GET / HTTP/1.1\nHost: a\n\n');
  for (const session of app.sessions) session.close();
  await until('idle connections to be gone', async () => (await run.row('be/app'))['safe_conn_cur'] === '0');
  assert.equal((await ask(t, 'GET / HTTP/1.1\nHost: a\n\n')).status, 200);
});

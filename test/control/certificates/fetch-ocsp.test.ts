import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { FetchError, FetchTypeError, fetchOcsp } from '../../../src/control/certificates/fetch-ocsp.ts';

const { signal } = new AbortController();
const ask = Buffer.from('a request?');
const long = Buffer.alloc(300, 'b');
const TYPE = { 'Content-Type': 'application/ocsp-response' };

async function responder(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  await new Promise((resolve) => server.on('listening', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a short request is in the path, a long one in the body', async (t) => {
  const asked: (string | undefined)[][] = [];
  const address = await responder(t, async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    asked.push([request.method, request.url, request.headers['content-type'], body]);
    response.writeHead(200, TYPE).end('answer');
  });
  assert.equal(String(await fetchOcsp(`http://${address}/ocsp/`, ask, null, signal)), 'answer');
  assert.equal(String(await fetchOcsp(`http://${address}`, ask, null, signal)), 'answer');
  await fetchOcsp(`http://${address}/ocsp?a`, ask, null, signal);
  await fetchOcsp(`http://${address}/ocsp`, long, null, signal);
  assert.deepEqual(asked, [
    ['GET', '/ocsp/YSByZXF1ZXN0Pw%3D%3D', undefined, ''],
    ['GET', '/YSByZXF1ZXN0Pw%3D%3D', undefined, ''],
    ['POST', '/ocsp?a', 'application/ocsp-request', 'a request?'],
    ['POST', '/ocsp', 'application/ocsp-request', String(long)],
  ]);
});

test('a proxy is sent the whole address', async (t) => {
  const asked: (string | undefined)[] = [];
  const proxy = await responder(t, (request, response) => {
    asked.push(request.url, request.headers.host);
    response.writeHead(200, TYPE).end('answer');
  });
  await fetchOcsp('http://responder.test/ocsp', ask, proxy, signal);
  assert.deepEqual(asked, ['http://responder.test/ocsp/YSByZXF1ZXN0Pw%3D%3D', 'responder.test']);
});

const wrong: readonly (readonly [string, RequestListener, RegExp])[] = [
  ['another status', (_, response) => response.writeHead(503, TYPE).end(), /HTTP status 503/],
  [
    'a redirection',
    (_, response) => response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(),
    /HTTP status 302/,
  ],
  [
    'an answer that is too long',
    (_, response) => response.writeHead(200, TYPE).end('x'.repeat(70_000)),
    /more than 65536 bytes/,
  ],
  [
    'an end in between',
    (request, response) => {
      response.writeHead(200, { ...TYPE, 'Content-Length': 10 }).write('x');
      setTimeout(() => request.destroy(), 20);
    },
    /could not be asked/,
  ],
];

for (const [what, answer, reason] of wrong)
  test(`${what} is told`, async (t) => {
    const address = await responder(t, answer);
    await assert.rejects(fetchOcsp(`http://${address}/`, ask, null, signal), (error: Error) => {
      assert.ok(error instanceof FetchError && !(error instanceof FetchTypeError));
      assert.match(error.message, reason);
      return true;
    });
  });

test('another type of content is told apart', async (t) => {
  const address = await responder(t, (_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end());
  await assert.rejects(fetchOcsp(`http://${address}/`, ask, null, signal), FetchTypeError);
});

test('nobody there is told, and an end from here ends it', async () => {
  await assert.rejects(
    fetchOcsp('http://127.0.0.1:1/', ask, null, signal),
    /could not be asked: .*nobody listens there/,
  );
  await assert.rejects(fetchOcsp('http://127.0.0.1:1/', ask, null, AbortSignal.abort()), FetchError);
});

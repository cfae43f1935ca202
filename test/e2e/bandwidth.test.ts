import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { suite, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { issue } from '../support/certificates.ts';
import { connect, get, request } from '../support/connection.ts';
import { origin, tcpOrigin } from '../support/origin.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';
import { type Scope, until, within } from '../support/wait.ts';

const SIZE = 600_000;
/** Bytes a second. */
const LIMIT = 1_000_000;
const BODY = Buffer.from(Array.from({ length: SIZE }, (_, i) => (i * 31 + (i >> 8)) & 255));
const { cert, key } = issue(['web.test']);
const DOWN = `filter bwlim-out down default-limit ${LIMIT} default-period 1s
        http-response set-bandwidth-limit down`;
const UP = `filter bwlim-in up default-limit ${LIMIT} default-period 1s
        http-request set-bandwidth-limit up`;

/** Proxies in front of an origin that answers with `BODY`, or to a POST with what it got. */
async function proxied(t: Scope, driver: string, sections: string) {
  const app = await origin(t, (seen) => ({
    body: seen.method === 'POST' ? String(Buffer.compare(seen.body, BODY)) : BODY,
    headers: { 'content-type': 'application/x', ...(seen.target === '/cached' && { 'cache-control': 'max-age=60' }) },
  }));
  return start(
    t,
    `
    global
        ${driver}
        nbthread 2
        stats socket {sock:admin} level admin
    defaults
        mode http
        timeout client 5s
        timeout connect 5s
        timeout server 5s
${sections}
`,
    { ports: { app }, files: { 'web.pem': cert + key } },
  );
}

/** Runs `transfer` and checks that it took as long as `bytes` need at the limit. */
async function paced<T>(transfer: () => Promise<T>, bytes = SIZE): Promise<T> {
  const began = performance.now();
  const result = await transfer();
  const took = performance.now() - began;
  const ideal = (bytes / LIMIT) * 1000;
  // How exact it is, test/sim/bandwidth.test.ts tells: a busy machine takes longer.
  assert.ok(took > ideal * 0.85 && took < ideal * 3 + 3000, `${took} ms instead of ${ideal}`);
  return result;
}

async function post(port: number, framing: (body: Buffer) => Buffer) {
  const client = await connect({ after: () => {} }, port);
  void client.send(Buffer.concat([Buffer.from('POST / HTTP/1.1\r\nhost: a\r\n'), framing(BODY)]));
  const response = await client.response('POST');
  client.end();
  return response;
}

const plain = (body: Buffer) => Buffer.concat([Buffer.from(`content-length: ${body.length}\r\n\r\n`), body]);

function chunked(body: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from('transfer-encoding: chunked\r\n\r\n')];
  for (let from = 0; from < body.length; from += 7777) {
    const piece = body.subarray(from, from + 7777);
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

/** One exchange of an HTTP/2 session. */
function exchange(session: http2.ClientHttp2Session, body?: Buffer, path = '/'): Promise<Buffer> {
  return within(
    new Promise<Buffer>((resolve, reject) => {
      const stream = session.request(
        { ':method': body === undefined ? 'GET' : 'POST', ':path': path, ':authority': 'a' },
        { endStream: body === undefined },
      );
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => resolve(Buffer.concat(chunks)));
      stream.on('error', reject);
      if (body !== undefined) stream.end(body);
    }),
    'an answer over HTTP/2',
  );
}

function session(t: Scope, port: number): http2.ClientHttp2Session {
  const opened = http2.connect(`http://127.0.0.1:${port}`);
  opened.on('error', () => {});
  t.after(() => opened.destroy());
  return opened;
}

for (const driver of ['', 'nouring']) {
  const options = { ...unlessHaproxy26('knows no limits of bandwidth'), concurrency: 4 };
  suite(driver === '' ? 'with io_uring' : 'with epoll', options, () => {
    test('HTTP/1 is limited in both directions, and bytes are intact', async (t) => {
      const run = await proxied(
        t,
        driver,
        `
    listen web
        bind {addr:web}
        ${DOWN}
        ${UP}
        server app {addr:app}`,
      );
      const port = run.port('web');
      const response = await paced(() => get(port));
      assert.equal(Buffer.compare(response.body, BODY), 0);
      assert.equal((await paced(() => post(port, plain))).text, '0');
      assert.equal((await paced(() => post(port, chunked))).text, '0');
      assert.equal((await run.row('web/FRONTEND'))['bout'] !== '0', true);
    });

    test('HTTP/2 is limited stream by stream, towards servers too', async (t) => {
      const run = await proxied(
        t,
        driver,
        `
    listen web
        bind {addr:web} proto h2
        ${DOWN}
        ${UP}
        server app {addr:app}
    listen over
        bind {addr:over}
        ${DOWN}
        ${UP}
        server h2 {addr:inner} proto h2
    listen inner
        bind {addr:inner} proto h2
        server app {addr:app}`,
      );
      const client = session(t, run.port('web'));
      const [one, two] = await paced(() => Promise.all([exchange(client), exchange(client)]));
      assert.equal(Buffer.compare(one, BODY), 0);
      assert.equal(Buffer.compare(two, BODY), 0);
      const up = await paced(() => Promise.all([exchange(client, BODY), exchange(client, BODY)]));
      assert.deepEqual(up.map(String), ['0', '0']);
      const response = await paced(() => get(run.port('over')));
      assert.equal(Buffer.compare(response.body, BODY), 0);
      assert.equal((await paced(() => post(run.port('over'), chunked))).text, '0');
    });

    test('TCP is limited, in the clear and with TLS on either side', async (t) => {
      const echo = await tcpOrigin(t, (connection) => {
        void connection.send(BODY);
      });
      const run = await start(
        t,
        `
    global
        ${driver}
    defaults
        mode tcp
        timeout client 5s
        timeout connect 5s
        timeout server 5s
    listen clear
        bind {addr:clear}
        filter bwlim-out down default-limit ${LIMIT} default-period 1s
        tcp-request content set-bandwidth-limit down
        server app {addr:app}
    listen secure
        bind {addr:secure} ssl crt {dir}/web.pem
        filter bwlim-out down default-limit ${LIMIT} default-period 1s
        tcp-response content set-bandwidth-limit down
        server inner {addr:inner} ssl verify none
    listen inner
        bind {addr:inner} ssl crt {dir}/web.pem
        server app {addr:app}
`,
        { ports: { app: echo }, files: { 'web.pem': cert + key } },
      );
      const heard = await paced(async () => (await connect(t, run.port('clear'))).bytes(SIZE));
      assert.equal(Buffer.compare(heard, BODY), 0);
      const secret = await paced(
        () =>
          new Promise<Buffer>((resolve, reject) => {
            const socket = connectTls({ port: run.port('secure'), host: '127.0.0.1', rejectUnauthorized: false });
            const chunks: Buffer[] = [];
            socket.on('error', reject);
            socket.on('data', (chunk: Buffer) => {
              chunks.push(chunk);
              if (chunks.reduce((sum, { length }) => sum + length, 0) === SIZE) resolve(Buffer.concat(chunks));
            });
            t.after(() => socket.destroy());
          }),
      );
      assert.equal(Buffer.compare(secret, BODY), 0);
    });

    test('streams on all threads share a limit by a stick table, and leave it when they end', async (t) => {
      const run = await proxied(
        t,
        driver,
        `
    listen web
        bind {addr:web}
        filter bwlim-out down limit ${LIMIT} key src table rates min-size 4k
        http-response set-bandwidth-limit down
        server app {addr:app}
    backend rates
        stick-table type ip size 100 expire 10s store bytes_out_rate(1s)`,
      );
      const answers = await paced(() => Promise.all([1, 2, 3].map(() => get(run.port('web')))), 3 * SIZE);
      for (const { body } of answers) assert.equal(Buffer.compare(body, BODY), 0);
      const table = await until('the entry is not in use', async () => {
        const text = await run.cli('show table rates');
        return text.includes('use=0') ? text : '';
      });
      assert.match(table, /key=127\.0\.0\.1 use=0 .*bytes_out_rate\(1000\)=\d{5,}/);
    });
  });
}

suite('Limits of bandwidth and', unlessHaproxy26('knows no limits of bandwidth'), () => {
  test('objects of a cache', async (t) => {
    const run = await proxied(
      t,
      '',
      `
    cache pages
        total-max-size 4
        max-object-size 1000000
    listen web
        bind {addr:web}
        filter cache pages
        filter bwlim-out down default-limit ${LIMIT} default-period 1s
        http-request cache-use pages
        http-response cache-store pages
        http-request set-bandwidth-limit down
        server app {addr:app}`,
    );
    await paced(() => get(run.port('web'), '/cached'));
    const response = await paced(() => get(run.port('web'), '/cached'));
    assert.notEqual(response.get('age'), undefined);
    assert.equal(Buffer.compare(response.body, BODY), 0);
  });

  test('compression: what the server sends counts', async (t) => {
    const run = await proxied(
      t,
      '',
      `
    listen web
        bind {addr:web}
        filter bwlim-out down default-limit ${LIMIT} default-period 1s
        filter compression
        compression algo gzip
        compression type application/x
        http-response set-bandwidth-limit down
        server app {addr:app}`,
    );
    const response = await paced(() =>
      request(run.port('web'), 'GET / HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\n\r\n'),
    );
    assert.equal(response.get('content-encoding'), 'gzip');
    assert.equal(Buffer.compare(gunzipSync(response.body), BODY), 0);
  });

  test('a request whose body was waited for', async (t) => {
    const run = await proxied(
      t,
      'tune.bufsize 1000000',
      `
    listen web
        bind {addr:web}
        bind {addr:h2} proto h2
        ${UP}
        option http-buffer-request
        server app {addr:app}`,
    );
    assert.equal((await paced(() => post(run.port('web'), plain))).text, '0');
    assert.equal((await paced(() => post(run.port('web'), chunked))).text, '0');
    assert.equal(String(await paced(() => exchange(session(t, run.port('h2')), BODY))), '0');
  });
});

/** The client against the service. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type OutgoingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { clientTypes } from '../../scripts/dataplane-client.ts';
import {
  type Backend,
  ChangedError,
  ConflictError,
  DataPlane,
  DataPlaneError,
  InvalidError,
  NoAnswerError,
  NotFoundError,
  NotServedError,
  ReloadFailedError,
  type Server,
  ServiceError,
  UnauthenticatedError,
  WrongFormError,
} from '../../src/dataplane-client/index.ts';
import { startService, type TestService } from '../dataplane/support/service.ts';
import { issue } from '../support/certificates.ts';

const CONFIG = `defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s

backend app
    balance roundrobin
    server a1 127.0.0.1:1 weight 10 # first
`;

const BACKENDS = '/services/haproxy/configuration/backends';
const SERVERS = `${BACKENDS}/{parent_name}/servers` as const;

async function connected(
  context: TestContext,
): Promise<{ readonly service: TestService; readonly api: DataPlane; readonly address: string }> {
  const service = await startService(context, CONFIG);
  const address = await service.app.listen({ host: '127.0.0.1', port: 0 });
  return { service, address, api: new DataPlane(address, { user: 'admin', password: 'secret' }) };
}

async function serving(context: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

suite('the client of the Data Plane API', () => {
  test('has the types of the description that is checked in: run scripts/dataplane-client.ts', () => {
    const file = join(import.meta.dirname, '../../src/dataplane-client/generated.ts');
    assert.equal(readFileSync(file, 'utf8'), clientTypes());
  });

  test('reads and writes resources, and tells version and entity tag', async (context) => {
    const { api, service } = await connected(context);
    const backends: readonly Backend[] = await api.get(BACKENDS);
    assert.deepEqual(
      backends.map(({ name }) => name),
      ['app'],
    );
    const path = { parent_name: 'app' };
    const made: Server = await api.post(SERVERS, {
      path,
      query: { version: 1 },
      body: { name: 'a2', address: '127.0.0.1', port: 2 },
    });
    assert.equal(made.port, 2);
    const one = { parent_name: 'app', name: 'a1' };
    const { value, version, etag } = await api.request('GET', `${SERVERS}/{name}`, { path: one });
    assert.equal(version, 2);
    const changed = await api.request('PUT', `${SERVERS}/{name}`, {
      path: one,
      body: { ...value, weight: 20 },
      ifMatch: etag!,
    });
    assert.deepEqual([changed.status, changed.reload, changed.value.weight], [200, null, 20]);
    await assert.rejects(api.put(`${SERVERS}/{name}`, { path: one, body: value, ifMatch: etag! }), ChangedError);
    assert.equal(
      await api.delete(`${SERVERS}/{name}`, { path: { ...one, name: 'a2' }, query: { version: 3 } }),
      undefined,
    );
    assert.match(service.text(), /server a1 127\.0\.0\.1:1 weight 20 # first\n$/);
  });

  test('is told by the compiler what a call needs', async (context) => {
    const { api } = await connected(context);
    // @ts-expect-error: the path has a place that is not filled
    await assert.rejects(api.get(`${BACKENDS}/{name}`, {}), /'' cannot stand for \{name\}/);
    await assert.rejects(api.get(`${BACKENDS}/{name}`, { path: { name: '..' } }), DataPlaneError);
    // @ts-expect-error: there is no such field
    const odd: Backend = { name: 'b', colour: 1 };
    // @ts-expect-error: it is a number
    const body: Backend = { ...odd, fullconn: 'many' };
    await assert.rejects(api.post(BACKENDS, { query: { version: 1 }, body }), WrongFormError);
    const one = `${BACKENDS}/{name}` as const;
    // @ts-expect-error: it is no operation
    await assert.rejects(api.post(one, { path: { name: 'b' } }), DataPlaneError);
    const rows: number | undefined = (await api.get(`${BACKENDS}/{name}`, { path: { name: 'app' } })).fullconn;
    assert.equal(rows, undefined);
  });

  test('stores files and texts', async (context) => {
    const { api } = await connected(context);
    const maps = '/services/haproxy/storage/maps';
    await api.post(maps, { body: { name: 'hosts.map', content: 'a b\n' } });
    assert.equal(await api.get(`${maps}/{name}`, { path: { name: 'hosts.map' } }), 'a b\n');
    await api.put(`${maps}/{name}`, { path: { name: 'hosts.map' }, query: { skip_reload: true }, body: '"c" d\n' });
    assert.equal(await api.get(`${maps}/{name}`, { path: { name: 'hosts.map' } }), '"c" d\n');
  });

  test('makes transactions: all or nothing, and again when somebody was faster', async (context) => {
    const { api, service } = await connected(context);
    let runs = 0;
    const name = await api.transaction(async (transaction) => {
      runs++;
      await transaction.post(BACKENDS, { body: { name: 'blue' } });
      if (runs === 1) await api.post(BACKENDS, { query: { version: 1 }, body: { name: 'other' } });
      const backends = await transaction.get(BACKENDS);
      assert.ok(backends.some((backend) => backend.name === 'blue'));
      return 'blue';
    });
    assert.deepEqual([name, runs], ['blue', 2]);
    assert.match(service.text(), /^backend other$[\s\S]*^backend blue$/m);
    const before = service.text();
    const given = new Error('not today');
    await assert.rejects(
      api.transaction(async (transaction) => {
        await transaction.delete(`${BACKENDS}/{name}`, { path: { name: 'blue' } });
        throw given;
      }),
      given,
    );
    assert.equal(service.text(), before);
    assert.deepEqual(
      (await api.get('/services/haproxy/transactions')).filter(({ status }) => status === 'in_progress'),
      [],
    );
  });

  test('waits for the reload that a transaction needs, and tells that it failed', async (context) => {
    const { api, service } = await connected(context);
    service.balancer.put = { outcome: 'reload', why: 'a new backend' };
    await api.transaction((transaction) => transaction.post(BACKENDS, { body: { name: 'blue' } }));
    assert.equal(service.balancer.reloads, 1);
    service.balancer.reloaded = { ok: false, text: 'cannot bind' };
    await assert.rejects(
      api.transaction((transaction) => transaction.post(BACKENDS, { body: { name: 'green' } })),
      (error: unknown) =>
        error instanceof ReloadFailedError && /cannot bind/.test(error.message) && error.reload !== '',
    );
  });

  test('tells refusals by their classes', async (context) => {
    const { api, address, service } = await connected(context);
    const backend = (name: string, version = 1) => api.post(BACKENDS, { query: { version }, body: { name } });
    await assert.rejects(backend('app'), ConflictError);
    await assert.rejects(backend('b', 7), ConflictError);
    await assert.rejects(api.get(`${BACKENDS}/{name}`, { path: { name: 'a/b c' } }), NotFoundError);
    service.balancer.problems = [{ file: null, line: null, text: 'out of luck' }];
    await assert.rejects(
      backend('b'),
      (error: unknown) => error instanceof InvalidError && /out of luck/.test(error.message),
    );
    await assert.rejects(
      api.put(`${BACKENDS}/{name}`, {
        path: { name: 'app' },
        query: { version: 1 },
        body: { name: 'app', fullconn: 'many' as never },
      }),
      (error: unknown) => error instanceof WrongFormError && error.details['field'] === 'fullconn',
    );
    await assert.rejects(new DataPlane(address, { user: 'admin', password: 'wrong' }).version(), UnauthenticatedError);
  });

  test('names what another service does not serve', async (context) => {
    const body = JSON.stringify({ code: 501, message: 'not implemented' });
    const server = createServer((_request, response) => response.writeHead(501).end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    context.after(() => server.close());
    const other = new DataPlane(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await assert.rejects(
      other.get('/services/haproxy/sites'),
      (error: unknown) => error instanceof NotServedError && /not implemented/.test(error.message),
    );
  });

  test('goes over unix sockets and TLS', async (context) => {
    const { cert, key } = issue(['localhost']);
    const { service } = await connected(context);
    const answering: RequestListener = (request, response) =>
      void service.app
        .inject({
          method: request.method as 'GET',
          url: request.url!,
          headers: request.headers as Record<string, string>,
        })
        .then(({ statusCode, headers, rawPayload }) =>
          response.writeHead(statusCode, headers as OutgoingHttpHeaders).end(rawPayload),
        );
    const [plain, secure] = [createServer(answering), createSecureServer({ cert, key }, answering)];
    context.after(() => {
      for (const server of [plain, secure]) {
        server.closeAllConnections();
        server.close();
      }
    });
    const path = join(service.folder, 'api.sock');
    await new Promise<void>((resolve) => plain.listen(path, resolve));
    await new Promise<void>((resolve) => secure.listen(0, 'localhost', resolve));
    const login = { user: 'admin', password: 'secret' };
    assert.equal(await new DataPlane(`unix:${path}`, login).version(), 1);
    const address = `https://localhost:${(secure.address() as AddressInfo).port}`;
    assert.equal(await new DataPlane(address, { ...login, tls: { ca: cert } }).version(), 1);
    await assert.rejects(
      new DataPlane(address, login).version(),
      (error: unknown) => error instanceof NoAnswerError && /self-signed/.test(error.message),
    );
  });

  test('takes user and password from the address, and names no other password in errors', async (context) => {
    const { address } = await connected(context);
    const { host } = new URL(address);
    assert.equal(await new DataPlane(`http://admin:secret@${host}`).version(), 1);
    for (const wrong of [
      'ftp://a:pass@b',
      'http://a:pass@b:1/path',
      '127.0.0.1:5555',
      'unix:relative',
      'http://:99999',
    ])
      assert.throws(
        () => new DataPlane(wrong),
        (error: unknown) =>
          error instanceof DataPlaneError &&
          /no address of a Data Plane API/.test(error.message) &&
          !/pass@/.test(error.message),
        wrong,
      );
  });
});

suite('the page of the client', () => {
  test('has examples that run one after the other', async (context) => {
    const root = join(import.meta.dirname, '../..');
    const { address, service } = await connected(context);
    service.write(CONFIG.replace('a1 127', 'app1 127'));
    const page = readFileSync(join(root, 'docs/data-plane-client.md'), 'utf8');
    const examples = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code!);
    // The first one is about connecting, the others go on from each other.
    const code = [...examples.slice(1), 'console.log(await api.version());'].join('\n');
    const file = join(service.folder, 'example.ts');
    const library = join(root, 'src/dataplane-client/index.ts');
    writeFileSync(
      file,
      code.replace("'sluice/dataplane'", JSON.stringify(library)).replace('http://127.0.0.1:5555', address),
    );
    const { stdout } = await promisify(execFile)(process.execPath, [file]);
    assert.equal(stdout, '4\n');
    assert.match(
      service.text(),
      /server app1 127\.0\.0\.1:1 weight 5 # first\n\nbackend blue\n {4}server b1 10\.0\.0\.1:80\n/,
    );
  });
});

suite('a service that misbehaves', () => {
  const ways: readonly (readonly [string, RequestListener, (error: Error) => boolean])[] = [
    ['never answers', () => {}, (error) => error instanceof NoAnswerError && error.code === 'TIMEOUT'],
    [
      'stops in the middle',
      (_, response) => response.writeHead(200, { 'content-length': 100 }).write('12', () => response.destroy()),
      (error) => error instanceof NoAnswerError,
    ],
    [
      'answers too much',
      (_, response) => response.end('x'.repeat(3000)),
      (error) => error instanceof NoAnswerError && error.code === 'TOO_LONG',
    ],
    [
      'sends broken JSON',
      (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":'),
      (error) => error instanceof NoAnswerError && error.code === 'PROTOCOL',
    ],
    [
      'is another one',
      (_, response) => response.writeHead(502).end('<html>Bad Gateway</html>'),
      (error) => error instanceof ServiceError && error.status === 502,
    ],
    [
      'has odd errors',
      (_, response) => response.writeHead(418, { 'content-type': 'application/json' }).end('[1]'),
      (error) => error instanceof InvalidError,
    ],
  ];
  for (const [how, listener, expected] of ways)
    test(`(${how}) gives an error in time`, async (context) => {
      const api = new DataPlane(await serving(context, listener), { timeout: 300, limit: 2000 });
      await assert.rejects(api.version(), expected);
    });

  test('is not waited for any longer when the caller has given up', async (context) => {
    const api = new DataPlane(await serving(context, () => {}));
    const signal = AbortSignal.timeout(50);
    await assert.rejects(api.get(BACKENDS, { signal }), { name: 'TimeoutError' });
    await assert.rejects(
      new DataPlane('http://127.0.0.1:1').version(),
      (error: unknown) => error instanceof NoAnswerError && error.code === 'ECONNREFUSED',
    );
  });
});

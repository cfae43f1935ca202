import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { compileHealthCheck } from '../../../src/control/checks/compile.ts';
import { CheckContext } from '../../../src/control/checks/facts.ts';
import type { CheckTarget } from '../../../src/control/checks/outgoing.ts';
import type { CheckEnd } from '../../../src/control/checks/program.ts';
import { CheckRun } from '../../../src/control/checks/run.ts';
import { modelOf, noTls, plainCheck, proxyConfig, serverAt, serverConfig } from '../fixture.ts';
import { deadPort, origin } from './origin.ts';

const target: CheckTarget = {
  host: '127.0.0.1',
  family: 'inet',
  port: 0,
  proxyProtocol: 0,
  sourceHost: null,
  namespace: null,
  md5Key: null,
  neverLocal: false,
  socks4: null,
  viaSocks4: false,
  tls: noTls(),
  tlsRows: [],
  secure: false,
  proto: null,
  connectTimeout: 5000,
  checkTimeout: 5000,
  maxBytes: 16384,
};

function run(over: Partial<CheckTarget>, rules: readonly string[] = []): { end: Promise<CheckEnd>; check: CheckRun } {
  const healthCheck = {
    ...plainCheck,
    kind: 'tcp-check' as const,
    rules: rules.map((rule) => ({ words: rule.split(' '), at: { file: 'a', line: 1 } })),
  };
  const proxy = proxyConfig('be', 2, { servers: [serverConfig('s')], healthCheck });
  const compiled = compileHealthCheck(proxy, () => null);
  assert.ok('ok' in compiled);
  const model = modelOf([proxy]);
  const hooks = {
    serverIsUp: true,
    context: () => new CheckContext(model, serverAt(model, 'be/s')),
    stateHeader: () => '',
  };
  const { promise, resolve } = Promise.withResolvers<CheckEnd>();
  return { end: promise, check: new CheckRun(compiled.ok!, { ...target, ...over }, hooks, resolve) };
}

test('a check says who it is by the PROXY protocol, version 1 and 2', async (t) => {
  const server = await origin(t, { answer: 'ok' });
  const rules = ['tcp-check expect string ok'];
  assert.equal((await run({ port: server.port, proxyProtocol: 1 }, rules).end).status, 'L7OK');
  assert.equal((await run({ port: server.port, proxyProtocol: 2 }, rules).end).status, 'L7OK');
  assert.match(
    server.received[0]!,
    new RegExp(`^PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 \\d+ ${server.port}\\r\\n$`),
  );
  assert.equal(server.received[1], '\r\n\r\n\0\r\nQUIT\n\x20\0\0\0');
});

test('what came in time counts, also when this process was held up beyond the timeout', async (t) => {
  const server = await origin(t);
  const { end } = run({ port: server.port, connectTimeout: 20, checkTimeout: null });
  // The connection is under way by then; the system finishes it meanwhile.
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60));
  assert.equal((await end).status, 'L4OK');
});

test('a connect step has its own port, address and header, and closes the connection before it', async (t) => {
  const first = await origin(t, { greeting: 'one', stay: true });
  const second = await origin(t, { answer: 'two' });
  const rules = [
    'tcp-check connect',
    'tcp-check expect string one',
    `tcp-check connect addr 127.0.0.1 port ${second.port} send-proxy`,
    'tcp-check expect string two',
  ];
  assert.deepEqual(await run({ port: first.port }, rules).end, {
    status: 'L7OK',
    description: '(tcp-check)',
    code: null,
  });
  assert.match(second.received[0]!, /^PROXY TCP4/);
});

test('a server on a unix socket is checked there', async (t: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-run-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'a.sock');
  assert.deepEqual(await run({ host: path, family: 'unix' }).end, {
    status: 'SOCKERR',
    description: 'General socket error (No such file or directory)',
    code: null,
  });
  const server = createServer((socket) => void socket.on('error', () => undefined)).listen(path);
  t.after(() => server.close());
  await once(server, 'listening');
  assert.equal((await run({ host: path, family: 'unix' }).end).status, 'L4OK');
});

test('a server without a port to check is a socket error', async () => {
  assert.deepEqual(await run({ port: 0 }, ['tcp-check send x']).end, {
    status: 'SOCKERR',
    description: 'at initial connection step of tcp-check',
    code: null,
  });
});

test('an answer without end is judged by its first bytes', async (t) => {
  const flood = await origin(t, {
    handle: (socket) => {
      const more = () => {
        while (socket.write('x'.repeat(65536)));
      };
      socket.on('drain', more);
      more();
    },
  });
  const end = await run({ port: flood.port, maxBytes: 4096 }, ['tcp-check expect string y']).end;
  assert.deepEqual(end, { status: 'L7RSP', description: "TCPCHK did not match content 'y' at step 1", code: null });
});

test('a run that is given up says nothing and closes its connection', async (t) => {
  const arrived = Promise.withResolvers<Socket>();
  const silent = await origin(t, { handle: arrived.resolve });
  const { end, check } = run({ port: silent.port }, ['tcp-check expect string y']);
  const socket = await arrived.promise;
  check.abort();
  await new Promise((resolve) => socket.on('close', resolve));
  assert.equal(await Promise.race([end, new Promise((resolve) => setImmediate(resolve, 'nothing'))]), 'nothing');
});

test('a connection that takes too long is a layer 4 timeout, and refused ones say so', async (t) => {
  // An address of the documentation block: nothing answers (RFC 5737).
  const end = await run({ host: '192.0.2.1', port: 9, connectTimeout: 30 }).end;
  assert.ok(end.status === 'L4TOUT' || end.status === 'L4CON', end.status);
  assert.deepEqual(await run({ port: await deadPort(t) }).end, {
    status: 'L4CON',
    description: 'Connection refused',
    code: null,
  });
});

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { parseTargets } from '../../../src/ops/targets/targets-file.ts';
import { issue } from '../../support/certificates.ts';
import { start } from '../../support/program.ts';

const sluice = join(import.meta.dirname, '../../../bin/sluice');

test('names, addresses and what must stay usable are read', () => {
  const text =
    '{"lb1": {"address": "tcp:10.0.0.5:9999", "minUsable": "50%", "files": ["/etc/haproxy/haproxy.cfg"]}, "lb2": {"address": "/run/a"}}';
  assert.deepEqual(parseTargets(text, 'f'), [
    {
      name: 'lb1',
      address: 'tcp:10.0.0.5:9999',
      minUsable: { number: 50, percent: true },
      files: ['/etc/haproxy/haproxy.cfg'],
    },
    { name: 'lb2', address: '/run/a', minUsable: null },
  ]);
});

test('what is wrong with the file is said with its place', () => {
  const wrong = (text: string, message: RegExp) => assert.throws(() => parseTargets(text, 'targets.json'), message);
  wrong('{', /targets\.json is no JSON: /);
  wrong('[]', /the file: an object of names and targets is expected/);
  wrong('{"a": 1}', /a: an object with an address is expected/);
  wrong('{"a": {"addres": "x"}}', /a: unknown member 'addres'; did you mean 'address'\?/);
  wrong('{"a": {}}', /a: 'address' is missing/);
  wrong('{"a": {"address": "x", "reload": "systemctl reload haproxy"}}', /a: 'reload' must be a list of texts/);
  wrong('{"a": {"address": "x", "tls": "yes"}}', /a: 'tls' must be true or false/);
  wrong('{"a": {"address": "x", "cert": 1}}', /a: 'cert' must be a text/);
  wrong('{"a": {"address": "x", "minUsable": "most"}}', /a: 'minUsable': 'most' is no number of servers/);
});

test('a load balancer is named by the file, and its policy holds', async (t) => {
  const run = await start(
    t,
    `
    global
        stats socket {sock:admin} level admin
    backend be
        mode http
        timeout connect 5s
        timeout server 5s
        server a 127.0.0.1:1
        server b 127.0.0.1:2
        server c 127.0.0.1:3
    frontend fe
        mode http
        timeout client 5s
        bind {addr:web}
    `,
  );
  const folder = mkdtempSync(join(tmpdir(), 'sluice-targets-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'targets.json');
  writeFileSync(file, JSON.stringify({ test: { address: run.sock('admin'), minUsable: 3 } }));
  const env = { ...process.env, SLUICE_TARGETS: file };
  const operate = (...words: string[]) => spawnSync(sluice, words, { env, encoding: 'utf8' });
  assert.match(operate('status', '--target', 'test').stdout, /^test: sluice /);
  const drain = operate('drain', 'be/a', '--target', 'test');
  assert.equal(drain.status, 3);
  assert.match(drain.stderr, /would have 2 of 3 servers usable without be\/a; 3 are asked for/);
  assert.equal(operate('drain', 'be/a', '--target', 'test', '--min-usable', '1').status, 0);
  const unknown = operate('status', '--target', 'tset');
  assert.equal(unknown.status, 4);
  assert.match(unknown.stderr, /'tset' is neither a socket nor a name of the file of targets; that has test/);
});

test('a Runtime API behind TLS is operated; one that promises TLS and answers in plain text is reported', async (t) => {
  const run = await start(
    t,
    'global\n stats socket {sock:admin} level admin\n stats socket {addr:plain} level admin\n',
  );
  const folder = mkdtempSync(join(tmpdir(), 'sluice-targets-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { cert, key } = issue(['lb.test']);
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, cert);
  const server = createServer({ cert, key, allowHalfOpen: true }, (client) => {
    const behind = connect({ path: run.sock('admin'), allowHalfOpen: true });
    for (const socket of [client, behind]) socket.on('error', () => undefined);
    client.pipe(behind).pipe(client);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const file = join(folder, 'targets.json');
  const tls = { tls: true, ca, servername: 'lb.test' };
  writeFileSync(
    file,
    JSON.stringify({
      far: { address: `tcp:127.0.0.1:${port}`, ...tls },
      other: { address: `tcp:localhost:${port}`, tls: true, ca, servername: 'else.test' },
      plain: { address: `tcp:127.0.0.1:${run.port('plain')}`, ...tls },
    }),
  );
  const status = (name: string) =>
    new Promise<[number, string]>((resolve) => {
      const env = { ...process.env, SLUICE_TARGETS: file };
      execFile(sluice, ['status', '--target', name], { env }, (error, stdout, stderr) =>
        resolve([(error?.code as number | undefined) ?? 0, stdout + stderr]),
      );
    });
  assert.match((await status('far')).join(' '), /^0 far: sluice /);
  assert.match((await status('other')).join(' '), /^4 unreachable: .*(else\.test|altnames)/);
  assert.match(
    (await status('plain')).join(' '),
    /^4 unreachable: TLS was asked for, but the socket answers in plain text/,
  );
  // Without the file it is the other way round.
  assert.match((await status(`tcp:localhost:${run.port('plain')}`)).join(' '), /^0 /);
});

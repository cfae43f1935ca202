import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Connection, connect, get } from '../support/connection.ts';
import { Held } from '../support/held.ts';
import { origin } from '../support/origin.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';
import { httpDefaults } from '../support/proxies.ts';
import { until } from '../support/wait.ts';

const held = new Held();
const app = await held.server({ after });
const arrived = (path: string) => held.arrived(path);
const release = (path: string) => held.release(path);
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
${httpDefaults('timeout queue 10s')}
listen one
    bind {addr:one}
    server s {addr:app} maxconn 1
listen short
    bind {addr:short}
    cookie SRV
    option redispatch
    server s {addr:app} maxconn 1 maxqueue 1 cookie s
    server spare {addr:spare} cookie spare
listen limited
    bind {addr:limited}
    maxconn 1
    server s {addr:app}
listen rated
    bind {addr:rated}
    rate-limit sessions 5
    server ok {addr:quick}
listen leave
    bind {addr:leave}
    no option abortonclose
    server s {addr:app} maxconn 1
listen watched
    bind {addr:watched}
    server s {addr:app} maxconn 1
listen abort
    bind {addr:abort}
    option abortonclose
    server s {addr:app} maxconn 1
`,
  { ports: { app, quick: await origin({ after }, 'quick'), spare: await origin({ after }, 'spare') } },
);

async function ask(scope: Parameters<typeof connect>[0], listen: string, path: string): Promise<Connection> {
  const client = await connect(scope, run.port(listen));
  client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  return client;
}
const queued = (name: string, n: number) =>
  until(`${n} in the queue of ${name}`, async () => Number((await run.row(name))['qcur']) === n);

test('maxconn of a server: what is too much waits and is served in order', async (t) => {
  const first = await ask(t, 'one', '/1');
  await arrived('/1');
  const second = await ask(t, 'one', '/2');
  await queued('one/BACKEND', 1);
  const third = await ask(t, 'one', '/3');
  await queued('one/BACKEND', 2);
  await release('/1');
  assert.equal((await first.response('GET')).text, '/1');
  await arrived('/2');
  assert.ok(!held.has('/3'));
  await release('/2');
  assert.equal((await second.response('GET')).text, '/2');
  await release('/3');
  assert.equal((await third.response('GET')).text, '/3');
  assert.equal((await run.row('one/s'))['smax'], '1');
  assert.equal((await run.row('one/BACKEND'))['qmax'], '2');
});

test('a client that leaves keeps no place: the others are served', async (t) => {
  const first = await ask(t, 'leave', '/stays');
  await arrived('/stays');
  const leaver = await ask(t, 'leave', '/leaves');
  await queued('leave/BACKEND', 1);
  leaver.reset();
  const last = await ask(t, 'leave', '/last');
  await release('/stays');
  assert.equal((await first.response('GET')).text, '/stays');
  await until('a next request', () => held.has('/leaves') || held.has('/last'));
  if (held.has('/leaves')) await release('/leaves'); // without abortonclose its request goes on
  await release('/last');
  assert.equal((await last.response('GET')).text, '/last');
});

for (const [name, listen, options] of [
  ['with abortonclose', 'abort', {}],
  ['over HTTP', 'watched', unlessHaproxy26('abortonclose is on by default since 3.3')],
] as const)
  test(`${name} a client that leaves the queue is forgotten at once`, options, async (t) => {
    const first = await ask(t, listen, `/${listen}/working`);
    await arrived(`/${listen}/working`);
    const leaver = await ask(t, listen, `/${listen}/given-up`);
    await queued(`${listen}/BACKEND`, 1);
    leaver.reset();
    await queued(`${listen}/BACKEND`, 0);
    await release(`/${listen}/working`);
    assert.equal((await first.response('GET')).text, `/${listen}/working`);
    assert.ok(!held.has(`/${listen}/given-up`));
  });

test('maxconn of a frontend: the next connection waits in the backlog', async (t) => {
  const first = await ask(t, 'limited', '/one');
  await arrived('/one');
  const second = await ask(t, 'limited', '/two');
  assert.ok(await second.silent(100));
  assert.equal((await run.row('limited/FRONTEND'))['scur'], '1');
  await release('/one');
  assert.equal((await first.response('GET')).text, '/one');
  first.close();
  await release('/two');
  assert.equal((await second.response('GET')).text, '/two');
});

test('a more urgent class leaves the queue first', async (t) => {
  const run = await start(
    t,
    `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen priority
    bind {addr:priority}
    http-request set-priority-class int(-5) if { path /urgent }
    server s {addr:app} maxconn 1
`,
    { ports: { app } },
  );
  const ask = async (path: string) => {
    const client = await connect(t, run.port('priority'));
    client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    return client;
  };
  const queued = (n: number) =>
    until(`${n} in the queue`, async () => Number((await run.row('priority/BACKEND'))['qcur']) === n);
  const first = await ask('/a');
  await arrived('/a');
  const second = await ask('/b');
  await queued(1);
  const urgent = await ask('/urgent');
  await queued(2);
  await release('/a');
  await first.response('GET');
  await release('/urgent');
  assert.ok(!held.has('/b'));
  assert.equal((await urgent.response('GET')).text, '/urgent');
  await release('/b');
  assert.equal((await second.response('GET')).text, '/b');
});

test('a full queue of a server: who cannot wait there is sent on at once', async (t) => {
  const first = await ask(t, 'short', '/serving');
  await arrived('/serving');
  const cookie = 'GET /waiting HTTP/1.1\r\nHost: x\r\nCookie: SRV=s\r\nConnection: close\r\n\r\n';
  const second = await connect(t, run.port('short'));
  second.send(cookie);
  await queued('short/s', 1);
  const third = await connect(t, run.port('short'));
  third.send(cookie.replace('waiting', 'too-many'));
  assert.equal((await third.response('GET')).text, 'spare');
  await release('/serving');
  await first.response('GET');
  await release('/waiting');
  assert.equal((await second.response('GET')).text, '/waiting');
});

test('rate-limit sessions: more than that in a second wait for the next', async () => {
  const begin = Date.now();
  await Promise.all(Array.from({ length: 12 }, () => get(run.port('rated'))));
  assert.ok(Date.now() - begin > 900, `12 sessions at 5 a second took ${Date.now() - begin} ms`);
});

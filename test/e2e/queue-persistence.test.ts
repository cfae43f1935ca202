import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Connection, connect } from '../support/connection.ts';
import { Held } from '../support/held.ts';
import { type Run, start } from '../support/program.ts';
import { httpDefaults } from '../support/proxies.ts';
import { type Syslog, syslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';

// Requests that wait for the server that their cookie names.

interface Played {
  readonly run: Run;
  readonly log: Syslog;
  /** Sends `GET path` with the cookie of the first server. */
  readonly ask: (path: string) => Promise<Connection>;
  /** Two requests, `/a` on that server and `/b` waiting for it. */
  readonly fill: () => Promise<[Connection, Connection]>;
  readonly release: (path: string) => Promise<void>;
}

async function play(t: TestContext, settings: string, limits = ''): Promise<Played> {
  const held = new Held();
  const log = await syslog(t);
  const text = `
    global
        stats socket {sock:admin} level admin
${httpDefaults('timeout queue 10s')}
listen web
        bind {addr:web}
        log {addr:log} local0
        option httplog
        cookie SRV insert
        ${settings}
        server s1 {addr:s1} cookie c1 maxconn 1 ${limits}
        server s2 {addr:s2} cookie c2
`;
  const run = await start(t, text, {
    ports: { log, s1: await held.server(t, 'one'), s2: await held.server(t, 'two') },
  });
  const ask = async (path: string): Promise<Connection> => {
    const client = await connect(t, run.port('web'));
    client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\ncookie: SRV=c1\r\n\r\n`);
    return client;
  };
  const fill = async (): Promise<[Connection, Connection]> => {
    const first = await ask('/a');
    await held.arrived('/a');
    const second = await ask('/b');
    await until('one in the queue', async () => (await run.row('web/s1'))['qcur'] === '1');
    return [first, second];
  };
  return { run, log, ask, fill, release: (path) => held.release(path) };
}

const body = async (client: Connection): Promise<string> => (await client.response('GET')).text;

test('who waits for a server is not in the queue of the backend', async (t) => {
  const { run, fill, release } = await play(t, '');
  const clients = await fill();
  assert.deepEqual([(await run.row('web/BACKEND'))['qcur'], (await run.row('web/BACKEND'))['qmax']], ['0', '0']);
  await release('/a');
  await release('/b');
  assert.deepEqual(await Promise.all(clients.map(body)), ['one', 'one']);
});

test('a request that finds the queue of its server full is answered with 503', async (t) => {
  const { run, log, ask, fill, release } = await play(t, '', 'maxqueue 1');
  const clients = await fill();
  assert.equal((await (await ask('/c')).response('GET')).status, 503);
  await log.waitFor(/ web web\/s1 \S+ 503 \d+ - - SQVN .*\/0 0\/0 /);
  assert.equal((await run.row('web/s1'))['econ'], '1');
  await release('/a');
  await release('/b');
  assert.deepEqual(await Promise.all(clients.map(body)), ['one', 'one']);
});

test('with option redispatch it goes to another server, if there is no force-persist', async (t) => {
  const settings = 'option redispatch\nforce-persist if { path /forced }';
  const { run, log, ask, fill, release } = await play(t, settings, 'maxqueue 1');
  const clients = await fill();
  assert.equal((await (await ask('/forced')).response('GET')).status, 503);
  const other = await ask('/c');
  await release('/c');
  const response = await other.response('GET');
  assert.deepEqual([response.text, response.all('set-cookie')], ['two', ['SRV=c2; path=/']]);
  await log.waitFor(/ web web\/s2 \S+ 200 \d+ - - --DI .*\/\+0 0\/0 /);
  assert.equal((await run.row('web/s1'))['wredis'], '1');
  await release('/a');
  await release('/b');
  assert.deepEqual(await Promise.all(clients.map(body)), ['one', 'one']);
});

for (const [settings, expected] of [
  ['', 'one'],
  ['option redispatch', 'two'],
  ['option redispatch\noption persist', 'one'],
  ['option redispatch\nforce-persist if TRUE', 'one'],
] as const)
  test(`who waits for a server that is disabled gets '${expected}' with '${settings.replace('\n', '; ')}'`, async (t) => {
    const { run, fill, release } = await play(t, settings);
    const [first, second] = await fill();
    await run.cli('disable server web/s1');
    if (expected === 'two') await release('/b');
    await release('/a');
    if (expected === 'one') await release('/b');
    assert.deepEqual([await body(first), await body(second)], ['one', expected]);
  });

test('a server that clients are redirected to has their requests as sessions, whatever its limit', async (t) => {
  const { run, ask } = await play(t, '', 'redir http://elsewhere');
  const clients = [await ask('/a'), await ask('/b')];
  for (const client of clients) assert.equal((await client.response('GET')).status, 302);
  const { stot, smax } = await run.row('web/s1');
  assert.deepEqual([stot, smax], ['2', '0']);
});

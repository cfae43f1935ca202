import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { isHaproxy, start } from '../support/program.ts';
import { until } from '../support/wait.ts';

const modes = ['never', 'safe', 'aggressive', 'always'] as const;
const origins = Object.fromEntries(
  await Promise.all(
    [...modes, 'purged', 'small', 'off', 'idle', 'named'].map(
      async (name) => [name, await origin({ after }, 'ok')] as const,
    ),
  ),
);
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
    tune.idle-pool.shared off
    nbthread 1
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
${modes
  .map(
    (mode) => `
listen ${mode}
    bind {addr:fe_${mode}}
    http-reuse ${mode}
    server s {addr:${mode}}`,
  )
  .join('')}
listen purged
    bind {addr:fe_purged}
    http-reuse always
    server s {addr:purged} pool-purge-delay 100ms
listen named
    bind {addr:fe_named}
    http-reuse always
    server s {addr:named} pool-conn-name req.hdr(x-name) pool-low-conn 5
listen off
    bind {addr:fe_off}
    http-reuse always
    server s {addr:off} pool-max-conn 0
`,
  { ports: origins },
);

/** Connections that the origin has seen after these many client connections, one after another, of `requests` each. */
async function connections(
  t: Parameters<typeof connect>[0],
  name: string,
  clients: number,
  requests: number,
): Promise<number> {
  for (let i = 0; i < clients; i++) {
    const client = await connect(t, run.port(`fe_${name}`));
    for (let j = 0; j < requests; j++) await client.exchange('GET / HTTP/1.1\nHost: x\n\n');
    client.close();
    await until('the client to be gone', async () => (await run.row(`${name}/FRONTEND`))['scur'] === '0');
  }
  return origins[name]!.connections.length;
}

test('never: each client connection has its own server connection', async (t) => {
  assert.equal(await connections(t, 'never', 3, 2), 3);
  await until('all to be closed', () => origins['never']!.open === 0);
});

test('safe: the first request of a connection never takes an idle one', async (t) => {
  assert.equal(await connections(t, 'safe', 3, 2), 3);
  // One at a time was ever needed.
  const row = await run.row('safe/s');
  assert.deepEqual([row['srv_icur'], row['need_conn_est']], ['1', '1']);
  await until('the others to be closed', () => origins['safe']!.open === 1);
});

test('aggressive: the first request takes one that was reused before', async (t) => {
  assert.equal(await connections(t, 'aggressive', 4, 2), 1);
});

test('always: the first request takes an idle one', async (t) => {
  assert.equal(await connections(t, 'always', 4, 2), 1);
  const row = await run.row('always/s');
  assert.equal(row['connect'], '1');
  assert.equal(row['reuse'], '7');
  assert.equal(row['srv_icur'], '1');
  assert.equal(row['safe_conn_cur'], '1');
  assert.match(await run.cli('show servers conn always'), / - 5000 (0 )?0 1 1 (0 )?0 1 -1 1 1$/m);
  await run.cli('clear counters all');
  assert.deepEqual([(await run.row('always/s'))['srv_icur'], (await run.row('always/s'))['need_conn_est']], ['1', '1']);
});

test('pool-purge-delay closes what stays idle', async (t) => {
  await connections(t, 'purged', 1, 1);
  await until('the idle connection to be closed', () => origins['purged']!.open === 0);
});

test('pool-max-conn 0 keeps nothing', async (t) => {
  assert.equal(await connections(t, 'off', 2, 1), 2);
});

test('pool-conn-name: requests share connections of the same name alone', {
  skip: isHaproxy && 'since HAProxy 3.2',
}, async (t) => {
  const used = async (name: string) => {
    const client = await connect(t, run.port('fe_named'));
    await client.exchange(`GET / HTTP/1.1\nHost: x\nX-Name: ${name}\n\n`);
    client.close();
    await until('the client to be gone', async () => (await run.row('named/FRONTEND'))['scur'] === '0');
    return origins['named']!.connections.length;
  };
  assert.deepEqual(
    [await used('a'), await used('b'), await used('a'), await used('b'), await used('c')],
    [1, 2, 2, 2, 3],
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cliBytes } from '../support/cli.ts';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';

const CONFIG = `global
    stats socket {sock:admin} level admin
    stats socket {sock:operator} level operator
    nbthread 2
defaults base
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
    timeout queue 2s
frontend fe
    bind {addr:fe}
    default_backend be
backend be
    server s1 {addr:s1}
    server s2 {addr:s2} disabled
`;

async function running(t: Parameters<typeof start>[0]) {
  const [s1, s2] = [await origin(t, () => ({ body: 's1' })), await origin(t, () => ({ body: 's2' }))];
  return start(t, CONFIG, { ports: { s1, s2 } });
}

test('traffic sees a transaction at once: no request finds both servers out', async (t) => {
  const run = await running(t);
  let done = false;
  const statuses = new Map<string, number>();
  const client = async () => {
    while (!done) {
      const { status, body } = await get(run.port('fe'), '/');
      const seen = status === 200 ? String(body) : String(status);
      statuses.set(seen, (statuses.get(seen) ?? 0) + 1);
    }
  };
  const clients = [client(), client(), client(), client()];
  for (let i = 0; i < 40; i++) {
    const [out, into] = i % 2 === 0 ? ['s1', 's2'] : ['s2', 's1'];
    const answer = await run.cli(`begin; set server be/${out} state maint; set server be/${into} state ready; commit`);
    assert.match(answer, /: 2 changes made/);
  }
  done = true;
  await Promise.all(clients);
  assert.deepEqual([...statuses.keys()].sort(), ['s1', 's2'], JSON.stringify([...statuses]));
});

test('a connection that ends drops what it collected; others do not see it meanwhile', async (t) => {
  const run = await running(t);
  const client = await connect(t, run.sock('admin'));
  await client.send('prompt\nbegin\nset weight be/s1 7\nget weight be/s1\n');
  await client.through('1 (initial 1)');
  assert.equal(await run.cli('get weight be/s1'), '1 (initial 1)');
  client.close();
  assert.equal(await run.cli('get weight be/s1'), '1 (initial 1)');
  assert.equal(await run.cli('commit'), "No transaction is open on this connection; 'begin' opens one.");
});

test('mistakes are told, and nothing is done', async (t) => {
  const run = await running(t);
  const change = async (payload: string, socket = 'admin') =>
    JSON.parse(await cliBytes(run.sock(socket), `change <<\n${payload}\n\n`));
  const mistakes: [string, RegExp][] = [
    ['{', /^the payload is no JSON: /],
    ['[]', /^a request is an object with "changes"$/],
    ['{"changes":[]}', /^'changes' must be a list of at least one change$/],
    ['{"changes":[{"kind":"toString"}]}', /^change 1: this Sluice cannot make a change of kind 'toString'$/],
    [
      '{"changes":[{"kind":"server.state","backend":"be","server":"s1"}]}',
      /^change 1: 'to' of server\.state is missing$/,
    ],
    [
      '{"changes":[{"kind":"server.state","backend":"be","server":"s1","to":"up"}]}',
      /^change 1: 'to' of server\.state must be one of ready, drain, maint$/,
    ],
    ['{"changes":[{"kind":"backend.del","backend":5}]}', /^change 1: 'backend' of backend\.del must be a text/],
    [
      '{"changes":[{"kind":"backend.del","backend":"be","x":1}]}',
      /^change 1: unknown member 'x' of backend\.del; it has backend$/,
    ],
    ['{"changes":[{"kind":"backend.del","backend":"be"}],"meta":{"for":0}}', /^'for' must be a whole number/],
    [
      '{"changes":[{"kind":"backend.del","backend":"be"}],"mode":"now"}',
      /^'mode' must be 'apply', 'preview' or 'permit'$/,
    ],
  ];
  for (const [payload, expected] of mistakes) {
    const { ok, error } = await change(payload);
    assert.equal(ok, false);
    assert.match(error, expected);
  }
  const weight = '{"changes":[{"kind":"server.weight","backend":"be","server":"s1","weight":7,"percent":false}]';
  const denied = await change(`${weight}}`, 'operator');
  assert.equal(denied.error, 'server.weight needs level admin; this connection has operator');
  const previewed = await change(`${weight},"mode":"preview"}`);
  assert.deepEqual(
    [previewed.ok, previewed.operation, previewed.results[0].before, previewed.results[0].after],
    [true, null, '1', '7'],
  );
  assert.equal(await run.cli('get weight be/s1'), '1 (initial 1)');
  assert.match(
    await run.cli('begin; commit for ever'),
    /'for' expects a time such as 30m, not 'ever'; the transaction is still open/,
  );
  assert.equal(
    await run.cli('show journal'),
    'Trouble: none\nOnTrouble: refuse\nOverrides: 0\nLeases: 0\nConflicts: 0',
  );
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it, test } from 'node:test';
import { isHaproxy, start } from '../support/program.ts';
import { inNewerTerms, installedHaproxy, observe, type StateCase } from './server-state/observe.ts';

// State files: what a start takes over of the servers of a process before it. Recorded from HAProxy (server-state/record.ts).

const cases = JSON.parse(
  readFileSync(new URL('server-state/cases.json', import.meta.url), 'utf8'),
) as readonly StateCase[];

describe('a start with a state file', { concurrency: 3 }, () => {
  for (const one of cases) {
    it(one.name, async (t) => {
      const seen = await observe(t, one);
      const { says, rows } = isHaproxy ? inNewerTerms(seen) : seen;
      assert.deepEqual({ says, rows }, { says: one.says, rows: one.rows });
    });
  }
});

test('the recorded cases are what HAProxy does', {
  skip: (isHaproxy && 'is the program under test') || (installedHaproxy() === null && 'needs HAProxy 2.6'),
}, async (t) => {
  for (const one of cases) {
    const { says, rows } = inNewerTerms(await observe(t, one, installedHaproxy()!));
    assert.deepEqual({ says, rows }, { says: one.says, rows: one.rows }, one.name);
  }
});

test('what operators set is there again after a restart, and a reload leaves it alone', async (t) => {
  const config = (weight: number) => `
global
  stats socket {sock:admin} level admin
  server-state-file {dir}/all.state
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
  load-server-state-from-file global
frontend f
  bind {addr:f}
  default_backend be
backend be
  server up 127.0.0.1:1
  server drained 127.0.0.1:2
  server off 127.0.0.1:3 check inter 1h
  server lighter 127.0.0.1:4 weight ${weight}
  server down 127.0.0.1:5
  server tracks 127.0.0.1:6 track off
`;
  const before = await start(t, config(100));
  for (const command of [
    'set server be/drained state drain',
    'set server be/off state maint',
    'set server be/lighter weight 30',
    'set server be/down health down',
    'set server be/up addr 127.0.0.1 port 71',
  ])
    await before.cli(command);
  const saved = `${await before.cli('show servers state')}\n\n`;
  const states = (rows: Record<string, string>[]) =>
    rows.map((row) => ({ ...row, srv_time_since_last_change: '', srv_check_health: '' }));
  const wanted = states(await before.serversState());
  await before.stop();

  const run = await start(t, config(100), { files: { 'all.state': saved } });
  assert.deepEqual(states(await run.serversState()), wanted);
  const statuses = (await run.stat()).map((row) => `${row['svname']} ${row['status']} ${row['weight']}`);
  assert.deepEqual(statuses.slice(1, -1), [
    'up no check 1',
    'drained DRAIN 1',
    'off MAINT 1',
    'lighter no check 30',
    'down DOWN 1',
    'tracks MAINT (via be/off) 1',
  ]);
  if (isHaproxy) return;
  // The file is for starts: what was set since then is not undone by a reload.
  await run.cli('set server be/drained state ready');
  run.rewrite(config(100));
  await run.cli('reload');
  assert.equal((await run.row('be/drained'))['status'], 'no check');
});

test('what is no state file is told, and the start goes on', async (t) => {
  const text = `
global
  server-state-file {dir}
defaults
  mode http
  timeout client 1s
frontend f
  bind {addr:f}
  http-request return status 200
`;
  const run = await start(t, text);
  await run.output(/\[WARNING\].* config : config: Can't open global server state file '.*': not a regular file/);
});

/** The service in Sluice, and beside the installed HAProxy: real processes, one script. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import type { Run } from '../support/program.ts';
import { until } from '../support/wait.ts';
import { type Api, besideHaproxy, inSluice, withoutHaproxy } from './support/processes.ts';

const server = (name: string, port: number, more: object = {}) => ({ name, address: '127.0.0.1', port, ...more });

/** A pool is built in one transaction, then changed piece by piece. */
async function script({ ask, run }: Api): Promise<string> {
  const [, { id }] = await ask('POST', 'transactions?version=1');
  const within = `transaction_id=${id}`;
  await ask('POST', `configuration/backends?${within}`, { name: 'blue', balance: { algorithm: 'roundrobin' } });
  await ask('POST', `configuration/backends/blue/servers?${within}`, server('b1', run.port('a1')));
  await ask('POST', `configuration/frontends/web/acls/0?${within}`, {
    acl_name: 'b',
    criterion: 'path_beg',
    value: '/b',
  });
  await ask('POST', `configuration/frontends/web/backend_switching_rules/0?${within}`, {
    name: 'blue',
    cond: 'if',
    cond_test: 'b',
  });
  const [committed] = await ask('PUT', `transactions/${id}?force_reload=true`);
  assert.equal(committed, 200);
  const [weighed] = await ask(
    'PUT',
    'configuration/backends/app/servers/a1?version=2',
    server('a1', run.port('a1'), { weight: 33 }),
  );
  assert.equal(weighed, 200);
  const [added] = await ask('POST', 'configuration/backends/app/servers?version=3', server('a3', run.port('a2')));
  assert.equal(added, 201);
  const [gone] = await ask('DELETE', 'configuration/backends/app/servers/a2?version=4');
  assert.equal(gone, 204);
  const [refused, error] = await ask(
    'POST',
    'configuration/backends/app/servers?version=5',
    server('a4', 1, { resolvers: 'nobody' }),
  );
  assert.equal(refused, 400);
  assert.match(error.message, /^validation error: /);
  return readFileSync(run.file, 'utf8');
}

async function weightsOf(run: Run): Promise<Record<string, string>> {
  const rows = await run.serversState();
  return Object.fromEntries(rows.map((row) => [`${row['be_name']}/${row['srv_name']}`, row['srv_uweight']!]));
}

suite('the Data Plane API on real processes', () => {
  test(
    'one script gives the same file on Sluice and beside HAProxy, and both have it in force',
    withoutHaproxy,
    async (t) => {
      const [sluice, haproxy] = [await inSluice(t), await besideHaproxy(t)];
      const same = (text: string, { run }: Api) =>
        ['web', 'a1', 'a2'].reduce(
          (now, name) => now.replaceAll(`:${run.port(name)}`, `:${name}`),
          text.replace(run.sock('admin'), 'SOCK'),
        );
      const [one, other] = [await script(sluice), await script(haproxy)];
      assert.equal(same(one, sluice), same(other, haproxy));
      assert.match(one, /# rack 1\n {4}server a1 127\.0\.0\.1:\d+ {3}weight 33 # first\n {4}server a3 /);
      const weights = { 'app/a1': '33', 'app/a3': '1', 'blue/b1': '1' };
      assert.deepEqual(await weightsOf(sluice.run), weights);
      assert.deepEqual(await weightsOf(haproxy.run), weights);
    },
  );

  test('servers of a real HAProxy come, go and change their weights without a reload', withoutHaproxy, async (t) => {
    const { run, ask } = await besideHaproxy(t);
    const pid = (await run.info())['Pid'];
    let version = 1;
    for (let i = 0; i < 10; i++) {
      const path = 'configuration/backends/app/servers';
      const [added] = await ask('POST', `${path}?version=${version++}`, server(`n${i}`, 9000 + i));
      const [weighed] = await ask(
        'PUT',
        `${path}/n${i}?version=${version++}`,
        server(`n${i}`, 9000 + i, { weight: 7 }),
      );
      const [gone] = await ask('DELETE', `${path}/n${i}?version=${version++}`);
      assert.deepEqual([added, weighed, gone], [201, 200, 204]);
    }
    assert.deepEqual((await ask('GET', 'reloads'))[1], []);
    assert.equal((await run.info())['Pid'], pid);
  });

  test('a Sluice that is killed while it commits leaves the old file or the new one', async (t) => {
    const { run, ask } = await inSluice(t);
    const original = readFileSync(run.file, 'utf8');
    const writing = (async () => {
      for (let version = 1; ; version++)
        await ask(
          'PUT',
          `configuration/backends/app/servers/a1?version=${version}`,
          server('a1', run.port('a1'), { weight: version % 256 }),
        );
    })().catch(() => {});
    await until('some commits', async () => /_version=[4-9]/.test(readFileSync(run.file, 'utf8')));
    process.kill(run.pid, 'SIGKILL');
    // That it has ended is meant.
    await run.stop();
    await writing;
    const left = readFileSync(run.file, 'utf8');
    const version = Number(/^# _version=(\d+)\n/.exec(left)![1]);
    const expected = original.replace('weight 10 # first', `weight ${(version - 1) % 256} # first`);
    assert.equal(left, `# _version=${version}\n${expected}`);
  });
});

/** Services of a Consul and of EC2 in a running Sluice, and in the installed HAProxy: servers come and go without a reload. */

import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { fakeConsul } from '../discovery/support/consul.ts';
import { fakeEc2 } from '../discovery/support/ec2.ts';
import { until } from '../support/wait.ts';
import { type Api, besideHaproxy, inSluice, withoutHaproxy } from './support/processes.ts';

const ask = async ({ port }: Api, method: string, path: string, body?: object) => {
  const answer = await fetch(`http://127.0.0.1:${port}/v3/service_discovery/${path}`, {
    method,
    headers: { authorization: `Basic ${btoa('admin:secret')}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  assert.ok(answer.ok, `${answer.status} ${answer.statusText}`);
  return (await answer.json()) as { readonly id: string; readonly status: { readonly configuration: string } };
};

/** Tells that the file said `disabled` at the start, whatever has become of it (SRV_ADMF_CMAINT). */
const BY_FILE = 4;

/** `10.0.0.1:8080 128` of the servers of a backend that take traffic as far as the operator is concerned. */
async function inUse({ run }: Api, backend: string): Promise<string[]> {
  const rows = await run.serversState();
  return rows
    .filter((row) => row['be_name'] === backend && (Number(row['srv_admin_state']) & ~BY_FILE) === 0)
    .map((row) => `${row['srv_addr']}:${row['srv_port']} ${row['srv_uweight']}`)
    .sort();
}

async function becomes(api: Api, backend: string, ...expected: readonly string[]): Promise<void> {
  let seen: readonly string[] = [];
  await until(
    () => `${JSON.stringify(expected)}, but ${JSON.stringify(seen)}`,
    async () => JSON.stringify((seen = await inUse(api, backend))) === JSON.stringify(expected),
    { every: 50, ms: 15_000 },
  );
}

const host = (n: number) => ({ address: `127.0.1.${n}`, port: 8080 });

/** The life of a service, from the first instance to more than there are slots for, and back. */
async function life(context: TestContext, api: Api): Promise<number> {
  const consul = await fakeConsul(context);
  consul.set('app', [host(1), host(2)]);
  const { id } = await ask(api, 'POST', 'consul', {
    ...{ address: '127.0.0.1', port: consul.port, enabled: true, retry_timeout: 1, server_slots_base: 4 },
  });
  const backend = `consul-backend-127.0.0.1-${consul.port}-app`;
  await becomes(api, backend, '127.0.1.1:8080 128', '127.0.1.2:8080 128');
  await until('that is told', async () => (await ask(api, 'GET', `consul/${id}`)).status.configuration === 'in force');
  const reloads = ((await api.ask('GET', 'reloads'))[1] as readonly unknown[]).length;
  const pid = (await api.run.info())['Pid'];
  consul.set('app', [host(2), host(3)]);
  await becomes(api, backend, '127.0.1.2:8080 128', '127.0.1.3:8080 128');
  consul.set('app', [
    { ...host(2), weights: { Passing: 4, Warning: 1 } },
    { ...host(3), weights: { Passing: 1, Warning: 1 } },
  ]);
  await becomes(api, backend, '127.0.1.2:8080 128', '127.0.1.3:8080 32');
  const many = [1, 2, 3, 4, 5, 6];
  consul.set('app', many.map(host));
  await becomes(api, backend, ...many.map((n) => `127.0.1.${n}:8080 128`));
  consul.misbehave('error');
  consul.set('app', []);
  await until('it is told that Consul fails', async () =>
    /"failing"/.test(JSON.stringify(await ask(api, 'GET', `consul/${id}`))),
  );
  assert.equal((await inUse(api, backend)).length, 6);
  consul.misbehave(null);
  consul.set('app', [host(5)]);
  await becomes(api, backend, '127.0.1.5:8080 128');
  assert.equal((await api.run.info())['Pid'], pid, 'it is the same process');
  return ((await api.ask('GET', 'reloads'))[1] as readonly unknown[]).length - reloads;
}

suite('services of a Consul', () => {
  test('come, go and change their weights in a running Sluice', async (context) => {
    assert.equal(await life(context, await inSluice(context)), 0);
  });

  test(
    'do so in a real HAProxy, too, without a reload once their backend is there',
    withoutHaproxy,
    async (context) => {
      assert.equal(await life(context, await besideHaproxy(context)), 0);
    },
  );
});

suite('instances of EC2', () => {
  test('become servers of a running Sluice', async (context) => {
    const ec2 = await fakeEc2(context);
    ec2.keys.set('AKIATEST', { secret: 'secret' });
    process.env['AWS_ENDPOINT_URL_EC2'] = ec2.url;
    context.after(() => delete process.env['AWS_ENDPOINT_URL_EC2']);
    const machine = (n: number) => ({
      id: `i-${n}`,
      private: `127.0.2.${n}`,
      tags: { 'HAProxy:Service:Name': 'web', 'HAProxy:Service:Port': '80' },
    });
    ec2.machines = [machine(1), machine(2)];
    const api = await inSluice(context);
    await ask(api, 'POST', 'aws', {
      ...{ name: 'mine', region: 'eu-west-1', enabled: true, retry_timeout: 1, ipv4_address: 'private' },
      ...{ access_key_id: 'AKIATEST', secret_access_key: 'secret' },
    });
    await becomes(api, 'aws-eu-west-1-mine-web-80', '127.0.2.1:80 128', '127.0.2.2:80 128');
    ec2.machines = [machine(2), machine(3)];
    await becomes(api, 'aws-eu-west-1-mine-web-80', '127.0.2.2:80 128', '127.0.2.3:80 128');
  });
});

import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import type { AwsSettings } from '../../src/discovery/aws/settings.ts';
import { watchAws } from '../../src/discovery/aws/watch.ts';
import type { FoundService } from '../../src/discovery/found.ts';
import type { Pace } from '../../src/discovery/pace.ts';
import type { Watch } from '../../src/discovery/source.ts';
import { until } from '../support/wait.ts';
import { type FakeEc2, type FakeMachine, fakeEc2 } from './support/ec2.ts';

const PACE: Pace = { wait: 100, answer: 300, least: 1, retry: 10, longestRetry: 40, poll: 20 };

interface Looked {
  readonly ec2: FakeEc2;
  readonly watch: Watch;
  readonly lines: () => string[];
  readonly services: () => readonly FoundService[];
}

/** Variables are those of the whole process: these tests go one after the other. */
async function look(context: TestContext, options: Partial<AwsSettings> = {}): Promise<Looked> {
  const ec2 = await fakeEc2(context);
  ec2.keys.set('AKIATEST', { secret: 'key/with+signs' });
  setVariables(context, { AWS_ENDPOINT_URL_EC2: ec2.url, AWS_EC2_METADATA_SERVICE_ENDPOINT: ec2.url });
  const settings: AwsSettings = {
    ...{ name: 'mine', region: 'us-east-1', keyId: 'AKIATEST', secret: 'key/with+signs', addresses: 'private' },
    ...{ allow: [], deny: [] },
    ...options,
  };
  let services: readonly FoundService[] = [];
  const watch = watchAws(settings, PACE, (now) => (services = now));
  context.after(() => watch.stop());
  const lines = () =>
    services.map(({ backend, servers }) =>
      [backend, ...(servers ?? []).map(({ address, port }) => `${address}:${port}`)].join(' '),
    );
  return { ec2, watch, lines, services: () => services };
}

function setVariables(context: TestContext, variables: Record<string, string>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    context.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
}

const shows = (looked: Looked, ...expected: readonly string[]) =>
  until(
    () => `${JSON.stringify(expected)}, but ${JSON.stringify(looked.lines())}; ${JSON.stringify(looked.watch.status)}`,
    () => JSON.stringify(looked.lines()) === JSON.stringify(expected),
  );

const machine = (n: number, more: Record<string, string> = {}, others: Partial<FakeMachine> = {}): FakeMachine => ({
  id: `i-${n}`,
  private: `172.31.0.${n}`,
  tags: { 'HAProxy:Service:Name': 'app', 'HAProxy:Service:Port': '8080', ...more },
  ...others,
});

suite('instances of EC2', () => {
  test('are services by their tags, over all pages, with signed requests', async (context) => {
    const looked = await look(context);
    looked.ec2.page = 2;
    looked.ec2.machines = [
      machine(1),
      machine(2, { 'HAProxy:Instance:Port': '9090' }),
      machine(3, { 'HAProxy:Service:Name': 'db & more', 'HAProxy:Service:Port': '5432' }),
      machine(4, { 'HAProxy:Service:Name': 'db', 'HAProxy:Service:Port': '5432' }),
      machine(5, {}, { state: 'stopped' }),
      machine(6, {}, { tags: { 'HAProxy:Service:Name': 'app' } }),
      machine(7, { 'HAProxy:Instance:Port': 'http' }),
    ];
    await shows(
      looked,
      'aws-us-east-1-mine-app-8080 172.31.0.1:8080 172.31.0.2:9090',
      'aws-us-east-1-mine-db & more-5432',
      'aws-us-east-1-mine-db-5432 172.31.0.4:5432',
    );
    assert.deepEqual(looked.services()[0]!.leftOut, [`i-7: its port is 'http'`]);
    assert.equal(looked.services()[1]!.servers, null);
    assert.equal(looked.ec2.asked[0]!.get('Action'), 'DescribeInstances');
    assert.ok(looked.ec2.asked.some((form) => form.get('NextToken') === 'page-4'));
    looked.ec2.machines = [machine(1)];
    await shows(looked, 'aws-us-east-1-mine-app-8080 172.31.0.1:8080');
  });

  test('must match all filters that allow, and not all that deny', async (context) => {
    const looked = await look(context, {
      allow: [{ key: 'tag-key', value: 'Balanced' }],
      deny: [{ key: 'tag:Environment', value: 'development' }],
    });
    looked.ec2.machines = [
      machine(1),
      machine(2, { Balanced: 'yes' }),
      machine(3, { Balanced: 'yes', Environment: 'development' }),
      machine(4, { Balanced: 'yes', Environment: 'production' }),
    ];
    await shows(looked, 'aws-us-east-1-mine-app-8080 172.31.0.2:8080 172.31.0.4:8080');
  });

  test('with public addresses asked for, those without one are left out', async (context) => {
    const looked = await look(context, { addresses: 'public' });
    looked.ec2.machines = [machine(1), machine(2, {}, { public: '198.51.100.2' })];
    await shows(looked, 'aws-us-east-1-mine-app-8080 198.51.100.2:8080');
    assert.deepEqual(looked.services()[0]!.leftOut, ['i-1: it has no public IPv4 address']);
  });

  test('are asked for with the credentials of the environment, and else with those of the role of the machine', async (context) => {
    const own = { keyId: '', secret: '' };
    const byRole = await look(context, own);
    byRole.ec2.keys.set('ASIAROLE', { secret: 'role/secret', token: 'role token+=' });
    byRole.ec2.machines = [machine(1)];
    await shows(byRole, 'aws-us-east-1-mine-app-8080 172.31.0.1:8080');
    byRole.watch.stop();
    setVariables(context, { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 'env', AWS_SESSION_TOKEN: 'session' });
    const byEnvironment = await look(context, own);
    byEnvironment.ec2.keys.set('AKIAENV', { secret: 'env', token: 'session' });
    byEnvironment.ec2.machines = [machine(2)];
    await shows(byEnvironment, 'aws-us-east-1-mine-app-8080 172.31.0.2:8080');
  });

  const ways: readonly (readonly [NonNullable<FakeEc2['misbehave']>, RegExp])[] = [
    ['garbage', /the answer is no list of instances/],
    ['doctype', /document type/],
    ['deep', /the answer is no list of instances/],
    ['silent', /no whole answer within/],
    ['error', /status 503: Unavailable: The service is unavailable/],
    ['endless', /the same page comes again and again/],
  ];
  for (const [how, text] of ways)
    test(`stay as they were while EC2 misbehaves (${how}); that is told, and it goes on afterwards`, async (context) => {
      const looked = await look(context);
      looked.ec2.machines = [machine(1)];
      await shows(looked, 'aws-us-east-1-mine-app-8080 172.31.0.1:8080');
      looked.ec2.misbehave = how;
      await until('it fails', () => looked.watch.status.failures > 1);
      assert.match(looked.watch.status.error!, text);
      assert.deepEqual(looked.lines(), ['aws-us-east-1-mine-app-8080 172.31.0.1:8080']);
      looked.ec2.misbehave = null;
      looked.ec2.machines = [machine(1), machine(2)];
      await shows(looked, 'aws-us-east-1-mine-app-8080 172.31.0.1:8080 172.31.0.2:8080');
      assert.equal(looked.watch.status.state, 'working');
    });

  test('with a wrong key the reason is told', async (context) => {
    const looked = await look(context, { secret: 'another' });
    await until('it fails', () => looked.watch.status.state === 'failing');
    assert.match(looked.watch.status.error!, /status 401: AuthFailure: the signature does not fit/);
  });
});

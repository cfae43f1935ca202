import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import type { ConsulSettings } from '../../src/discovery/consul/settings.ts';
import { watchConsul } from '../../src/discovery/consul/watch.ts';
import type { FoundService } from '../../src/discovery/found.ts';
import { type Pace, retryPause, usualPace } from '../../src/discovery/pace.ts';
import type { Watch } from '../../src/discovery/source.ts';
import { pause, until } from '../support/wait.ts';
import { type FakeConsul, fakeConsul, type Misbehaviour } from './support/consul.ts';

const PACE: Pace = { wait: 60_000, answer: 200, least: 1, retry: 10, longestRetry: 40, poll: 30 };

interface Followed {
  readonly consul: FakeConsul;
  readonly watch: Watch;
  /** `app 10.0.0.1:80*128 ...` for each service that is known. */
  readonly lines: () => string[];
  readonly services: () => readonly FoundService[];
  readonly told: () => number;
}

async function follow(context: TestContext, options: Partial<ConsulSettings> = {}, pace = PACE): Promise<Followed> {
  const consul = await fakeConsul(context);
  const settings: ConsulSettings = {
    ...{ address: '127.0.0.1', port: consul.port, mode: 'http', token: '', namespace: '', allow: [], deny: [] },
    ...{ nameExpression: '', health: 'none', healthMin: 0 },
    ...options,
  };
  let services: readonly FoundService[] = [];
  let told = 0;
  const watch = watchConsul(settings, pace, (now) => {
    services = now;
    told++;
  });
  context.after(() => watch.stop());
  const lines = () =>
    services.map(({ name, servers }) =>
      [
        name,
        ...(servers ?? ['?']).map((one) =>
          typeof one === 'string' ? one : `${one.address}:${one.port}*${one.weight}`,
        ),
      ].join(' '),
    );
  return { consul, watch, lines, services: () => services, told: () => told };
}

const shows = (followed: Followed, ...expected: readonly string[]) =>
  until(
    () =>
      `${JSON.stringify(expected)}, but ${JSON.stringify(followed.lines())}; ${JSON.stringify(followed.watch.status)}`,
    () => JSON.stringify(followed.lines()) === JSON.stringify(expected),
  );

const becomes = ({ watch }: Followed, state: string) =>
  until(
    () => `${state}, but ${JSON.stringify(watch.status)}`,
    () => watch.status.state === state,
  );

const app = { address: '10.0.0.1', port: 8080 };
const other = { address: '10.0.0.2', port: 8080 };

suite('services of a Consul', () => {
  test('are told with their servers, and again when one comes or goes; Consul is not asked in between', async (context) => {
    const followed = await follow(context);
    const { consul } = followed;
    consul.set('app', [app]);
    await shows(followed, 'app 10.0.0.1:8080*128');
    await until('two questions are held', () => consul.held === 2);
    const asked = consul.asked.length;
    await pause(100);
    assert.equal(consul.asked.length, asked, 'nothing was asked while nothing was new');
    consul.set('app', [other, app]);
    await shows(followed, 'app 10.0.0.1:8080*128 10.0.0.2:8080*128');
    consul.set('db', [{ address: '', nodeAddress: '10.1.0.9', port: 5432 }]);
    await shows(followed, 'app 10.0.0.1:8080*128 10.0.0.2:8080*128', 'db 10.1.0.9:5432*128');
    consul.set('app', null);
    await shows(followed, 'db 10.1.0.9:5432*128');
    await until('the question about app is taken back', () => consul.held === 2);
    assert.equal(followed.watch.status.state, 'working');
  });

  test('token and namespace go with every question, an expression with that for the catalog', async (context) => {
    const followed = await follow(context, { token: 'secret', namespace: 'team', nameExpression: '^a.*\\d$' });
    followed.consul.set('a1', [app]);
    await shows(followed, 'a1 10.0.0.1:8080*128');
    for (const { path, query, token } of followed.consul.asked) {
      assert.equal(token, 'secret');
      assert.equal(query.get('ns'), 'team');
      assert.equal(query.get('filter'), path === '/v1/catalog/services' ? 'ServiceName matches `^a.*\\d$`' : null);
    }
  });

  test('are those of the list that allows, else all but those of the list that denies', async (context) => {
    const allowed = await follow(context, { allow: ['app', 'consul'], deny: ['app'] });
    const denied = await follow(context, { deny: ['app'] });
    for (const { consul } of [allowed, denied]) {
      consul.set('app', [app]);
      consul.set('db', [other]);
    }
    await shows(allowed, 'app 10.0.0.1:8080*128');
    await shows(denied, 'db 10.0.0.2:8080*128');
  });

  const checks: readonly (readonly [ConsulSettings['health'], number, string])[] = [
    ['none', 0, '1 2 3 4'],
    ['any', 0, '1 2'],
    ['all', 0, '1'],
    ['min', 2, '1 2'],
    ['min', 3, '2'],
  ];
  for (const [health, healthMin, expected] of checks)
    test(`with the health policy ${health} ${healthMin || ''} those stay whose checks are so`, async (context) => {
      const followed = await follow(context, { health, healthMin });
      followed.consul.set('app', [
        { address: '10.0.0.1', port: 80, checks: ['passing', 'passing'] },
        { address: '10.0.0.2', port: 80, checks: ['passing', 'critical', 'passing', 'passing'] },
        { address: '10.0.0.3', port: 80, checks: ['critical'] },
        { address: '10.0.0.4', port: 80, checks: [] },
      ]);
      await until('they are told', () => followed.services()[0]?.servers);
      const hosts = followed.services()[0]!.servers!.map(({ address }) => address.at(-1));
      assert.equal(hosts.join(' '), expected);
    });

  test('weights are in proportion to the highest one; a warning has its own', async (context) => {
    const followed = await follow(context);
    const weights = { Passing: 10, Warning: 1 };
    followed.consul.set('app', [
      { address: '10.0.0.1', port: 80, weights },
      { address: '10.0.0.2', port: 80, weights: { Passing: 5, Warning: 1 } },
      { address: '10.0.0.3', port: 80, weights, checks: ['passing', 'warning'] },
      { address: '10.0.0.4', port: 80, weights: { Passing: 10, Warning: 0 }, checks: ['warning'] },
    ]);
    await shows(followed, 'app 10.0.0.1:80*128 10.0.0.2:80*64 10.0.0.3:80*13 10.0.0.4:80*0');
  });

  test('what no server line can hold is left out, and told', async (context) => {
    const followed = await follow(context);
    followed.consul.set('app', [
      app,
      { address: 'a b', port: 80 },
      { address: '10.0.0.9', port: 0 },
      { address: '10.0.0.8', port: 99_999 },
    ]);
    followed.consul.set('my app', [app]);
    await shows(followed, 'app 10.0.0.1:8080*128', 'my app ?');
    const [first, second] = followed.services();
    assert.deepEqual(first!.leftOut, [
      `app-1: its address is 'a b'`,
      'app-2: its port is 0',
      'app-3: its port is 99999',
    ]);
    assert.match(second!.leftOut[0]!, /no backend can be called that/);
  });
});

suite('a Consul that misbehaves', () => {
  const ways: readonly (readonly [Exclude<Misbehaviour, null>, RegExp])[] = [
    ['silent', /no whole answer within/],
    ['garbage', /the answer is no JSON/],
    ['huge', /more than 8388608 bytes/],
    ['error', /status 500: rpc error: No cluster leader/],
    ['wrong form', /is no object|are no list/],
    ['filtered', /ACL token may/],
    ['cut', /cut before the answer|socket hang up/],
  ];
  for (const [how, text] of ways)
    test(`(${how}) changes nothing; that is told, and it goes on when it is well again`, async (context) => {
      // A long answer takes its time on a busy machine.
      const followed = await follow(context, {}, { ...PACE, wait: how === 'huge' ? 5000 : 200 });
      const { consul, watch } = followed;
      consul.set('app', [app]);
      await shows(followed, 'app 10.0.0.1:8080*128');
      const told = followed.told();
      consul.misbehave(how);
      await becomes(followed, 'failing');
      await until('it is tried more than once', () => watch.status.failures > 1);
      assert.match(watch.status.error!, text);
      assert.ok(Date.parse(watch.status.next_try!) > Date.parse(watch.status.last_success!));
      assert.equal(followed.told(), told, 'nothing else was told');
      consul.misbehave(null);
      consul.set('app', [app, other]);
      await shows(followed, 'app 10.0.0.1:8080*128 10.0.0.2:8080*128');
      await becomes(followed, 'working');
      assert.equal(watch.status.error, null);
    });

  test('that goes away and comes back is followed again', async (context) => {
    const followed = await follow(context);
    followed.consul.set('app', [app]);
    await shows(followed, 'app 10.0.0.1:8080*128');
    await followed.consul.close();
    await becomes(followed, 'failing');
    await until('nobody listens', () => /nobody listens there/.test(followed.watch.status.error ?? ''));
    await followed.consul.listen();
    followed.consul.set('app', [other]);
    await shows(followed, 'app 10.0.0.2:8080*128');
    await becomes(followed, 'working');
  });

  test('whose index goes back is asked anew', async (context) => {
    const followed = await follow(context);
    const { consul } = followed;
    consul.set('app', [app]);
    await until('it is followed', () => consul.held === 2);
    consul.resetIndex();
    await until(
      'it was asked without an index',
      () => consul.asked.filter(({ query }) => !query.has('index')).length >= 4,
    );
    consul.set('app', [other]);
    await shows(followed, 'app 10.0.0.2:8080*128');
    assert.equal(followed.watch.status.state, 'working');
  });

  for (const how of ['no index', 'not held'] as const)
    test(`(${how}) is asked no more often than the settings say`, async (context) => {
      const followed = await follow(context, {}, { ...PACE, poll: 50 });
      const { consul } = followed;
      consul.misbehave(how);
      consul.set('app', [app]);
      await shows(followed, 'app 10.0.0.1:8080*128');
      const before = consul.asked.length;
      await pause(300);
      const asked = consul.asked.length - before;
      assert.ok(asked >= 2 && asked <= 16, `${asked} questions within 300 ms, where two are asked every 50 ms`);
      consul.set('app', [other]);
      await shows(followed, 'app 10.0.0.2:8080*128');
    });

  test('is not asked any more once it is stopped', async (context) => {
    const { consul, watch, told } = await follow(context);
    consul.set('app', [app]);
    await until('it is followed', () => consul.held === 2);
    const before = told();
    watch.stop();
    await until('nothing is held', () => consul.held === 0);
    consul.set('app', [other]);
    await pause(50);
    assert.equal(told(), before);
    assert.equal(watch.status.state, 'stopped');
  });
});

suite('many services', () => {
  test('are all seen, though Consul is asked to hold few questions at once', async (context) => {
    const followed = await follow(context, {}, { ...PACE, answer: 5000, poll: 300 });
    const { consul } = followed;
    for (let i = 0; i < 150; i++) consul.set(`s${i}`, [{ address: `10.0.1.${i}`, port: 80 }]);
    await until('all are known', () => followed.services().filter(({ servers }) => servers !== null).length === 150);
    assert.ok(consul.held <= 65, `${consul.held} are held`);
    consul.set('s77', [{ address: '10.9.9.9', port: 80 }]);
    await until('the change is seen', () => followed.lines().includes('s77 10.9.9.9:80*128'));
  });
});

suite('the pause after failures', () => {
  test('doubles up to the longest, and is not the same for all who wait', () => {
    const pace = usualPace(10);
    const longest = Array.from({ length: 12 }, (_, i) => retryPause(pace, i + 1, () => 1));
    assert.deepEqual(longest.slice(0, 8), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    assert.equal(
      retryPause(pace, 3, () => 0),
      2000,
    );
    assert.equal(
      retryPause(usualPace(300), 1000, () => 1),
      300_000,
    );
  });
});

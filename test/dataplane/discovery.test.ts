/** Sources of services through the API: what they tell becomes backends. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import type { Pace } from '../../src/discovery/pace.ts';
import { type FakeConsul, fakeConsul } from '../discovery/support/consul.ts';
import { pause, until } from '../support/wait.ts';
import { startService, type TestService } from './support/service.ts';

const PACE: Pace = { wait: 60_000, answer: 300, least: 1, retry: 10, longestRetry: 40, poll: 50 };

const CONFIG = `global
    maxconn 100

defaults base
    mode http

frontend web
    bind 127.0.0.1:80
    default_backend app

backend app
    server a 127.0.0.1:1
`;

const PATH = '/v3/service_discovery/consul';
const source = (consul: FakeConsul, more: object = {}) => ({
  ...{ address: '127.0.0.1', port: consul.port, enabled: true, retry_timeout: 10 },
  ...more,
});

const app = { address: '10.0.0.1', port: 8080 };
const other = { address: '10.0.0.2', port: 8081 };

interface Set {
  readonly api: TestService;
  readonly consul: FakeConsul;
  /** Adds the source; its id. */
  add(more?: object): Promise<string>;
  // biome-ignore lint/suspicious/noExplicitAny: answers are compared with what is expected.
  status(id: string): Promise<any>;
  /** Lines of the backend of a service, names of slots left out. */
  slots(service: string): string[];
}

async function set(context: TestContext, config = CONFIG): Promise<Set> {
  const consul = await fakeConsul(context);
  const api = await startService(context, config, '', () => PACE);
  return {
    api,
    consul,
    async add(more) {
      const { status, json, text } = await api.ask('POST', PATH, { body: source(consul, more) });
      assert.equal(status, 201, text);
      return json.id as string;
    },
    status: async (id) => (await api.ask('GET', `${PATH}/${id}`)).json.status,
    slots(service) {
      const lines = api.text().split('\n');
      const start = lines.findIndex((line) =>
        line.startsWith(`backend consul-backend-127.0.0.1-${consul.port}-${service}`),
      );
      if (start < 0) return [];
      const length = lines.slice(start + 1).findIndex((line) => !/^\s+\S/.test(line));
      return lines
        .slice(start + 1, length < 0 ? undefined : start + 1 + length)
        .map((line) => line.trim().replace(/SRV_[A-Za-z0-9]{5}/, 'SRV'));
    },
  };
}

/** A slot that nothing is in, whatever the order of its options. */
const isSpare = (line = '') => /^server SRV 127\.0\.0\.1:80 .*\bdisabled\b/.test(line);

suite('a Consul as a source of services', () => {
  test('makes a backend for each service, fills its slots, and empties them', async (context) => {
    const { api, consul, add, slots, status } = await set(context);
    consul.set('app', [app]);
    const id = await add({ defaults: 'base' });
    await until('the backend', () => slots('app').length === 10);
    assert.match(api.text(), new RegExp(`backend consul-backend-127.0.0.1-${consul.port}-app from base\\n`));
    assert.equal(slots('app')[0], 'server SRV 10.0.0.1:8080 check weight 128');
    assert.equal(slots('app')[1], 'server SRV 127.0.0.1:80 check disabled weight 128');
    const names = api.text().match(/SRV_\w+/g);
    consul.set('app', [other, app]);
    await until('the second one', () => slots('app')[1]!.includes('10.0.0.2:8081'));
    consul.set('app', [other]);
    await until('the first one is gone', () => isSpare(slots('app')[0]));
    assert.equal(slots('app')[1], 'server SRV 10.0.0.2:8081 check weight 128');
    assert.deepEqual(api.text().match(/SRV_\w+/g), names, 'no slot has another name');
    consul.set('app', [
      { ...other, weights: { Passing: 2, Warning: 1 } },
      { ...app, weights: { Passing: 1, Warning: 1 } },
    ]);
    await until('the weights', () => slots('app').includes('server SRV 10.0.0.1:8080 check weight 64'));
    const told = await status(id);
    assert.equal(told.state, 'working');
    assert.equal(told.configuration, 'in force');
    assert.deepEqual(told.services, [
      { name: 'app', backend: `consul-backend-127.0.0.1-${consul.port}-app`, servers: 2 },
    ]);
    consul.set('app', null);
    await until('the backend is gone', () => slots('app').length === 0);
    assert.equal(
      api
        .text()
        .replace(/^# _version=\d+\n/, '')
        .trimEnd(),
      CONFIG.trimEnd(),
    );
  });

  test('grows by the settings', async (context) => {
    const { consul, add, slots } = await set(context);
    const many = (n: number) => Array.from({ length: n }, (_, i) => ({ address: `10.0.1.${i + 1}`, port: 80 }));
    consul.set('app', many(3));
    await add({ server_slots_base: 3, server_slots_growth_type: 'linear', server_slots_growth_increment: 4 });
    await until('four slots', () => slots('app').length === 4);
    consul.set('app', many(5));
    await until('eight slots', () => slots('app').length === 8);
  });

  test('leaves alone what others write into its backends, and gives new slots the options of the first', async (context) => {
    const { api, consul, add, slots } = await set(context);
    consul.set('app', [app]);
    await add({ server_slots_base: 2 });
    await until('the backend', () => slots('app').length === 2);
    const edited = api
      .text()
      .replace(
        /( {4}server SRV_\w+ 10.*)/,
        '    balance leastconn\n    server own 127.0.0.1:7 # mine\n$1 maxconn 50 # kept',
      );
    api.write(edited);
    consul.set('app', [app, other, { address: 'db.example.com', port: 1 }]);
    await until('the third one', () => slots('app').some((line) => line.includes('db.example.com')));
    assert.deepEqual(slots('app').slice(0, 3), [
      'balance leastconn',
      'server own 127.0.0.1:7 # mine',
      'server SRV 10.0.0.1:8080 check weight 128 maxconn 50 # kept',
    ]);
    assert.equal(slots('app').length, 6);
    const named = slots('app').find((line) => line.includes('db.example.com'))!;
    assert.match(named, /init-addr last,libc,none/);
    assert.match(slots('app')[5]!, /maxconn 50/);
  });

  test('whose service is gone, though its backend is used, keeps that without servers and says so', async (context) => {
    const { api, consul, add, slots, status } = await set(context);
    consul.set('app', [app]);
    const id = await add();
    await until('the backend', () => slots('app').length === 10);
    const backend = `consul-backend-127.0.0.1-${consul.port}-app`;
    api.write(api.text().replace('default_backend app', `default_backend ${backend}`));
    consul.set('app', null);
    await until('it is empty', () => isSpare(slots('app')[0]));
    const { notes } = await until('it is told', async () => ((await status(id)).notes ? await status(id) : null));
    assert.match(
      notes[backend],
      /the service is gone; the backend is kept without servers, because .*haproxy.cfg:\d+ names it/,
    );
    api.write(api.text().replace(`default_backend ${backend}`, 'default_backend app'));
    await until('it is gone, too, once nothing names it', () => slots('app').length === 0);
  });

  test('tells of a backend that cannot be edited, and goes on with the others', async (context) => {
    const { api, consul, add, slots, status } = await set(context);
    consul.set('app', [app]);
    consul.set('db', [other]);
    const id = await add();
    await until('the backends', () => slots('app').length === 10 && slots('db').length === 10);
    const backend = `consul-backend-127.0.0.1-${consul.port}-app`;
    api.write(`${api.text()}\nbackend ${backend}\n`);
    consul.set('app', [other]);
    consul.set('db', [app]);
    await until('the other one', () => slots('db').some((line) => line.includes('10.0.0.1:8080')));
    const note = await until('it is told', async () => (await status(id)).notes?.[backend]);
    assert.match(note, /^it cannot be edited: more than one backend is called/);
    assert.match(slots('app')[0]!, /10\.0\.0\.1:8080/);
  });

  test('puts right what others undo, and tells what hinders it', async (context) => {
    const { api, consul, add, slots, status } = await set(context);
    consul.set('app', [app]);
    const id = await add();
    await until('the backend', () => slots('app').length === 10);
    api.write(CONFIG);
    await until('it is there again', () => slots('app').length === 10);
    api.balancer.problems = [{ file: null, line: null, text: 'no more room' }];
    consul.set('app', [app, other]);
    await until('it is told', async () =>
      /not as the source tells: .*no more room/.test((await status(id)).configuration),
    );
    assert.equal((await status(id)).state, 'working', 'Consul itself answers');
    assert.ok(isSpare(slots('app')[1]));
    api.balancer.problems = [];
    await until('it goes on', () => slots('app')[1] === 'server SRV 10.0.0.2:8081 check weight 128');
    await until('that is told', async () => (await status(id)).configuration === 'in force');
  });

  test('tells that a reload is needed, and whether that failed', async (context) => {
    const { api, consul, add, slots, status } = await set(context);
    api.balancer.put = { outcome: 'reload', why: 'a new backend' };
    api.balancer.reloaded = { ok: false, text: 'no such interface' };
    consul.set('app', [app]);
    const id = await add();
    await until('the backend', () => slots('app').length === 10);
    await until('it is told', async () =>
      /^reload \S+ failed: no such interface/.test((await status(id)).configuration),
    );
  });

  test('that cannot be reached leaves everything as it is', async (context) => {
    const { api, consul, add, slots, status } = await set(context);
    consul.set('app', [app]);
    const id = await add();
    await until('the backend', () => slots('app').length === 10);
    const before = api.text();
    await consul.close();
    await until('it fails', async () => /nobody listens there/.test((await status(id)).error ?? ''));
    assert.equal((await status(id)).state, 'failing');
    assert.equal(api.text(), before);
    await consul.listen();
    consul.set('app', [other]);
    await until(
      'it goes on',
      () => slots('app')[0] === 'server SRV 10.0.0.2:8081 check weight 128' || slots('app')[1]?.includes('10.0.0.2'),
    );
  });
});

suite('sources of services in the API', () => {
  test('are kept where only the service reads them, told without secrets, and changed without them', async (context) => {
    const { api, consul, add } = await set(context);
    const id = await add({ token: '0123456789abcdef-0123', name: 'one' });
    assert.match(id, /^[0-9a-f-]{36}$/);
    const { json } = await api.ask('GET', `${PATH}/${id}`);
    assert.equal(json.token, '****************0123');
    assert.equal(json.mode, 'http');
    assert.equal(json.server_slots_base, 10);
    const folder = join(api.folder, 'dataplane/service_discovery');
    const [file] = readdirSync(folder);
    assert.equal(statSync(join(folder, file!)).mode & 0o777, 0o600);
    assert.match(readFileSync(join(folder, file!), 'utf8'), /"token":"0123456789abcdef-0123"/);
    await until('Consul is asked', () => consul.asked.length > 0);
    const asked = consul.asked.length;
    const { status } = await api.ask('PUT', `${PATH}/${id}`, { body: { ...json, namespace: 'n' } });
    assert.equal(status, 200);
    // A question of before may have been on its way.
    const anew = await until('it is asked anew', () =>
      consul.asked.slice(asked).find(({ query }) => query.get('ns') === 'n'),
    );
    assert.equal(anew.token, '0123456789abcdef-0123');
    const wrong = await api.ask('PUT', `${PATH}/${id}`, { body: { ...json, token: '****************9999' } });
    assert.equal(wrong.status, 400);
    assert.match(wrong.json.message, /token is masked/);
  });

  test('are not asked while they are not enabled; what they made stays, and goes on from there', async (context) => {
    const { api, consul, add, slots } = await set(context);
    consul.set('app', [app]);
    const id = await add();
    await until('the backend', () => slots('app').length === 10);
    const body = { ...source(consul), enabled: false };
    const { json } = await api.ask('PUT', `${PATH}/${id}`, { body });
    assert.deepEqual(json.status, { state: 'stopped', error: null });
    const before = api.text();
    const asked = consul.asked.length;
    consul.set('app', [other]);
    await pause(100);
    assert.equal(consul.asked.length, asked);
    assert.equal(api.text(), before);
    await api.ask('PUT', `${PATH}/${id}`, { body: { ...body, enabled: true } });
    await until('it goes on', () => slots('app').includes('server SRV 10.0.0.2:8081 check weight 128'));
    assert.equal((await api.ask('DELETE', `${PATH}/${id}`)).status, 204);
    assert.equal((await api.ask('GET', `${PATH}/${id}`)).status, 404);
    assert.equal(slots('app').length, 10, 'its backend stays');
  });

  test("do not take each other's backends", async (context) => {
    const { api, consul, add, slots, status } = await set(context);
    consul.set('app', [app]);
    await add({ service_denylist: ['db'] });
    await until('the backend', () => slots('app').length === 10);
    const second = await add({ service_allowlist: ['app'] });
    await until('it is told', async () => (await status(second)).notes);
    const notes = (await status(second)).notes as Record<string, string>;
    assert.match(Object.values(notes)[0]!, /^source [0-9a-f-]{36} has this backend$/);
    const again = await api.ask('POST', PATH, { body: source(consul) });
    assert.equal(again.status, 409);
    assert.match(again.json.message, /takes the same services from the same place already/);
  });

  test('are refused with the field that is wrong', async (context) => {
    const { api, consul } = await set(context);
    const cases: readonly (readonly [object, number, RegExp])[] = [
      [{ port: 70_000 }, 422, /port/],
      [{ retry_timeout: 0 }, 422, /retry_timeout/],
      [{ health_check_policy: 'most' }, 422, /health_check_policy/],
      [{ health_check_policy: 'min' }, 400, /health_check_policy_min is missing/],
      [{ address: 'a/b' }, 422, /address/],
      [{ servers: 1 }, 422, /servers/],
      [{ enabled: null }, 422, /enabled/],
    ];
    for (const [more, expected, text] of cases) {
      const { status, json } = await api.ask('POST', PATH, { body: source(consul, more) });
      assert.equal(status, expected, JSON.stringify(more));
      assert.match(json.message, text);
    }
    assert.deepEqual((await api.ask('GET', PATH)).json, []);
    assert.equal((await api.ask('PUT', `${PATH}/nobody`, { body: source(consul) })).status, 404);
  });
});

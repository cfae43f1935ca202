/** What published clients send, in the order in which they send it, to Sluice and beside the installed HAProxy. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { freePort } from '../support/ports.ts';
import type { Scope } from '../support/wait.ts';
import { type Api, besideHaproxy, HAPROXY, inSluice, withoutHaproxy } from './support/processes.ts';
import { startService } from './support/service.ts';

const SUBJECTS: readonly (readonly [string, (scope: Scope) => Promise<Api>, object])[] = [
  ['Sluice', inSluice, {}],
  [HAPROXY, besideHaproxy, withoutHaproxy],
];

/**
 * Terraform, provider cepitacio/haproxy with `api_version = "v3"`: a stack is one transaction; members that are not set are sent empty
 * (Go's zero values), some with names that the API does not have.
 */
async function terraformApply({ ask, run }: Api): Promise<void> {
  const [read, version] = await ask('GET', 'configuration/version');
  assert.equal(read, 200);
  const [begun, { id }] = await ask('POST', `transactions?version=${version}`);
  assert.equal(begun, 201);
  const within = `transaction_id=${id}`;
  const accepted = async (method: string, path: string, body?: unknown) => {
    const [status, answer] = await ask(method, `configuration/${path}?${within}`, body);
    assert.ok([200, 201, 202, 204].includes(status), `${method} ${path}: ${status} ${JSON.stringify(answer)}`);
  };
  await accepted('POST', 'backends', {
    name: 'tf_api',
    mode: 'http',
    adv_check: 'httpchk',
    http_connection_mode: '',
    server_timeout: 9000,
    check_timeout: 2000,
    connect_timeout: 3000,
    queue_timeout: 1000,
    tunnel_timeout: 5000,
    tarpit_timeout: 1000,
    checkcache: 'enabled',
    retries: 3,
    balance: { algorithm: 'roundrobin', url_param: '' },
    httpchk_params: { method: 'GET', uri: '/health', version: 'HTTP/1.1' },
    forwardfor: { enabled: 'enabled' },
  });
  for (const name of ['s1', 's2'])
    await accepted('POST', 'backends/tf_api/servers', {
      name,
      address: '127.0.0.1',
      port: run.port(name === 's1' ? 'a1' : 'a2'),
      check: 'enabled',
      inter: 2000,
      fall: 3,
      rise: 2,
      weight: 50,
    });
  await accepted('POST', 'frontends', {
    name: 'tf_web',
    default_backend: 'tf_api',
    mode: 'http',
    maxconn: 500,
    stats_options: {},
    monitor_fail: { cond: '', cond_test: '' },
  });
  await accepted('POST', 'frontends/tf_web/binds', { name: 'main', address: '127.0.0.1', port: await freePort() });
  const acl = { acl_name: 'is_api', index: 0, criterion: 'path_beg', value: '/api' };
  await accepted('POST', 'frontends/tf_web/acls/0', acl);
  const rule = { type: 'set-header', index: 0, hdr_name: 'X-Api', hdr_format: 'yes', cond: 'if', cond_test: 'is_api' };
  await accepted('POST', 'frontends/tf_web/http_request_rules/0', rule);
  const [committed, done] = await ask('PUT', `transactions/${id}`);
  assert.ok(committed === 200 || committed === 202, `${committed} ${JSON.stringify(done)}`);
  assert.equal(done.status, 'success');
}

/** The same provider changes what is there, and takes it away, each in a transaction. */
async function terraformChangeAndDestroy({ ask, run }: Api): Promise<void> {
  const within = async (work: (query: string) => Promise<void>) => {
    const [, version] = await ask('GET', 'configuration/version');
    const [, { id }] = await ask('POST', `transactions?version=${version}`);
    await work(`transaction_id=${id}`);
    const [status, answer] = await ask('PUT', `transactions/${id}`);
    assert.ok(status === 200 || status === 202, `${status} ${JSON.stringify(answer)}`);
  };
  await within(async (query) => {
    const body = { name: 's1', address: '127.0.0.1', port: run.port('a1'), check: 'enabled', weight: 80 };
    assert.equal((await ask('PUT', `configuration/backends/tf_api/servers/s1?${query}`, body))[0], 202);
  });
  const [, server] = await ask('GET', 'configuration/backends/tf_api/servers/s1');
  assert.deepEqual([server.weight, server.inter], [80, undefined]);
  await within(async (query) => {
    for (const path of [
      'frontends/tf_web/acls/0',
      'frontends/tf_web',
      'backends/tf_api/servers/s1',
      'backends/tf_api',
    ]) {
      const [status] = await ask('DELETE', `configuration/${path}?${query}`);
      assert.ok(status === 202 || status === 204, `${path}: ${status}`);
    }
  });
}

suite('published clients', () => {
  for (const [name, start, options] of SUBJECTS)
    test(`Terraform makes a stack, changes it and takes it away: ${name}`, options, async (t) => {
      const api = await start(t);
      const original = readFileSync(api.run.file, 'utf8');
      await terraformApply(api);
      const text = readFileSync(api.run.file, 'utf8');
      assert.match(text, /\nbackend tf_api\n[\s\S]*balance roundrobin\n/);
      assert.match(text, /\nfrontend tf_web\n[\s\S]*http-request set-header X-Api yes if is_api\n/);
      await terraformChangeAndDestroy(api);
      const left = readFileSync(api.run.file, 'utf8');
      assert.equal(left.replace(/^# _version=\d+\n/, '').trimEnd(), original.trimEnd());
    });

  for (const [name, start, options] of SUBJECTS)
    test(
      `Ansible (kube_cloud.haproxy) makes objects one by one, naming the version each time: ${name}`,
      options,
      async (t) => {
        const { ask } = await start(t);
        const version = async () => (await ask('GET', 'configuration/version'))[1] as number;
        // As Python writes a truth value.
        const backend = { name: 'ans_be', mode: 'http', balance: { algorithm: 'leastconn' }, error_files: [] };
        const made = await ask('POST', `configuration/backends?version=${await version()}&force_reload=True`, backend);
        assert.equal(made[0], 201);
        const frontend = { name: 'ans_fe', mode: 'http', default_backend: 'ans_be' };
        assert.equal(
          (await ask('POST', `configuration/frontends?version=${await version()}&force_reload=True`, frontend))[0],
          201,
        );
        const bind = { name: 'b', address: '127.0.0.1', port: await freePort() };
        const path = `configuration/frontends/ans_fe/binds?version=${await version()}&force_reload=True`;
        assert.equal((await ask('POST', path, bind))[0], 201);
        const [, listed] = await ask('GET', 'configuration/backends');
        assert.ok(listed.some((one: { name: string }) => one.name === 'ans_be'));
        assert.equal(
          (await ask('DELETE', `configuration/frontends/ans_fe?version=${await version()}&force_reload=True`))[0],
          204,
        );
        assert.equal(
          (await ask('DELETE', `configuration/backends/ans_be?version=${await version()}&force_reload=True`))[0],
          204,
        );
      },
    );

  test('find in errors the words that they look for before they try again', async (t) => {
    const { ask } = await startService(t, 'backend a\n');
    const stale = await ask('POST', 'transactions?version=9');
    assert.deepEqual([stale.json.code, /version mismatch/.test(stale.json.message)], [409, true]);
    const none = await ask('POST', 'configuration/backends?transaction_id=gone', { body: { name: 'b' } });
    assert.deepEqual([none.json.code, /transaction does not exist/.test(none.json.message)], [400, true]);
    const neither = await ask('POST', 'configuration/backends', { body: { name: 'b' } });
    assert.match(neither.json.message, /version or transaction not specified/);
    const [first, second] = [await ask('POST', 'transactions?version=1'), await ask('POST', 'transactions?version=1')];
    await ask('PUT', `transactions/${first.json.id}`);
    const late = await ask('PUT', `transactions/${second.json.id}`);
    assert.equal(late.json.code, 406);
    assert.match(late.json.message, /transaction .* is outdated and cannot be committed/);
  });

  test('learn the names of fields that there are none of, and nothing is done', async (t) => {
    const { ask, text } = await startService(t, 'backend a\n');
    const body = { name: 's1', address: '10.0.0.1', wieght: 3, stuff: { a: 1 }, metadata: {} };
    const path = 'configuration/backends/a/servers?version=1';
    const { status, json } = await ask('POST', path, { body });
    assert.deepEqual([status, json.field], [422, 'wieght']);
    assert.equal(json.message, "wieght (did you mean 'weight'?), stuff are fields that there is not");
    assert.equal(text(), 'backend a\n');
    const list = await ask('PUT', 'configuration/backends/a/acls?version=1', {
      body: [{ acl_name: 'x', criterion: 'src', vaule: '10.0.0.1' }],
    });
    assert.deepEqual([list.status, list.json.field], [422, '0/vaule']);
    // A switch that is off says nothing.
    const { wieght: _, stuff: __, ...known } = body;
    assert.equal((await ask('POST', path, { body: { ...known, no_such_switch: false } })).status, 201);
    assert.match(text(), /server s1 10\.0\.0\.1\n$/);
  });
});

/** Operations over the Data Plane API: on a Sluice that has one, and on the installed HAProxy with the service beside it. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { until } from '../support/wait.ts';
import { type Api, besideHaproxy, CONFIG, inSluice, withoutHaproxy } from './support/processes.ts';

const SLUICE = join(import.meta.dirname, '../../bin/sluice');
const LOGIN = { SLUICE_API_USER: 'admin', SLUICE_API_PASSWORD: 'secret' };

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function sluice(words: readonly string[], env: Readonly<Record<string, string>> = LOGIN): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(SLUICE, words, { env: { ...process.env, ...env } }, (error, out, err) =>
      resolve({ code: (error as { readonly code?: number } | null)?.code ?? 0, out, err }),
    );
  });
}

const url = ({ port }: Api) => `http://127.0.0.1:${port}`;

async function weight({ run }: Api, server: string): Promise<string | undefined> {
  return (await run.serversState()).find((row) => row['srv_name'] === server)?.['srv_uweight'];
}

const state = async ({ run }: Api, server: string) =>
  Number((await run.serversState()).find((row) => row['srv_name'] === server)!['srv_admin_state']);

/** What an operator does, and what must come of it on either. */
async function shift(api: Api, product: string): Promise<void> {
  const done = async (...words: readonly string[]): Promise<string> => {
    const { code, out, err } = await sluice(['remote', url(api), ...words]);
    assert.equal(code, 0, `${words.join(' ')}: ${out}${err}`);
    return out;
  };
  assert.match(await done('status'), new RegExp(`: ${product} [\\s\\S]*backend app[\\s\\S]*a1 +ready`));
  assert.match(await done('weight', 'app/a1', '33', '--reason', 'bigger machine'), /app\/a1 weight: 10 -> 33/);
  assert.equal(await weight(api, 'a1'), '33');
  assert.match(await done('history'), /admin {2}app\/a1 weight {2}10 -> 33/);
  await done('undo');
  assert.equal(await weight(api, 'a1'), '10');
  await done('drain', 'app/a1', '--wait', '--timeout', '5s');
  assert.equal(await state(api, 'a1'), 8);
  const refused = await sluice(['remote', url(api), 'maint', 'app/a2', '--yes']);
  assert.equal(refused.code, 3, 'the last server that takes traffic is guarded');
  assert.match(refused.err, /no server of app would take traffic|app would have no|usable/);
  await done('ready', 'app/a1');
  assert.equal(await state(api, 'a1'), 0);
  await done('weight', 'app/a2', '7', '--for', '3s');
  assert.equal(await weight(api, 'a2'), '7');
  assert.match(await done('leases'), /weight app\/a2 7/);
  await until('it is taken back', async () => (await weight(api, 'a2')) === '10', { ms: 30_000 });
  const { events } = await json(api, 'weight', 'app/a2', '50%', '--dry-run');
  assert.equal(events.at(-1)!['ok'], true);
  assert.equal(await weight(api, 'a2'), '10');
}

async function json(api: Api, ...words: readonly string[]) {
  const { out } = await sluice([...words, '--json', '--target', url(api)]);
  return {
    events: out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

async function maps(context: TestContext, make: typeof inSluice): Promise<void> {
  const config = CONFIG.replace(
    'default_backend app',
    'http-request set-header x %[path,map({dir}/hosts.map)]\n    default_backend app',
  );
  const api = await make(context, config, { files: { 'hosts.map': 'a 1\nb 2\n' } });
  const file = join(api.run.dir, 'hosts.map');
  const wanted = join(api.run.dir, 'wanted.map');
  const entries = Array.from({ length: 5000 }, (_, i) => `/key${i} ${i}\n`).join('');
  writeFileSync(wanted, entries);
  const { code, err } = await sluice(['map', 'import', file, wanted, '--yes', '--target', url(api)]);
  assert.equal(code, 0, err);
  const shown = await api.run.cli(`show map ${file}`);
  assert.equal(shown.trim().split('\n').length, 5000);
  assert.match(shown, / \/key4999 4999$/m);
}

/** What is set of maps and ACLs is saved in files of that machine, with the configuration or by itself. */
async function savedMaps(context: TestContext, make: typeof inSluice): Promise<void> {
  const config = CONFIG.replace(
    'default_backend app',
    [
      'http-request set-header x %[path,map({dir}/hosts.map)]',
      'http-request set-header y %[path,map({dir}/long.map)]',
      'http-request deny if { path -f {dir}/paths.acl }',
      'default_backend app',
    ].join('\n    '),
  );
  const texts = { 'hosts.map': '# ours\na 1\nb 2\n', 'long.map': 'x 1\n', 'paths.acl': '/a\n/b\n' };
  const api = await make(context, config, { files: texts });
  const done = async (...words: readonly string[]): Promise<string> => {
    const { code, out, err } = await sluice([...words, '--target', url(api)]);
    assert.equal(code, 0, `${words.join(' ')}: ${out}${err}`);
    return out;
  };
  const path = (name: string) => join(api.run.dir, name);
  const text = (name: string) => readFileSync(path(name), 'utf8');
  const change = async (changes: readonly object[], operation: string) => {
    const answer = await fetch(`${url(api)}/v3/sluice/apply`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('admin:secret')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ changes, meta: { operation, title: 'test' } }),
    });
    const { ok, text: why } = (await answer.json()) as { readonly ok: boolean; readonly text: string };
    assert.equal(ok, true, why);
  };
  await change(
    [
      { kind: 'map.set', map: path('hosts.map'), key: 'b', value: '3' },
      { kind: 'map.add', map: path('hosts.map'), key: 'c', value: '4' },
      { kind: 'acl.del', acl: path('paths.acl'), pattern: '/a' },
    ],
    'op-00000001',
  );
  const shown = await done('diff');
  for (const line of [/hosts\.map:3\n- b 2/, /\+ b 3/, /\+ c 4/, /paths\.acl:1\n- \/a/]) assert.match(shown, line);
  assert.match(await done('save', '--dry-run'), /hosts\.map/);
  assert.equal(text('hosts.map'), texts['hosts.map'], 'looking changes nothing');
  assert.match(await done('save'), /hosts\.map/);
  assert.equal(text('hosts.map'), '# ours\na 1\nb 3\nc 4\n');
  assert.equal(text('paths.acl'), '/b\n');
  assert.doesNotMatch(readFileSync(api.run.file, 'utf8'), /_version/, 'the configuration is as it was');
  assert.match(await done('save'), /nothing is set that the files do not say/);
  // A list that is too long to be told in the journal, together with the configuration.
  const wanted = path('wanted.map');
  writeFileSync(wanted, Array.from({ length: 5000 }, (_, i) => `/key${i} ${i}\n`).join(''));
  await done('map', 'import', path('long.map'), wanted, '--yes');
  await done('weight', 'app/a1', '33');
  await done('save');
  assert.equal(text('long.map').split('\n').length, 5001);
  assert.match(readFileSync(api.run.file, 'utf8'), /weight 33/);
  // Nothing of it is written when the files of the configuration have become others.
  await change([{ kind: 'map.add', map: path('hosts.map'), key: 'd', value: '5' }], 'op-00000002');
  const answer = await fetch(`${url(api)}/v3/sluice/files`, {
    method: 'PUT',
    headers: { authorization: `Basic ${btoa('admin:secret')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ version: 1, texts: ['global\n'], stores: [path('hosts.map')] }),
  });
  assert.equal(answer.status, 409, await answer.text());
  assert.equal(text('hosts.map'), '# ours\na 1\nb 3\nc 4\n');
}

async function files(context: TestContext, make: typeof inSluice): Promise<void> {
  const api = await make(context);
  const done = async (...words: readonly string[]): Promise<string> => {
    const { code, out, err } = await sluice([...words, '--target', url(api)]);
    assert.equal(code, 0, `${words.join(' ')}: ${out}${err}`);
    return out;
  };
  const text = () => readFileSync(api.run.file, 'utf8');
  await done('weight', 'app/a1', '33');
  assert.match(await done('diff'), /\+ server a1 .* {3}weight 33 # first/);
  await done('save');
  assert.match(text(), /^# _version=2\n[\s\S]*weight 33 # first$/m);
  assert.equal(await weight(api, 'a1'), '33');
  const wanted = join(api.run.dir, 'wanted.cfg');
  writeFileSync(
    wanted,
    text()
      .replace(/^# _version=2\n/, '')
      .replace('weight 33', 'weight 44'),
  );
  assert.match(await done('plan', wanted), /live/);
  await done('apply', wanted, '--yes');
  assert.equal(await weight(api, 'a1'), '44');
  assert.match(text(), /^# _version=3\n[\s\S]*weight 44 # first$/m);
  assert.match(await done('apply', wanted, '--yes'), /nothing|no difference|done/);
  assert.match(text(), /^# _version=3\n/);
  writeFileSync(api.run.file, text().replace('weight 44', 'weight 55'));
  await done('reload');
  assert.equal(await weight(api, 'a1'), '55');
  writeFileSync(wanted, text().replace('balance roundrobin', 'balance nonsense'));
  const refused = await sluice(['apply', wanted, '--yes', '--target', url(api)]);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /line=\d+ msg="balance only supports/);
  assert.match(text(), /balance roundrobin/);
}

suite('operations over the Data Plane API', { concurrency: 2 }, () => {
  test('work on a Sluice', async (context) => shift(await inSluice(context), 'sluice'));
  test('work on a real HAProxy', withoutHaproxy, async (context) => shift(await besideHaproxy(context), 'haproxy'));
  test('change maps of a Sluice', (context) => maps(context, inSluice));
  test('change maps of a real HAProxy', withoutHaproxy, (context) => maps(context, besideHaproxy));

  test('save maps and ACLs of a Sluice', (context) => savedMaps(context, inSluice));
  test('save those of a real HAProxy', withoutHaproxy, (context) => savedMaps(context, besideHaproxy));

  test('save, compare, apply and load the configuration of a Sluice', (context) => files(context, inSluice));
  test('save, compare, apply and load that of a real HAProxy', withoutHaproxy, (context) =>
    files(context, besideHaproxy),
  );

  for (const [name, make, options] of [
    ['a Sluice', inSluice, {}],
    ['a real HAProxy', besideHaproxy, withoutHaproxy],
  ] as const)
    test(`do no more than the policy lets the user of the API do, on ${name}`, options, async (context) => {
      const policy = 'version: 1\nrules:\n  - allow: [weight]\n    who: [user:admin]\n    on: [app/a1]\n';
      const api = await make(context, CONFIG, { policy });
      const of = (...words: readonly string[]) => sluice([...words, '--target', url(api)]);
      assert.equal((await of('weight', 'app/a1', '12')).code, 0);
      const other = await of('weight', 'app/a2', '12');
      assert.equal(other.code, 3, other.out + other.err);
      assert.match(other.err, /policy|admin/);
      assert.equal((await of('drain', 'app/a1')).code, 3);
      assert.notEqual((await of('reload')).code, 0);
      // What the policy does not allow is not to be had by an edit of the file either.
      const before = readFileSync(api.run.file, 'utf8');
      for (const body of [{ weight: 77 }, { weight: 10, cookie: 'a' }]) {
        const path = 'configuration/backends/app/servers/a2?version=1';
        const [status, answer] = await api.ask('PUT', path, {
          name: 'a2',
          address: '127.0.0.1',
          port: api.run.port('a2'),
          ...body,
        });
        assert.equal(status, 403, JSON.stringify(answer));
        assert.match(answer.message, /Not allowed: /);
      }
      const answer = await fetch(
        `${url(api)}/v3/services/haproxy/configuration/raw?skip_version=true&skip_reload=true`,
        {
          method: 'POST',
          headers: { authorization: `Basic ${btoa('admin:secret')}`, 'content-type': 'text/plain' },
          body: before.replace('weight 10', 'weight 99'),
        },
      );
      assert.equal(answer.status, 400, await answer.text());
      assert.equal(readFileSync(api.run.file, 'utf8'), before);
      assert.deepEqual([await weight(api, 'a1'), await weight(api, 'a2'), await state(api, 'a1')], ['12', '10', 0]);
    });

  test('go to several load balancers at once', withoutHaproxy, async (context) => {
    const [one, other] = [await inSluice(context), await besideHaproxy(context)];
    const { code, out, err } = await sluice(['weight', 'app/a1', '33', '--target', url(one), '--target', url(other)]);
    assert.equal(code, 0, out + err);
    assert.deepEqual([await weight(one, 'a1'), await weight(other, 'a1')], ['33', '33']);
    const operation = /sluice undo (op-\S+)/.exec(out)![1]!;
    assert.equal((await sluice(['undo', operation, '--target', url(one), '--target', url(other)])).code, 0);
    assert.deepEqual([await weight(one, 'a1'), await weight(other, 'a1')], ['10', '10']);
  });

  test('tell why they cannot be done', async (context) => {
    const api = await inSluice(context);
    const cases: readonly (readonly [readonly string[], Record<string, string>, number, RegExp])[] = [
      [
        ['remote', url(api), 'status'],
        { SLUICE_API_USER: 'admin', SLUICE_API_PASSWORD: 'wrong' },
        3,
        /unauthenticated.*set SLUICE_API_USER and SLUICE_API_PASSWORD/,
      ],
      [
        ['remote', `http://admin:secret@127.0.0.1:${api.port}`, 'status'],
        {},
        2,
        /a password does not belong into an address/,
      ],
      [['remote', 'http://127.0.0.1:1', 'status'], LOGIN, 4, /nobody listens there/],
      [['status', '--target', 'https://lb/path'], LOGIN, 2, /no address of a Data Plane API/],
      [['remote', 'lb1', 'status'], LOGIN, 1, /usage: sluice remote/],
      [['remote', url(api), 'weight', 'app/a9', '1'], LOGIN, 2, /a9/],
      [['runtime', '--target', url(api), 'show', 'info'], LOGIN, 1, /a connection of one's own is not to be had/],
      [['send', url(api), 'show info'], LOGIN, 2, /that is the address of a Data Plane API/],
    ];
    for (const [words, env, code, text] of cases) {
      const ended = await sluice(words, env);
      assert.equal(ended.code, code, `${words.join(' ')}: ${ended.out}${ended.err}`);
      assert.match(ended.err, text);
    }
  });

  test('take who asks from files, for targets by name', async (context) => {
    const api = await inSluice(context);
    const password = join(api.run.dir, 'password');
    writeFileSync(password, 'secret\n');
    const targets = join(api.run.dir, 'targets.json');
    writeFileSync(targets, JSON.stringify({ lb1: { address: url(api), user: 'admin', passwordFile: password } }));
    const { code, out, err } = await sluice(['weight', 'app/a1', '5', '--target', 'lb1'], { SLUICE_TARGETS: targets });
    assert.equal(code, 0, out + err);
    assert.equal(await weight(api, 'a1'), '5');
  });

  test('say so when the service is another one', async (context) => {
    const server = createServer((_request, response) =>
      response
        .writeHead(404, { 'content-type': 'application/json' })
        .end('{"code":404,"message":"path /v3/sluice was not found"}'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    context.after(() => server.close());
    const { code, err } = await sluice([
      'remote',
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      'status',
    ]);
    assert.equal(code, 4);
    assert.match(err, /is no Data Plane API of Sluice/);
  });
});

suite('what operations need of the Data Plane API', () => {
  test('reads only where it says so, and takes no Change that is none', async (context) => {
    const api = await inSluice(context);
    const post = async (path: string, body: unknown) => {
      const answer = await fetch(`${url(api)}/v3/sluice/${path}`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa('admin:secret')}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return [answer.status, (await answer.json()) as { readonly message?: string }] as const;
    };
    for (const words of [
      ['set', 'weight', 'app/a1', '1'],
      ['show', 'events', 'x', '-w'],
      ['shutdown', 'session', '1'],
    ])
      assert.equal((await post('ask', { words }))[0], 400, words.join(' '));
    const meta = { operation: 'op-1', title: 'test' };
    const [status, { message }] = await post('apply', {
      changes: [{ kind: 'server.weight', backend: 'app', server: 'a1' }],
      meta,
    });
    assert.equal(status, 422);
    assert.match(message!, /^change 1: 'weight' of server.weight is missing$/);
    assert.equal((await post('apply', { changes: [{ kind: 'server.life' }], meta }))[0], 422);
    assert.equal((await post('apply', { changes: [], meta }))[0], 422);
    assert.equal(
      (await post('apply', { changes: [{ kind: 'config.reload' }], meta: { ...meta, operation: '../x' } }))[0],
      422,
    );
    assert.equal(await weight(api, 'a1'), '10');
  });
});

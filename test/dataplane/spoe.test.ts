import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { Scope } from '../support/wait.ts';
import { besideHaproxy, withoutHaproxy } from './support/processes.ts';
import { startService, type TestService } from './support/service.ts';

const FILE = `# Of the team that looks at addresses.
[ip-rep]
spoe-agent iprep
    messages  get-rep   # one
    groups g1
    option var-prefix rep
    timeout processing 10ms
    max-frame-size 4096
    use-backend iprep-servers
    unheard of

# What is asked.
spoe-message get-rep
    args ip=src
    event on-client-session if ! { src 10.0.0.1 }

spoe-group g1
    messages get-rep

# The other engine.
[other]
spoe-agent o
    messages m
`;

const AGENT = {
  name: 'iprep',
  messages: 'get-rep',
  groups: 'g1',
  'option_var-prefix': 'rep',
  processing_timeout: 10,
  'max-frame-size': 4096,
  'use-backend': 'iprep-servers',
};

interface Files extends TestService {
  readonly file: string;
  /** A request below the file's path. */
  of(method: string, path: string, body?: unknown): ReturnType<TestService['ask']>;
}

async function withFile(scope: Scope, config = 'backend a\n'): Promise<Files> {
  const service = await startService(scope, config);
  const stored = await upload(service, 'rep.cfg', FILE);
  assert.equal(stored.status, 201);
  const file = join(service.folder, 'spoe/rep.cfg');
  assert.equal(stored.json, file);
  return {
    ...service,
    file,
    of: (method, path, body) =>
      service.ask(method, `spoe/spoe_files/rep.cfg${path}`, body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}

function upload({ ask }: TestService, name: string, content: string) {
  const part = `--x\r\nContent-Disposition: form-data; name="file_upload"; filename="${name}"\r\n\r\n${content}\r\n--x--\r\n`;
  return ask('POST', 'spoe/spoe_files', { body: part, type: 'multipart/form-data; boundary=x' });
}

suite('SPOE files', () => {
  test('are stored, listed, told and deleted', async (t) => {
    const files = await withFile(t);
    const { ask, file } = files;
    assert.equal((await upload(files, 'rep.cfg', FILE)).status, 409);
    assert.deepEqual((await ask('GET', 'spoe/spoe_files')).json, [file]);
    assert.deepEqual((await ask('GET', 'spoe/spoe_files/rep.cfg')).json, { data: file, _version: 1 });
    assert.equal((await ask('GET', 'spoe/spoe_files/none.cfg')).status, 404);
    assert.equal(readFileSync(file, 'utf8'), FILE);
    files.write(`frontend f\n    filter spoe engine ip-rep config ${file}\n`);
    const refused = await ask('DELETE', 'spoe/spoe_files/rep.cfg');
    assert.equal(refused.status, 409);
    assert.match(refused.json.message, /is named at .*haproxy\.cfg:2/);
    files.write('backend a\n');
    assert.equal((await ask('DELETE', 'spoe/spoe_files/rep.cfg')).status, 204);
    assert.deepEqual((await ask('GET', 'spoe/spoe_files')).json, []);
  });

  test('are read by scope and section', async (t) => {
    const { of, ask } = await withFile(t);
    const scopes = await of('GET', '/scopes');
    assert.deepEqual(scopes.json, ['[ip-rep]', '[other]']);
    assert.equal(scopes.headers['configuration-version'], '1');
    assert.equal((await of('GET', '/scopes/%5Bip-rep%5D')).json, '[ip-rep]');
    assert.equal((await of('GET', '/scopes/ip-rep')).json, '[ip-rep]');
    assert.equal((await of('GET', '/scopes/nothing')).status, 404);
    assert.deepEqual((await of('GET', '/scopes/[ip-rep]/agents')).json, [AGENT]);
    assert.deepEqual((await of('GET', '/scopes/ip-rep/agents/iprep')).json, AGENT);
    assert.deepEqual((await of('GET', '/scopes/ip-rep/messages/get-rep')).json, {
      name: 'get-rep',
      args: 'ip=src',
      event: { name: 'on-client-session', cond: 'if', cond_test: '! { src 10.0.0.1 }' },
    });
    assert.deepEqual((await of('GET', '/scopes/ip-rep/groups')).json, [{ name: 'g1', messages: 'get-rep' }]);
    assert.deepEqual((await of('GET', '/scopes/other/groups')).json, []);
    assert.deepEqual((await of('GET', '/scopes/nothing/groups')).json, []);
    assert.equal((await of('GET', '/scopes/ip-rep/groups/g2')).status, 404);
    assert.equal((await ask('GET', 'spoe/rep.cfg/version')).json, 1);
  });

  test('an edit changes the lines that it must, and the version of the file alone', async (t) => {
    const { of, ask, file, balancer, text } = await withFile(t);
    const body = { ...AGENT, 'max-frame-size': 8192, async: 'disabled', log: [{ global: true }] };
    const put = await of('PUT', '/scopes/ip-rep/agents/iprep?version=1', body);
    assert.equal(put.status, 200);
    assert.deepEqual(put.json, body);
    assert.equal(put.headers['configuration-version'], '2');
    assert.equal(
      readFileSync(file, 'utf8'),
      `# _version=2\n${FILE}`
        .replace('frame-size 4096', 'frame-size 8192')
        .replace('iprep-servers\n', 'iprep-servers\n    log global\n    no option async\n'),
    );
    assert.equal((await ask('GET', 'configuration/version')).json, 1);
    assert.equal(text(), 'backend a\n');
    // Nothing names the file: there is nothing to reload.
    assert.equal(put.headers['reload-id'], undefined);
    assert.equal(balancer.reloads, 0);
    assert.equal((await of('PUT', '/scopes/ip-rep/agents/iprep?version=1', body)).status, 409);
    assert.equal((await of('PUT', '/scopes/ip-rep/agents/iprep', body)).status, 400);
    const renamed = await of('PUT', '/scopes/ip-rep/agents/iprep?version=2', { ...body, name: 'x' });
    assert.deepEqual([renamed.status, renamed.json.field], [400, 'name']);
  });

  test('scopes and sections are added and removed', async (t) => {
    const { of, file } = await withFile(t);
    assert.equal((await of('POST', '/scopes?version=1', '[new]')).status, 201);
    assert.equal((await of('POST', '/scopes?version=2', 'new')).status, 409);
    assert.equal((await of('POST', '/scopes?version=2', 'a b')).status, 400);
    const message = {
      name: 'm',
      acl: [{ acl_name: 'inside', criterion: 'src', value: '10.0.0.0/8' }],
      args: 'ip=src method=method',
      event: { name: 'on-frontend-http-request', cond: 'unless', cond_test: 'inside' },
    };
    const made = await of('POST', '/scopes/new/messages?version=2', message);
    assert.deepEqual([made.status, made.json], [201, message]);
    assert.equal((await of('POST', '/scopes/new/messages?version=3', message)).status, 409);
    assert.equal((await of('POST', '/scopes/nothing/messages?version=3', message)).status, 400);
    assert.equal((await of('POST', '/scopes/ip-rep/groups?version=3', { name: 'g2', messages: 'a b' })).status, 201);
    assert.equal((await of('DELETE', '/scopes/ip-rep/groups/g1?version=4')).status, 204);
    assert.equal((await of('DELETE', '/scopes/ip-rep/groups/g1?version=5')).status, 404);
    const start = FILE.slice(0, FILE.indexOf('spoe-group'));
    assert.equal(
      readFileSync(file, 'utf8'),
      `# _version=5\n${start}spoe-group g2
    messages a b

# The other engine.
[other]
spoe-agent o
    messages m

[new]

spoe-message m
    acl inside src 10.0.0.0/8
    args ip=src method=method
    event on-frontend-http-request unless inside
`,
    );
    assert.equal((await of('DELETE', '/scopes/other?version=5')).status, 204);
    assert.equal((await of('DELETE', '/scopes/new?version=6')).status, 204);
    assert.equal(
      readFileSync(file, 'utf8'),
      `# _version=7\n${start}spoe-group g2\n    messages a b\n\n# The other engine.\n`,
    );
  });

  test('what is not known is refused by its name', async (t) => {
    const { of, file } = await withFile(t);
    const refused = await of('PUT', '/scopes/ip-rep/messages/get-rep?version=1', {
      name: 'get-rep',
      event: { name: 'on-nothing' },
    });
    assert.deepEqual([refused.status, refused.json.field], [422, 'event/name']);
    const injected = await of('PUT', '/scopes/ip-rep/groups/g1?version=1', { name: 'g1', messages: 'a\n[x]' });
    assert.deepEqual([injected.status, injected.json.field], [400, 'messages']);
    assert.equal(readFileSync(file, 'utf8'), FILE);
  });

  test('a transaction is seen by those who name it, and committed whole', async (t) => {
    const files = await withFile(t);
    const { of, ask, file, service } = files;
    assert.equal((await of('POST', '/transactions?version=7')).status, 409);
    const { status, json } = await of('POST', '/transactions?version=1');
    assert.deepEqual([status, json.status, json._version], [201, 'in_progress', 1]);
    const within = `transaction_id=${json.id}`;
    assert.equal((await of('DELETE', `/scopes/other?${within}`)).status, 204);
    assert.deepEqual((await of('GET', `/scopes?${within}`)).json, ['[ip-rep]']);
    assert.deepEqual((await of('GET', '/scopes')).json, ['[ip-rep]', '[other]']);
    assert.equal(readFileSync(file, 'utf8'), FILE);
    // As after a start of the service.
    await service.spoe.resume();
    assert.deepEqual((await of('GET', '/transactions?status=in_progress')).json, [json]);
    assert.deepEqual((await of('GET', `/scopes?${within}`)).json, ['[ip-rep]']);
    const done = await of('PUT', `/transactions/${json.id}`);
    assert.deepEqual([done.status, done.json], [200, { ...json, status: 'success' }]);
    assert.match(readFileSync(file, 'utf8'), /^# _version=2\n/);
    assert.equal((await of('PUT', `/transactions/${json.id}`)).status, 406);
    assert.equal((await of('DELETE', `/transactions/${json.id}`)).status, 204);
    assert.equal((await of('GET', `/transactions/${json.id}`)).status, 404);
    await upload(files, 'two.cfg', FILE);
    const other = (await of('POST', '/transactions?version=2')).json.id;
    assert.equal((await ask('GET', `spoe/spoe_files/two.cfg/transactions/${other}`)).status, 404);
    assert.equal((await of('POST', '/transactions?version=2')).status, 201);
    assert.equal((await of('POST', '/transactions?version=2')).status, 201);
    assert.equal((await of('POST', '/transactions?version=2')).status, 429);
  });

  test('a transaction fails with the difference when somebody else wrote the file', async (t) => {
    const { of, file } = await withFile(t);
    const { id } = (await of('POST', '/transactions?version=1')).json;
    await of('DELETE', `/scopes/other?transaction_id=${id}`);
    const changed = FILE.replace('groups g1', 'groups g2');
    writeFileSync(file, changed);
    const refused = await of('PUT', `/transactions/${id}`);
    assert.equal(refused.status, 409);
    assert.match(refused.json.message, /- {4}groups g1\n\+ {4}groups g2/);
    assert.equal((await of('GET', `/transactions/${id}`)).json.status, 'failed');
    assert.equal(readFileSync(file, 'utf8'), changed);
  });

  test('a file that the load balancer refuses is put back; one that it uses is reloaded', async (t) => {
    const { of, file, balancer, write } = await withFile(t);
    write(`frontend f\n    filter spoe engine ip-rep config ${file}\n`);
    const body = { name: 'g1', messages: 'x' };
    balancer.problems = [{ file, line: 17, text: "unknown message 'x'" }];
    const refused = await of('PUT', '/scopes/ip-rep/groups/g1?version=1', body);
    assert.equal(refused.status, 400);
    assert.match(refused.json.message, /unknown message 'x'/);
    assert.equal(readFileSync(file, 'utf8'), FILE);
    balancer.problems = [];
    const put = await of('PUT', '/scopes/ip-rep/groups/g1?version=1', body);
    assert.equal(put.status, 200);
    assert.match(put.headers['reload-id']!, /-1$/);
    balancer.denied = 'not you';
    assert.equal((await of('PUT', '/scopes/ip-rep/groups/g1?version=2', body)).status, 403);
    assert.match(readFileSync(file, 'utf8'), /^# _version=2\n/);
    balancer.denied = null;
    const { id } = (await of('POST', '/transactions?version=2')).json;
    await of('DELETE', `/scopes/other?transaction_id=${id}`);
    const committed = await of('PUT', `/transactions/${id}?force_reload=true`);
    assert.equal(committed.status, 200);
    assert.equal(balancer.reloads, 1);
  });
});

const CONFIG = `global
    stats socket {sock:admin} mode 600 level admin

userlist controller
    user admin insecure-password secret

defaults
    mode http
    timeout connect 1s
    timeout client  10s
    timeout server  10s

frontend web
    bind 127.0.0.1:{port:web}
    default_backend app

backend app
    server a1 127.0.0.1:{port:a1}

backend iprep-servers
    mode tcp
    server s1 127.0.0.1:{port:s1}
`;

test(
  'a real HAProxy runs with the SPOE file that was edited, and refuses what it cannot',
  withoutHaproxy,
  async (t) => {
    const { ask, upload: send, run } = await besideHaproxy(t, CONFIG);
    const [stored, file] = await send('POST', 'spoe/spoe_files', 'rep.cfg', FILE.replace('    unheard of\n', ''));
    assert.equal(stored, 201);
    const filter = { type: 'spoe', spoe_engine: 'ip-rep', spoe_config: file };
    const add = 'configuration/frontends/web/filters/0?version=1&force_reload=true';
    const added = await ask('POST', add, filter);
    assert.deepEqual([added[0], added[1]], [201, filter]);
    const agent = { ...AGENT, 'max-frame-size': 8192, async: 'enabled', hello_timeout: 2000 };
    const { id } = (await ask('POST', 'spoe/spoe_files/rep.cfg/transactions?version=1'))[1];
    const path = 'spoe/spoe_files/rep.cfg/scopes/ip-rep/agents/iprep';
    assert.equal((await ask('PUT', `${path}?transaction_id=${id}`, agent))[0], 200);
    const done = await ask('PUT', `spoe/spoe_files/rep.cfg/transactions/${id}?force_reload=true`);
    assert.deepEqual([done[0], done[1].status], [200, 'success']);
    const refused = await ask('PUT', `${path}?version=2`, { ...agent, 'max-frame-size': 1 });
    assert.equal(refused[0], 400);
    assert.match(refused[1].message, /'max-frame-size' expects/);
    assert.match(readFileSync(file as string, 'utf8'), /^# _version=2\n[\s\S]*max-frame-size 8192\n/);
    assert.match(readFileSync(run.file, 'utf8'), /^# _version=2\n/);
  },
);

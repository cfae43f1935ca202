import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { startService } from './support/service.ts';

const CONFIG = `global
    maxconn 100

backend a
    server s1 10.0.0.1:80 weight 1

backend b
    server s1 10.0.0.2:80 weight 1
`;

const server = (weight: number, address = '10.0.0.1') => ({ name: 's1', address, port: 80, weight });

suite('what a request accepts', () => {
  test('is what it gets, or it is told', async (t) => {
    const { ask } = await startService(t, CONFIG);
    const status = async (accept: string, path = 'configuration/backends') =>
      (await ask('GET', path, { headers: { accept } })).status;
    assert.equal(await status('application/json'), 200);
    assert.equal(await status('text/html, */*;q=0.1'), 200);
    assert.equal(await status('text/html'), 406);
    assert.equal(await status('application/json;q=0'), 406);
    assert.equal(await status('text/plain', 'configuration/raw'), 200);
    assert.equal(await status('application/octet-stream', 'configuration/raw'), 200);
  });
});

suite('who may use the API', () => {
  test('a login is asked for before anything else is told', async (t) => {
    const { ask } = await startService(t, CONFIG);
    const refused = await ask('GET', '/v3/nowhere', { as: null });
    assert.equal(refused.status, 401);
    assert.equal(refused.headers['www-authenticate'], 'Basic realm="API"');
    assert.equal(refused.headers['configuration-version'], '1');
    assert.equal((await ask('GET', '/v3/nowhere')).status, 404);
    assert.equal((await ask('GET', '/v3/info', { as: ['admin', 'wrong'] })).status, 401);
    assert.equal((await ask('GET', '/v3/info', { as: ['nobody', 'secret'] })).status, 401);
  });

  test('users of the userlist of the configuration come in, with hashes of all kinds', async (t) => {
    // As openssl-passwd(1) makes them.
    const hashes = {
      md5: '$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1',
      sha256: '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5',
      rounds: '$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA',
      sha512: '$6$s1$CoYDZFlH8uCTc52f6MrIP7KPAEFvYFWWGT439ndOjAwEhTLEG2y1P5YqKRI26LZJnTMgCqg0gk6yYzt1ttM9X1',
    };
    const lines = Object.entries(hashes).map(([name, hash]) => `    user ${name} password ${hash}\n`);
    const users = `userlist controller\n${lines.join('')}`;
    const service = await startService(t, CONFIG + users);
    Object.assign(service.service.settings as object, { users: [] });
    const status = async (name: string, password: string) =>
      (await service.ask('GET', '/v3/info', { as: [name, password] })).status;
    assert.equal(await status('md5', 'secret'), 200);
    assert.equal(await status('sha256', 'Hello world!'), 200);
    assert.equal(await status('rounds', 'Hello world!'), 200);
    assert.equal(await status('sha512', 'secret'), 200);
    assert.equal(await status('sha512', 'Secret'), 401);
  });

  test('who guesses has to wait, who has been let in has not', async (t) => {
    const { ask } = await startService(t, CONFIG);
    assert.equal((await ask('GET', '/v3/info')).status, 200);
    const statuses = [];
    for (let i = 0; i < 12; i++) statuses.push((await ask('GET', '/v3/info', { as: ['admin', `guess${i}`] })).status);
    assert.deepEqual(statuses.slice(-2), [429, 429]);
    assert.equal((await ask('GET', '/v3/info')).status, 200);
  });
});

suite('requests', () => {
  test('what is not understood is told by its status', async (t) => {
    const { ask } = await startService(t, CONFIG);
    assert.equal((await ask('PATCH', 'configuration/backends')).status, 405);
    assert.equal((await ask('PATCH', 'configuration/backends')).headers['allow'], 'GET, POST');
    assert.equal((await ask('POST', 'configuration/backends?version=1', { body: '{"name"' })).status, 400);
    assert.equal((await ask('POST', 'configuration/backends?version=1', { body: 'x', type: 'text/html' })).status, 415);
    assert.equal((await ask('POST', 'configuration/backends?version=x', { body: { name: 'n' } })).status, 400);
    assert.equal((await ask('POST', 'configuration/backends?version=1', { body: [] })).status, 422);
    assert.equal((await ask('GET', 'configuration/backends/')).status, 200);
    assert.equal((await ask('DELETE', 'configuration/backends/b?version=1', { body: '/dev/null' })).status, 204);
    assert.equal((await ask('GET', 'configuration/backends', { body: '/dev/null' })).status, 200);
  });

  test('null and empty values are as if they were not there', async (t) => {
    const { ask, text } = await startService(t, CONFIG);
    const body = { name: 's1', address: '10.0.0.1', port: 80, weight: null, cookie: '', 'proxy-v2-options': [] };
    assert.equal((await ask('PUT', 'configuration/backends/a/servers/s1?version=1', { body })).status, 200);
    assert.match(text(), /server s1 10\.0\.0\.1:80\n/);
  });
});

suite('versions', () => {
  test('two writers on one version: one of them is told', async (t) => {
    const { ask } = await startService(t, CONFIG);
    const put = (backend: string) =>
      ask('PUT', `configuration/backends/${backend}/servers/s1?version=1`, { body: server(5) });
    const statuses = (await Promise.all([put('a'), put('b')])).map(({ status }) => status).sort();
    assert.deepEqual(statuses, [200, 409]);
  });

  test('writers on different objects do not meet when they name what they have seen', async (t) => {
    const { ask, text } = await startService(t, CONFIG);
    const tags = await Promise.all(
      ['a', 'b'].map(async (one) => (await ask('GET', `configuration/backends/${one}/servers/s1`)).headers['etag']!),
    );
    const put = (backend: string, tag: string) =>
      ask('PUT', `configuration/backends/${backend}/servers/s1`, { body: server(5), headers: { 'if-match': tag } });
    const both = await Promise.all([put('a', tags[0]!), put('b', tags[1]!)]);
    assert.deepEqual(
      both.map(({ status }) => status),
      [200, 200],
    );
    assert.equal(text().match(/weight 5/g)!.length, 2);
    assert.match(text(), /^# _version=3\n/);
    const again = await put('a', tags[0]!);
    assert.equal(again.status, 412);
    assert.equal((await ask('GET', 'configuration/version')).json, 3);
  });

  test('what others write into the file is there for the next request, and is not lost', async (t) => {
    const { ask, text, write } = await startService(t, CONFIG);
    await ask('GET', 'configuration/backends');
    write(`${CONFIG}\n# by hand\nbackend c\n    server x 10.0.0.3:80\n`);
    assert.equal((await ask('GET', 'configuration/backends')).json.length, 3);
    assert.equal((await ask('PUT', 'configuration/backends/a/servers/s1?version=1', { body: server(9) })).status, 200);
    assert.match(text(), /# by hand\nbackend c\n {4}server x 10\.0\.0\.3:80\n$/);
  });

  test('what others write while a change is checked is not lost, also when somebody has read it by then', async (t) => {
    for (const whole of [false, true]) {
      const { ask, text, write, balancer } = await startService(t, CONFIG);
      const other = CONFIG.replace('maxconn 100', 'maxconn 200');
      const { check } = balancer;
      Object.assign(balancer, {
        async check(...all: Parameters<typeof check>) {
          write(other);
          assert.match((await ask('GET', 'configuration/raw')).text, /maxconn 200/);
          return check(...all);
        },
      });
      const refused = await (whole
        ? ask('POST', 'configuration/raw?skip_version=true', { body: `${CONFIG}\n`, type: 'text/plain' })
        : ask('PUT', 'configuration/backends/a/servers/s1?version=1', { body: server(9) }));
      assert.equal(refused.status, 409, refused.text);
      assert.match(refused.json.message, /-\s+maxconn 100\n\+\s+maxconn 200/);
      assert.equal(text(), other);
    }
  });

  test('fifty writers at once lose nothing', async (t) => {
    const backends = Array.from({ length: 50 }, (_, i) => `backend w${i}\n    server s1 10.0.0.1:80 weight 1\n`).join(
      '\n',
    );
    const { ask, text } = await startService(t, backends);
    const begin = performance.now();
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        for (let weight = 2; weight <= 5; weight++) {
          const path = `configuration/backends/w${i}/servers/s1`;
          const { etag } = (await ask('GET', path)).headers;
          const { status } = await ask('PUT', path, { body: server(weight), headers: { 'if-match': etag! } });
          assert.equal(status, 200);
        }
      }),
    );
    assert.ok(performance.now() - begin < 10_000);
    assert.equal(text().match(/weight 5/g)!.length, 50);
    assert.match(text(), /^# _version=201\n/);
  });
});

suite('transactions', () => {
  test('are seen by those who name them, and committed whole', async (t) => {
    const { ask, text } = await startService(t, CONFIG);
    const { status, json } = await ask('POST', 'transactions?version=1');
    assert.equal(status, 201);
    assert.equal(json.status, 'in_progress');
    const within = `transaction_id=${json.id}`;
    assert.equal((await ask('POST', `configuration/backends?${within}`, { body: { name: 'c' } })).status, 202);
    assert.equal((await ask('PUT', `configuration/backends/a/servers/s1?${within}`, { body: server(7) })).status, 202);
    assert.equal((await ask('GET', `configuration/backends/c?${within}`)).status, 200);
    assert.equal((await ask('GET', 'configuration/backends/c')).status, 404);
    assert.equal(text(), CONFIG);
    const difference = await ask('GET', `transactions/${json.id}/diff`);
    assert.match(difference.text, /^-.*weight 1\n\+.*weight 7\n/m);
    const plan = await ask('GET', `transactions/${json.id}/plan`);
    assert.equal(plan.json.effect, 'reload');
    const done = await ask('PUT', `transactions/${json.id}`);
    assert.deepEqual([done.status, done.json.status, done.json._version], [200, 'success', 1]);
    assert.match(text(), /^# _version=2\n[\s\S]*weight 7[\s\S]*backend c\n$/);
    assert.equal((await ask('PUT', `transactions/${json.id}`)).status, 406);
  });

  test('end as the original has it: mismatch, limit, outdated, unknown', async (t) => {
    const { ask } = await startService(t, CONFIG);
    assert.equal((await ask('POST', 'transactions?version=9')).status, 409);
    assert.equal((await ask('POST', 'transactions')).status, 400);
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push((await ask('POST', 'transactions?version=1')).json.id);
    assert.equal((await ask('POST', 'transactions?version=1')).status, 429);
    assert.equal((await ask('PUT', `transactions/${ids[0]}`)).status, 200);
    assert.equal((await ask('GET', `transactions/${ids[1]}`)).json.status, 'outdated');
    assert.equal((await ask('PUT', `transactions/${ids[1]}`)).status, 406);
    assert.equal((await ask('DELETE', `transactions/${ids[2]}`)).status, 204);
    assert.equal((await ask('GET', `transactions/${ids[2]}`)).status, 404);
    assert.equal((await ask('PUT', 'transactions/nothing')).status, 404);
    assert.equal(
      (await ask('POST', `configuration/backends?transaction_id=nothing`, { body: { name: 'x' } })).status,
      400,
    );
    const both = await ask('POST', 'configuration/backends?transaction_id=x&version=1', { body: { name: 'x' } });
    assert.equal(both.status, 400);
  });

  test('are refused with the difference when somebody else wrote the file', async (t) => {
    const { ask, write, text } = await startService(t, CONFIG);
    const { id } = (await ask('POST', 'transactions?version=1')).json;
    await ask('POST', `configuration/backends?transaction_id=${id}`, { body: { name: 'c' } });
    const other = CONFIG.replace('maxconn 100', 'maxconn 200');
    write(other);
    const refused = await ask('PUT', `transactions/${id}`);
    assert.equal(refused.status, 409);
    assert.match(refused.json.message, /-\s+maxconn 100\n\+\s+maxconn 200/);
    assert.equal(text(), other);
  });

  test('are there again after the service has ended', async (t) => {
    const { ask, folder, service } = await startService(t, CONFIG);
    const { id } = (await ask('POST', 'transactions?version=1')).json;
    await ask('POST', `configuration/backends?transaction_id=${id}`, { body: { name: 'c' } });
    await service.transactions.close();
    await service.transactions.resume();
    assert.equal((await ask('GET', `configuration/backends/c?transaction_id=${id}`)).status, 200);
    assert.deepEqual(readdirSync(join(folder, 'transactions')), [`transaction.${id}.json`]);
  });
});

suite('what becomes of a change', () => {
  test('what is refused by the load balancer changes nothing, and names the place and the field', async (t) => {
    const { ask, balancer, text, folder } = await startService(t, CONFIG);
    const file = join(folder, 'haproxy.cfg');
    balancer.problems = [{ file, line: 6, text: "'server a/s1' : unknown keyword 'h9'" }];
    const body = { ...server(1), proto: 'h9' };
    const { status, json } = await ask('PUT', 'configuration/backends/a/servers/s1?version=1', { body });
    assert.equal(status, 400);
    assert.match(json.message, /line=6 msg="'server a\/s1' : unknown keyword 'h9'"/);
    assert.deepEqual([json.file, json.line, json.column, json.field], [file, '6', '42', 'proto']);
    assert.equal(text(), CONFIG);
  });

  test('a reload is one for all that wait, and its end is told', async (t) => {
    const { ask, balancer } = await startService(t, CONFIG);
    balancer.put = { outcome: 'reload', why: '' };
    const first = await ask('POST', 'configuration/backends?version=1', { body: { name: 'c' } });
    const second = await ask('POST', 'configuration/backends?version=2', { body: { name: 'd' } });
    assert.deepEqual([first.status, second.status], [202, 202]);
    const id = first.headers['reload-id']!;
    assert.equal(second.headers['reload-id'], id);
    assert.match(id, /^\d{4}-\d\d-\d\d-1$/);
    assert.equal((await ask('GET', `reloads/${id}`)).json.status, 'in_progress');
    const done = await ask('POST', 'configuration/backends?version=3&force_reload=true', { body: { name: 'e' } });
    assert.equal(done.status, 201);
    assert.equal(balancer.reloads, 1);
    assert.equal((await ask('GET', `reloads/${id}`)).json.status, 'succeeded');
    assert.equal((await ask('GET', 'reloads/nothing')).status, 404);
  });

  test('a reload that fails loses no commit; a forced one takes its change back', async (t) => {
    const { ask, balancer, text } = await startService(t, CONFIG);
    balancer.put = { outcome: 'reload', why: '' };
    balancer.reloaded = { ok: false, text: 'no way' };
    const kept = await ask('POST', 'configuration/backends?version=1', { body: { name: 'c' } });
    assert.equal(kept.status, 202);
    const forced = await ask('POST', 'configuration/backends?version=2&force_reload=true', { body: { name: 'd' } });
    assert.equal(forced.status, 400);
    assert.match(forced.json.message, /no way/);
    assert.match(text(), /backend c\n$/);
    const { json } = await ask('GET', 'reloads');
    assert.deepEqual(
      json.map((one: { status: string }) => one.status),
      ['failed'],
    );
  });

  test('numbered copies of the file are kept, not more than asked for', async (t) => {
    const { ask, folder } = await startService(t, CONFIG);
    for (let version = 1; version <= 4; version++)
      await ask('PUT', `configuration/backends/a/servers/s1?version=${version}`, { body: server(version + 1) });
    const copies = readdirSync(folder).filter((name) => name.startsWith('haproxy.cfg.'));
    assert.deepEqual(copies.sort(), ['haproxy.cfg.3', 'haproxy.cfg.4']);
    const raw = await ask('GET', 'configuration/raw?version=3');
    assert.equal(raw.text, readFileSync(join(folder, 'haproxy.cfg.3'), 'utf8'));
  });

  test('the raw text is given, replaced, and checked without being written', async (t) => {
    const { ask, text, balancer } = await startService(t, CONFIG);
    assert.equal((await ask('GET', 'configuration/raw')).text, CONFIG);
    const other = CONFIG.replace('backend b', 'backend z');
    const post = (query: string, body = other) =>
      ask('POST', `configuration/raw?${query}`, { body, type: 'text/plain' });
    assert.equal((await post('version=1', 'no line')).status, 400);
    assert.equal((await post('')).status, 400);
    assert.equal((await post('version=7')).status, 409);
    assert.equal((await post('version=1&only_validate=true')).status, 202);
    assert.equal(text(), CONFIG);
    balancer.put = { outcome: 'reload', why: '' };
    assert.equal((await post('version=1')).status, 202);
    assert.equal(text(), `# _version=2\n${other}`);
    assert.equal((await post('skip_version=true&skip_reload=true', CONFIG)).status, 201);
    assert.equal(text(), `# _version=2\n${CONFIG}`);
  });
});

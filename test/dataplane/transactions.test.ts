import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { startService, type TestService } from './support/service.ts';

const CONFIG = `global
    maxconn 100

backend a
    server s1 10.0.0.1:80 weight 1
`;

function upload(name: string, content: string) {
  const body = `--xx\r\nContent-Disposition: form-data; name="file_upload"; filename="${name}"\r\n\r\n${content}\r\n--xx--\r\n`;
  return { body, type: 'multipart/form-data; boundary=xx' };
}

async function begin({ ask }: TestService): Promise<string> {
  return (await ask('POST', 'transactions?version=1')).json.id;
}

suite('a transaction over configuration, files and the running process', () => {
  test('does all of it at its commit, and nothing before', async (t) => {
    const service = await startService(t, CONFIG);
    const { ask, folder, balancer, text } = service;
    balancer.answers['show map'] =
      `# id (file) description\n1 (${folder}/maps/hosts.map) pattern loaded from file. curr_ver=0 next_ver=0 entry_cnt=1\n`;
    balancer.answers[`show servers state a`] =
      '1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_port\n3 a 1 s1 10.0.0.1 2 0 1 80\n';
    mkdirSync(join(folder, 'maps'));
    writeFileSync(join(folder, 'maps/hosts.map'), 'old a\n');
    const id = await begin(service);
    const within = `transaction_id=${id}`;
    const statuses = [
      await ask('POST', `configuration/backends?${within}`, { body: { name: 'c' } }),
      await ask('POST', `storage/maps?${within}`, upload('paths.map', '/x c\n')),
      await ask('PUT', `storage/maps/hosts.map?${within}`, { body: 'new c\n', type: 'text/plain' }),
      await ask('POST', `storage/general?${within}`, upload('page.http', 'hello')),
      await ask('PUT', `runtime/backends/c/servers/s9?${within}`, { body: { admin_state: 'drain' } }),
    ].map(({ status }) => status);
    assert.deepEqual(statuses, [202, 202, 202, 202, 202]);
    assert.equal((await ask('POST', `storage/maps?${within}`, upload('paths.map', ''))).status, 409);
    assert.equal((await ask('PUT', `storage/maps/none.map?${within}`, { body: '', type: 'text/plain' })).status, 404);
    assert.equal(text(), CONFIG);
    assert.deepEqual([readdirSync(join(folder, 'maps')), balancer.changes], [['hosts.map'], []]);
    const difference = await ask('GET', `transactions/${id}/diff`);
    assert.match(
      difference.text,
      /\+backend c\n[\s\S]*\+ storage\/maps\/paths.map: 5 bytes\n[\s\S]*\+ PUT .*servers\/s9/,
    );
    const done = await ask('PUT', `transactions/${id}`);
    assert.deepEqual([done.status, done.json.status], [200, 'success']);
    assert.match(text(), /backend c\n$/);
    assert.equal(readFileSync(join(folder, 'maps/paths.map'), 'utf8'), '/x c\n');
    assert.equal(readFileSync(join(folder, 'general/page.http'), 'utf8'), 'hello');
    assert.deepEqual(balancer.changes, [
      { kind: 'map.replace', map: `${folder}/maps/hosts.map`, entries: [['new', 'c']] },
      { kind: 'server.state', backend: 'c', server: 's9', to: 'drain' },
    ]);
    assert.deepEqual(readdirSync(join(folder, 'transactions')), []);
  });

  test('leaves nothing of any of it when one part is refused', async (t) => {
    for (const refuse of ['problem', 'changes', 'reload'] as const) {
      const service = await startService(t, CONFIG);
      const { ask, folder, balancer, text } = service;
      const id = await begin(service);
      const within = `transaction_id=${id}`;
      mkdirSync(join(folder, 'general'));
      writeFileSync(join(folder, 'general/kept.txt'), 'old');
      await ask('POST', `configuration/backends?${within}`, { body: { name: 'c' } });
      await ask('PUT', `storage/general/kept.txt?${within}`, upload('kept.txt', 'new'));
      await ask('POST', `storage/general?${within}`, upload('fresh.txt', 'new'));
      await ask('PUT', `runtime/backends/c/servers/s9?${within}`, { body: { weight: 3 } });
      if (refuse === 'problem') balancer.problems = [{ file: null, line: null, text: 'no' }];
      if (refuse === 'changes') balancer.made = { ok: false, text: 'No such server.' };
      if (refuse === 'reload') {
        balancer.put = { outcome: 'reload', why: '' };
        balancer.reloaded = { ok: false, text: 'no way' };
      }
      assert.equal((await ask('PUT', `transactions/${id}`)).status, 400, refuse);
      assert.equal(text(), CONFIG);
      assert.equal(readFileSync(join(folder, 'general/kept.txt'), 'utf8'), 'old');
      assert.ok(!existsSync(join(folder, 'general/fresh.txt')));
      assert.equal((await ask('GET', `transactions/${id}`)).json.status, 'failed');
    }
  });

  test('that the service was killed in is taken back at the next start, unless the configuration was written', async (t) => {
    for (const version of [1, 2]) {
      const { service, folder, write, text } = await startService(t, CONFIG);
      write(`# _version=${version}\n${CONFIG}`);
      mkdirSync(join(folder, 'ssl'));
      writeFileSync(join(folder, 'ssl/site.pem'), 'new');
      writeFileSync(join(folder, 'ssl/more.pem'), 'new');
      const files = [
        { area: 'ssl_certificates', name: 'site.pem', content: Buffer.from('old').toString('base64') },
        { area: 'ssl_certificates', name: 'more.pem', content: null },
      ];
      mkdirSync(join(folder, 'transactions'));
      writeFileSync(
        join(folder, 'transactions/commit.1.json'),
        JSON.stringify({ configuration: join(folder, 'haproxy.cfg'), version: 1, files }),
      );
      await service.transactions.resume();
      const pem = join(folder, 'ssl/site.pem');
      assert.equal(readFileSync(pem, 'utf8'), version === 1 ? 'old' : 'new');
      assert.equal(existsSync(join(folder, 'ssl/more.pem')), version === 2);
      if (version === 1) assert.equal(statSync(pem).mode & 0o777, 0o600);
      assert.deepEqual(readdirSync(join(folder, 'transactions')), []);
      assert.match(text(), /maxconn 100/);
    }
  });
});

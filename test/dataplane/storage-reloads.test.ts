/** What stored files cost a load balancer that reads them when it loads: nothing, a Change, a reload that waits, or one at once. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { type AskOptions, startService, type TestService } from './support/service.ts';

interface World extends TestService {
  /** A file of the general area, as a form sends it. */
  form(name: string, content: string): AskOptions;
  read(name: string): string;
}

async function world(t: TestContext, config: (folder: string) => string = () => 'global\n'): Promise<World> {
  const service = await startService(t, 'global\n');
  const { storage } = service.service.settings;
  service.write(config(storage.general));
  return {
    ...service,
    form: (name, content) => ({
      type: 'multipart/form-data; boundary=b',
      body: `--b\r\ncontent-disposition: form-data; name="file_upload"; filename="${name}"\r\n\r\n${content}\r\n--b--\r\n`,
    }),
    read: (name) => readFileSync(join(storage.general, name), 'utf8'),
  };
}

const named = (folder: string) =>
  `defaults\n    mode http\n    errorfile 503 ${join(folder, 'used.http')}\n# ${join(folder, 'told.http')}\n`;

suite('stored files and reloads', () => {
  test('a new file costs none, whatever is asked for', async (t) => {
    const { ask, form, balancer } = await world(t, named);
    for (const [name, query] of [
      ['used.http', ''],
      ['one.http', '?force_reload=true'],
      ['two.http', '?skip_reload=true'],
    ]) {
      const { status, headers } = await ask('POST', `storage/general${query}`, form(name!, 'x\n'));
      assert.deepEqual([status, headers['reload-id']], [201, undefined], name);
    }
    assert.equal(balancer.reloads, 0);
    assert.deepEqual((await ask('GET', 'reloads')).json, []);
  });

  test('one that the configuration names is loaded when it is replaced, unless that is to be left out', async (t) => {
    const { ask, form, balancer, read } = await world(t, named);
    await ask('POST', 'storage/general', form('used.http', '0'));
    const put = (content: string, query = '') =>
      ask('PUT', `storage/general/used.http${query}`, form('used.http', content));
    const skipped = await put('1', '?skip_reload=true');
    assert.deepEqual([skipped.status, skipped.headers['reload-id'], read('used.http')], [204, undefined, '1']);
    assert.deepEqual((await ask('GET', 'reloads')).json, []);
    const waiting = await put('2');
    assert.equal(waiting.status, 202);
    const id = waiting.headers['reload-id']!;
    assert.equal((await ask('GET', `reloads/${id}`)).json.status, 'in_progress');
    assert.equal((await put('3')).headers['reload-id'], id, 'one for all that wait');
    const forced = await put('4', '?force_reload=true');
    assert.deepEqual([forced.status, forced.headers['reload-id'], balancer.reloads], [204, undefined, 1]);
    assert.equal((await ask('GET', `reloads/${id}`)).json.status, 'succeeded');
    balancer.reloaded = { ok: false, text: 'no way' };
    const failed = await put('5', '?force_reload=true');
    assert.equal(failed.status, 400);
    assert.match(failed.json.message, /the file is written, and the reload failed: no way/);
  });

  test('one that nothing names is only written', async (t) => {
    const { ask, form, balancer, read } = await world(t, named);
    await ask('POST', 'storage/general', form('told.http', '0'));
    const { status, headers } = await ask('PUT', 'storage/general/told.http?force_reload=true', form('told.http', '1'));
    assert.deepEqual([status, headers['reload-id'], read('told.http'), balancer.reloads], [204, undefined, '1', 0]);
  });

  test('one that the configuration names is not deleted; a comment is no use', async (t) => {
    const { ask, form, read } = await world(t, named);
    await ask('POST', 'storage/general', form('used.http', '0'));
    await ask('POST', 'storage/general', form('told.http', '0'));
    const refused = await ask('DELETE', 'storage/general/used.http');
    assert.equal(refused.status, 409);
    assert.match(refused.json.message, /used\.http is named at \S+haproxy\.cfg:3/);
    assert.equal(read('used.http'), '0');
    assert.equal((await ask('DELETE', 'storage/general/told.http')).status, 204);
    assert.throws(() => read('told.http'));
  });

  test('a map that is loaded gets its entries live; that is left out with the reload', async (t) => {
    const { ask, service, balancer } = await world(t);
    const map = join(service.settings.storage.maps, 'm.map');
    await ask('POST', 'storage/maps', {
      type: 'multipart/form-data; boundary=b',
      body: '--b\r\ncontent-disposition: form-data; name="file_upload"; filename="m.map"\r\n\r\na 1\n\r\n--b--\r\n',
    });
    balancer.answers['show map'] = `# id (file) description\n1 (${map}) pattern loaded from file '${map}'\n`;
    const put = (query: string) => ask('PUT', `storage/maps/m.map${query}`, { type: 'text/plain', body: 'a 2\n' });
    assert.equal((await put('?skip_reload=true')).status, 204);
    assert.deepEqual(balancer.changes, []);
    assert.equal((await put('?force_reload=true')).status, 204);
    assert.deepEqual(balancer.changes, [{ kind: 'map.replace', map, entries: [['a', '2']] }]);
    balancer.made = { ok: false, text: 'gone' };
    assert.equal((await put('')).status, 202, 'what is refused live is loaded');
    assert.equal(balancer.reloads, 0);
  });
});

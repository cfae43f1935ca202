import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { buildModel } from '../../src/control/build.ts';

/** The only proxy of a text, in the model. */
function proxyOf(text: string) {
  const { config, diagnostics } = loadConfig({ texts: [{ name: 'a.cfg', text }], env: {} });
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'alert'),
    [],
  );
  return buildModel(config!, 1, 0).proxies[0]!;
}

suite('ids', () => {
  test('of servers: forced ones stay and are known as such; others count every server before them', () => {
    const { servers } = proxyOf(
      'backend b\n server a :1 id 11\n server b :1\n server c :1 id 4\n server d :1\n server-template t 2 :1\n',
    );
    assert.deepEqual(
      servers.map(({ name, id, idForced }) => [name, id, idForced]),
      [
        ['a', 11, true],
        ['b', 2, false],
        ['c', 4, true],
        ['d', 5, false],
        ['t1', 6, false],
        ['t2', 7, false],
      ],
    );
  });

  test('of a disabled backend: its servers have none', () => {
    assert.equal(proxyOf('backend b\n disabled\n server a :1\n').servers[0]!.id, 0);
  });

  test('of listeners: the same', () => {
    const { listeners } = proxyOf('frontend f\n bind 127.0.0.1:1 id 2\n bind 127.0.0.1:2-4\n');
    assert.deepEqual(
      listeners.map(({ id, name }) => [id, name]),
      [
        [2, 'sock-2'],
        [3, 'sock-3'],
        [4, 'sock-4'],
        [5, 'sock-5'],
      ],
    );
  });
});

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { avalanche } from '../../../src/expr/hashes.ts';
import { type HashFunction, hashKey } from '../../../src/traffic/balance/hashes.ts';

/** What haproxy 2.6's converters of the same names give: plain, and with their avalanche argument. */
const VALUES: readonly (readonly [HashFunction, string, number, number])[] = [
  ['sdbm', 'a', 97, 1830748055],
  ['sdbm', 'abc', 807794786, 659243622],
  ['sdbm', 'hello world', 430867652, 261123301],
  ['sdbm', '/index.html', 858007926, 4217574924],
  ['djb2', 'a', 177670, 3548763807],
  ['djb2', 'abc', 193485963, 2235766107],
  ['djb2', 'hello world', 894552257, 2328455893],
  ['djb2', '/index.html', 3776231887, 1889807916],
  ['wt6', 'a', 1900802597, 1986649387],
  ['wt6', 'abc', 2483038440, 266135527],
  ['wt6', 'hello world', 1866899626, 2174767729],
  ['wt6', '/index.html', 822151038, 2986733765],
  ['crc32', 'a', 3904355907, 1288200982],
  ['crc32', 'abc', 891568578, 930845320],
  ['crc32', 'hello world', 222957957, 2832483188],
  ['crc32', '/index.html', 3928116034, 571229468],
];

suite('hash functions', () => {
  for (const [name, key, plain, spread] of VALUES) {
    test(`${name} of '${key}' is haproxy's`, () => {
      assert.equal(hashKey(name, key, false), plain);
      assert.equal(hashKey(name, key, true), spread);
    });
  }

  test('none takes the key as a decimal number, up to the first other character', () => {
    const values = ['0', '17', '4294967295', '4294967296', '-1', '+5', '12ab', '', 'ab'].map((key) =>
      hashKey('none', key, false),
    );
    assert.deepEqual(values, [0, 17, 4294967295, 0, 4294967295, 5, 12, 0, 0]);
  });

  test('bytes above 127 count as unsigned', () => {
    assert.equal(hashKey('sdbm', '\xff', false), 255);
    assert.equal(hashKey('djb2', '\xff', false), 177828);
  });

  test('the avalanche maps no two numbers of a range on the same one', () => {
    const seen = new Set(Array.from({ length: 50_000 }, (_, i) => avalanche(i)));
    assert.equal(seen.size, 50_000);
  });
});

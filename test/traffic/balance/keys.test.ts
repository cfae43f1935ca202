import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { avalanche } from '../../../src/expr/hashes.ts';
import {
  bodyParamKey,
  domainKey,
  sourceHash,
  uriKey,
  uriKeyOptions,
  urlParamKey,
} from '../../../src/traffic/balance/keys.ts';
import { NO_KEY } from '../../../src/traffic/balance/types.ts';

suite('keys of hashing algorithms', () => {
  test('a request target is taken up to its query, or as the arguments say', () => {
    const cases: [string, string, string | null][] = [
      ['/a/b/c?d/e', '', '/a/b/c'],
      ['/a/b/c?d/e', 'whole', '/a/b/c?d/e'],
      ['/a/b/c?d/e', 'len 4', '/a/b'],
      ['/a/b/c', 'depth 1', '/a'],
      ['/a/b/c', 'depth 2', '/a/b'],
      ['/a', 'depth 3', '/a'],
      ['/abcdef/b', 'len 3 depth 1', '/ab'],
      ['http://host/p/q?r', '', 'http://host/p/q'],
      ['http://host/p/q?r', 'path-only', '/p/q'],
      ['*', 'path-only', ''],
      ['*', '', '*'],
    ];
    for (const [target, args, key] of cases) {
      assert.equal(uriKey(target, uriKeyOptions(args === '' ? [] : args.split(' '))), key, `${target} ${args}`);
    }
  });

  test('a parameter is found in the query only, by its whole name', () => {
    assert.equal(urlParamKey('/id=3?xid=1&id=2', 'id'), '2');
    assert.equal(urlParamKey('/?id=', 'id'), '');
    assert.equal(urlParamKey('/?id', 'id'), null);
    assert.equal(urlParamKey('/id=3', 'id'), null);
  });

  test('a body is only taken for a form as long as the value looks like one', () => {
    assert.equal(bodyParamKey('a=b&id=17', 'id'), '17');
    assert.equal(bodyParamKey('id=17\r\nid=18', 'id'), '17');
    assert.equal(bodyParamKey('id=\x00\x01&a=b', 'id'), null);
    assert.equal(bodyParamKey('{"id":17}', 'id'), null);
  });

  test('a domain is what stands between the last two dots', () => {
    const domains = ['www.haproxy.org', 'haproxy.org', 'localhost', '.org', 'a.', '..', 'a..b'].map(domainKey);
    assert.deepEqual(domains, ['haproxy', 'haproxy', 'localhost', '.org', 'a', '.', 'a.']);
  });

  test('an address is folded to 32 bits', () => {
    assert.equal(sourceHash('10.1.2.3', false), 0x0a010203);
    assert.equal(sourceHash('::1', false), 1);
    assert.equal(sourceHash('2001:db8::2', false), (0x20010db8 ^ 2) >>> 0);
    assert.equal(sourceHash('10.1.2.3', true), avalanche(0x0a010203));
    assert.equal(sourceHash('/run/socket', false), NO_KEY);
  });
});

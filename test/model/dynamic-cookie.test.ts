import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { dynamicCookie } from '../../src/model/dynamic-cookie.ts';

suite('cookies made of addresses', () => {
  test("are haproxy's for the same key, address and port", () => {
    assert.equal(dynamicCookie('hello', '127.0.0.1', 18903), '03f517bad0d52b93');
    assert.equal(dynamicCookie('abc', '127.0.0.1', 20101), '44ba13c09c033be6');
    assert.notEqual(dynamicCookie('hello', '::1', 18903), dynamicCookie('hello', '::1', 18904));
    assert.match(dynamicCookie('k', '::1', 80)!, /^[0-9a-f]{16}$/);
  });

  test('are not made while a server has no address', () => {
    assert.equal(dynamicCookie('hello', null, 80), null);
    assert.equal(dynamicCookie('hello', '/run/app.sock', 0), null);
  });
});

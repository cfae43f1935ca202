import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nameIn, resolveNames } from '../../../src/control/patterns/address-names.ts';

describe('names in lists of addresses', () => {
  it('are told from addresses and from what is neither', () => {
    assert.deepEqual(nameIn('localhost'), { name: 'localhost', mask: '' });
    assert.deepEqual(nameIn('db-1.example/24'), { name: 'db-1.example', mask: '/24' });
    for (const text of ['', '10.0.0.1', '10.0.0.256', '::1', 'fe80::/10', '-x', 'a b', 'a'.repeat(300)])
      assert.equal(nameIn(text), null, text);
  });

  it('that are not found in time have no address', async () => {
    const lookup = (name: string) =>
      name === 'slow' ? new Promise<string>(() => {}) : Promise.resolve(name === 'here' ? '192.0.2.1' : null);
    const began = performance.now();
    const names = await resolveNames(['here', 'nowhere', 'slow'], lookup, 50);
    assert.ok(performance.now() - began < 2000);
    assert.deepEqual(['here', 'nowhere', 'slow'].map(names.find), ['192.0.2.1', null, null]);
  });
});

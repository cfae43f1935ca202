import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Database } from '../../../src/model/databases/database.ts';
import { mmdbFile } from '../../support/mmdb.ts';

function open(bytes: Buffer): Database {
  const content = new SharedArrayBuffer(bytes.length);
  new Uint8Array(content).set(bytes);
  return new Database({ path: 'test.mmdb', content });
}

const FILE = mmdbFile([
  ['192.0.2.0/24', { country: { iso_code: 'NL', names: { en: 'Netherlands', de: 'Niederlande' } }, n: [1, 2.5, true] }],
  ['198.51.100.0/25', { country: { iso_code: 'JP' } }],
]);

test('an address has what the network says that it is in', () => {
  const database = open(FILE);
  assert.deepEqual(database.lookup('192.0.2.77'), {
    country: { iso_code: 'NL', names: { en: 'Netherlands', de: 'Niederlande' } },
    n: [1, 2.5, true],
  });
  assert.deepEqual(database.lookup('198.51.100.127'), { country: { iso_code: 'JP' } });
  for (const none of ['198.51.100.128', '203.0.113.1', '2001:db8::1', 'nonsense', ''])
    assert.equal(database.lookup(none), null, none);
});

test('another edition is taken, a damaged one is not', () => {
  const database = open(FILE);
  const next = open(mmdbFile([['192.0.2.0/24', 'now a text']])).view;
  database.use(next);
  assert.equal(database.lookup('192.0.2.1'), 'now a text');
  assert.throws(() => database.use({ path: 'test.mmdb', content: new SharedArrayBuffer(100) }));
  assert.equal(database.lookup('192.0.2.1'), 'now a text');
});

test('no damage makes a look-up throw, or take long', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(FILE.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.nat(FILE.length),
      (changes, cut) => {
        const bytes = Buffer.from(cut % 3 === 0 ? FILE.subarray(0, cut) : FILE);
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        let database: Database;
        try {
          database = open(bytes);
        } catch {
          return;
        }
        const start = performance.now();
        for (const address of ['192.0.2.1', '198.51.100.1', '0.0.0.0', '255.255.255.255', '::1'])
          database.lookup(address);
        assert.ok(performance.now() - start < 500);
      },
    ),
    { numRuns: 3000 },
  );
});

test('a record that points at itself, or multiplies, is given up', () => {
  const circular = mmdbFile([['0.0.0.0/1', ['a', 'b']]]);
  const data = circular.indexOf(Buffer.from([2, 4, 0x41])); // a list of two texts
  assert.ok(data > 0);
  circular.set([0x20, 0], data + 2); // its first element: a pointer to the list
  assert.equal(open(circular).lookup('10.0.0.1'), null);
});

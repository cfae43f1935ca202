import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { issue, revocationList } from '../support/pki.ts';
import type { Scope } from '../support/wait.ts';
import { type Api, besideHaproxy, inSluice, withoutHaproxy } from './support/processes.ts';

const SUBJECTS: readonly (readonly [string, (scope: Scope) => Promise<Api>, object])[] = [
  ['Sluice', inSluice, {}],
  ['HAProxy', besideHaproxy, withoutHaproxy],
];

suite('files of authorities in memory', () => {
  test('of a Sluice get more certificates, besides those in them', async (t) => {
    const { ask, upload } = await inSluice(t);
    const [one, other] = [issue({ name: 'One CA', ca: true }), issue({ name: 'Other CA', ca: true })];
    await upload('POST', 'runtime/ssl_ca_files', 'api-ca.pem', one.certificate);
    const path = 'runtime/ssl_ca_files/api-ca.pem/entries';
    assert.equal((await upload('POST', path, 'x', one.certificate + other.certificate))[0], 201);
    assert.match((await ask('GET', `${path}/1`))[1].subject, /One CA/);
    assert.match((await ask('GET', `${path}/2`))[1].subject, /Other CA/);
    assert.equal((await ask('GET', `${path}/3`))[0], 404);
    const [status, { message }] = await upload('POST', path, 'x', 'no certificate');
    assert.deepEqual([status, message], [400, 'Invalid payload']);
  });

  for (const [product, start, options] of SUBJECTS)
    test(`come, are told, replaced and taken away: ${product}`, options, async (t) => {
      const { ask, upload } = await start(t);
      const [one, other] = [issue({ name: 'One CA', ca: true }), issue({ name: 'Other CA', ca: true })];
      const made = await upload('POST', 'runtime/ssl_ca_files', 'api-ca.pem', one.certificate);
      assert.deepEqual(made, [201, { storage_name: 'api-ca.pem' }]);
      const [, listed] = await ask('GET', 'runtime/ssl_ca_files');
      assert.deepEqual(
        listed.filter((file: { file: string }) => file.file === 'api-ca.pem'),
        [{ storage_name: 'api-ca.pem', file: 'api-ca.pem', count: '1' }],
      );
      assert.equal(
        (await upload('PUT', 'runtime/ssl_ca_files/api-ca.pem', 'x', one.certificate + other.certificate))[0],
        200,
      );
      const [found, second] = await ask('GET', 'runtime/ssl_ca_files/api-ca.pem/entries/2');
      assert.equal(found, 200);
      assert.match(second.subject, /Other CA/);
      assert.equal((await ask('GET', 'runtime/ssl_ca_files/api-ca.pem/entries/3'))[0], 404);
      assert.equal((await ask('DELETE', 'runtime/ssl_ca_files/api-ca.pem'))[0], 204);
      assert.equal((await ask('GET', 'runtime/ssl_ca_files/api-ca.pem'))[0], 404);

      const list = revocationList(one, [other]);
      assert.equal((await upload('POST', 'runtime/ssl_crl_files', 'api-crl.pem', list))[0], 201);
      const [told, crl] = await ask('GET', 'runtime/ssl_crl_files/api-crl.pem');
      assert.equal(told, 200);
      assert.match(crl.issuer, /One CA/);
      assert.equal((await ask('DELETE', 'runtime/ssl_crl_files/api-crl.pem'))[0], 204);
    });

  test('certificates over ACME are told, where there are some', async (t) => {
    const { ask } = await inSluice(t);
    assert.deepEqual((await ask('GET', 'runtime/acme')).slice(0, 2), [200, []]);
    const [status, { message }] = await ask('PUT', 'runtime/acme?certificate=none.pem');
    assert.deepEqual([status, message], [400, "No ACME configuration defined for file 'none.pem'."]);
  });
});

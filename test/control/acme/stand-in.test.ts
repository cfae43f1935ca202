import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { standIn } from '../../../src/control/acme/stand-in.ts';

for (const [name, key] of [
  ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
  ['ECDSA', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
] as const)
  test(`a certificate until there is one is for its names, signed by its own key, and valid at no time: ${name}`, () => {
    const made = new X509Certificate(standIn(key, ['www.example.test', '192.0.2.1']));
    assert.equal(made.subject, 'CN=to be issued');
    assert.equal(made.subjectAltName, 'DNS:www.example.test, IP Address:192.0.2.1');
    assert.equal(made.verify(made.publicKey), true);
    assert.equal(made.checkPrivateKey(key), true);
    assert.deepEqual([made.validFromDate.getTime(), made.validToDate.getTime()], [0, 0]);
  });

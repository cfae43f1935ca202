import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { signatureOf, thumbprint } from '../../../src/control/acme/jws.ts';

test('a thumbprint is that of RFC 8037, appendix A.3', () => {
  const jwk = {
    kty: 'OKP',
    crv: 'Ed25519',
    d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
    x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  };
  assert.equal(
    thumbprint(createPrivateKey({ key: jwk, format: 'jwk' })),
    'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
  );
});

test('each kind of key has its algorithm, or none', () => {
  const algorithm = (namedCurve: string) => signatureOf(generateKeyPairSync('ec', { namedCurve }).privateKey)?.alg;
  assert.deepEqual(['P-256', 'P-384', 'P-521', 'secp256k1'].map(algorithm), ['ES256', 'ES384', 'ES512', undefined]);
  assert.equal(signatureOf(generateKeyPairSync('x25519').privateKey), null);
});

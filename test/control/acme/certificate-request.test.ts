import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { certificateRequest } from '../../../src/control/acme/certificate-request.ts';

const KEYS = {
  RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ECDSA: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
};
const LONG = `${'a'.repeat(60)}.test`;
const MANY = Array.from({ length: 60 }, (_, i) => `n${i}.example.test`);

const CASES: readonly (readonly [domains: readonly string[], subject: string, names: string])[] = [
  [['www.test', '*.www.test'], 'CN = www.test', 'DNS:www.test, DNS:*.www.test'],
  [['192.0.2.1', '2001:db8::1', 'a.test'], '', 'IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1, DNS:a.test'],
  [[LONG], '', `DNS:${LONG}`],
  [MANY, `CN = ${MANY[0]}`, MANY.map((name) => `DNS:${name}`).join(', ')],
];

for (const [kind, key] of Object.entries(KEYS))
  test(`OpenSSL reads a request with a key of ${kind}, and finds it signed`, () => {
    for (const [domains, subject, names] of CASES) {
      const { stdout, stderr } = spawnSync('openssl', ['req', '-inform', 'DER', '-noout', '-text', '-verify'], {
        input: certificateRequest(key, domains),
        encoding: 'utf8',
      });
      assert.match(stdout + stderr, /verify OK/);
      assert.equal(/Subject: ?(.*)/.exec(stdout)?.[1], subject);
      assert.equal(/Subject Alternative Name: *\n *(.*)/.exec(stdout)?.[1], names);
    }
  });

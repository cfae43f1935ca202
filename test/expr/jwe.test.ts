import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { DEFAULT_TOKEN_RULES, TOKEN_ALGORITHMS, type TokenRules } from '../../src/config/token-algorithms.ts';
import { compileWhole, evaluateBytes } from '../../src/expr/compile.ts';
import { place } from '../../src/expr/row.ts';
import { context } from './context.ts';
import { aesWrap, agree, direct, gcmWrap, json, rsaWrap, seal, url } from './tokens.ts';

const SECRET = Buffer.from('0123456789abcdef0123456789abcdef');

const quoted = (text: string): string => `"${text.replaceAll('"', '\\"')}"`;
const webKey = (key: object): string => `jwt_decrypt_jwk(${quoted(JSON.stringify(key))})`;

function decrypted(
  token: string,
  converter: string,
  files: Record<string, string> = {},
  tokens?: TokenRules,
): string | undefined {
  const env = {
    ...{ places: place.frontendHttpRequest, readFile: (path: string) => files[path] ?? null },
    ...(tokens ? { tokens } : {}),
  };
  const compiled = compileWhole(`str(${token}),${converter}`, env);
  if ('error' in compiled) throw new Error(compiled.error);
  return evaluateBytes(compiled, context({}));
}

test('tokens that a secret opens give their contents', () => {
  for (const enc of ['A128GCM', 'A192GCM', 'A256GCM', 'A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512']) {
    const with16 = SECRET.subarray(0, 16).toString('base64');
    const with32 = SECRET.toString('base64');
    const kw = seal('A128KW', enc, `by ${enc}`, aesWrap(SECRET.subarray(0, 16)));
    assert.equal(decrypted(kw, `jwt_decrypt_secret("${with16}")`), `by ${enc}`);
    const gcm = seal('A256GCMKW', enc, `by ${enc}`, gcmWrap(SECRET));
    assert.equal(decrypted(gcm, `jwt_decrypt_secret("${with32}")`), `by ${enc}`);
  }
  const token = seal('dir', 'A256GCM', 'direct', direct, SECRET);
  assert.equal(decrypted(token, `jwt_decrypt_secret("${SECRET.toString('base64')}")`), 'direct');
});

test('tokens for a private key are opened by its file and by its JWK', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  for (const [alg, hash] of [
    ['RSA-OAEP', 'sha1'],
    ['RSA-OAEP-256', 'sha256'],
  ] as const)
    assert.equal(
      decrypted(seal(alg, 'A256GCM', alg, rsaWrap(publicKey, hash)), 'jwt_decrypt_cert(key.pem)', { 'key.pem': pem }),
      alg,
    );
  assert.throws(() => decrypted('a.b.c.d.e', 'jwt_decrypt_cert(none.pem)'), /failed to open file 'none.pem'/);
  assert.throws(() => decrypted('a.b.c.d.e', 'jwt_decrypt_cert(x.pem)', { 'x.pem': 'x' }), /no private key in/);
});

test('damaged tokens, other keys and other algorithms give nothing', () => {
  const secret = SECRET.toString('base64');
  const token = seal('A256KW', 'A256GCM', 'contents', aesWrap(SECRET));
  for (let at = 0; at < 5; at++) {
    const parts = token.split('.');
    parts[at] = parts[at] === '' ? 'AA' : `${parts[at]!.slice(0, -4)}AAAA`;
    assert.equal(decrypted(parts.join('.'), `jwt_decrypt_secret("${secret}")`), undefined, `part ${at}`);
  }
  assert.equal(decrypted(token, `jwt_decrypt_secret("${SECRET.subarray(0, 16).toString('base64')}")`), undefined);
  assert.equal(decrypted('a.b.c', `jwt_decrypt_secret("${secret}")`), undefined);
  assert.equal(decrypted(`${json({ alg: 'none', enc: 'A256GCM' })}....`, `jwt_decrypt_secret("${secret}")`), undefined);
});

test('lists of algorithms say what is decrypted', () => {
  const converter = `jwt_decrypt_secret("${SECRET.toString('base64')}")`;
  const tokens = {
    wrapped: seal('A256KW', 'A256GCM', 'contents', aesWrap(SECRET)),
    direct: seal('dir', 'A128CBC-HS256', 'contents', direct, SECRET),
  };
  const told = (lists: Partial<TokenRules>) =>
    Object.entries(tokens).flatMap(([name, token]) =>
      decrypted(token, converter, {}, { ...DEFAULT_TOKEN_RULES, ...lists }) === 'contents' ? [name] : [],
    );
  assert.deepEqual(told({}), ['wrapped', 'direct']);
  assert.deepEqual(told({ algorithms: ['dir'] }), ['direct']);
  assert.deepEqual(told({ encryptions: ['A256GCM'] }), ['wrapped']);
  assert.deepEqual(told({ algorithms: ['A256KW'], encryptions: ['A128CBC-HS256'] }), []);
});

test('the key that two agree upon is that of RFC 7518, appendix C', () => {
  const alice = {
    ...{ kty: 'EC', crv: 'P-256', x: 'gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0' },
    y: 'SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps',
  };
  const bob = {
    ...{ kty: 'EC', crv: 'P-256', x: 'weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ' },
    ...{ y: 'e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck', d: 'VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw' },
  };
  const header = { apu: url(Buffer.from('Alice')), apv: url(Buffer.from('Bob')), epk: alice };
  const key = Buffer.from('VqqN6vgjbSBcIijNcacQGg', 'base64url');
  const token = seal('ECDH-ES', 'A128GCM', 'agreed', direct, key, header);
  assert.equal(decrypted(token, webKey(bob)), 'agreed');
  const other = seal('ECDH-ES', 'A128GCM', 'agreed', direct, key, { ...header, apv: url(Buffer.from('Eve')) });
  assert.equal(decrypted(other, webKey(bob)), undefined);
});

test('tokens for a key on a curve are opened by its file, too', () => {
  for (const namedCurve of ['P-256', 'P-521']) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
    const files = { 'key.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
    const alg = 'ECDH-ES+A256KW';
    const token = seal(alg, 'A256CBC-HS512', namedCurve, agree(alg, 'A256CBC-HS512', publicKey));
    assert.equal(decrypted(token, 'jwt_decrypt_cert(key.pem)', files), namedCurve);
  }
  const files = { 'key.pem': generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) };
  const refused = () => decrypted('a.b.c.d.e', 'jwt_decrypt_cert(key.pem)', { 'key.pem': String(files['key.pem']) });
  assert.throws(refused, /neither of RSA nor of a curve/);
});

test('a key of RSA1_5 that cannot be read gives nothing, and no error of its own', () => {
  const tokens = { ...DEFAULT_TOKEN_RULES, algorithms: TOKEN_ALGORITHMS };
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const converter = webKey(privateKey.export({ format: 'jwk' }));
  const told = (content: Buffer, rules: TokenRules) => {
    const token = seal(
      'RSA1_5',
      'A128GCM',
      'contents',
      () => rsaWrap(publicKey, null)(content),
      SECRET.subarray(0, 16),
    );
    return decrypted(token, converter, {}, rules);
  };
  assert.equal(told(SECRET.subarray(0, 16), tokens), 'contents');
  assert.equal(told(SECRET.subarray(0, 16), DEFAULT_TOKEN_RULES), undefined, 'off by default');
  assert.equal(told(SECRET, tokens), undefined, 'of another size');
  const unreadable = () => ({ key: randomBytes(256).fill(0, 0, 1) });
  const token = seal('RSA1_5', 'A128GCM', 'contents', unreadable, SECRET.subarray(0, 16));
  assert.equal(decrypted(token, converter, {}, tokens), undefined, 'of another padding');
});

test('a web key that is none is refused', () => {
  for (const key of ['garbage', '{"kty":"EC"}', '{"kty":"OKP"}'])
    assert.throws(
      () => decrypted('a.b.c.d.e', `jwt_decrypt_jwk(${quoted(key)})`),
      /neither a secret \('oct'\) nor/,
      key,
    );
});

import assert from 'node:assert/strict';
import {
  constants,
  createCipheriv,
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { test } from 'node:test';
import type { TokenLists } from '../../src/config/token-algorithms.ts';
import { compileWhole, evaluateBytes } from '../../src/expr/compile.ts';
import { place } from '../../src/expr/row.ts';
import { context } from './context.ts';

const url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const json = (value: unknown): string => url(Buffer.from(JSON.stringify(value)));
const SECRET = Buffer.from('0123456789abcdef0123456789abcdef');

/** Seals `text` as RFC 7516 says, with what wraps the key of the contents. */
function seal(
  alg: string,
  enc: string,
  text: string,
  wrap: (key: Buffer) => { key: Buffer; header?: object },
  key?: Buffer,
): string {
  const bits = Number(/\d+/.exec(enc)![0]);
  const cbc = enc.includes('CBC');
  const secret = key ?? randomBytes((bits / 8) * (cbc ? 2 : 1));
  const wrapped = wrap(secret);
  const header = json({ alg, enc, ...wrapped.header });
  const aad = Buffer.from(header);
  const iv = randomBytes(cbc ? 16 : 12);
  if (!cbc) {
    const cipher = createCipheriv(`aes-${bits as 256}-gcm`, secret, iv).setAAD(aad);
    const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
    return [header, url(wrapped.key), url(iv), url(sealed), url(cipher.getAuthTag())].join('.');
  }
  const half = secret.length / 2;
  const cipher = createCipheriv(`aes-${bits}-cbc`, secret.subarray(half), iv);
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(aad.length * 8));
  const digest = `sha${bits * 2}`;
  const code = createHmac(digest, secret.subarray(0, half))
    .update(aad)
    .update(iv)
    .update(sealed)
    .update(length)
    .digest();
  return [header, url(wrapped.key), url(iv), url(sealed), url(code.subarray(0, half))].join('.');
}

const aesWrap = (secret: Buffer) => (key: Buffer) => {
  const cipher = createCipheriv(`id-aes${secret.length * 8}-wrap`, secret, Buffer.from('a6a6a6a6a6a6a6a6', 'hex'));
  return { key: Buffer.concat([cipher.update(key), cipher.final()]) };
};
const gcmWrap = (secret: Buffer) => (key: Buffer) => {
  const iv = randomBytes(12);
  const cipher = createCipheriv(`aes-${(secret.length * 8) as 256}-gcm`, secret, iv);
  const sealed = Buffer.concat([cipher.update(key), cipher.final()]);
  return { key: sealed, header: { iv: url(iv), tag: url(cipher.getAuthTag()) } };
};
const rsaWrap = (key: KeyObject, oaepHash: string) => (content: Buffer) => ({
  key: publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, content),
});

function decrypted(
  token: string,
  converter: string,
  files: Record<string, string> = {},
  tokens?: TokenLists,
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
  const direct = seal('dir', 'A256GCM', 'direct', () => ({ key: Buffer.alloc(0) }), SECRET);
  assert.equal(decrypted(direct, `jwt_decrypt_secret("${SECRET.toString('base64')}")`), 'direct');
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
    direct: seal('dir', 'A128CBC-HS256', 'contents', () => ({ key: Buffer.alloc(0) }), SECRET),
  };
  const told = (lists: TokenLists) =>
    Object.entries(tokens).flatMap(([name, token]) =>
      decrypted(token, converter, {}, lists) === 'contents' ? [name] : [],
    );
  const [algorithms, encryptions] = [['A256KW', 'dir'] as const, ['A256GCM', 'A128CBC-HS256'] as const];
  assert.deepEqual(told({ algorithms, encryptions }), ['wrapped', 'direct']);
  assert.deepEqual(told({ algorithms: ['dir'], encryptions }), ['direct']);
  assert.deepEqual(told({ algorithms, encryptions: ['A256GCM'] }), ['wrapped']);
  assert.deepEqual(told({ algorithms: ['A256KW'], encryptions: ['A128CBC-HS256'] }), []);
});

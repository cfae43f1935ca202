/** Tokens as those who send them make them: encrypted (RFC 7516) and signed (RFC 7515) ones, in compact form. */

import {
  constants,
  createCipheriv,
  createHash,
  createHmac,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';

export const url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
export const json = (value: unknown): string => url(Buffer.from(JSON.stringify(value)));

/** What wraps the key of the contents: its bytes as they stand in the token, what the header says of it, and the key where it is agreed. */
export type Wrap = (key: Buffer) => { key: Buffer; header?: object; secret?: Buffer };

/** Bytes of the key of the contents. */
const sizeOf = (enc: string): number => (Number(/\d+/.exec(enc)![0]) / 8) * (enc.includes('CBC') ? 2 : 1);

/** Seals `text`; `more` goes into the header as it is. */
export function seal(alg: string, enc: string, text: string, wrap: Wrap, key?: Buffer, more: object = {}): string {
  const bits = Number(/\d+/.exec(enc)![0]);
  const cbc = enc.includes('CBC');
  const given = key ?? randomBytes(sizeOf(enc));
  const { secret = given, ...wrapped } = wrap(given);
  const header = json({ alg, enc, ...wrapped.header, ...more });
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

/** The key itself is the secret of both (`dir`). */
export const direct: Wrap = () => ({ key: Buffer.alloc(0) });

export const aesWrap =
  (secret: Buffer): Wrap =>
  (key) => {
    const cipher = createCipheriv(`id-aes${secret.length * 8}-wrap`, secret, Buffer.from('a6a6a6a6a6a6a6a6', 'hex'));
    return { key: Buffer.concat([cipher.update(key), cipher.final()]) };
  };

export const gcmWrap =
  (secret: Buffer): Wrap =>
  (key) => {
    const iv = randomBytes(12);
    const cipher = createCipheriv(`aes-${(secret.length * 8) as 256}-gcm`, secret, iv);
    const sealed = Buffer.concat([cipher.update(key), cipher.final()]);
    return { key: sealed, header: { iv: url(iv), tag: url(cipher.getAuthTag()) } };
  };

/** `oaepHash` null: RSA1_5. */
export const rsaWrap =
  (key: KeyObject, oaepHash: string | null): Wrap =>
  (content) => ({
    key: publicEncrypt(
      oaepHash === null
        ? { key, padding: constants.RSA_PKCS1_PADDING }
        : { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash },
      content,
    ),
  });

/** Concat KDF (RFC 7518, section 4.6.2). */
function derive(secret: Buffer, algorithm: string, parties: readonly string[], size: number): Buffer {
  const word = (value: number) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);
  const info = [Buffer.from(algorithm), ...parties.map((party) => Buffer.from(party, 'base64url'))];
  const hash = (round: number) => {
    const digest = createHash('sha256').update(word(round)).update(secret);
    for (const part of info) digest.update(word(part.length)).update(part);
    return digest.update(word(size * 8)).digest();
  };
  return Buffer.concat([hash(1), hash(2)]).subarray(0, size);
}

/** ECDH-ES with a key made for the occasion; `parties`: `apu` and `apv`, in base64url. */
export const agree =
  (alg: string, enc: string, receiver: KeyObject, parties: { apu?: string; apv?: string } = {}): Wrap =>
  (key) => {
    const { namedCurve = '' } = receiver.asymmetricKeyDetails ?? {};
    const own = generateKeyPairSync('ec', { namedCurve });
    const shared = diffieHellman({ privateKey: own.privateKey, publicKey: receiver });
    const header = { ...parties, epk: own.publicKey.export({ format: 'jwk' }) };
    const bits = /\+A(\d+)KW/.exec(alg);
    const size = bits === null ? sizeOf(enc) : Number(bits[1]) / 8;
    const secret = derive(shared, bits === null ? enc : alg, [parties.apu ?? '', parties.apv ?? ''], size);
    return bits === null ? { key: Buffer.alloc(0), header, secret } : { ...aesWrap(secret)(key), header };
  };

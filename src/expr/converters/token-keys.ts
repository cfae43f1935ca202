/** Keys that the contents of tokens are encrypted with, as the header names how they are told (RFC 7518, section 4). */

import {
  constants,
  createDecipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  type JsonWebKeyInput,
  type KeyObject,
  privateDecrypt,
  type RsaPrivateKey,
  randomBytes,
} from 'node:crypto';
import { base64UrlDecode } from './binary.ts';
import { openGcm } from './token-contents.ts';

/** The header of a token: members that are read, of whatever type. */
export interface TokenHeader {
  readonly alg?: unknown;
  readonly enc?: unknown;
  readonly zip?: unknown;
  readonly crit?: unknown;
  readonly iv?: unknown;
  readonly tag?: unknown;
  readonly epk?: unknown;
  readonly apu?: unknown;
  readonly apv?: unknown;
}

/** Bytes in base64url; throws for all that is none. */
export function bytesOf(text: unknown): Buffer {
  const decoded = typeof text === 'string' ? base64UrlDecode(text) : undefined;
  if (decoded === undefined) throw new Error('not base64url');
  return Buffer.from(decoded, 'latin1');
}

/** The key of the contents, which has `size` bytes; throws when `key` is not for that algorithm, or is another one. */
export function contentKey(header: TokenHeader, encrypted: Buffer, key: KeyObject, size: number): Buffer {
  const algorithm = String(header.alg);
  if (key.type === 'private')
    return key.asymmetricKeyType === 'ec'
      ? agreedKey(header, algorithm, encrypted, key, size)
      : rsaKey(algorithm, encrypted, key, size);
  const secret = key.export();
  if (algorithm === 'dir') return expectNone(encrypted, secret);
  const bits = /^A(128|192|256)(GCM)?KW$/.exec(algorithm);
  if (bits === null || secret.length * 8 !== Number(bits[1])) throw new Error('unknown algorithm');
  if (bits[2] === undefined) return unwrap(secret, encrypted);
  return openGcm(secret, { iv: bytesOf(header.iv), text: encrypted, tag: bytesOf(header.tag), aad: Buffer.alloc(0) });
}

/** A key that both sides have goes with no other one (RFC 7516, section 5.2, step 10). */
function expectNone(encrypted: Buffer, secret: Buffer): Buffer {
  if (encrypted.length > 0) throw new Error('a key where none is wanted');
  return secret;
}

const RSA: Readonly<Record<string, Omit<RsaPrivateKey, 'key'>>> = {
  RSA1_5: { padding: constants.RSA_PKCS1_PADDING },
  'RSA-OAEP': { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
  'RSA-OAEP-256': { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
};

/**
 * A key encrypted for one of RSA. What cannot be decrypted, or has another size, gives a random key, by which the contents fail: nobody
 * is told, by the answer or by its time, which of the two it was (RFC 7516, section 11.5).
 */
function rsaKey(algorithm: string, encrypted: Buffer, key: KeyObject, size: number): Buffer {
  const options = RSA[algorithm];
  if (options === undefined) throw new Error('unknown algorithm');
  const random = randomBytes(size);
  try {
    const secret = privateDecrypt({ key, ...options }, encrypted);
    return secret.length === size ? secret : random;
  } catch {
    return random;
  }
}

/** ECDH-ES (RFC 7518, section 4.6): the key itself is agreed upon, or one that it is wrapped with. */
function agreedKey(header: TokenHeader, algorithm: string, encrypted: Buffer, key: KeyObject, size: number): Buffer {
  const wrapped = /^ECDH-ES(?:\+A(128|192|256)KW)?$/.exec(algorithm);
  if (wrapped === null) throw new Error('unknown algorithm');
  // Throws for a point that is not on the curve, and for another curve than that of the private key.
  const publicKey = createPublicKey({ key: header.epk as JsonWebKeyInput['key'], format: 'jwk' });
  const parties = [header.apu, header.apv].map((party) => (party === undefined ? Buffer.alloc(0) : bytesOf(party)));
  const secret = diffieHellman({ privateKey: key, publicKey });
  if (wrapped[1] === undefined) return expectNone(encrypted, derive(secret, String(header.enc), parties, size));
  return unwrap(derive(secret, algorithm, parties, Number(wrapped[1]) / 8), encrypted);
}

/** Concat KDF with SHA-256 (RFC 7518, section 4.6.2): `size` bytes of a shared secret, for an algorithm and two parties. */
function derive(secret: Buffer, algorithm: string, parties: readonly Buffer[], size: number): Buffer {
  const info = [Buffer.from(algorithm), ...parties].flatMap((part) => [wordOf(part.length), part]);
  const rounds = Array.from({ length: Math.ceil(size / 32) }, (_, i) =>
    createHash('sha256')
      .update(Buffer.concat([wordOf(i + 1), secret, ...info, wordOf(size * 8)]))
      .digest(),
  );
  return Buffer.concat(rounds).subarray(0, size);
}

function wordOf(value: number): Buffer {
  const word = Buffer.alloc(4);
  word.writeUInt32BE(value);
  return word;
}

const WRAP_IV = Buffer.from('a6a6a6a6a6a6a6a6', 'hex');

/** AES Key Wrap (RFC 3394). */
function unwrap(key: Buffer, encrypted: Buffer): Buffer {
  const cipher = createDecipheriv(`id-aes${key.length * 8}-wrap`, key, WRAP_IV);
  return Buffer.concat([cipher.update(encrypted), cipher.final()]);
}

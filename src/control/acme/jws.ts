import { createHash, createHmac, createPublicKey, type KeyObject, sign } from 'node:crypto';

/** Messages to an ACME server, signed (RFC 8555, section 6.2; RFC 7515). */

/** How an account's key signs (RFC 7518, section 3.1). */
interface Signature {
  readonly alg: string;
  /** Digest for node:crypto, null where the key says it. */
  readonly hash: string | null;
}

const CURVES: Readonly<Record<string, Signature>> = {
  prime256v1: { alg: 'ES256', hash: 'sha256' },
  secp384r1: { alg: 'ES384', hash: 'sha384' },
  secp521r1: { alg: 'ES512', hash: 'sha512' },
};

/** How `key` signs; null when it is of a type that JWS has no name for. */
export function signatureOf(key: KeyObject): Signature | null {
  if (key.asymmetricKeyType === 'rsa') return { alg: 'RS256', hash: 'sha256' };
  if (key.asymmetricKeyType === 'ed25519') return { alg: 'EdDSA', hash: null };
  if (key.asymmetricKeyType === 'ec') return CURVES[key.asymmetricKeyDetails!.namedCurve!] ?? null;
  return null;
}

/** The public key, with the members that a thumbprint is taken over only, in their order (RFC 7638, section 3.2). */
function publicJwk(key: KeyObject): object {
  const { crv, e, kty, n, x, y } = createPublicKey(key).export({ format: 'jwk' });
  return JSON.parse(JSON.stringify({ crv, e, kty, n, x, y }));
}

/** What challenges are answered with beside their token (RFC 8555, section 8.1): base64url of the SHA-256 of the public key. */
export function thumbprint(key: KeyObject): string {
  return createHash('sha256')
    .update(JSON.stringify(publicJwk(key)))
    .digest('base64url');
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** What is to be signed. */
export interface Message {
  readonly url: string;
  readonly nonce: string;
  /** null: a POST that stands for a GET (RFC 8555, section 6.3). */
  readonly payload: unknown;
}

/** A message in flattened JSON, signed by the account: named by its URL, or by its public key before it has one. */
export function signed({ url, nonce, payload }: Message, key: KeyObject, account: string | null): string {
  const { alg, hash } = signatureOf(key)!;
  const head = encode({ alg, nonce, url, ...(account === null ? { jwk: publicJwk(key) } : { kid: account }) });
  const body = payload === null ? '' : encode(payload);
  const bytes = sign(hash, Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' });
  return JSON.stringify({ protected: head, payload: body, signature: bytes.toString('base64url') });
}

/** An account elsewhere that the new one is to belong to (RFC 8555, section 7.3.4). */
export interface ExternalAccount {
  readonly keyId: string;
  /** Secret that both sides have. */
  readonly macKey: Buffer;
  readonly alg: 'HS256' | 'HS384' | 'HS512';
}

/** What proves to the server at `url` that the holder of an account elsewhere asks for `key`'s. */
export function accountBinding({ keyId, macKey, alg }: ExternalAccount, key: KeyObject, url: string): object {
  const head = encode({ alg, kid: keyId, url });
  const body = encode(publicJwk(key));
  const mac = createHmac(`sha${alg.slice(2)}`, macKey).update(`${head}.${body}`);
  return { protected: head, payload: body, signature: mac.digest('base64url') };
}

/** Encrypted tokens, JWE in compact form (RFC 7516, RFC 7518): `jwt_decrypt_secret`, `jwt_decrypt_cert`, `jwt_decrypt_jwk` (HAProxy manual, section 7.3.1). */

import {
  constants,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createSecretKey,
  type KeyObject,
  privateDecrypt,
  timingSafeEqual,
} from 'node:crypto';
import {
  TOKEN_ALGORITHMS,
  TOKEN_ENCRYPTIONS,
  type TokenEncryption,
  type TokenLists,
} from '../../config/token-algorithms.ts';
import type { Arg } from '../args.ts';
import type { CompileEnv, Convert, ConverterRow } from '../row.ts';
import type { ExprError } from '../sample.ts';
import type { ExprContext } from '../types.ts';
import { parseVarName, readVarText } from '../vars.ts';
import { base64Decode, base64UrlDecode } from './binary.ts';

type KeyOf = (ctx: ExprContext) => KeyObject | undefined;

/** How contents are encrypted: bits of the cipher's key, and the digest of the code that goes with CBC. */
const CONTENTS: Readonly<Record<TokenEncryption, { readonly bits: 128 | 192 | 256; readonly digest: string | null }>> =
  {
    A128GCM: { bits: 128, digest: null },
    A192GCM: { bits: 192, digest: null },
    A256GCM: { bits: 256, digest: null },
    'A128CBC-HS256': { bits: 128, digest: 'sha256' },
    'A192CBC-HS384': { bits: 192, digest: 'sha384' },
    'A256CBC-HS512': { bits: 256, digest: 'sha512' },
  };

const EVERY: TokenLists = { algorithms: TOKEN_ALGORITHMS, encryptions: TOKEN_ENCRYPTIONS };

/** Digests of RSA-OAEP. RSA1_5 is left out: whoever can ask often enough reads tokens by it. */
const OAEP: Readonly<Record<string, string>> = {
  'RSA-OAEP': 'sha1',
  'RSA-OAEP-256': 'sha256',
  'RSA-OAEP-384': 'sha384',
  'RSA-OAEP-512': 'sha512',
};

const WRAP_IV = Buffer.from('a6a6a6a6a6a6a6a6', 'hex');

interface Header {
  readonly alg?: unknown;
  readonly enc?: unknown;
  readonly iv?: unknown;
  readonly tag?: unknown;
  readonly zip?: unknown;
}

const bytesOf = (text: unknown): Buffer => {
  const decoded = typeof text === 'string' ? base64UrlDecode(text) : undefined;
  if (decoded === undefined) throw new Error('not base64url');
  return Buffer.from(decoded, 'latin1');
};

/** The contents of a token; throws when it cannot be read with that key, or not by these algorithms. */
function decrypt(token: string, key: KeyObject, { algorithms, encryptions }: TokenLists): string {
  const parts = token.split('.');
  if (parts.length !== 5) throw new Error('not five parts');
  const [protectedHeader, encryptedKey, iv, text, tag] = parts as [string, string, string, string, string];
  const header = JSON.parse(bytesOf(protectedHeader).toString()) as Header;
  const encryption = encryptions.find((name) => name === header.enc);
  if (encryption === undefined || header.zip !== undefined) throw new Error('unknown encryption');
  if (!algorithms.some((name) => name === header.alg)) throw new Error('unknown algorithm');
  const contents = CONTENTS[encryption];
  const secret = contentKey(header, bytesOf(encryptedKey), key);
  const size = (contents.digest === null ? 1 : 2) * (contents.bits / 8);
  if (secret.length !== size) throw new Error('a key of another size');
  const sealed = {
    iv: bytesOf(iv),
    text: bytesOf(text),
    tag: bytesOf(tag),
    aad: Buffer.from(protectedHeader, 'latin1'),
  };
  return (contents.digest === null ? openGcm(secret, sealed) : openCbc(secret, sealed, contents.digest)).latin1Slice();
}

interface Sealed {
  readonly iv: Buffer;
  readonly text: Buffer;
  readonly tag: Buffer;
  readonly aad: Buffer;
}

function openGcm(key: Buffer, { iv, text, tag, aad }: Sealed): Buffer {
  if (iv.length !== 12 || tag.length !== 16) throw new Error('sizes');
  const cipher = createDecipheriv(`aes-${(key.length * 8) as 128 | 192 | 256}-gcm`, key, iv);
  cipher.setAAD(aad).setAuthTag(tag);
  return Buffer.concat([cipher.update(text), cipher.final()]);
}

/** AES in CBC mode with a code of HMAC (RFC 7518, section 5.2). */
function openCbc(secret: Buffer, { iv, text, tag, aad }: Sealed, digest: string): Buffer {
  const half = secret.length / 2;
  const bits = Buffer.alloc(8);
  bits.writeBigUInt64BE(BigInt(aad.length) * 8n);
  const code = createHmac(digest, secret.subarray(0, half)).update(aad).update(iv).update(text).update(bits).digest();
  const expected = code.subarray(0, half);
  if (expected.length !== tag.length || !timingSafeEqual(expected, tag)) throw new Error('altered');
  const cipher = createDecipheriv(`aes-${half * 8}-cbc`, secret.subarray(half), iv);
  return Buffer.concat([cipher.update(text), cipher.final()]);
}

/** The key of the contents, by the algorithm that the header names (RFC 7518, section 4). */
function contentKey(header: Header, encrypted: Buffer, key: KeyObject): Buffer {
  const algorithm = String(header.alg);
  const oaep = OAEP[algorithm];
  if (key.type === 'private') {
    if (oaep === undefined) throw new Error('unknown algorithm');
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: oaep }, encrypted);
  }
  const secret = key.export();
  if (algorithm === 'dir') {
    if (encrypted.length > 0) throw new Error('a key where none is wanted');
    return secret;
  }
  const bits = /^A(128|192|256)(GCM)?KW$/.exec(algorithm);
  if (bits === null || secret.length * 8 !== Number(bits[1])) throw new Error('unknown algorithm');
  if (bits[2] === 'GCM')
    return openGcm(secret, { iv: bytesOf(header.iv), text: encrypted, tag: bytesOf(header.tag), aad: Buffer.alloc(0) });
  const unwrap = createDecipheriv(`id-aes${bits[1]}-wrap`, secret, WRAP_IV);
  return Buffer.concat([unwrap.update(encrypted), unwrap.final()]);
}

/** A token is decrypted with the key; nothing comes of one that is damaged or for another key. */
const decrypting =
  (keyOf: KeyOf, { tokens = EVERY }: CompileEnv): Convert =>
  (token, ctx) => {
    try {
      const key = keyOf(ctx);
      return key === undefined ? undefined : decrypt(token as string, key, tokens);
    } catch {
      return undefined;
    }
  };

/** A key in an argument: as it is, or in a variable. */
function keyArgument(arg: Arg, read: (text: string) => KeyObject | null, problem: string): KeyOf | ExprError {
  const name = parseVarName(arg as string);
  if ('error' in name) {
    const key = read(arg as string);
    return key === null ? { error: problem } : () => key;
  }
  return (ctx) => {
    const text = readVarText(ctx, name);
    return text === undefined ? undefined : (read(text) ?? undefined);
  };
}

function secretKey(text: string): KeyObject | null {
  const decoded = base64Decode(text);
  return decoded === undefined || decoded === '' ? null : createSecretKey(Buffer.from(decoded, 'latin1'));
}

/** A JSON Web Key (RFC 7517): a secret (`oct`) or a private key of RSA. */
function webKey(text: string): KeyObject | null {
  try {
    const jwk = JSON.parse(Buffer.from(text, 'latin1').toString());
    if (jwk.kty === 'oct') return createSecretKey(bytesOf(jwk.k));
    return jwk.kty === 'RSA' ? createPrivateKey({ key: jwk, format: 'jwk' }) : null;
  } catch {
    return null;
  }
}

function certificateKey([path]: readonly Arg[], env: CompileEnv): Convert | ExprError {
  const pem = env.readFile?.(path as string) ?? null;
  try {
    if (pem === null) return { error: `failed to open file '${path}'` };
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType !== 'rsa') return { error: `the private key in '${path}' is not of RSA` };
    return decrypting(() => key, env);
  } catch {
    return { error: `no private key in '${path}'` };
  }
}

const withKey = (read: (text: string) => KeyObject | null, problem: string) => ({
  ...({ args: 'string', in: 'bin', out: 'bin' } as const),
  compile: ([arg]: readonly Arg[], env: CompileEnv): Convert | ExprError => {
    const key = keyArgument(arg, read, problem);
    return typeof key === 'function' ? decrypting(key, env) : key;
  },
});

export const jweConverters: readonly ConverterRow[] = [
  { name: 'jwt_decrypt_cert', args: 'string', in: 'bin', out: 'bin', compile: certificateKey },
  { name: 'jwt_decrypt_jwk', ...withKey(webKey, 'the JWK is neither a secret nor a private key of RSA') },
  { name: 'jwt_decrypt_secret', ...withKey(secretKey, 'the secret must be encoded in base64') },
];

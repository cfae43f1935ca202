/** Encrypted tokens, JWE in compact form (RFC 7516, RFC 7518): `jwt_decrypt_secret`, `jwt_decrypt_cert`, `jwt_decrypt_jwk` (HAProxy manual, section 7.3.1). */

import { createPrivateKey, createSecretKey, type KeyObject } from 'node:crypto';
import { DEFAULT_TOKEN_RULES, type TokenRules } from '../../config/token-algorithms.ts';
import type { Arg } from '../args.ts';
import type { CompileEnv, Convert, ConverterRow } from '../row.ts';
import type { ExprError } from '../sample.ts';
import type { ExprContext } from '../types.ts';
import { parseVarName, readVarText } from '../vars.ts';
import { base64Decode } from './binary.ts';
import { contentKeySize, openContents } from './token-contents.ts';
import { bytesOf, contentKey, type TokenHeader } from './token-keys.ts';

type KeyOf = (ctx: ExprContext) => KeyObject | undefined;

/** The contents of a token; throws when it cannot be read with that key, or not by these algorithms. */
function decrypt(token: string, key: KeyObject, { algorithms, encryptions }: TokenRules): string {
  const parts = token.split('.');
  if (parts.length !== 5) throw new Error('not five parts');
  const [protectedHeader, encryptedKey, iv, text, tag] = parts as [string, string, string, string, string];
  const header = JSON.parse(bytesOf(protectedHeader).toString()) as TokenHeader;
  const encryption = encryptions.find((name) => name === header.enc);
  if (encryption === undefined || !algorithms.some((name) => name === header.alg)) throw new Error('unknown algorithm');
  // What is compressed, or must be understood, is not what it seems (RFC 7516, sections 4.1.3 and 4.1.13).
  if (header.zip !== undefined || header.crit !== undefined) throw new Error('not understood');
  const secret = contentKey(header, bytesOf(encryptedKey), key, contentKeySize(encryption));
  const sealed = {
    iv: bytesOf(iv),
    text: bytesOf(text),
    tag: bytesOf(tag),
    aad: Buffer.from(protectedHeader, 'latin1'),
  };
  return openContents(encryption, secret, sealed).latin1Slice();
}

/** A token is decrypted with the key; nothing comes of one that is damaged or for another key. */
const decrypting =
  (keyOf: KeyOf, { tokens = DEFAULT_TOKEN_RULES }: CompileEnv): Convert =>
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

/** A JSON Web Key (RFC 7517): a secret (`oct`), or a private key of RSA or on one of the curves P-256, P-384, P-521 and secp256k1. */
function webKey(text: string): KeyObject | null {
  try {
    const jwk = JSON.parse(Buffer.from(text, 'latin1').toString());
    if (jwk.kty === 'oct') return createSecretKey(bytesOf(jwk.k));
    return jwk.kty === 'RSA' || jwk.kty === 'EC' ? createPrivateKey({ key: jwk, format: 'jwk' }) : null;
  } catch {
    return null;
  }
}

function certificateKey([path]: readonly Arg[], env: CompileEnv): Convert | ExprError {
  const pem = env.readFile?.(path as string) ?? null;
  try {
    if (pem === null) return { error: `failed to open file '${path}'` };
    const key = createPrivateKey(pem);
    if (!['rsa', 'ec'].includes(key.asymmetricKeyType ?? ''))
      return { error: `the private key in '${path}' is neither of RSA nor of a curve for ECDH-ES` };
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

const NO_WEB_KEY = "the JWK is neither a secret ('oct') nor a private key ('RSA', 'EC')";
const NO_SECRET =
  'failed to parse secret: argument needs to be base64 encoded, and can either be a string or a variable';

export const jweConverters: readonly ConverterRow[] = [
  { name: 'jwt_decrypt_cert', args: 'string', in: 'bin', out: 'bin', compile: certificateKey },
  { name: 'jwt_decrypt_jwk', ...withKey(webKey, NO_WEB_KEY) },
  { name: 'jwt_decrypt_secret', ...withKey(secretKey, NO_SECRET) },
];

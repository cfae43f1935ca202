/** Signed tokens, JWS in compact form (RFC 7515, RFC 7518): `jwt_verify`, `jwt_verify_cert` (HAProxy manual, section 7.3.1). */

import { constants, createHmac, createPublicKey, createVerify, type KeyObject, timingSafeEqual } from 'node:crypto';
import { DEFAULT_TOKEN_RULES } from '../../config/token-algorithms.ts';
import type { Arg } from '../args.ts';
import type { CompileEnv, Convert, ConverterRow } from '../row.ts';
import type { ExprError } from '../sample.ts';
import { parseVarName, readVarText } from '../vars.ts';
import { base64UrlDecode } from './binary.ts';

type Kind = 'hmac' | 'rsa' | 'pss' | 'ecdsa';

interface Signature {
  readonly digest: string;
  readonly kind: Kind;
}

/** Digest and kind of the signatures of RFC 7518, section 3.1. */
const SIGNATURES: ReadonlyMap<string, Signature> = new Map(
  ['256', '384', '512'].flatMap((bits): [string, Signature][] => {
    const digest = `sha${bits}`;
    return [
      [`HS${bits}`, { digest, kind: 'hmac' }],
      [`RS${bits}`, { digest, kind: 'rsa' }],
      [`PS${bits}`, { digest, kind: 'pss' }],
      [`ES${bits}`, { digest, kind: 'ecdsa' }],
    ];
  }),
);

/** The algorithm of tokens without a signature (RFC 7518, section 3.6). */
const UNSIGNED = 'none';

/** Answers of `jwt_verify`. */
const JWT = {
  failed: 0,
  verified: 1,
  unknownAlgorithm: -1,
  unmanagedAlgorithm: -2,
  invalidToken: -3,
  unknownCertificate: -5,
} as const;

/** Keys that verify signatures of a kind: one of another type never does, whatever the signature is. */
const KEY_TYPES: Readonly<Record<Kind, readonly string[]>> = {
  hmac: [],
  rsa: ['rsa'],
  pss: ['rsa', 'rsa-pss'],
  ecdsa: ['ec'],
};

/** Bytes of a signature, two numbers as long as the curve of the key asks for (RFC 7518, section 3.4). */
const ECDSA_BYTES: Readonly<Record<string, number>> = { prime256v1: 64, secp384r1: 96, secp521r1: 132 };

interface Verifier {
  readonly algorithm: string;
  /** The secret, where the algorithm has one. */
  readonly secret: string;
  readonly publicKey: KeyObject | null;
  readonly unsigned: boolean;
}

/** One of the answers above. The algorithm is looked at first, then the form of the token, then the key. */
function verifyToken(token: string, verifier: Verifier): number {
  const known = SIGNATURES.get(verifier.algorithm);
  if (known === undefined) {
    if (verifier.algorithm !== UNSIGNED) return JWT.unknownAlgorithm;
    if (!verifier.unsigned) return JWT.unmanagedAlgorithm;
  }
  const parts = token.split('.');
  if (parts.length !== 3) return JWT.invalidToken;
  const [header, payload, code] = parts as [string, string, string];
  if (known === undefined) return code === '' ? JWT.verified : JWT.failed;
  const signature = base64UrlDecode(code);
  if (signature === undefined || signature === '') return JWT.invalidToken;
  if (known.kind !== 'hmac' && verifier.publicKey === null) return JWT.unknownCertificate;
  if (known.kind === 'ecdsa' && !fits(signature, verifier.publicKey!)) return JWT.invalidToken;
  const signed = `${header}.${payload}`;
  return isSignature(signed, Buffer.from(signature, 'latin1'), known, verifier) ? JWT.verified : JWT.failed;
}

function fits(signature: string, { asymmetricKeyDetails }: KeyObject): boolean {
  const bytes = ECDSA_BYTES[asymmetricKeyDetails?.namedCurve ?? ''];
  return bytes === undefined || signature.length === bytes;
}

function isSignature(
  signed: string,
  signature: Buffer,
  { digest, kind }: Signature,
  { secret, publicKey }: Verifier,
): boolean {
  if (kind === 'hmac') {
    const expected = createHmac(digest, Buffer.from(secret, 'latin1')).update(signed, 'latin1').digest();
    return expected.length === signature.length && timingSafeEqual(expected, signature);
  }
  const key = publicKey!;
  if (!KEY_TYPES[kind].includes(key.asymmetricKeyType ?? '')) return false;
  const padding = kind === 'pss' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  const options = kind === 'ecdsa' ? { key, dsaEncoding: 'ieee-p1363' as const } : { key, padding };
  try {
    return createVerify(digest).update(signed, 'latin1').verify(options, signature);
  } catch {
    return false;
  }
}

function compileVerify([algorithmArg, keyArg]: readonly Arg[], env: CompileEnv): Convert | ExprError {
  const [algorithm, keyText] = [String(algorithmArg ?? ''), String(keyArg ?? '')];
  const algorithmVar = parseVarName(algorithm);
  const keyVar = parseVarName(keyText);
  const isFixed = 'error' in algorithmVar;
  const kind = SIGNATURES.get(algorithm)?.kind;
  if (isFixed && kind === undefined && algorithm !== UNSIGNED) return { error: `unknown JWT algorithm: ${algorithm}` };
  const needsKey = isFixed && kind !== undefined && kind !== 'hmac';
  const isNamed = 'error' in keyVar;
  const publicKey = isNamed && (needsKey || !isFixed) ? publicKeyIn(env.readFile?.(keyText) ?? null) : null;
  if (isNamed && needsKey && publicKey === null) return { error: `failed to parse public key : '${keyText}'` };
  const { tokens: { unsigned } = DEFAULT_TOKEN_RULES, tokenKeys } = env;
  if (publicKey !== null) tokenKeys?.add(keyText, publicKey);
  return (token, ctx) => {
    const name = 'error' in algorithmVar ? algorithm : readVarText(ctx, algorithmVar);
    const secret = 'error' in keyVar ? keyText : readVarText(ctx, keyVar);
    if (name === undefined || secret === undefined) return undefined;
    const key = 'error' in keyVar ? publicKey : (tokenKeys?.find(secret) ?? null);
    return verifyToken(token as string, { algorithm: name, secret, publicKey: key, unsigned });
  };
}

function publicKeyIn(pem: string | null): KeyObject | null {
  try {
    return pem === null ? null : createPublicKey(pem);
  } catch {
    return null;
  }
}

export const jwsConverters: readonly ConverterRow[] = [
  { name: 'jwt_verify', args: 'string,string', in: 'bin', out: 'sint', compile: compileVerify },
  {
    ...{ name: 'jwt_verify_cert', args: 'string,string', in: 'bin', out: 'sint' },
    compile: (args, env) =>
      /^HS/.test(String(args[0]))
        ? { error: "HMAC-signed tokens can't be processed by this converter" }
        : compileVerify(args, env),
  },
];

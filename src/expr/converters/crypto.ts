/** Ciphers and signatures (HAProxy manual, section 7.3.1). */

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPublicKey,
  createVerify,
  timingSafeEqual,
} from 'node:crypto';
import { x509ErrorName } from '../../util/x509-errors.ts';
import type { Arg } from '../args.ts';
import type { CompileEnv, Convert, ConverterRow } from '../row.ts';
import type { ExprError } from '../sample.ts';
import type { ExprContext } from '../types.ts';
import { parseVarName, readVarText, type VarName, writeVar } from '../vars.ts';
import { base64Decode, base64UrlDecode } from './binary.ts';

type ReadBytes = (ctx: ExprContext) => Buffer | undefined;

/** A parameter in base64, given as it is or in a variable. */
function base64Param(arg: Arg, what: string): ReadBytes | ExprError {
  const text = arg as string;
  const name = parseVarName(text);
  if (!('error' in name)) {
    return (ctx) => {
      const value = readVarText(ctx, name);
      const decoded = value === undefined ? undefined : base64Decode(value);
      return decoded === undefined ? undefined : Buffer.from(decoded, 'latin1');
    };
  }
  const decoded = base64Decode(text);
  if (decoded === undefined) {
    return {
      error: `failed to parse ${what} : argument needs to be base64 encoded, and can either be a string or a variable`,
    };
  }
  const bytes = Buffer.from(decoded, 'latin1');
  return () => bytes;
}

/** A variable's name, or null. */
function variableOf(arg: Arg): VarName | ExprError | null {
  return arg === undefined || arg === '' ? null : parseVarName(arg as string);
}

interface CipherParams {
  readonly bits: number;
  readonly nonce: ReadBytes;
  readonly key: ReadBytes;
}

function cipherParams([bits, nonceArg, keyArg]: readonly Arg[]): CipherParams | ExprError {
  const size = Number(bits);
  if (size !== 128 && size !== 192 && size !== 256) return { error: 'key size must be 128, 192 or 256 (bits).' };
  const nonce = base64Param(nonceArg, 'nonce');
  if (typeof nonce !== 'function') return nonce;
  const key = base64Param(keyArg, 'key');
  if (typeof key !== 'function') return key;
  return { bits: size, nonce, key };
}

/** Runs a cipher; a wrong key, nonce or tag gives no sample. */
function attempt(run: () => string): string | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

function aad(arg: Arg): ReadBytes | null | ExprError {
  return arg === undefined || arg === '' ? null : base64Param(arg, 'aad');
}

function compileGcm(args: readonly Arg[], decrypt: boolean): Convert | ExprError {
  const params = cipherParams(args);
  if ('error' in params) return params;
  const tagName = parseVarName(args[3] as string);
  const tagParam = decrypt ? base64Param(args[3], 'aead_tag') : null;
  if (tagParam !== null && typeof tagParam !== 'function') return tagParam;
  if (!decrypt && 'error' in tagName) return { error: 'failed to parse aead_tag : a variable is expected' };
  const extra = aad(args[4]);
  if (extra !== null && typeof extra !== 'function') return extra;
  const algorithm = `aes-${params.bits}-gcm` as 'aes-128-gcm';
  return (bytes, ctx) => {
    const nonce = params.nonce(ctx);
    const key = params.key(ctx);
    const associated = extra === null ? Buffer.alloc(0) : extra(ctx);
    const tag = tagParam === null ? null : tagParam(ctx);
    if (nonce === undefined || key === undefined || associated === undefined || tag === undefined) return undefined;
    return attempt(() => {
      if (tag !== null) {
        const decipher = createDecipheriv(algorithm, key, nonce).setAuthTag(tag).setAAD(associated);
        return decipher.update(bytes as string, 'latin1', 'latin1') + decipher.final('latin1');
      }
      const cipher = createCipheriv(algorithm, key, nonce).setAAD(associated);
      const result = cipher.update(bytes as string, 'latin1', 'latin1') + cipher.final('latin1');
      if (!('error' in tagName)) {
        const value = cipher.getAuthTag().toString('base64');
        writeVar(ctx, tagName, value, 'str');
      }
      return result;
    });
  };
}

/** Bytes of a block, which the nonce has too. */
const CBC_BLOCK = 16;

function compileCbc(args: readonly Arg[], decrypt: boolean): Convert | ExprError {
  const params = cipherParams(args);
  if ('error' in params) return params;
  const algorithm = `aes-${params.bits}-cbc`;
  const make = decrypt ? createDecipheriv : createCipheriv;
  return (bytes, ctx) => {
    const nonce = params.nonce(ctx);
    const key = params.key(ctx);
    if (nonce === undefined || key === undefined) return undefined;
    return attempt(() => {
      // What is longer is cut. CBC has no additional data, which is taken and means nothing.
      const cipher = make(algorithm, key.subarray(0, params.bits / 8), nonce.subarray(0, CBC_BLOCK));
      return cipher.update(bytes as string, 'latin1', 'latin1') + cipher.final('latin1');
    });
  };
}

/** Digest and kind of the signatures of RFC 7518, section 3.1. */
const JWT_ALGORITHMS: Readonly<Record<string, { digest: string; kind: 'hmac' | 'rsa' | 'ecdsa' }>> = {
  HS256: { digest: 'sha256', kind: 'hmac' },
  HS384: { digest: 'sha384', kind: 'hmac' },
  HS512: { digest: 'sha512', kind: 'hmac' },
  RS256: { digest: 'sha256', kind: 'rsa' },
  RS384: { digest: 'sha384', kind: 'rsa' },
  RS512: { digest: 'sha512', kind: 'rsa' },
  ES256: { digest: 'sha256', kind: 'ecdsa' },
  ES384: { digest: 'sha384', kind: 'ecdsa' },
  ES512: { digest: 'sha512', kind: 'ecdsa' },
};

/** Answers of `jwt_verify`. */
const JWT = { failed: 0, verified: 1, unknownAlgorithm: -1, invalidToken: -3, unknownCertificate: -5 } as const;

type Verify = (signed: string, signature: Buffer) => boolean;

/** Verifiers made of keys read while compiling; an HMAC's secret is the key itself. */
function verifierOf(
  algorithm: string,
  key: string,
  publicKey: ReturnType<typeof createPublicKey> | null,
): Verify | number {
  const known = JWT_ALGORITHMS[algorithm];
  if (known === undefined) return JWT.unknownAlgorithm;
  if (known.kind === 'hmac') {
    return (signed, signature) => {
      const expected = createHmac(known.digest, Buffer.from(key, 'latin1')).update(signed, 'latin1').digest();
      return expected.length === signature.length && timingSafeEqual(expected, signature);
    };
  }
  if (publicKey === null) return JWT.unknownCertificate;
  const options = known.kind === 'ecdsa' ? { key: publicKey, dsaEncoding: 'ieee-p1363' as const } : publicKey;
  return (signed, signature) => createVerify(known.digest).update(signed, 'latin1').verify(options, signature);
}

function verifyToken(token: string, verify: Verify | number): number {
  const parts = token.split('.');
  if (parts.length !== 3) return JWT.invalidToken;
  const signature = base64UrlDecode(parts[2]!);
  if (signature === undefined || signature === '') return JWT.invalidToken;
  if (typeof verify === 'number') return verify;
  try {
    return verify(`${parts[0]}.${parts[1]}`, Buffer.from(signature, 'latin1')) ? JWT.verified : JWT.failed;
  } catch {
    return JWT.failed;
  }
}

function compileJwtVerify([algorithmArg, keyArg]: readonly Arg[], env: CompileEnv): Convert | ExprError {
  const algorithm = variableOf(algorithmArg);
  if (algorithm === null) return { error: 'unknown JWT algorithm: ' };
  const isVariable = !('error' in algorithm);
  if (!isVariable && JWT_ALGORITHMS[algorithmArg as string] === undefined) {
    return { error: `unknown JWT algorithm: ${algorithmArg}` };
  }
  const key = variableOf(keyArg);
  const keyText = (keyArg as string | undefined) ?? '';
  const kind = isVariable ? null : JWT_ALGORITHMS[algorithmArg as string]!.kind;
  const file = kind === 'hmac' || (key !== null && !('error' in key)) ? null : (env.readFile?.(keyText) ?? null);
  const publicKey = file === null ? null : readPublicKey(file);
  if (kind !== null && kind !== 'hmac' && publicKey === null) {
    return { error: `failed to parse public key : '${keyText}'` };
  }
  return (token, ctx) => {
    const name = isVariable ? readVarText(ctx, algorithm) : (algorithmArg as string);
    const secret = key !== null && !('error' in key) ? readVarText(ctx, key) : keyText;
    if (name === undefined || secret === undefined) return undefined;
    return verifyToken(token as string, verifierOf(name, secret, publicKey));
  };
}

function readPublicKey(pem: string): ReturnType<typeof createPublicKey> | null {
  try {
    return createPublicKey(pem);
  } catch {
    return null;
  }
}

export const cryptoConverters: readonly ConverterRow[] = [
  {
    name: 'aes_gcm_dec',
    args: 'integer,string,string,string[,string]',
    in: 'bin',
    out: 'bin',
    compile: (args) => compileGcm(args, true),
  },
  {
    name: 'aes_gcm_enc',
    args: 'integer,string,string,string[,string]',
    in: 'bin',
    out: 'bin',
    compile: (args) => compileGcm(args, false),
  },
  {
    name: 'aes_cbc_dec',
    args: 'integer,string,string[,string]',
    in: 'bin',
    out: 'bin',
    compile: (args) => compileCbc(args, true),
  },
  {
    name: 'aes_cbc_enc',
    args: 'integer,string,string[,string]',
    in: 'bin',
    out: 'bin',
    compile: (args) => compileCbc(args, false),
  },
  { name: 'jwt_verify', args: 'string,string', in: 'bin', out: 'sint', compile: compileJwtVerify },
  {
    ...{ name: 'jwt_verify_cert', args: 'string,string', in: 'bin', out: 'sint' },
    compile: (args, env) =>
      /^HS/.test(String(args[0])) ? { error: 'a certificate verifies no HMAC' } : compileJwtVerify(args, env),
  },
  {
    ...{ name: 'x509_v_err_str', args: '', in: 'sint', out: 'str' },
    compile: () => (value) => x509ErrorName(Number(value)),
  },
];

/** Ciphers (HAProxy manual, section 7.3.1). */

import { createCipheriv, createDecipheriv } from 'node:crypto';
import { x509ErrorName } from '../../util/x509-errors.ts';
import type { Arg } from '../args.ts';
import type { Convert, ConverterRow } from '../row.ts';
import type { ExprError } from '../sample.ts';
import type { ExprContext } from '../types.ts';
import { parseVarName, readVarText, writeVar } from '../vars.ts';
import { base64Decode } from './binary.ts';

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
  {
    ...{ name: 'x509_v_err_str', args: '', in: 'sint', out: 'str' },
    compile: () => (value) => x509ErrorName(Number(value)),
  },
];

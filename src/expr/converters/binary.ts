/** Bytes as text and back (HAProxy manual, section 7.3.1). */

import type { Arg } from '../args.ts';
import type { Convert, ConverterRow } from '../row.ts';
import { bytesToHex, type ExprError, wrap } from '../sample.ts';

/** Bytes of a base64 text (RFC 4648, section 4), or undefined when it is malformed. */
export function base64Decode(text: string): string | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, 'base64').toString('latin1');
}

/** Bytes of a base64url text (RFC 4648, section 5) with or without padding, or undefined when it is malformed. */
export function base64UrlDecode(text: string): string | undefined {
  const body = text.replace(/=+$/, '');
  if (!/^[A-Za-z0-9_-]*$/.test(body) || body.length % 4 === 1) return undefined;
  return Buffer.from(body, 'base64url').toString('latin1');
}

interface Chunks {
  readonly separator: string;
  readonly size: number;
  readonly truncate: boolean;
}

function readChunks([separator, size, truncate]: readonly Arg[]): Chunks {
  return {
    separator: (separator as string | undefined) ?? '',
    size: Number(size ?? 0),
    truncate: truncate !== undefined && Number(truncate) !== 0,
  };
}

/** Bytes cut into chunks, each printed, with a separator in between. */
function inChunks(bytes: string, { separator, size, truncate }: Chunks, print: (chunk: string) => string): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += size) {
    if (truncate && at + size > bytes.length) break;
    text += (at === 0 ? '' : separator) + print(bytes.slice(at, at + size));
  }
  return text;
}

function unsignedOf(bytes: string, littleEndian: boolean): string {
  let value = 0n;
  for (let i = 0; i < bytes.length; i++) {
    const at = littleEndian ? bytes.length - 1 - i : i;
    value = (value << 8n) | BigInt(bytes.charCodeAt(at));
  }
  return value.toString();
}

function compileDecimal(args: readonly Arg[], littleEndian: boolean): Convert | ExprError {
  const chunks = readChunks(args);
  if (chunks.size < 1 || chunks.size > 8) return { error: `chunk_size out of [1..8] range (${chunks.size})` };
  return (bytes) => inChunks(bytes as string, chunks, (chunk) => unsignedOf(chunk, littleEndian));
}

function compileHex(args: readonly Arg[]): Convert | ExprError {
  const chunks = readChunks(args);
  if (chunks.size < 0) return { error: `chunk_size must not be negative (${chunks.size})` };
  if (chunks.size === 0) {
    if (chunks.separator !== '') return { error: `chunk_size needs to be positive (${chunks.size})` };
    return (bytes) => bytesToHex(bytes as string);
  }
  return (bytes) => inChunks(bytes as string, chunks, bytesToHex);
}

/** Digits of bytes as bits. */
function bitsOf(bytes: string): string {
  let bits = '';
  for (let i = 0; i < bytes.length; i++) bits += bytes.charCodeAt(i).toString(2).padStart(8, '0');
  return bits;
}

/** Sets of control chars that have a name, a bit each; DEL is bit 32. Without an argument all count but the tab. */
const CONTROLS: Readonly<Record<string, number>> = { '': 0x1fffffdff, any: 0x1ffffffff, http: 0x2401 };

/** Whether one of the control chars of a mask is there. */
function compileHasControls([mask]: readonly Arg[]): Convert | ExprError {
  const text = (mask as string | undefined) ?? '';
  const bits = CONTROLS[text] ?? (/^(?:[0-9]+|0[xX][0-9a-fA-F]+)$/.test(text) ? Number(text) : -1);
  if (bits < 0 || bits > CONTROLS['any']!) return { error: "expects a mask of 33 bits, 'any' or 'http'" };
  let controls = '';
  for (let code = 0; code <= 32; code++) {
    if (Math.floor(bits / 2 ** code) % 2 === 1) controls += String.fromCharCode(code === 32 ? 0x7f : code);
  }
  return (value) => {
    const bytes = value as string;
    for (let i = 0; i < bytes.length; i++) {
      const code = bytes.charCodeAt(i);
      if ((code < 32 || code === 0x7f) && controls.includes(bytes[i]!)) return true;
    }
    return false;
  };
}

const CHUNK_ARGS = 'string[,integer,integer]';

export const binaryConverters: readonly ConverterRow[] = [
  {
    name: 'base64',
    args: '',
    in: 'bin',
    out: 'str',
    compile: () => (bytes) => Buffer.from(bytes as string, 'latin1').toString('base64'),
  },
  { name: 'b64dec', args: '', in: 'str', out: 'bin', compile: () => (text) => base64Decode(text as string) },
  {
    name: 'ub64enc',
    args: '',
    in: 'bin',
    out: 'str',
    compile: () => (bytes) => Buffer.from(bytes as string, 'latin1').toString('base64url'),
  },
  { name: 'ub64dec', args: '', in: 'str', out: 'bin', compile: () => (text) => base64UrlDecode(text as string) },
  { name: 'base2', args: '', in: 'bin', out: 'str', compile: () => (bytes) => bitsOf(bytes as string) },
  { name: 'hex', args: '', in: 'bin', out: 'str', compile: () => (bytes) => bytesToHex(bytes as string) },
  {
    name: 'hex2i',
    args: '',
    in: 'str',
    out: 'sint',
    // The last 16 digits are what fits into 64 bits.
    compile: () => (text) =>
      /^[0-9A-Fa-f]*$/.test(text as string) ? wrap(BigInt(`0x0${(text as string).slice(-16)}`)) : undefined,
  },
  { name: 'be2dec', args: CHUNK_ARGS, in: 'bin', out: 'str', compile: (args) => compileDecimal(args, false) },
  { name: 'le2dec', args: CHUNK_ARGS, in: 'bin', out: 'str', compile: (args) => compileDecimal(args, true) },
  { name: 'be2hex', args: CHUNK_ARGS, in: 'bin', out: 'str', compile: compileHex },
  { name: 'has_ctl', args: '[string]', in: 'bin', out: 'bool', compile: compileHasControls },
  {
    name: 'htonl',
    args: '',
    in: 'sint',
    out: 'bin',
    compile: () => (value) => {
      const word = Number(BigInt.asUintN(32, BigInt(value as number | bigint)));
      return String.fromCharCode(word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255);
    },
  },
];

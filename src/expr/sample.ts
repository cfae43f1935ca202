/**
 * Values of expressions: their types, and the casts between the steps of an expression (HAProxy manual, section 7.1).
 * Strings hold bytes, one char each; `sint` is a 64-bit signed integer, a bigint only where a number would not be exact.
 */

import { formatIpv4, ipv4InIpv6, leadingIpv4, packAddress, parseIpv4, parseIpv6 } from './ip.ts';
import type { ExprContext, SampleType, SampleValue } from './types.ts';

/** What a step is declared to give or take: `addr` is either family, `any` is told at run time by `dynamic.type`. */
export type ValueType = SampleType | 'addr' | 'any';

export type Sint = number | bigint;

/** Gives the value of an expression for a stream, or undefined for "no sample". */
export type Evaluate = (ctx: ExprContext) => SampleValue | undefined;

/** Turns a value into another; undefined drops the sample. */
export type Cast = (value: SampleValue) => SampleValue | undefined;

/** Why something could not be compiled, in HAProxy's words, without the place (the caller knows it). */
export interface ExprError {
  readonly error: string;
}

/** Tells a refusal from a compiled thing. */
export function isError(result: object): result is ExprError {
  return 'error' in result;
}

/**
 * Type of the value that the last step of type `any` gave. Evaluation is synchronous, so whoever needs
 * the type reads it right after the value, before anything else is evaluated.
 */
export const dynamic: { type: SampleType } = { type: 'str' };

export const SINT_MAX = 0x7fffffffffffffffn;
export const SINT_MIN = -0x8000000000000000n;

/** The value of a bigint within 64 bits, as a number where that is exact; beyond, the nearest limit. */
export function saturate(value: bigint): Sint {
  if (value >= -0x1fffffffffffffn && value <= 0x1fffffffffffffn) return Number(value);
  return value > SINT_MAX ? SINT_MAX : value < SINT_MIN ? SINT_MIN : value;
}

/** The value of a bigint cut to 64 bits (two's complement), as a number where that is exact. */
export function wrap(value: bigint): Sint {
  return saturate(BigInt.asIntN(64, value));
}

/** Leading integer of a text, as HAProxy reads it: '' and 'abc' are 0, '12ab' is 12, too large ones are the limits. */
export function readSint(text: string): Sint {
  const length = text.length;
  let at = 0;
  const sign = text.charCodeAt(0);
  if (sign === 0x2d || sign === 0x2b) at = 1;
  const start = at;
  let value = 0;
  while (at < length) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    at++;
  }
  if (value > Number.MAX_SAFE_INTEGER) {
    const exact = BigInt(text.slice(start, at));
    return saturate(sign === 0x2d ? -exact : exact);
  }
  return sign === 0x2d && value !== 0 ? -value : value;
}

/** The exact integer of a whole decimal text, or null when it is anything else. */
export function parseSint(text: string): Sint | null {
  return /^[+-]?[0-9]+$/.test(text) ? readSint(text) : null;
}

/** Eight bytes, most significant first. */
export function sintToBytes(value: Sint): string {
  let rest = BigInt.asUintN(64, BigInt(value));
  let bytes = '';
  for (let i = 0; i < 8; i++) {
    bytes = String.fromCharCode(Number(rest & 0xffn)) + bytes;
    rest >>= 8n;
  }
  return bytes;
}

/** Methods that HAProxy knows by name, in the order of its numbers. */
export const METHODS = ['OPTIONS', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'TRACE', 'CONNECT'];

/** Type of a value that is declared `type`: settles `addr` and `any`. */
export function typeOfValue(value: SampleValue, type: ValueType): SampleType {
  if (type === 'any') return dynamic.type;
  if (type === 'addr') return (value as string).includes(':') ? 'ipv6' : 'ipv4';
  return type;
}

const HEX = '0123456789ABCDEF';

/** Upper case hex digits of bytes. */
export function bytesToHex(bytes: string): string {
  let hex = '';
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes.charCodeAt(i);
    hex += HEX[byte >> 4]! + HEX[byte & 15]!;
  }
  return hex;
}

const boolToText: Cast = (value) => (value ? '1' : '0');
const boolToSint: Cast = (value) => (value ? 1 : 0);
const sintToBool: Cast = (value) => Number(value) !== 0;
const sintToText: Cast = (value) => String(value);
const sintToBin: Cast = (value) => sintToBytes(value as Sint);
const boolToBin: Cast = (value) => sintToBytes(value ? 1 : 0);
const sintToIpv4: Cast = (value) => formatIpv4(Number(BigInt.asUintN(32, BigInt(value as Sint))));
const sintToIpv6: Cast = (value) => `::ffff:${sintToIpv4(value) as string}`;
const ipv4ToSint: Cast = (value) => parseIpv4(value as string);
const ipv4ToIpv6: Cast = (value) => `::ffff:${value as string}`;
const ipv6ToIpv4: Cast = (value) => ipv4InIpv6(value as string);
const addrToIpv4: Cast = (value) => ((value as string).includes(':') ? ipv4InIpv6(value as string) : value);
const addrToIpv6: Cast = (value) => ((value as string).includes(':') ? value : `::ffff:${value as string}`);
const addrToBin: Cast = (value) => packAddress(value as string);
const addrToSint: Cast = (value) => ((value as string).includes(':') ? undefined : parseIpv4(value as string));
const textToSint: Cast = (value) => (value === '' ? undefined : readSint(value as string));
const textToBool: Cast = (value) => (value === '' ? undefined : Number(readSint(value as string)) !== 0);
const textToAddr: Cast = (value) => readAddress(value as string);
const textToIpv4: Cast = (value) => leadingIpv4(value as string);
const textToIpv6: Cast = (value) => (parseIpv6(value as string) === null ? undefined : value);
const binToText: Cast = (value) => untilNul(value as string);

function readAddress(text: string): string | undefined {
  return leadingIpv4(text) ?? (parseIpv6(text) === null ? undefined : text);
}

/** [from][to]: null keeps the value as it is, a missing entry is a cast that does not exist. */
const casts: Record<SampleType, Partial<Record<ValueType, Cast | null>>> = {
  bool: { any: null, bool: null, sint: boolToSint, str: boolToText, bin: boolToBin },
  sint: {
    any: null,
    bool: sintToBool,
    sint: null,
    addr: sintToIpv4,
    ipv4: sintToIpv4,
    ipv6: sintToIpv6,
    str: sintToText,
    bin: sintToBin,
  },
  ipv4: { any: null, sint: ipv4ToSint, addr: null, ipv4: null, ipv6: ipv4ToIpv6, str: null, bin: addrToBin },
  ipv6: { any: null, addr: null, ipv4: ipv6ToIpv4, ipv6: null, str: null, bin: addrToBin },
  str: {
    any: null,
    bool: textToBool,
    sint: textToSint,
    addr: textToAddr,
    ipv4: textToIpv4,
    ipv6: textToIpv6,
    str: null,
    bin: null,
    meth: null,
  },
  bin: { any: null, str: binToText, bin: null, meth: null },
  meth: { any: null, str: null, bin: null, meth: null },
};

const addrCasts: Partial<Record<ValueType, Cast | null>> = {
  any: null,
  sint: addrToSint,
  addr: null,
  ipv4: addrToIpv4,
  ipv6: addrToIpv6,
  str: null,
  bin: addrToBin,
};

/** Cast of the value that was just given by a step of type `any`, whose type is in `dynamic`. */
function castDynamic(to: ValueType): Cast {
  return (value) => {
    const cast = casts[dynamic.type][to];
    return cast === undefined ? undefined : cast === null ? value : cast(value);
  };
}

/** The cast between two declared types: null when nothing is to be done, undefined when there is none. */
export function castBetween(from: ValueType, to: ValueType): Cast | null | undefined {
  if (to === 'any') return null;
  if (from === 'any') return castDynamic(to);
  return (from === 'addr' ? addrCasts : casts[from])[to];
}

/** Bytes up to the first NUL: what binary values are as text. */
function untilNul(bytes: string): string {
  const end = bytes.indexOf('\0');
  return end === -1 ? bytes : bytes.slice(0, end);
}

/** Text of a value, as it is put into headers and log lines. */
export function textOf(value: SampleValue, type: ValueType): string {
  const actual = type === 'any' ? dynamic.type : type;
  if (typeof value === 'string') return actual === 'bin' ? untilNul(value) : value;
  if (typeof value === 'boolean') return value ? '1' : '0';
  return String(value);
}

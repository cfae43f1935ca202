/** JSON (HAProxy manual, section 7.3.1). */

import type { Arg } from '../args.ts';
import type { Convert, ConverterRow } from '../row.ts';
import { dynamic, type ExprError, saturate } from '../sample.ts';
import type { SampleValue } from '../types.ts';
import { base64UrlDecode } from './binary.ts';

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function escapeCode(code: number): string {
  const char = String.fromCharCode(code);
  const short = SHORT[char];
  if (short !== undefined) return short;
  return code >= 0x20 && code < 0x7f ? char : `\\u${code.toString(16).padStart(4, '0')}`;
}

interface Decoding {
  readonly utf8: boolean;
  /** Leave out what is wrong instead of failing. */
  readonly skip: boolean;
  /** Take codes spelled with more bytes than needed. */
  readonly overlong: boolean;
}

const DECODINGS: Readonly<Record<string, Decoding>> = {
  ascii: { utf8: false, skip: false, overlong: false },
  utf8: { utf8: true, skip: false, overlong: false },
  utf8s: { utf8: true, skip: true, overlong: false },
  utf8p: { utf8: true, skip: false, overlong: true },
  utf8ps: { utf8: true, skip: true, overlong: true },
};

/** One UTF-8 sequence: its code and length, and whether it is longer than needed; null when it is malformed. */
function readUtf8(bytes: string, at: number): { code: number; length: number; overlong: boolean } | null {
  const first = bytes.charCodeAt(at);
  const length = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return null;
  let code = length === 1 ? first : first & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    const next = bytes.charCodeAt(at + i);
    if ((next & 0xc0) !== 0x80) return null;
    code = (code << 6) | (next & 0x3f);
  }
  return { code, length, overlong: length > 1 && code < [0, 0, 0x80, 0x800, 0x10000][length]! };
}

function isForbidden(code: number): boolean {
  return code > 0xffff || (code >= 0xd800 && code <= 0xdfff) || code === 0xfffe || code === 0xffff;
}

/** Text escaped for a JSON string, or undefined when it cannot be decoded. */
function escapeJson(text: string, { utf8, skip, overlong }: Decoding): string | undefined {
  let escaped = '';
  let at = 0;
  while (at < text.length) {
    if (!utf8) {
      escaped += escapeCode(text.charCodeAt(at++));
      continue;
    }
    const char = readUtf8(text, at);
    at += char?.length ?? 1;
    if (char !== null && (!char.overlong || overlong) && !isForbidden(char.code)) escaped += escapeCode(char.code);
    else if (!skip) return undefined;
  }
  return escaped;
}

/** The steps of a JSON path `$.a.b[1]`; a backslash keeps a dot in a name. null when it is malformed. */
function parseJsonPath(path: string): (string | number)[] | null {
  if (!path.startsWith('$')) return null;
  const steps: (string | number)[] = [];
  let rest = path.slice(1);
  while (rest !== '') {
    const match = /^\.((?:\\.|[^.[\]\\])+)|^\[([0-9]+)\]|^\[(?:'([^']*)'|"([^"]*)")\]/.exec(rest);
    if (match === null) return null;
    if (match[2] !== undefined) steps.push(Number(match[2]));
    else steps.push((match[1]?.replace(/\\(.)/g, '$1') ?? match[3] ?? match[4])!);
    rest = rest.slice(match[0].length);
  }
  return steps;
}

/** A document once parsed is often asked again for another path. */
let lastText = '';
let lastDocument: unknown;

function parseDocument(text: string): unknown {
  if (text === lastText) return lastDocument;
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(text, 'latin1').toString('utf8'));
  } catch {
    document = undefined;
  }
  lastText = text;
  lastDocument = document;
  return document;
}

function dynamicSint(value: number): SampleValue {
  dynamic.type = 'sint';
  return value;
}

function dynamicText(value: string): SampleValue {
  dynamic.type = 'str';
  return Buffer.from(value, 'utf8').toString('latin1');
}

/** Value of a JSON document as a sample: texts, integers, booleans; other numbers and lists as text; else undefined. */
function toSample(value: unknown, asInteger: boolean): SampleValue | undefined {
  switch (typeof value) {
    case 'string':
      return dynamicText(value);
    case 'number':
      if (asInteger || Number.isSafeInteger(value)) return dynamicSint(Number(saturate(BigInt(Math.trunc(value)))));
      return dynamicText(String(value));
    case 'boolean':
      if (asInteger) return dynamicSint(value ? 1 : 0);
      dynamic.type = 'bool';
      return value;
    default:
      return Array.isArray(value) ? dynamicText(JSON.stringify(value)) : undefined;
  }
}

/** Looks a path up in a JSON text. */
function queryJson(text: string, steps: readonly (string | number)[], asInteger: boolean): SampleValue | undefined {
  let value = parseDocument(text);
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return toSample(value, asInteger);
}

function compileQuery([path, type]: readonly Arg[]): ((text: string) => SampleValue | undefined) | ExprError {
  if (path === undefined || path === '') return { error: 'json_path must not be empty' };
  if (type !== undefined && type !== '' && type !== 'int') {
    return { error: 'output_type only supports "int" as argument' };
  }
  const steps = parseJsonPath(path as string);
  // A path without `$` is taken, and finds nothing.
  if (steps === null) return () => undefined;
  return (text) => queryJson(text, steps, type === 'int');
}

/** A part of a JSON Web Token (RFC 7519), whole or by path. */
const tokenQuery = (name: string, part: number): ConverterRow => ({
  name,
  args: '[string,string]',
  in: 'bin',
  out: 'any',
  compile: (args): Convert | ExprError => {
    const whole = args.length === 0 || args[0] === '';
    const query = whole ? null : compileQuery(args);
    if (query !== null && typeof query !== 'function') return query;
    return (token) => {
      const parts = (token as string).split('.');
      const decoded = parts.length < 2 ? undefined : base64UrlDecode(parts[part]!);
      if (decoded === undefined) return undefined;
      if (query !== null) return query(decoded);
      dynamic.type = 'str';
      return decoded;
    };
  },
});

export const jsonConverters: readonly ConverterRow[] = [
  {
    name: 'json',
    args: 'string',
    in: 'str',
    out: 'str',
    compile: ([code]) => {
      const decoding = DECODINGS[(code as string) || 'ascii'];
      if (decoding === undefined) {
        return {
          error: "Unexpected input code type. Allowed value are 'ascii', 'utf8', 'utf8s', 'utf8p' and 'utf8ps'",
        };
      }
      return (text) => escapeJson(text as string, decoding);
    },
  },
  {
    name: 'json_query',
    args: 'string[,string]',
    in: 'str',
    out: 'any',
    compile: (args) => {
      const query = compileQuery(args);
      return typeof query === 'function' ? (text) => query(text as string) : query;
    },
  },
  tokenQuery('jwt_header_query', 0),
  tokenQuery('jwt_payload_query', 1),
];

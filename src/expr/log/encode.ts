/** Log lines as JSON (RFC 8259) or CBOR (RFC 8949): flags `+json` and `+cbor` of `%o`. Only named items are in them. */

import type { ExprContext, SampleValue } from '../types.ts';

/** Type that an item is forced to: `%(name:sint)...`; null = its own. */
export type ItemCast = 'str' | 'sint' | 'bool' | null;

/** A named item: what it is called, and its value. */
export interface NamedItem {
  readonly name: string;
  readonly cast: ItemCast;
  value(ctx: ExprContext): SampleValue | undefined;
}

export type Encoding = 'json' | 'cbor' | 'cbor-binary';

/** Compiles items to one function that writes them as an object (JSON) or a map (CBOR, in hex digits unless binary). */
export function compileEncoded(items: readonly NamedItem[], encoding: Encoding): (ctx: ExprContext) => string {
  if (encoding === 'json') return compileJson(items);
  const binary = compileCbor(items);
  if (encoding === 'cbor-binary') return binary;
  return (ctx) => Buffer.from(binary(ctx), 'latin1').toString('hex').toUpperCase();
}

function castValue(value: SampleValue | undefined, cast: ItemCast): SampleValue | undefined {
  if (value === undefined || cast === null) return value;
  if (cast === 'str') return typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
  const number = typeof value === 'string' ? Number.parseInt(value, 10) : Number(value);
  if (cast === 'bool') return typeof value === 'string' ? value === 'true' || number > 0 : number !== 0;
  return typeof value === 'bigint' ? value : Number.isNaN(number) ? undefined : number;
}

const JSON_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** Text as a JSON string; bytes above 127 stay as they are (UTF-8 goes through). */
export function jsonString(text: string): string {
  const body = text.replace(/["\\\x00-\x1f\x7f]/g, (char) => {
    return JSON_ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${body}"`;
}

function jsonValue(value: SampleValue | undefined): string {
  if (value === undefined) return 'null';
  return typeof value === 'string' ? jsonString(value) : String(value);
}

function compileJson(items: readonly NamedItem[]): (ctx: ExprContext) => string {
  const keys = items.map(({ name }, i) => `${i === 0 ? '' : ', '}${jsonString(name)}: `);
  return (ctx) => {
    let text = '{';
    for (let i = 0; i < items.length; i++) {
      const item = items[i]!;
      text += keys[i]! + jsonValue(castValue(item.value(ctx), item.cast));
    }
    return `${text}}`;
  };
}

const MAJOR = { unsigned: 0, negative: 1, text: 3 } as const;
const MAP_START = '\xbf';
const BREAK = '\xff';
const FALSE = '\xf4';
const TRUE = '\xf5';
const NULL = '\xf6';

/** Initial byte and length or value of a CBOR item (RFC 8949, section 3). */
function cborHead(major: number, value: bigint): string {
  const type = major << 5;
  if (value < 24n) return String.fromCharCode(type | Number(value));
  const size = value < 0x100n ? 1 : value < 0x10000n ? 2 : value < 0x100000000n ? 4 : 8;
  let bytes = String.fromCharCode(type | (24 + Math.log2(size)));
  for (let i = size - 1; i >= 0; i--) bytes += String.fromCharCode(Number((value >> BigInt(8 * i)) & 0xffn));
  return bytes;
}

const cborText = (text: string): string => cborHead(MAJOR.text, BigInt(text.length)) + text;

function cborValue(value: SampleValue | undefined): string {
  if (value === undefined) return NULL;
  if (typeof value === 'string') return cborText(value);
  if (typeof value === 'boolean') return value ? TRUE : FALSE;
  const exact = BigInt(value);
  return exact >= 0n ? cborHead(MAJOR.unsigned, exact) : cborHead(MAJOR.negative, -1n - exact);
}

function compileCbor(items: readonly NamedItem[]): (ctx: ExprContext) => string {
  const keys = items.map(({ name }) => cborText(name));
  return (ctx) => {
    let bytes = MAP_START;
    for (let i = 0; i < items.length; i++) {
      const item = items[i]!;
      bytes += keys[i]! + cborValue(castValue(item.value(ctx), item.cast));
    }
    return bytes + BREAK;
  };
}

/** Values of log lines as JSON (RFC 8259) or CBOR (RFC 8949): flags `+json` and `+cbor`, of all named items (`%o`) or of one item. */

import { readSint } from '../sample.ts';
import type { ExprContext, SampleValue } from '../types.ts';

/** Type that an item is forced to: `%(name:sint)...`; null = its own. */
export type ItemCast = 'str' | 'sint' | 'bool' | null;

/** Bytes that are no text; only CBOR tells them from one. */
export interface BytesValue {
  readonly bytes: string;
}

/** What an item stands for: `null` is a text that is not there, `undefined` nothing at all. */
export type LogValue = SampleValue | BytesValue | readonly string[] | null | undefined;

/** A named item: what it is called, and its value. */
export interface NamedItem {
  readonly name: string;
  readonly cast: ItemCast;
  value(ctx: ExprContext): LogValue;
}

/** CBOR is written in hex digits unless it is asked for as bytes (`+bin`). */
export type Encoding = 'json' | 'cbor' | 'cbor-binary';

/** Compiles items to one function that writes them as an object (JSON) or a map (CBOR). */
export function compileEncoded(items: readonly NamedItem[], encoding: Encoding): (ctx: ExprContext) => string {
  const [start, end] = encoding === 'json' ? ['{', '}'] : [MAP_START, BREAK];
  const keys = items.map(({ name }, i) =>
    encoding === 'json' ? `${i === 0 ? '' : ', '}${jsonString(name)}: ` : cborText(name),
  );
  const write = encoding === 'json' ? jsonValue : cborValue;
  const whole = (ctx: ExprContext): string => {
    let text = start;
    for (let i = 0; i < items.length; i++) {
      const item = items[i]!;
      text += keys[i]! + write(item.value(ctx), item.cast);
    }
    return text + end;
  };
  return encoding === 'cbor' ? (ctx) => hexOf(whole(ctx)) : whole;
}

/** A value alone. */
export function encodeValue(value: LogValue, cast: ItemCast, encoding: Encoding): string {
  if (encoding === 'json') return jsonValue(value, cast);
  return encoding === 'cbor' ? hexOf(cborValue(value, cast)) : cborValue(value, cast);
}

/** The value of an expression as its type is forced: text is read as far as it is a number, and none is no number. */
export function castSample(value: SampleValue | undefined, cast: ItemCast): SampleValue | undefined {
  if (value === undefined || cast === null) return value;
  if (cast === 'str') return typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
  if (value === '') return undefined;
  const number = typeof value === 'string' ? readSint(value) : typeof value === 'boolean' ? Number(value) : value;
  return cast === 'sint' ? number : Number(number) !== 0;
}

function hexOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('hex').toUpperCase();
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

const JSON_UNSAFE = /[^ !#-[\]-~]/;

/** Text as a JSON string of visible ASCII: an escape for each other byte, as nobody knows which characters they are. */
function jsonString(text: string): string {
  if (!JSON_UNSAFE.test(text)) return `"${text}"`;
  const body = text.replace(/[^ !#-[\]-~]/g, (char) => {
    return JSON_ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  });
  return `"${body}"`;
}

function jsonValue(value: LogValue, cast: ItemCast): string {
  if (value === undefined) return 'null';
  if (value === null) return '""';
  if (typeof value === 'string') return jsonString(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'object')
    return cast === 'str' ? `"${value}"` : cast === 'bool' ? String(Number(value) !== 0) : String(value);
  return 'bytes' in value ? jsonString(value.bytes) : `[${value.map(jsonString).join(', ')}]`;
}

const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3 } as const;
const BYTES_START = '\x5f';
const ARRAY_START = '\x9f';
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

function cborValue(value: LogValue, cast: ItemCast): string {
  if (value === undefined || value === null) return NULL;
  if (typeof value === 'string') return cborText(value);
  if (typeof value === 'boolean') return value ? TRUE : FALSE;
  if (typeof value === 'object') {
    if (!('bytes' in value)) return ARRAY_START + value.map(cborText).join('') + BREAK;
    const { bytes } = value;
    return BYTES_START + (bytes === '' ? '' : cborHead(MAJOR.bytes, BigInt(bytes.length)) + bytes) + BREAK;
  }
  if (cast === 'bool') return Number(value) !== 0 ? TRUE : FALSE;
  const exact = BigInt(value);
  return exact >= 0n ? cborHead(MAJOR.unsigned, exact) : cborHead(MAJOR.negative, -1n - exact);
}

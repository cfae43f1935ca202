/** Values of log lines as JSON (RFC 8259) or CBOR (RFC 8949): flags `+json` and `+cbor`, of all named items (`%o`) or of one item. */

import { readSint } from '../sample.ts';
import type { ExprContext, SampleValue } from '../types.ts';

/** Type that an item is forced to: `%(name:sint)...`; `raw`: the bytes of an expression as they are; null = its own. */
export type ItemCast = 'str' | 'sint' | 'bool' | 'raw' | null;

/** Bytes that are no text; only CBOR tells them from one. */
export interface BytesValue {
  readonly bytes: string;
}

/** A text made safe with `#XX`, which CBOR has in pieces: what is between such marks, and each mark. `{`, `|` and `}` are marks of lists. */
export interface PiecesValue {
  readonly pieces: string;
  readonly list: boolean;
}

/** What an item stands for: `null` is a text that is not there, `undefined` nothing at all. */
export type LogValue = SampleValue | BytesValue | PiecesValue | readonly PiecesValue[] | null | undefined;

/** A named item: what it is called, and its value. */
export interface NamedItem {
  readonly name: string;
  readonly cast: ItemCast;
  value(ctx: ExprContext): LogValue;
  /** Its bytes, in place of its value. */
  readonly raw: ((ctx: ExprContext) => string) | null;
}

/** CBOR is written in hex digits unless it is asked for as bytes (`+bin`); JSON is visible ASCII, or has characters of UTF-8 (`+utf8`). */
export type Encoding = 'json' | 'json-utf8' | 'cbor' | 'cbor-binary';

/** Compiles items to one function that writes them as an object (JSON) or a map (CBOR). */
export function compileEncoded(items: readonly NamedItem[], encoding: Encoding): (ctx: ExprContext) => string {
  const isJson = encoding === 'json' || encoding === 'json-utf8';
  const shown = encoding === 'cbor' ? hexOf : (bytes: string) => bytes;
  const [start, end] = isJson ? ['{', '}'] : [shown(MAP_START), shown(BREAK)];
  const keys = items.map(({ name }, i) => (isJson ? `${i === 0 ? '' : ', '}"${name}": ` : shown(cborText(name))));
  const write = encodeAlone(encoding);
  return (ctx) => {
    let text = start;
    for (let i = 0; i < items.length; i++) {
      const item = items[i]!;
      text += keys[i]! + (item.raw === null ? write(item.value(ctx), item.cast) : item.raw(ctx));
    }
    return text + end;
  };
}

type Write = (value: LogValue, cast: ItemCast) => string;

function writerOf(encoding: Encoding): Write {
  if (encoding === 'json') return (value, cast) => jsonValue(value, cast, jsonString);
  return encoding === 'json-utf8' ? (value, cast) => jsonValue(value, cast, utf8String) : cborValue;
}

/** Writes a value alone. */
export function encodeAlone(encoding: Encoding): Write {
  const write = writerOf(encoding);
  return encoding === 'cbor' ? (value, cast) => hexOf(write(value, cast)) : write;
}

/** The value of an expression as its type is forced: text is read as far as it is a number, and none is no number. */
export function castSample(value: SampleValue | undefined, cast: ItemCast): SampleValue | undefined {
  if (value === undefined || cast === null || cast === 'raw') return value;
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
  return `"${text.replace(/[^ !#-[\]-~]/g, (char) => jsonEscape(char, char.charCodeAt(0)))}"`;
}

const jsonEscape = (char: string, code: number): string =>
  JSON_ESCAPES[char] ?? `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;

/** A char of UTF-8 of two to four bytes in its shortest form (RFC 3629), or any other byte to be escaped. */
const UTF8 =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[^ !#-[\]-~]/g;

/** As `jsonString`, but characters of UTF-8 stay, all but the control chars behind ASCII. */
function utf8String(text: string): string {
  if (!JSON_UNSAFE.test(text)) return `"${text}"`;
  const body = text.replace(UTF8, (char) => {
    if (char.length === 1) return jsonEscape(char, char.charCodeAt(0));
    return char >= '\xc2\x80' && char <= '\xc2\x9f' ? jsonEscape('', char.charCodeAt(1)) : char;
  });
  return `"${body}"`;
}

function jsonValue(value: LogValue, cast: ItemCast, write: (text: string) => string): string {
  if (value === undefined) return 'null';
  if (value === null) return '""';
  if (typeof value === 'string') return write(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'object')
    return cast === 'str' ? `"${value}"` : cast === 'bool' ? String(Number(value) !== 0) : String(value);
  if ('bytes' in value) return write(value.bytes);
  return 'pieces' in value ? write(value.pieces) : `[${value.map(({ pieces }) => write(pieces)).join(', ')}]`;
}

const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3 } as const;
const BYTES_START = '\x5f';
const TEXT_START = '\x7f';
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

/** A text in pieces: each mark, and in front of an encoded char what there is, be it nothing. */
function cborPieces({ pieces, list }: PiecesValue): string {
  const marks = list ? /#[0-9A-F]{2}|[{|}]/g : /#[0-9A-F]{2}/g;
  let bytes = TEXT_START;
  let at = 0;
  for (const { 0: mark, index } of pieces.matchAll(marks)) {
    if (mark.length > 1 || index > at) bytes += cborText(pieces.slice(at, index));
    bytes += cborText(mark);
    at = index + mark.length;
  }
  return bytes + (at < pieces.length ? cborText(pieces.slice(at)) : '') + BREAK;
}

function cborValue(value: LogValue, cast: ItemCast): string {
  if (value === undefined || value === null) return NULL;
  if (typeof value === 'string') return value === '' ? NULL : cborText(value);
  if (typeof value === 'boolean') return value ? TRUE : FALSE;
  if (typeof value === 'object') {
    if ('pieces' in value) return cborPieces(value);
    if (!('bytes' in value)) return ARRAY_START + value.map(cborPieces).join('') + BREAK;
    const { bytes } = value;
    return BYTES_START + (bytes === '' ? '' : cborHead(MAJOR.bytes, BigInt(bytes.length)) + bytes) + BREAK;
  }
  if (cast === 'bool') return Number(value) !== 0 ? TRUE : FALSE;
  const exact = BigInt(value);
  return exact >= 0n ? cborHead(MAJOR.unsigned, exact) : cborHead(MAJOR.negative, -1n - exact);
}

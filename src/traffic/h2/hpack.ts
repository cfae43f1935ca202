import { decodeHuffman } from './huffman.ts';

/** The static table (RFC 7541, Appendix A); index 1 is the first. */
const STATIC: readonly (readonly [string, string])[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
];

/** What an entry of the dynamic table costs besides its text (RFC 7541, 4.1). */
const OVERHEAD = 32;

/** Size of a dynamic table before any setting (RFC 9113, 6.5.2). */
export const DEFAULT_TABLE = 4096;

/** Takes the fields of a block in order. False: too much of them, but decoding must go on to keep the table right. */
export interface FieldSink {
  field(name: string, value: string): void;
}

/** Decodes header blocks of one connection. */
export class HpackDecoder {
  readonly #limit: number;
  #maxSize: number;
  #size = 0;
  /** Newest first. */
  readonly #names: string[] = [];
  readonly #values: string[] = [];
  #buf: Uint8Array = new Uint8Array(0);
  #pos = 0;
  #end = 0;
  #failed = false;

  /** `limit`: size of the dynamic table that was announced (SETTINGS_HEADER_TABLE_SIZE). */
  constructor(limit: number) {
    // The peer's table has the default size until it has taken note of a smaller one, which it then tells (RFC 7541, 4.2).
    this.#limit = Math.max(limit, DEFAULT_TABLE);
    this.#maxSize = this.#limit;
  }

  /** Decodes the block in bytes [start, end). False: it is malformed, and so is the connection (COMPRESSION_ERROR). */
  decode(buf: Uint8Array, start: number, end: number, sink: FieldSink): boolean {
    this.#buf = buf;
    this.#pos = start;
    this.#end = end;
    this.#failed = false;
    let fields = 0;
    while (this.#pos < this.#end && !this.#failed) {
      const first = buf[this.#pos]!;
      if (first & 0x80) this.#indexed(this.#integer(7), sink);
      else if (first & 0x40) this.#literal(this.#integer(6), true, sink);
      else if (first & 0x20) {
        if (fields > 0) return false;
        this.#resize(this.#integer(5));
        continue;
      } else this.#literal(this.#integer(4), false, sink);
      fields++;
    }
    return !this.#failed;
  }

  #fail(): void {
    this.#failed = true;
  }

  #integer(bits: number): number {
    const mask = (1 << bits) - 1;
    let value = this.#buf[this.#pos++]! & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#pos >= this.#end) break;
      const byte = this.#buf[this.#pos++]!;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    this.#fail();
    return 0;
  }

  #indexed(index: number, sink: FieldSink): void {
    if (index >= 1 && index <= STATIC.length) {
      const [name, value] = STATIC[index - 1]!;
      sink.field(name, value);
      return;
    }
    const at = index - STATIC.length - 1;
    if (at < 0 || at >= this.#names.length) this.#fail();
    else sink.field(this.#names[at]!, this.#values[at]!);
  }

  #literal(index: number, keep: boolean, sink: FieldSink): void {
    let name: string | undefined;
    if (index === 0) name = this.#string();
    else if (index <= STATIC.length) name = STATIC[index - 1]![0];
    else name = this.#names[index - STATIC.length - 1];
    if (name === undefined || this.#failed) {
      this.#fail();
      return;
    }
    const value = this.#string();
    if (this.#failed) return;
    if (keep) this.#add(name, value);
    sink.field(name, value);
  }

  #string(): string {
    if (this.#pos >= this.#end) {
      this.#fail();
      return '';
    }
    const coded = (this.#buf[this.#pos]! & 0x80) !== 0;
    const length = this.#integer(7);
    const start = this.#pos;
    const end = start + length;
    if (this.#failed || end > this.#end) {
      this.#fail();
      return '';
    }
    this.#pos = end;
    if (!coded) return (this.#buf as Buffer).latin1Slice(start, end);
    const text = decodeHuffman(this.#buf, start, end);
    if (text === null) this.#fail();
    return text ?? '';
  }

  #add(name: string, value: string): void {
    const size = name.length + value.length + OVERHEAD;
    this.#names.unshift(name);
    this.#values.unshift(value);
    this.#size += size;
    this.#evict();
  }

  #resize(size: number): void {
    if (size > this.#limit) this.#fail();
    this.#maxSize = size;
    this.#evict();
  }

  #evict(): void {
    while (this.#size > this.#maxSize && this.#names.length > 0) {
      this.#size -= this.#names.pop()!.length + this.#values.pop()!.length + OVERHEAD;
    }
  }
}

/** Index of a name in the static table. */
const nameIndex = new Map<string, number>();
STATIC.forEach(([name], i) => {
  if (!nameIndex.has(name)) nameIndex.set(name, i + 1);
});
const statusIndex = new Map<number, number>([
  [200, 8],
  [204, 9],
  [206, 10],
  [304, 11],
  [400, 12],
  [404, 13],
  [500, 14],
]);

/** Writes the status field at `at`; returns the offset behind it. The encoder keeps no table, so nothing is ever indexed anew. */
export function encodeStatus(out: Buffer, at: number, status: number): number {
  const index = statusIndex.get(status);
  if (index !== undefined) {
    out[at] = 0x80 | index;
    return at + 1;
  }
  return encodeText(out, encodeInteger(out, at, 0, 4, 8), String(status));
}

/** Writes a field (name in lower case) without indexing; returns the offset behind it. */
export function encodeField(out: Buffer, at: number, name: string, value: string): number {
  const index = nameIndex.get(name) ?? 0;
  let pos = encodeInteger(out, at, 0, 4, index);
  if (index === 0) pos = encodeText(out, pos, name);
  return encodeText(out, pos, value);
}

function encodeText(out: Buffer, at: number, text: string): number {
  const pos = encodeInteger(out, at, 0, 7, text.length);
  return pos + out.latin1Write(text, pos);
}

function encodeInteger(out: Buffer, at: number, flags: number, bits: number, value: number): number {
  const mask = (1 << bits) - 1;
  if (value < mask) {
    out[at] = flags | value;
    return at + 1;
  }
  out[at] = flags | mask;
  let pos = at + 1;
  let left = value - mask;
  while (left >= 0x80) {
    out[pos++] = 0x80 | (left & 0x7f);
    left >>>= 7;
  }
  out[pos] = left;
  return pos + 1;
}

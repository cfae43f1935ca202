import type { HeadView } from '../../expr/types.ts';

/** Header entries that a head has room for before it grows. */
const INITIAL_HEADERS = 32;

/** Marks in the offset table: the entry's text is in `names`/`values`; the entry was removed. */
const TEXT = -1;
const REMOVED = -2;

const CR = 13;
const LF = 10;
const SPACE = 32;
const COLON = 58;

/** How the end of a message's body is found. */
export const Framing = { none: 0, length: 1, chunked: 2, close: 3, tunnel: 4 } as const;

/**
 * Head of an HTTP/1 message: offsets into the bytes that it was read from, and the edits made to it since.
 * Names are already lower case in the buffer. Reused from message to message.
 */
export class Head implements HeadView {
  buf: Buffer;
  isRequest: boolean;
  /** 10 or 11 (20 when it came over HTTP/2). */
  version: number;
  status: number;
  methodStart: number;
  methodEnd: number;
  uriStart: number;
  uriEnd: number;
  reasonStart: number;
  reasonEnd: number;
  methodText: string | null;
  uriText: string | null;
  reasonText: string | null;
  /** Entries: [name start, name end, value start, value end]. */
  off: Int32Array;
  count: number;
  /** Names of entries that are texts; values of those, and of others that were asked for ('': not yet). */
  names: string[];
  values: string[];
  /** What `write` copies for an entry that is a text: see `addHeader`. */
  lines: (Uint8Array | null)[];
  /** No entry from this one on has a text; and bytes that the texts need at most. */
  #textEnd: number;
  #textSize: number;
  /** Offset behind the empty line. */
  end: number;
  start: number;

  /** -1 = no content-length. */
  contentLength: number;
  chunked: boolean;
  /** The body comes without a length and without chunks (HTTP/2): HTTP/1 gets it in chunks, of which no field tells up to there. */
  unframed: boolean;
  /** A transfer coding other than `chunked` came. */
  otherCoding: boolean;
  /** transfer-encoding came without a value: the end of the connection is that of the body. */
  emptyCoding: boolean;
  connClose: boolean;
  connKeepAlive: boolean;
  connUpgrade: boolean;
  hasUpgrade: boolean;
  expectContinue: boolean;
  /** Both content-length and transfer-encoding came: the connection is not reused. */
  ambiguous: boolean;
  /** Bodies of HTTP/1.0 requests are taken whatever the method (`h1-accept-payload-with-any-method`). */
  anyPayload: boolean;
  /** Mistakes are let pass. Owned by who has the head parsed. */
  relaxed: boolean;
  /** What stands in the place of the version where that is not HTTP/1.0 or HTTP/1.1; null there. */
  versionText: string | null;
  hostIndex: number;
  cookieIndex: number;
  /** Some name came with upper-case letters. Owned by the parser. */
  upperNames: boolean;

  /** What the head counts for since `fixSize`, -1 before; and what edits have added to it since. */
  fixedSize: number;
  sizeChange: number;

  /** Why the last parse failed: offset and parser state in HAProxy's words. */
  errorAt: number;
  errorState: string;
  errorStatus: number;

  constructor() {
    this.buf = EMPTY;
    this.isRequest = true;
    this.version = 11;
    this.status = 0;
    this.methodStart = 0;
    this.methodEnd = 0;
    this.uriStart = 0;
    this.uriEnd = 0;
    this.reasonStart = 0;
    this.reasonEnd = 0;
    this.methodText = null;
    this.uriText = null;
    this.reasonText = null;
    this.off = new Int32Array(INITIAL_HEADERS * 4);
    this.count = 0;
    this.names = Array.from({ length: INITIAL_HEADERS }, () => '');
    this.values = Array.from({ length: INITIAL_HEADERS }, () => '');
    this.lines = Array.from({ length: INITIAL_HEADERS }, () => null);
    this.#textEnd = 0;
    this.#textSize = 0;
    this.end = 0;
    this.start = 0;
    this.contentLength = -1;
    this.chunked = false;
    this.unframed = false;
    this.otherCoding = false;
    this.emptyCoding = false;
    this.connClose = false;
    this.connKeepAlive = false;
    this.connUpgrade = false;
    this.hasUpgrade = false;
    this.expectContinue = false;
    this.ambiguous = false;
    this.anyPayload = false;
    this.relaxed = false;
    this.versionText = null;
    this.hostIndex = -1;
    this.cookieIndex = -1;
    this.upperNames = false;
    this.fixedSize = -1;
    this.sizeChange = 0;
    this.errorAt = 0;
    this.errorState = '';
    this.errorStatus = 400;
  }

  reset(): void {
    this.buf = EMPTY;
    this.methodText = null;
    this.uriText = null;
    this.reasonText = null;
    this.count = 0;
    for (let i = 0; i < this.#textEnd; i++) {
      this.values[i] = '';
      this.lines[i] = null;
    }
    this.#textEnd = 0;
    this.#textSize = 0;
    this.start = 0;
    this.end = 0;
    this.status = 0;
    this.fixedSize = -1;
    this.sizeChange = 0;
    this.contentLength = -1;
    this.chunked = false;
    this.unframed = false;
    this.otherCoding = false;
    this.emptyCoding = false;
    this.errorStatus = 400;
    this.connClose = false;
    this.connKeepAlive = false;
    this.connUpgrade = false;
    this.hasUpgrade = false;
    this.expectContinue = false;
    this.ambiguous = false;
    this.versionText = null;
    this.hostIndex = -1;
    this.cookieIndex = -1;
  }

  get method(): string {
    return this.methodText ?? methodAt(this.buf, this.methodStart, this.methodEnd);
  }

  set method(text: string) {
    this.sizeChange += text.length - this.#methodSize();
    this.methodText = text;
  }

  get uri(): string {
    return this.uriText ?? this.buf.latin1Slice(this.uriStart, this.uriEnd);
  }

  set uri(text: string) {
    this.sizeChange += text.length - this.#uriSize();
    this.uriText = text;
  }

  /** Another status line (responses). */
  setStatus(status: number, reason: string): void {
    this.sizeChange += reason.length - this.#reasonSize();
    this.status = status;
    this.reasonText = reason;
  }

  get reason(): string {
    return this.reasonText ?? this.buf.latin1Slice(this.reasonStart, this.reasonEnd);
  }

  /** Method is HEAD / CONNECT, without making a string. */
  isMethod(name: string): boolean {
    if (this.methodText !== null) return this.methodText === name;
    return equalsAt(this.buf, this.methodStart, this.methodEnd, name);
  }

  headerCount(): number {
    return this.count;
  }

  /** Lower-case name of entry `index`; '' for a removed one. */
  headerName(index: number): string {
    const mark = this.off[index * 4]!;
    if (mark >= 0) return this.buf.latin1Slice(mark, this.off[index * 4 + 1]!);
    return mark === TEXT ? this.names[index]! : '';
  }

  headerValue(index: number): string {
    const mark = this.off[index * 4]!;
    if (mark === REMOVED) return '';
    const known = this.values[index]!;
    if (known !== '' || mark === TEXT) return known;
    const text = this.buf.latin1Slice(this.off[index * 4 + 2]!, this.off[index * 4 + 3]!);
    this.#noteText(index, text);
    return text;
  }

  #noteText(index: number, value: string): void {
    this.values[index] = value;
    if (index >= this.#textEnd) this.#textEnd = index + 1;
  }

  findHeader(name: string, from: number): number {
    const length = name.length;
    const off = this.off;
    for (let i = from; i < this.count; i++) {
      const start = off[i * 4]!;
      if (start >= 0) {
        if (off[i * 4 + 1]! - start === length && equalsAt(this.buf, start, start + length, name)) return i;
      } else if (start === TEXT && this.names[i] === name) return i;
    }
    return -1;
  }

  removeAt(index: number): void {
    this.sizeChange -= this.#fieldSize(index);
    this.off[index * 4] = REMOVED;
  }

  removeHeader(name: string): void {
    for (let i = this.findHeader(name, 0); i >= 0; i = this.findHeader(name, i + 1)) this.removeAt(i);
  }

  /** Puts another value in the place of entry `index`. */
  setValueAt(index: number, value: string): void {
    this.sizeChange += value.length - this.#valueSize(index);
    if (this.off[index * 4]! >= 0) {
      this.names[index] = this.headerName(index).toLowerCase();
      this.#textSize += this.names[index]!.length + 4;
      this.off[index * 4] = TEXT;
    }
    this.#textSize += value.length;
    this.lines[index] = null;
    this.#noteText(index, value);
  }

  /** Adds a field. `line`: its bytes, if somebody has them: the whole line, or name, colon and blank (see `fieldLine`). */
  addHeader(name: string, value: string, line: Uint8Array | null = null): void {
    const index = this.count;
    this.reserve();
    this.off[index * 4] = TEXT;
    this.names[index] = name;
    this.lines[index] = line;
    this.#noteText(index, value);
    this.count++;
    this.sizeChange += name.length + value.length;
    this.#textSize += name.length + value.length + 4;
  }

  /** Adds a field in the place of all of its name. */
  setHeader(name: string, value: string, line: Uint8Array | null = null): void {
    this.removeHeader(name);
    this.addHeader(name, value, line);
  }

  /** Makes room for one more entry. */
  reserve(): void {
    if (this.count * 4 < this.off.length) return;
    const grown = new Int32Array(this.off.length * 2);
    grown.set(this.off);
    this.off = grown;
    for (let i = this.count; i * 4 < grown.length; i++) {
      this.names.push('');
      this.values.push('');
      this.lines.push(null);
    }
  }

  /** Copies the bytes out of the transport's buffer, for a head that outlives the event it came with. */
  own(): void {
    const base = this.start;
    const copy = Buffer.allocUnsafeSlow(this.end - base);
    this.buf.copy(copy, 0, base, this.end);
    this.buf = copy;
    const off = this.off;
    for (let i = 0; i < this.count; i++) {
      if (off[i * 4]! < 0) continue;
      off[i * 4]! -= base;
      off[i * 4 + 1]! -= base;
      off[i * 4 + 2]! -= base;
      off[i * 4 + 3]! -= base;
    }
    this.methodStart -= base;
    this.methodEnd -= base;
    this.uriStart -= base;
    this.uriEnd -= base;
    this.reasonStart -= base;
    this.reasonEnd -= base;
    this.end -= base;
    this.start = 0;
  }

  /**
   * Bytes that the head counts for in logs and counters: as HAProxy counts, start line and fields without separators (its internal
   * representation: 20 bytes for the start line, one for the end).
   */
  countedSize(): number {
    if (this.fixedSize >= 0) return this.fixedSize;
    let size = 20 + 8 + 1;
    size += this.isRequest ? this.#methodSize() + this.#uriSize() : 3 + this.#reasonSize();
    for (let i = 0; i < this.count; i++) size += this.#fieldSize(i);
    return size;
  }

  /** What counts is the head as it came: called before rules edit it. `more`: what HAProxy counts besides (HTTP/2). */
  fixSize(more = 0): void {
    this.fixedSize = this.countedSize() + more;
    this.sizeChange = 0;
  }

  /** What the head counts for as it is now. */
  editedSize(): number {
    return this.fixedSize >= 0 ? this.fixedSize + this.sizeChange : this.countedSize();
  }

  #methodSize(): number {
    return this.methodText?.length ?? this.methodEnd - this.methodStart;
  }

  #uriSize(): number {
    return this.uriText?.length ?? this.uriEnd - this.uriStart;
  }

  #reasonSize(): number {
    return this.reasonText?.length ?? this.reasonEnd - this.reasonStart;
  }

  #fieldSize(index: number): number {
    const at = index * 4;
    const mark = this.off[at]!;
    if (mark >= 0) return this.off[at + 1]! - mark + this.off[at + 3]! - this.off[at + 2]!;
    return mark === TEXT ? this.names[index]!.length + this.values[index]!.length : 0;
  }

  #valueSize(index: number): number {
    const at = index * 4;
    return this.off[at]! >= 0 ? this.off[at + 3]! - this.off[at + 2]! : this.values[index]!.length;
  }

  /** Bytes that `write` needs at most. */
  sizeBound(): number {
    // A line may have come without a blank behind its colon and without CR.
    const size = this.end - this.start + 96 + (this.versionText?.length ?? 0) + this.count * 2 + this.#textSize;
    return size + (this.uriText?.length ?? 0) + (this.reasonText?.length ?? 0) + (this.methodText?.length ?? 0);
  }

  /** Writes the head as HTTP/1 with lower-case names into `out` at `at`; returns the offset behind it (no empty line yet). */
  write(out: Buffer, at: number): number {
    let pos = this.isRequest ? this.#writeRequestLine(out, at) : this.#writeStatusLine(out, at);
    const buf = this.buf;
    const off = this.off;
    const count = this.count;
    for (let i = 0; i < count; i++) {
      const start = off[i * 4]!;
      if (start < 0) {
        if (start === TEXT) pos = writeField(out, pos, this.names[i]!, this.values[i]!, this.lines[i]!);
        continue;
      }
      const nameEnd = off[i * 4 + 1]!;
      let valueEnd = off[i * 4 + 3]!;
      if (off[i * 4 + 2]! === nameEnd + 2 && buf[nameEnd + 1] === SPACE) {
        // Following lines that stand just as they will be written go out in one copy.
        while (i + 1 < count && off[i * 4 + 4]! === valueEnd + 2 && buf[valueEnd] === CR) {
          const next = i * 4 + 4;
          if (off[next + 2]! !== off[next + 1]! + 2 || buf[off[next + 1]! + 1] !== SPACE) break;
          valueEnd = off[next + 3]!;
          i++;
        }
        pos += copyBytes(buf, start, valueEnd, out, pos);
      } else {
        pos += copyBytes(buf, start, nameEnd, out, pos);
        out[pos++] = COLON;
        out[pos++] = SPACE;
        pos += copyBytes(buf, off[i * 4 + 2]!, valueEnd, out, pos);
      }
      out[pos++] = CR;
      out[pos++] = LF;
    }
    return pos;
  }

  #writeRequestLine(out: Buffer, at: number): number {
    let pos = at;
    if (this.methodText === null && this.uriText === null && this.uriStart === this.methodEnd + 1) {
      pos += copyBytes(this.buf, this.methodStart, this.uriEnd, out, pos);
    } else {
      pos += out.latin1Write(this.method, pos);
      out[pos++] = SPACE;
      pos += out.latin1Write(this.uri, pos);
    }
    if (this.versionText !== null) return writeText(out, pos, ` ${this.versionText}\r\n`);
    return writeText(out, pos, this.version === 10 ? ' HTTP/1.0\r\n' : ' HTTP/1.1\r\n');
  }

  #writeStatusLine(out: Buffer, at: number): number {
    let pos = writeText(
      out,
      at,
      this.versionText !== null ? `${this.versionText} ` : this.version === 10 ? 'HTTP/1.0 ' : 'HTTP/1.1 ',
    );
    pos = writeText(out, pos, String(this.status));
    out[pos++] = SPACE;
    if (this.reasonText !== null) pos += out.latin1Write(this.reasonText, pos);
    else pos += copyBytes(this.buf, this.reasonStart, this.reasonEnd, out, pos);
    out[pos++] = CR;
    out[pos++] = LF;
    return pos;
  }
}

const EMPTY = Buffer.alloc(0);

/** Compares bytes with an ASCII text. */
export function equalsAt(buf: Uint8Array, start: number, end: number, text: string): boolean {
  const length = text.length;
  if (end - start !== length) return false;
  for (let i = 0; i < length; i++) if (buf[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Methods that nearly all requests have. */
const METHODS = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'] as const;

/** The method in [start, end): a text is made of rare ones only. */
function methodAt(buf: Buffer, start: number, end: number): string {
  for (let i = 0; i < METHODS.length; i++) if (equalsAt(buf, start, end, METHODS[i]!)) return METHODS[i]!;
  return buf.latin1Slice(start, end);
}

/** Copies [start, end) to `out` at `at`; returns the length. Short runs are not worth a native call. */
function copyBytes(buf: Buffer, start: number, end: number, out: Buffer, at: number): number {
  const length = end - start;
  if (length > 48) buf.copy(out, at, start, end);
  else for (let i = 0; i < length; i++) out[at + i] = buf[start + i]!;
  return length;
}

/** Bytes of a field that rules write again and again, for `addHeader`: the whole line, or what stands before a value that is always another one. */
export function fieldLine(name: string, value: string | null): Uint8Array {
  return Buffer.from(value === null ? `${name}: ` : `${name}: ${value}\r\n`, 'latin1');
}

function writeField(out: Buffer, at: number, name: string, value: string, line: Uint8Array | null): number {
  let pos = at;
  if (line === null) {
    pos = writeText(out, pos, name);
    out[pos++] = COLON;
    out[pos++] = SPACE;
  } else {
    for (let i = 0; i < line.length; i++) out[pos++] = line[i]!;
    if (line.length > name.length + 2) return pos;
  }
  pos = writeText(out, pos, value);
  out[pos++] = CR;
  out[pos++] = LF;
  return pos;
}

/** Writes a text of one char a byte; returns the offset behind it. Short ones are not worth a native call. */
function writeText(out: Buffer, at: number, text: string): number {
  const { length } = text;
  if (length > 16) return at + out.latin1Write(text, at);
  for (let i = 0; i < length; i++) out[at + i] = text.charCodeAt(i);
  return at + length;
}

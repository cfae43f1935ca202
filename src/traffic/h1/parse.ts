import { checkRequest, checkResponse, settleRequest, settleResponse } from './check.ts';
import type { Head } from './head.ts';

/*
 * Parser of HTTP/1 heads (RFC 9112 sections 2 to 6, RFC 9110 section 5). Strict: what could be read in two ways is refused.
 * Header names are put into lower case in place, as HAProxy sends them, once the head is accepted: what is refused is kept as it came.
 */

/** Result of a parse that needs more bytes; of one that failed (see `errorAt` and `errorState` of the head). */
export const NEED_MORE = 0;
export const INVALID = -1;

const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;
const COLON = 58;

/** For a byte of a token (RFC 9110, 5.6.2): the byte in lower case; 0 for any other byte. */
export const TOKEN = new Uint8Array(256);
for (const c of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") TOKEN[c.charCodeAt(0)] = c.charCodeAt(0);
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') TOKEN[c.charCodeAt(0)] = c.charCodeAt(0) + 32;

/** 1 for bytes that may stand in a field value: all but controls other than tab, and DEL. */
export const VALUE = new Uint8Array(256).fill(1);
for (let i = 0; i < 32; i++) VALUE[i] = 0;
VALUE[TAB] = 1;
VALUE[127] = 0;

/** 1 for bytes that may stand in a request target: visible ASCII but '#'. */
const TARGET = new Uint8Array(256);
for (let i = 33; i < 127; i++) TARGET[i] = 1;
TARGET[35] = 0;

/** The same where mistakes are let pass (HAProxy manual, `option accept-unsafe-violations-in-http-request`). */
const RELAXED_VALUE = new Uint8Array(256).fill(1);
RELAXED_VALUE[CR] = 0;
RELAXED_VALUE[LF] = 0;
const RELAXED_TARGET = new Uint8Array(256).fill(1);
for (let i = 0; i <= 32; i++) RELAXED_TARGET[i] = 0;
RELAXED_TARGET[127] = 0;

/** Bytes that a version is at most, where it may be any. */
const LONGEST_VERSION = 32;
const LARGEST_STATUS = 65_535;

/**
 * Parses a request head from bytes [start, limit). Returns the offset behind the head, NEED_MORE or INVALID.
 * Empty lines before the request line are skipped (RFC 9112, 2.2).
 */
export function parseRequest(head: Head, buf: Buffer, start: number, limit: number, maxHeaders: number): number {
  let pos = start;
  while (pos < limit && (buf[pos] === CR || buf[pos] === LF)) {
    if (buf[pos] === CR && pos + 1 < limit && buf[pos + 1] !== LF) return fail(head, pos, 'MSG_RQBEFORE_CR');
    pos++;
  }
  if (pos >= limit) return NEED_MORE;
  head.reset();
  head.buf = buf;
  head.isRequest = true;
  head.start = pos;
  head.methodStart = pos;
  while (pos < limit && TOKEN[buf[pos]!] !== 0) pos++;
  if (pos >= limit) return NEED_MORE;
  if (buf[pos] !== SPACE || pos === head.methodStart) return fail(head, pos, 'MSG_RQMETH');
  head.methodEnd = pos++;
  head.uriStart = pos;
  const target = head.relaxed ? RELAXED_TARGET : TARGET;
  while (pos < limit && target[buf[pos]!] === 1) pos++;
  if (pos >= limit) return NEED_MORE;
  if (head.relaxed && (buf[pos] === CR || buf[pos] === LF)) return parseSimpleRequest(head, buf, pos, limit);
  if (buf[pos] !== SPACE || pos === head.uriStart) return fail(head, pos, 'MSG_RQURI');
  head.uriEnd = pos++;
  const version = head.relaxed ? INVALID : parseVersion(buf, pos, limit);
  if (version === NEED_MORE) return NEED_MORE;
  let versionEnd = pos + 8;
  if (version === INVALID) {
    versionEnd = parseAnyVersion(head, buf, pos, limit);
    if (versionEnd === NEED_MORE) return NEED_MORE;
    if (versionEnd === INVALID) return fail(head, pos, 'MSG_RQVER');
  } else head.version = version;
  pos = endOfLine(buf, versionEnd, limit);
  if (pos === NEED_MORE) return NEED_MORE;
  if (pos === INVALID) return fail(head, head.uriEnd + 9, 'MSG_RQVER');
  const end = parseHeaders(head, buf, pos, limit, maxHeaders);
  if (end <= 0) return end;
  if (!checkRequest(head)) return INVALID;
  lowerNames(head, buf);
  settleRequest(head);
  return end;
}

/** Parses a response head. As `parseRequest`. */
export function parseResponse(head: Head, buf: Buffer, start: number, limit: number, maxHeaders: number): number {
  head.reset();
  head.buf = buf;
  head.isRequest = false;
  head.start = start;
  const version = head.relaxed ? INVALID : parseVersion(buf, start, limit);
  if (version === NEED_MORE) return NEED_MORE;
  let pos = start + 8;
  if (version === INVALID) {
    pos = parseAnyVersion(head, buf, start, limit);
    if (pos === NEED_MORE) return NEED_MORE;
    if (pos === INVALID) return fail(head, start, 'MSG_RPVER');
  } else head.version = version;
  if (pos + 4 >= limit) return NEED_MORE;
  if (buf[pos] !== SPACE) return fail(head, pos, 'MSG_RPVER');
  let status = 0;
  for (let i = pos + 1; i < pos + 4; i++) {
    const digit = buf[i]! - 48;
    if (digit < 0 || digit > 9) return fail(head, i, 'MSG_RPCODE');
    status = status * 10 + digit;
  }
  if (status < 100) return fail(head, pos + 1, 'MSG_RPCODE');
  pos += 4;
  if (head.relaxed)
    for (; pos < limit && buf[pos]! >= 48 && buf[pos]! <= 57; pos++) {
      status = status * 10 + buf[pos]! - 48;
      if (status > LARGEST_STATUS) return fail(head, pos, 'MSG_RPCODE');
    }
  if (pos >= limit) return NEED_MORE;
  head.status = status;
  if (buf[pos] !== SPACE && buf[pos] !== CR && buf[pos] !== LF) return fail(head, pos, 'MSG_RPCODE');
  while (pos < limit && buf[pos] === SPACE) pos++;
  head.reasonStart = pos;
  while (pos < limit && VALUE[buf[pos]!] === 1) pos++;
  if (pos >= limit) return NEED_MORE;
  head.reasonEnd = pos;
  const next = endOfLine(buf, pos, limit);
  if (next === NEED_MORE) return NEED_MORE;
  if (next === INVALID) return fail(head, pos, 'MSG_RPREASON');
  const end = parseHeaders(head, buf, next, limit, maxHeaders);
  if (end <= 0) return end;
  if (!checkResponse(head)) return INVALID;
  lowerNames(head, buf);
  settleResponse(head);
  return end;
}

/** `HTTP/1.0` -> 10, `HTTP/1.1` and later 1.x -> 11. */
function parseVersion(buf: Buffer, pos: number, limit: number): number {
  const prefix = 'HTTP/1.';
  for (let i = 0; i < 7; i++) {
    if (pos + i >= limit) return NEED_MORE;
    if (buf[pos + i] !== prefix.charCodeAt(i)) return INVALID;
  }
  if (pos + 7 >= limit) return NEED_MORE;
  const minor = buf[pos + 7]! - 48;
  return minor === 0 ? 10 : minor > 0 && minor <= 9 ? 11 : INVALID;
}

/** A version of whatever protocol, where mistakes are let pass. Returns the offset behind it, NEED_MORE or INVALID. */
function parseAnyVersion(head: Head, buf: Buffer, start: number, limit: number): number {
  if (!head.relaxed) return INVALID;
  const seen = buf.latin1Slice(start, Math.min(limit, start + LONGEST_VERSION));
  const found = /^([A-Z]+)\/(\d+)\.(\d*)(?=\D)/.exec(seen);
  if (found === null)
    return start + seen.length === limit && /^(?:[A-Z]+(?:\/(?:\d+(?:\.\d*)?)?)?)?$/.test(seen) ? NEED_MORE : INVALID;
  const [text, protocol, major, minor] = found;
  head.version = 10;
  // A version of HTTP above 1.1 means that; what has no such number is passed on as it came, and trusted with nothing.
  if (protocol === 'HTTP' && /^(?:1\.[1-9]|[2-9]\.\d)$/.test(`${major}.${minor}`)) head.version = 11;
  else if (text !== 'HTTP/1.0') head.versionText = text;
  return start + text.length;
}

/** A request of HTTP/0.9: a line with method and target. What follows it is not read. */
function parseSimpleRequest(head: Head, buf: Buffer, pos: number, limit: number): number {
  head.uriEnd = pos;
  const end = endOfLine(buf, pos, limit);
  if (end === NEED_MORE) return NEED_MORE;
  if (end === INVALID || head.method !== 'GET' || head.uriStart === pos) return fail(head, pos, 'MSG_RQVER');
  head.version = 10;
  head.connClose = true;
  head.end = end;
  return end;
}

/** Offset behind CRLF or LF. */
function endOfLine(buf: Buffer, pos: number, limit: number): number {
  if (pos >= limit) return NEED_MORE;
  if (buf[pos] === LF) return pos + 1;
  if (buf[pos] !== CR) return INVALID;
  if (pos + 1 >= limit) return NEED_MORE;
  return buf[pos + 1] === LF ? pos + 2 : INVALID;
}

/** Parses header lines up to and with the empty line. Returns the offset behind it, NEED_MORE or INVALID. */
function parseHeaders(head: Head, buf: Buffer, start: number, limit: number, maxHeaders: number): number {
  let pos = start;
  let upper = 0;
  const value = head.relaxed ? RELAXED_VALUE : VALUE;
  for (;;) {
    if (pos >= limit) return NEED_MORE;
    let c = buf[pos]!;
    if (c === CR || c === LF) {
      const end = endOfLine(buf, pos, limit);
      if (end === NEED_MORE) return NEED_MORE;
      if (end === INVALID) return fail(head, pos, 'MSG_HDR_L2_LF');
      head.end = end;
      head.upperNames = upper !== 0;
      return noteHeaders(head, buf) ? end : INVALID;
    }
    const nameStart = pos;
    for (;;) {
      const lower = TOKEN[c]!;
      if (lower === 0) break;
      upper |= lower ^ c;
      if (++pos >= limit) return NEED_MORE;
      c = buf[pos]!;
    }
    const dropped = head.relaxed && c !== COLON && buf[nameStart] !== SPACE && buf[nameStart] !== TAB;
    if (dropped) {
      while (pos < limit && buf[pos] !== COLON && buf[pos] !== CR && buf[pos] !== LF) pos++;
      if (pos >= limit) return NEED_MORE;
      c = buf[pos]!;
    }
    // A line that begins with white space (obs-fold), or white space before the colon, ends here too.
    if (c !== COLON || pos === nameStart) return fail(head, pos, 'MSG_HDR_NAME');
    const nameEnd = pos++;
    while (pos < limit && (buf[pos] === SPACE || buf[pos] === TAB)) pos++;
    const valueStart = pos;
    while (pos < limit && value[buf[pos]!] === 1) pos++;
    if (pos >= limit) return NEED_MORE;
    let valueEnd = pos;
    const next = endOfLine(buf, pos, limit);
    if (next === NEED_MORE) return NEED_MORE;
    if (next === INVALID) return fail(head, pos, 'MSG_HDR_VAL');
    if (dropped) {
      pos = next;
      continue;
    }
    while (valueEnd > valueStart && (buf[valueEnd - 1] === SPACE || buf[valueEnd - 1] === TAB)) valueEnd--;
    if (head.count >= maxHeaders - 1) return fail(head, nameStart, 'MSG_HDR_FIRST');
    head.reserve();
    const entry = head.count * 4;
    head.off[entry] = nameStart;
    head.off[entry + 1] = nameEnd;
    head.off[entry + 2] = valueStart;
    head.off[entry + 3] = valueEnd;
    head.count++;
    pos = next;
  }
}

/** Looks at all headers once the head is complete. False: it must be refused. */
function noteHeaders(head: Head, buf: Buffer): boolean {
  const { off } = head;
  for (let i = 0; i < head.count; i++) {
    const start = off[i * 4]!;
    const valueStart = off[i * 4 + 2]!;
    if (!noteHeader(head, buf, i, start, off[i * 4 + 1]!, valueStart, off[i * 4 + 3]!)) {
      fail(head, valueStart, 'MSG_HDR_VAL');
      return false;
    }
  }
  return true;
}

function lowerNames(head: Head, buf: Buffer): void {
  if (!head.upperNames) return;
  const { off } = head;
  for (let i = 0; i < head.count; i++) {
    const end = off[i * 4 + 1]!;
    for (let at = off[i * 4]!; at >= 0 && at < end; at++) buf[at] = TOKEN[buf[at]!]!;
  }
}

/** Takes note of the headers that decide about framing and the connection. False: the message must be refused. */
function noteHeader(
  head: Head,
  buf: Buffer,
  index: number,
  nameStart: number,
  nameEnd: number,
  start: number,
  end: number,
): boolean {
  switch (nameEnd - nameStart) {
    case 4:
      if (equalsLower(buf, nameStart, nameEnd, 'host')) {
        if (head.hostIndex < 0) head.hostIndex = index;
        else if (sameValue(head, head.hostIndex, index)) head.removeAt(index);
        else return false;
      }
      return true;
    case 6:
      if (equalsLower(buf, nameStart, nameEnd, 'cookie')) {
        if (head.cookieIndex < 0) head.cookieIndex = index;
      } else if (equalsLower(buf, nameStart, nameEnd, 'expect')) {
        head.expectContinue = equalsLower(buf, start, end, '100-continue');
      }
      return true;
    case 2:
      if (equalsLower(buf, nameStart, nameEnd, 'te')) noteTe(head, buf, index, start, end);
      return true;
    case 7:
      if (equalsLower(buf, nameStart, nameEnd, 'upgrade')) head.hasUpgrade = true;
      return true;
    case 10:
      if (equalsLower(buf, nameStart, nameEnd, 'connection')) noteConnection(head, buf, index, start, end);
      return true;
    case 14:
      return !equalsLower(buf, nameStart, nameEnd, 'content-length') || noteLength(head, buf, index, start, end);
    case 17:
      return (
        !equalsLower(buf, nameStart, nameEnd, 'transfer-encoding') ||
        (head.relaxed && noteOddEncoding(head, buf, index, start, end)) ||
        noteEncoding(head, buf, start, end)
      );
    default:
      return true;
  }
}

/** content-length: digits; a list of equal ones counts as one (RFC 9110, 8.6). The entry is normalised to a single value. */
function noteLength(head: Head, buf: Buffer, index: number, start: number, end: number): boolean {
  let pos = start;
  for (;;) {
    let value = 0;
    const first = pos;
    while (pos < end && buf[pos]! >= 48 && buf[pos]! <= 57) value = value * 10 + (buf[pos++]! - 48);
    if (pos === first || value > Number.MAX_SAFE_INTEGER) return false;
    if (head.contentLength >= 0) {
      if (head.contentLength !== value) return false;
      if (first === start) head.removeAt(index);
    }
    head.contentLength = value;
    if (pos === end) return true;
    if (first === start && head.off[index * 4]! >= 0) head.off[index * 4 + 3] = pos;
    while (pos < end && (buf[pos] === SPACE || buf[pos] === TAB)) pos++;
    if (buf[pos++] !== 44) return false;
    while (pos < end && (buf[pos] === SPACE || buf[pos] === TAB)) pos++;
  }
}

/** transfer-encoding: only a single `chunked` is understood (RFC 9112, 6.1); what ends in it after other codings is 422. */
function noteEncoding(head: Head, buf: Buffer, start: number, end: number): boolean {
  if (!head.chunked && equalsLower(buf, start, end, 'chunked')) {
    head.chunked = !head.otherCoding;
    if (head.otherCoding) head.errorStatus = 422;
    return head.chunked;
  }
  const coded = buf.latin1Slice(start, end).toLowerCase();
  if (
    !head.chunked &&
    !/chunked[ \t]*,/.test(coded) &&
    /^[ \t,]*(?:[!#$%&'*+.^_`|~0-9a-z-]+[ \t]*,[ \t,]*)*chunked$/.test(coded)
  )
    head.errorStatus = 422;
  else if (!head.chunked && /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(coded)) {
    // Refused at the end of the head, unless `chunked` follows in a line of its own (then 422).
    head.otherCoding = true;
    return true;
  }
  return false;
}

/** transfer-encoding of a response, where mistakes are let pass: nothing, or `chunked` several times. */
function noteOddEncoding(head: Head, buf: Buffer, index: number, start: number, end: number): boolean {
  if (head.isRequest || !/^(?:chunked[ \t]*(?:,[ \t]*|$))*$/i.test(buf.latin1Slice(start, end))) return false;
  if (start === end) {
    head.emptyCoding = true;
    return true;
  }
  if (head.chunked) head.removeAt(index);
  else head.setValueAt(index, 'chunked');
  head.chunked = true;
  return true;
}

/** te: of what it may say only `trailers` concerns the next hop (RFC 9110, 10.1.4). */
function noteTe(head: Head, buf: Buffer, index: number, start: number, end: number): void {
  const tokens = buf.latin1Slice(start, end).toLowerCase().split(',');
  if (tokens.some((token) => token.trim() === 'trailers')) {
    if (tokens.length > 1) head.setValueAt(index, 'trailers');
  } else head.removeAt(index);
}

/** connection: notes the tokens close, keep-alive and upgrade; the first two are taken out, others stay. */
function noteConnection(head: Head, buf: Buffer, index: number, start: number, end: number): void {
  let kept = '';
  let seen = false;
  for (let pos = start; pos < end; ) {
    while (pos < end && (buf[pos] === SPACE || buf[pos] === TAB || buf[pos] === 44)) pos++;
    const first = pos;
    while (pos < end && buf[pos] !== 44) pos++;
    let last = pos;
    while (last > first && (buf[last - 1] === SPACE || buf[last - 1] === TAB)) last--;
    if (last === first) continue;
    if (equalsLower(buf, first, last, 'close')) head.connClose = seen = true;
    else if (equalsLower(buf, first, last, 'keep-alive')) head.connKeepAlive = seen = true;
    else {
      if (equalsLower(buf, first, last, 'upgrade')) head.connUpgrade = true;
      kept += (kept === '' ? '' : ', ') + buf.latin1Slice(first, last);
    }
  }
  if (kept === '') head.removeAt(index);
  else if (seen) head.setValueAt(index, kept);
}

function sameValue(head: Head, a: number, b: number): boolean {
  return head.headerValue(a) === head.headerValue(b);
}

function equalsLower(buf: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) {
    const c = buf[start + i]!;
    if ((c >= 65 && c <= 90 ? c + 32 : c) !== text.charCodeAt(i)) return false;
  }
  return true;
}

function fail(head: Head, at: number, state: string): number {
  head.errorAt = at;
  head.errorState = state;
  return INVALID;
}

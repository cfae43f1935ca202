import { equalsAt, type Head } from './head.ts';

/*
 * What must hold of a head as a whole, once its lines are read: framing that can be read in one way only, and a target that says
 * where the request goes (RFC 9112, sections 3.2 and 6). Where HAProxy normalises, so does this.
 */

/** Checks a request head, whose names may still be in upper case. False: refused, `errorStatus` says with what. */
export function checkRequest(head: Head): boolean {
  if (head.otherCoding || (head.chunked && head.version === 10)) return refuse(head, head.errorStatus);
  if (isConnect(head)) return (head.relaxed && !head.chunked) || checkConnect(head) || refuse(head, 400);
  if (!head.relaxed && !checkTarget(head)) return refuse(head, 400);
  return !(hasBody(head) && head.version === 10 && !head.anyPayload && bodiless(head)) || refuse(head, 413);
}

/** The same for a response head. */
export function checkResponse(head: Head): boolean {
  return !head.otherCoding || refuse(head, 400);
}

/** Normalises a request head that was checked. */
export function settleRequest(head: Head): void {
  if (isConnect(head)) {
    settleConnect(head);
    return;
  }
  settleLengths(head);
  if (head.hasUpgrade && hasBody(head)) {
    // A body and another protocol cannot both follow.
    head.removeHeader('upgrade');
    head.hasUpgrade = false;
  }
}

/** The same for a response head. Rules see all of its fields, those that are not sent on, too. */
export function settleResponse(head: Head): void {
  settleLengths(head);
  if (head.emptyCoding) settleEmptyCoding(head);
  if (head.status >= 200 && head.status !== 204) return;
  head.contentLength = -1;
  head.chunked = false;
}

function isConnect(head: Head): boolean {
  return equalsAt(head.buf, head.methodStart, head.methodEnd, 'CONNECT');
}

function hasBody(head: Head): boolean {
  return head.chunked || head.contentLength > 0;
}

/** An empty transfer-encoding: the length does not count beside it, and the body ends with the connection. */
function settleEmptyCoding(head: Head): void {
  if (head.chunked || head.contentLength < 0) return;
  head.removeHeader('content-length');
  head.contentLength = -1;
}

/** Both content-length and transfer-encoding: the latter wins, and the connection ends with this message (RFC 9112, 6.3). */
function settleLengths(head: Head): void {
  if (!head.chunked || head.contentLength < 0) return;
  head.removeHeader('content-length');
  head.contentLength = -1;
  head.ambiguous = true;
}

/** Methods whose requests had no body when HTTP/1.0 was written: old servers do not read one. */
function bodiless(head: Head): boolean {
  return ['GET', 'HEAD', 'DELETE'].some((method) => equalsAt(head.buf, head.methodStart, head.methodEnd, method));
}

/** CONNECT: `host:port`; no body before the tunnel (a length is dropped, chunks would be taken for the tunnel's content). */
function checkConnect(head: Head): boolean {
  const { uri } = head;
  return /^[^/:@]+:\d+$|^\[[0-9A-Fa-f:.]+\]:\d+$/.test(uri) && agrees(head, uri, ANY_SCHEME) && !head.chunked;
}

function settleConnect(head: Head): void {
  const { uri } = head;
  const port = ANY_SCHEME.find((one) => uri.endsWith(one));
  if (port !== undefined && head.hostIndex >= 0 && head.headerValue(head.hostIndex).endsWith(port))
    head.setValueAt(head.hostIndex, uri.slice(0, -port.length));
  head.removeHeader('content-length');
  head.contentLength = -1;
}

const SLASH = 47;
const STAR = 42;

/** Origin form, `*` for OPTIONS, or absolute form; a default port goes out of the latter (RFC 9112, section 3.2). */
function checkTarget(head: Head): boolean {
  const first = head.buf[head.uriStart]!;
  if (first === SLASH) return true;
  if (first === STAR)
    return head.uriEnd === head.uriStart + 1 && equalsAt(head.buf, head.methodStart, head.methodEnd, 'OPTIONS');
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?]*)(.*)$/.exec(head.uri);
  if (match === null) return false;
  const [, scheme, authority, rest] = match;
  const port = scheme!.toLowerCase() === 'http' ? ':80' : scheme!.toLowerCase() === 'https' ? ':443' : null;
  if (!agrees(head, authority!, port === null ? [] : [port])) return false;
  if (port === null) return true;
  const named = withoutColon(authority!.endsWith(port) ? authority!.slice(0, -port.length) : authority!);
  if (named === authority) return true;
  head.uri = `${scheme}://${named}${rest}`;
  // As in HAProxy, both say the same then.
  if (head.hostIndex >= 0) head.setValueAt(head.hostIndex, named);
  return true;
}

/** Ports that need not be said where there is no scheme, with CONNECT. */
const ANY_SCHEME = [':80', ':443'];

/**
 * The host header must say what the authority of the target says (RFC 9112, 3.2.2); one of them may leave out the port that the other one
 * has when that is one of `ports`.
 */
function agrees(head: Head, authority: string, ports: readonly string[]): boolean {
  if (head.hostIndex < 0) return true;
  const host = withoutColon(head.headerValue(head.hostIndex).toLowerCase());
  const wanted = withoutColon(authority.toLowerCase());
  return host === wanted || ports.some((port) => host + port === wanted || host === wanted + port);
}

/** A colon without a port behind it says nothing. */
function withoutColon(text: string): string {
  return text.endsWith(':') ? text.slice(0, -1) : text;
}

function refuse(head: Head, status: number): boolean {
  head.errorAt = head.start;
  head.errorState = 'MSG_RQURI';
  head.errorStatus = status;
  return false;
}

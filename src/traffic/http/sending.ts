import type { CompressionAlgorithm } from '../../config/types.ts';
import { C } from '../../model/counters.ts';
import type { Conn } from '../../net/transport.ts';
import { countRequest } from '../bytes.ts';
import { countFront } from '../counting.ts';
import { Recoder, recodeBody, type Sink } from '../filters/recoder.ts';
import type { Throttle } from '../filters/throttle.ts';
import { CHUNK_FRAMING, LAST_CHUNK, putChunk, writeChunk } from '../h1/chunk.ts';
import { Framing } from '../h1/head.ts';
import { adjustCase } from '../header-names.ts';
import { setCause } from '../log.ts';
import { detachServer } from '../parting.ts';
import { Phase } from '../phase.ts';
import type { Stream } from '../stream.ts';
import { countTracked, Event } from '../tracking.ts';
import { cutOff, replyError } from './ending.ts';

/*
 * The request on its way to the server: serialised once, sent, and followed by what comes of its body.
 */

/** Bytes of a body that are sent together with its head. */
const BODY_WITH_HEAD = 16384;

/** Writes the request into `pending`: head, and what of its body is at hand. What came behind that goes back to the client connection. */
export function serialise(stream: Stream): void {
  const { req, reqBody } = stream;
  const backend = stream.backend!;
  // Rules may have left no path behind the authority of HTTP/2.
  if (stream.origin !== '' && !/^(\/|\*$|[A-Za-z][A-Za-z0-9+.-]*:\/\/)/.test(req.uri))
    req.uri = req.isMethod('OPTIONS') ? '*' : '/';
  const keeps = reusesServer(stream) || backend.pretendKeepAlive;
  // Only now: servers may have been chosen by it.
  if (backend.nameHeader !== null) req.removeHeader(backend.nameHeader);
  if (stream.bodyPos === stream.bodyEnd && !reqBody.done && stream.uploads === null) takeBody(stream);
  const held = stream.bodyEnd - stream.bodyPos;
  const room = req.sizeBound() + Math.min(held, BODY_WITH_HEAD);
  if (stream.pending.length < room) stream.pending = Buffer.allocUnsafeSlow(room);
  const out = stream.pending;
  let at = req.write(out, 0);
  if (stream.wantsUpgrade && req.connUpgrade) {
    // The connection header was kept with its upgrade token.
    if (stream.clientVersion === 20 && stream.webSocketKey !== '' && req.findHeader('sec-websocket-key', 0) < 0)
      at += out.latin1Write(`sec-websocket-key: ${stream.webSocketKey}\r\n`, at);
  } else if (stream.clientVersion === 20) {
    if (!keeps) at += out.latin1Write('connection: close\r\n', at);
    // A body without a length has its framing from here on only, which rules do not see.
    if (reqBody.framing === Framing.chunked && !req.chunked)
      at += out.latin1Write('transfer-encoding: chunked\r\n', at);
  } else if (stream.clientVersion === 10) {
    if (keeps) at += out.latin1Write('connection: keep-alive\r\n', at);
  } else if (!keeps) at += out.latin1Write('connection: close\r\n', at);
  if (backend.adjustCase) adjustCase(out, 0, at, stream.env.nameCases);
  stream.headEnd = at;
  out[at++] = 13;
  out[at++] = 10;
  const limit = Math.min(stream.bodyEnd, stream.bodyPos + (stream.uploads === null ? BODY_WITH_HEAD : 0));
  if (stream.requestCompression !== null) compressPending(stream, stream.requestCompression, at, limit);
  else {
    while (stream.bodyPos < limit && !reqBody.done && !reqBody.failed) {
      const upto = reqBody.feed(stream.bodyBuf!, stream.bodyPos, limit);
      stream.bodyBuf!.copy(out, at, stream.bodyPos, upto);
      at += upto - stream.bodyPos;
      stream.bodyPos = reqBody.skip(stream.bodyBuf!, upto, limit);
    }
    stream.pendingLength = at;
  }
  stream.replayable = true;
  if (backend.redirects) stream.target = req.uri;
  stream.requestHead = null;
  if (stream.bodyPos < stream.bodyEnd) stream.client!.giveBack(stream.bodyBuf!, stream.bodyPos, stream.bodyEnd);
  stream.bodyBuf = null;
  if (!reqBody.done) stream.client!.pause();
}

/** Takes what the client has sent of the body meanwhile: it goes out with the head, and may be sent again with it. */
function takeBody(stream: Stream): void {
  const bytes = stream.client!.takeHeld?.(BODY_WITH_HEAD) ?? null;
  if (bytes === null) return;
  stream.bodyBuf = bytes;
  stream.bodyPos = 0;
  stream.bodyEnd = bytes.length;
}

/** The same for a body that goes out compressed, behind the head of `length` bytes. */
function compressPending(stream: Stream, algorithm: CompressionAlgorithm, length: number, limit: number): void {
  stream.pendingLength = length;
  stream.requestRecoder = new Recoder(stream, algorithm, toServer);
  if (stream.bodyBuf === null) return;
  stream.bodyPos = recodeBody(stream.requestRecoder, stream.reqBody, stream.bodyBuf, stream.bodyPos, limit);
}

/** A piece of a compressed body: into `pending`, or to the server when the request is on its way. */
const toServer: Sink = (stream, buf, start, end, last) => {
  const { trailers } = stream.reqBody;
  if (stream.phase >= Phase.response) {
    if (stream.serverConn !== null) writeChunk(stream.serverConn.conn, buf, start, end, last, trailers);
    return;
  }
  const room = stream.pendingLength + end - start + CHUNK_FRAMING + LAST_CHUNK.length + trailers.length * 2 + 2;
  if (stream.pending.length < room) {
    const grown = Buffer.allocUnsafeSlow(room);
    stream.pending.copy(grown, 0, 0, stream.pendingLength);
    stream.pending = grown;
  }
  stream.pendingLength = putChunk(stream.pending, stream.pendingLength, buf, start, end, last, trailers);
};

/** The connection to the server is to be kept after this exchange. */
export function reusesServer(stream: Stream): boolean {
  const { frontend, backend } = stream;
  return !(frontend.httpClose || frontend.serverClose || backend!.serverClose || backend!.httpClose);
}

/** The server connection is ready: sends the request. */
export function sendRequest(stream: Stream): void {
  const { req, reqBody, env } = stream;
  const backend = stream.backend!;
  const conn = stream.serverConn!;
  if (!stream.replayable) serialise(stream);
  if (reqBody.failed) {
    badRequestBody(stream);
    return;
  }
  stream.phase = Phase.response;
  // Of a try before.
  stream.serverEnded = false;
  const written =
    stream.proxyHeader === null && backend.nameHeader === null
      ? conn.conn.writeStable(stream.pending, 0, stream.pendingLength)
      : writeTogether(stream, conn.conn);
  // A request that is sent again has come once.
  const received = stream.log.bytesUploaded === 0 ? req.countedSize() + reqBody.counted : 0;
  countRequest(stream, received, req.editedSize() + (stream.requestRecoder?.sent ?? reqBody.counted));
  stream.serverTimeout = stream.timeouts.server ?? backend.serverTimeout;
  stream.serverUntil = stream.serverTimeout > 0 ? env.now() + stream.serverTimeout : 0;
  stream.waitUntil = 0;
  if (!reqBody.done) {
    stream.clientUntil = stream.clientTimeout > 0 ? env.now() + stream.clientTimeout : 0;
    if (written) stream.client!.resume();
  } else {
    stream.clientUntil = 0;
  }
  stream.schedule();
}

/** Sends the request with what is known only now: PROXY protocol header, name of the server. */
function writeTogether(stream: Stream, conn: Conn): boolean {
  const { pending, pendingLength, headEnd, proxyHeader } = stream;
  const { nameHeader } = stream.backend!;
  const parts: Uint8Array[] = proxyHeader === null ? [] : [proxyHeader];
  stream.proxyHeader = null;
  parts.push(pending.subarray(0, headEnd));
  if (nameHeader !== null) {
    const { name } = stream.server!;
    const shown = stream.backend!.adjustCase ? (stream.env.nameCases.get(nameHeader) ?? nameHeader) : nameHeader;
    parts.push(Buffer.from(`${shown}: ${name}\r\n`, 'latin1'));
    countRequest(stream, 0, nameHeader.length + name.length);
  }
  parts.push(pending.subarray(headEnd, pendingLength));
  const bytes = Buffer.concat(parts);
  return conn.writeStable(bytes, 0, bytes.length);
}

/** More of the request body has come. Returns the offset up to which bytes belong to this request, or may be passed on by now. */
export function onRequestData(stream: Stream, buf: Buffer, start: number, end: number): number {
  const { reqBody, uploads } = stream;
  const before = reqBody.counted;
  const pos = uploads === null ? passOn(stream, buf, start, end) : passLimited(stream, uploads, buf, start, end);
  stream.replayable = false;
  const conn = stream.serverConn;
  const bytes = reqBody.counted - before;
  if (conn !== null && bytes > 0) countRequest(stream, bytes, bytes);
  if (reqBody.failed) {
    badRequestBody(stream);
    return end;
  }
  const now = stream.env.now();
  const limited = pos < end && !reqBody.done;
  if (stream.serverTimeout > 0 && stream.phase === Phase.response)
    stream.serverUntil = limited ? 0 : now + stream.serverTimeout;
  if (reqBody.done) stream.clientUntil = 0;
  else if (limited || conn?.conn.blocked === true) {
    stream.client!.pause();
    stream.clientUntil = 0;
  } else if (stream.clientTimeout > 0) stream.clientUntil = now + stream.clientTimeout;
  stream.schedule();
  return pos;
}

/** Passes on what belongs to the body; returns the offset behind it. */
function passOn(stream: Stream, buf: Buffer, start: number, end: number): number {
  const { reqBody } = stream;
  if (stream.requestRecoder !== null) return recodeBody(stream.requestRecoder, reqBody, buf, start, end);
  const conn = stream.serverConn;
  let pos = start;
  while (pos < end && !reqBody.done && !reqBody.failed) {
    const upto = reqBody.feed(buf, pos, end);
    if (conn !== null && upto > pos) conn.conn.write(buf, pos, upto);
    pos = reqBody.skip(buf, upto, end);
  }
  return pos;
}

/** Passes on what the limits of bandwidth allow; returns the offset behind that. */
function passLimited(stream: Stream, uploads: Throttle, buf: Buffer, start: number, end: number): number {
  const { reqBody } = stream;
  const now = stream.env.now();
  let pos = start;
  while (pos < end && !reqBody.done && !reqBody.failed) {
    const allowed = uploads.allow(now, end - pos);
    if (allowed === 0) {
      uploads.wait(now);
      break;
    }
    const before = reqBody.counted;
    pos = passOn(stream, buf, pos, pos + allowed);
    // Framing does not count.
    uploads.charge(now, reqBody.counted - before);
  }
  return pos;
}

/** More of the body may be passed on: the client has it, or sends it. */
export function continueUpload(stream: Stream): void {
  if (stream.serverConn?.conn.blocked === false) stream.client!.resume();
}

/** The body cannot be read: 400, or the end when a response has begun. */
export function badRequestBody(stream: Stream): void {
  countTracked(stream, Event.error);
  countFront(stream, C.failedReq);
  setCause(stream, 'P', stream.phase < Phase.relay ? 'H' : 'D');
  stream.keepAlive = false;
  detachServer(stream);
  if (stream.phase < Phase.relay) replyError(stream, 400);
  else cutOff(stream);
}

/** The server has taken what was waiting: the client may send on. */
export function onServerDrain(stream: Stream): void {
  if (stream.reqBody.done) return;
  if (stream.clientTimeout > 0) stream.clientUntil = stream.env.now() + stream.clientTimeout;
  stream.schedule();
  stream.client!.resume();
}

import { C } from '../../model/counters.ts';
import { countResponse } from '../bytes.ts';
import { captureError } from '../captured.ts';
import { cacheability } from '../cookies.ts';
import { countFront } from '../counting.ts';
import { beginCompression, countCompressed, judgeResponse } from '../filters/compression.ts';
import { recodeBody, type Sink } from '../filters/recoder.ts';
import type { Throttle } from '../filters/throttle.ts';
import { badChunk } from '../h1/body.ts';
import { Framing } from '../h1/head.ts';
import { INVALID, NEED_MORE, parseResponse } from '../h1/parse.ts';
import { parseAgain } from '../h1/relaxed.ts';
import { logStep, setCause } from '../log.ts';
import { applyResponseCookies } from '../persistence.ts';
import { Phase } from '../phase.ts';
import { isClientError, isServerFailure } from '../rules/actions/tracking.ts';
import { passes } from '../rules/inspect.ts';
import type { Rule } from '../rules/types.ts';
import { storeServer } from '../stickiness.ts';
import type { Stream } from '../stream.ts';
import { countTracked, Event } from '../tracking.ts';
import * as tunnel from '../tunnel.ts';
import { acceptsWebSocket } from '../websocket.ts';
import { dropFraming, isBodiless } from './bodiless.ts';
import { finish, replyError } from './ending.ts';
import { badBody, badResponse, onServerEnd, retriesOnStatus } from './failures.ts';
import { onHeldResponse } from './held-response.ts';

/*
 * The way of a response: head, rules, relay of its body to the client.
 */

/** Bytes from the server: the response head, or body. */
export function onServerData(stream: Stream, buf: Buffer, start: number, end: number): void {
  if (stream.phase === Phase.relay) {
    relayBody(stream, buf, start, end);
    return;
  }
  if (stream.phase === Phase.responseRules) {
    onHeldResponse(stream, buf, start, end);
    return;
  }
  if (stream.phase !== Phase.response) return;
  stream.responseStarted = true;
  const conn = stream.serverConn!;
  let from = buf;
  let pos = start;
  let limit = end;
  if (conn.partial !== null) {
    from = Buffer.concat([conn.partial, buf.subarray(start, end)]);
    pos = 0;
    limit = from.length;
    conn.partial = null;
  }
  parseHead(stream, from, pos, limit);
}

/** Parses response heads (interim ones may come first) from bytes [pos, limit). */
function parseHead(stream: Stream, buf: Buffer, start: number, limit: number): void {
  const { res, env } = stream;
  let pos = start;
  for (;;) {
    let next = parseResponse(res, buf, pos, limit, env.global.tune.maxhdr);
    if (next === INVALID && stream.backend!.relaxed) {
      const again = parseAgain(parseResponse, res, buf, pos, limit, env.global.tune.maxhdr);
      next = again.next;
      const { at, state, bytes } = again.violation;
      if (next > NEED_MORE) captureError(stream, 'response', bytes, 0, bytes.length, at, state);
    }
    if (
      next === INVALID ||
      (next === NEED_MORE ? limit : next) - pos > env.global.tune.bufsize - env.global.tune.maxrewrite
    ) {
      captureError(stream, 'response', buf, pos, limit, res.errorAt, res.errorState);
      badResponse(stream);
      return;
    }
    if (next === NEED_MORE) {
      stream.serverConn!.partial = Buffer.from(buf.subarray(pos, limit));
      return;
    }
    pos = next;
    if (res.status >= 200) {
      if (!res.chunked || responseToHead(stream) || badChunk(buf, pos, limit) < 0) break;
      captureError(stream, 'response', buf, start, limit, pos, 'MSG_CHUNK_SIZE');
      badResponse(stream);
      return;
    }
    if (res.status === 101) {
      if (switchesProtocols(stream)) break;
      badResponse(stream);
      return;
    }
    onInterimHead(stream);
    if (pos === limit) return;
  }
  beginResponse(stream, buf, pos, limit);
}

/** An interim response is in `stream.res`. Its server has one more request by it, too, as in HAProxy. */
export function onInterimHead(stream: Stream): void {
  const { c } = stream.server!;
  c[C.hrsp1xx]!++;
  c[C.requests]!++;
  countResponse(stream, stream.res.countedSize(), 0);
  dropFraming(stream.res);
  if (stream.clientVersion >= 11) stream.client!.sendInterim(stream);
}

/** The final response's head is in `stream.res`, its body comes by itself. */
export function onResponseHead(stream: Stream): void {
  beginResponse(stream, EMPTY, 0, 0);
}

/** `stream.res` says that another protocol follows. */
export function onSwitchedHead(stream: Stream): void {
  if (switchesProtocols(stream)) beginResponse(stream, EMPTY, 0, 0);
  else badResponse(stream);
}

/** A 101 is the answer to what the request has asked for. */
function switchesProtocols(stream: Stream): boolean {
  return stream.wantsUpgrade && stream.res.hasUpgrade && (stream.backend!.relaxed || acceptsWebSocket(stream));
}

const EMPTY = Buffer.alloc(0);

/** Status families as counter fields. */
export function countStatus(row: Float64Array, status: number): void {
  const family = (status / 100) | 0;
  row[family >= 1 && family <= 5 ? C.hrsp1xx + family - 1 : C.hrspOther]!++;
}

/** The final response head is complete: rules, then relay. Bytes [pos, end) follow it. */
function beginResponse(stream: Stream, buf: Buffer, pos: number, end: number): void {
  const { res, log, env, frontend } = stream;
  const backend = stream.backend!;
  const server = stream.server!;
  log.responseStart = env.now();
  stream.serverStatus = res.status;
  const content = backend.rules?.responseContent ?? null;
  if (content !== null && !passesContent(stream, content, buf, pos, end)) return;
  if (retriesOnStatus(stream, buf, pos, end)) return;
  countStatus(server.c, res.status);
  server.c[C.requests]!++;
  if (server.config.observe === 'layer7') reportStatus(stream);
  if (isClientError(env, res.status)) countTracked(stream, Event.error);
  else if (isServerFailure(env, res.status)) countTracked(stream, Event.failure);
  if (res.fixedSize < 0) res.fixSize();
  countResponse(stream, res.fixedSize, 0);
  stream.responseHead = res;
  const framing = responseFraming(stream);
  stream.resBody.begin(framing, res.contentLength);
  stream.resBody.dropsTrailers = stream.frontend.dropTrailers;
  if (stream.compression !== null) judgeResponse(stream);
  stream.bodyBuf = buf;
  stream.bodyPos = pos;
  stream.bodyEnd = end;
  storeServer(stream);
  frontend.rules?.captures?.response?.(stream);
  const rules = backend.rules?.response ?? null;
  const frontRules = backend.id === frontend.id ? null : (frontend.rules?.response ?? null);
  if (rules === null && frontRules === null) {
    responseRulesDone(stream);
    return;
  }
  stream.runRules(rules, (s) => s.runRules(frontRules, responseRulesDone));
}

/** Whether `tcp-response content` rules let a response pass: they are in front of those of HTTP, so that it has not been counted yet. */
function passesContent(stream: Stream, rules: readonly Rule[], buf: Buffer, pos: number, end: number): boolean {
  stream.responseHead = stream.res;
  stream.bodyBuf = buf;
  stream.bodyPos = pos;
  stream.bodyEnd = end;
  if (passes(stream, rules) === false) return false;
  stream.responseHead = null;
  stream.bodyBuf = null;
  return true;
}

/** The client or the server was told by HEAD that no body is wanted. */
const responseToHead = (stream: Stream): boolean => stream.isHead || stream.req.isMethod('HEAD');

/** How the response's body ends (RFC 9112, 6.3). */
export function responseFraming(stream: Stream): number {
  const { res } = stream;
  if (res.status === 101) return Framing.tunnel;
  if (stream.isHead || isBodiless(res.status)) return Framing.none;
  // A rule has made a HEAD of another request: what is announced does not come, and the client can only be told so by the end.
  if (stream.req.isMethod('HEAD')) {
    if (res.contentLength !== 0) stream.keepAlive = false;
    return Framing.none;
  }
  if (stream.isConnect && res.status < 300) return Framing.tunnel;
  if (res.chunked) return Framing.chunked;
  return res.contentLength >= 0 ? Framing.length : Framing.close;
}

/** What becomes of a CONNECT: there is a tunnel where the server and, behind all rules, the client hear that it is granted (RFC 9110, 9.3.6). */
function settleConnect(stream: Stream): void {
  const { res, resBody } = stream;
  const granted = res.status >= 200 && res.status < 300;
  if (granted === (resBody.framing === Framing.tunnel)) return;
  stream.keepAlive = false;
  if (!granted) resBody.begin(Framing.none, 0);
}

/** What becomes of a 101, or of what a rule has made an interim response: only what the server has switched to can follow one. */
function settleSwitch(stream: Stream): void {
  const { res, resBody, serverStatus } = stream;
  if (res.status === 101 && serverStatus === 101) return;
  if (serverStatus === 101) resBody.begin(Framing.none, 0);
  // The client waits for what does not come.
  if (res.status < 200) stream.keepAlive = false;
}

/** A response without a body: where its status has been changed to one, what the server sends behind the head goes nowhere. */
function dropBody(stream: Stream): void {
  const { res, resBody } = stream;
  if (!isBodiless(res.status)) return;
  dropFraming(res);
  if (resBody.framing === Framing.none || resBody.framing === Framing.tunnel) return;
  resBody.begin(Framing.none, 0);
  stream.compressing = false;
  stream.caching?.end();
}

/** A response without a body whose status has been changed to one that has: its end must be told. */
function tellEnd({ res, resBody, isHead, serverStatus }: Stream): void {
  if (isHead || resBody.framing !== Framing.none || res.status === serverStatus) return;
  if (isBodiless(res.status)) return;
  res.removeHeader('transfer-encoding');
  res.setHeader('content-length', '0');
}

/** The server's response has passed the rules: its cookies are seen to. */
function responseRulesDone(stream: Stream): void {
  const { frontend, res } = stream;
  const backend = stream.backend!;
  const cookies = backend.checkCache && res.findHeader('set-cookie', 0) >= 0;
  frontend.rules?.captures?.responseCookie?.(stream);
  applyResponseCookies(stream);
  if (cookies && cacheability(stream.method, res) === 'yes') {
    backend.c[C.deniedResp]!++;
    stream.server!.c[C.deniedResp]!++;
    countFront(stream, C.deniedResp);
    setCause(stream, 'P', 'H');
    replyError(stream, 502);
    return;
  }
  const after = stream.backend?.rules?.afterResponse ?? null;
  const frontAfter = stream.backend?.id === frontend.id ? null : (frontend.rules?.afterResponse ?? null);
  if (after !== null || frontAfter !== null) {
    stream.runRules(after, (s) => s.runRules(frontAfter, forwardResponse));
    return;
  }
  forwardResponse(stream);
}

function forwardResponse(stream: Stream): void {
  const { res, frontend } = stream;
  const buf = stream.bodyBuf!;
  if (stream.isConnect) settleConnect(stream);
  if (res.status < 200 || stream.serverStatus === 101) settleSwitch(stream);
  dropBody(stream);
  tellEnd(stream);
  stream.bodyBuf = null;
  stream.statusSent = res.status;
  countStatus(frontend.c, res.status);
  countStatus(stream.backend!.c, res.status);
  logStep(stream, 'response');
  const held = stream.responseHeld;
  stream.responseHeld = false;
  if (stream.resBody.framing === Framing.tunnel) {
    if (held) stream.serverConn!.conn.resume();
    beginTunnel(stream, buf);
    return;
  }
  if (stream.env.stopping || stream.resBody.framing === Framing.close) stream.keepAlive = false;
  stream.phase = Phase.relay;
  const conn = stream.serverConn!;
  // Limits of bandwidth are for the body alone.
  const end = stream.downloads === null ? stream.bodyEnd : stream.bodyPos;
  stream.caching?.feed(buf, stream.bodyPos, end);
  const pos = stream.compressing
    ? sendCompressed(stream, buf, stream.bodyPos, end)
    : stream.client!.sendResponse(stream, buf, stream.bodyPos, end);
  if (stream.phase !== Phase.relay) return;
  if (stream.resBody.failed) {
    badBody(stream);
    return;
  }
  if (stream.resBody.done) {
    finish(stream, pos === stream.bodyEnd);
    return;
  }
  if (stream.downloads !== null) relayLimited(stream, stream.downloads, buf, pos, stream.bodyEnd, false);
  else if (!stream.serverEnded && (stream.resBody.left > 65536 || stream.resBody.framing !== Framing.length))
    conn.conn.readBulk(true);
  if (stream.phase !== Phase.relay) return;
  afterRelay(stream);
  if (!held) return;
  if (!stream.client!.blocked && !isHeld(stream)) conn.conn.resume();
  if (stream.serverEnded) onServerEnd(stream);
}

/** A piece of the body has come. */
function relayBody(stream: Stream, buf: Buffer, start: number, end: number): void {
  const { downloads } = stream;
  if (downloads !== null) {
    relayLimited(stream, downloads, buf, start, end, false);
    return;
  }
  const pos = passOn(stream, buf, start, end, stream.serverConn!.usesOwnBuffer(buf));
  if (stream.phase === Phase.relay) afterPiece(stream, pos === end);
}

/** Sends a piece of the body on. Returns the offset up to which bytes were used. */
function passOn(stream: Stream, buf: Buffer, start: number, end: number, stable: boolean): number {
  stream.caching?.feed(buf, start, end);
  return stream.recoder === null
    ? stream.client!.sendBody(stream, buf, start, end, stable)
    : recode(stream, buf, start, end);
}

/** A piece was sent on; `exact`: nothing came behind it. */
function afterPiece(stream: Stream, exact: boolean): void {
  if (stream.resBody.failed) badBody(stream);
  else if (stream.resBody.done) finish(stream, exact);
  else afterRelay(stream);
}

/** Sends on what the limits of bandwidth allow of a piece, and holds the rest. */
function relayLimited(
  stream: Stream,
  downloads: Throttle,
  buf: Buffer,
  start: number,
  end: number,
  stable: boolean,
): void {
  const { resBody } = stream;
  const client = stream.client!;
  const now = stream.env.now();
  let pos = start;
  while (pos < end && downloads.held === null && !client.blocked) {
    const allowed = downloads.allow(now, end - pos);
    if (allowed === 0) {
      downloads.wait(now);
      break;
    }
    const before = resBody.counted;
    pos = passOn(stream, buf, pos, pos + allowed, stable);
    if (stream.phase !== Phase.relay) return;
    // Framing does not count.
    downloads.charge(now, resBody.counted - before);
    if (!resBody.done && !resBody.failed) continue;
    afterPiece(stream, pos === end);
    return;
  }
  if (pos < end) {
    downloads.hold(buf, pos, end);
    stream.serverConn?.conn.pause();
  }
  afterRelay(stream);
}

/** More of the body may be sent on. */
export function continueDownload(stream: Stream): void {
  const downloads = stream.downloads!;
  if (stream.client!.blocked) return;
  if (stream.cached !== null) {
    stream.cached.pump();
    return;
  }
  const held = downloads.take();
  if (held === null) return;
  relayLimited(stream, downloads, held, 0, held.length, true);
  if (stream.downloads !== downloads || downloads.held !== null) return;
  if (stream.serverEnded) onServerEnd(stream);
  else if (!stream.client!.blocked) stream.serverConn?.conn.resume();
}

/** Bytes wait for a limit of bandwidth to let them pass. */
function isHeld({ downloads }: Stream): boolean {
  return downloads !== null && downloads.held !== null;
}

/** Sends a response on whose body is compressed here. Returns the offset up to which bytes were used. */
function sendCompressed(stream: Stream, buf: Buffer, start: number, end: number): number {
  beginCompression(stream, toClient);
  stream.client!.sendResponse(stream, EMPTY, 0, 0);
  return recode(stream, buf, start, end);
}

const toClient: Sink = (stream, buf, start, end, last) => stream.client!.sendData(stream, buf, start, end, last);

/** Has a piece of the body compressed and sent on. Returns the offset up to which bytes were used. */
function recode(stream: Stream, buf: Buffer, start: number, end: number): number {
  const { resBody } = stream;
  const before = resBody.counted;
  const upto = recodeBody(stream.recoder!, resBody, buf, start, end);
  countResponse(stream, resBody.counted - before, 0);
  if (resBody.done) countCompressed(stream);
  return upto;
}

/** Something was relayed: backpressure and timeouts. */
function afterRelay(stream: Stream): void {
  const now = stream.env.now();
  if (stream.client!.blocked) {
    stream.serverConn?.conn.pause();
    stream.serverUntil = 0;
    stream.clientUntil = stream.clientTimeout > 0 ? now + stream.clientTimeout : 0;
  } else {
    stream.serverUntil = stream.serverTimeout > 0 && !isHeld(stream) ? now + stream.serverTimeout : 0;
    if (stream.reqBody.done) stream.clientUntil = 0;
  }
  stream.schedule();
}

/** The client has taken some of what is waiting: it is alive. */
export function onClientProgress(stream: Stream): void {
  if (stream.clientUntil !== 0 && stream.phase === Phase.relay)
    stream.clientUntil = stream.env.now() + stream.clientTimeout;
}

/** The client has taken what was waiting: the server may send on, or the exchange is over. */
export function onClientDrain(stream: Stream): void {
  if (stream.phase !== Phase.relay) return;
  if (stream.cached !== null) {
    stream.cached.pump();
    return;
  }
  const now = stream.env.now();
  stream.clientUntil = stream.reqBody.done || stream.clientTimeout === 0 ? 0 : now + stream.clientTimeout;
  if (isHeld(stream)) {
    continueDownload(stream);
    return;
  }
  stream.serverUntil = stream.serverTimeout > 0 ? now + stream.serverTimeout : 0;
  stream.schedule();
  stream.serverConn?.conn.resume();
}

/** CONNECT was granted, or protocols are switched: what follows is not HTTP. */
function beginTunnel(stream: Stream, buf: Buffer): void {
  stream.client!.sendInterim(stream);
  tunnel.switchTo(stream, buf, stream.bodyPos, stream.bodyEnd);
}

function reportStatus(stream: Stream): void {
  const { status } = stream.res;
  const { env } = stream;
  const backend = stream.backend!;
  const server = stream.server!;
  if (status >= 500 && status !== 501 && status !== 505) {
    env.post({ kind: 'server.error', proxy: backend.id, server: server.id, layer: 7, count: 1 });
    return;
  }
  // Of the successes only the first after an error, on any thread, says something new.
  const failures = server.failures();
  if (failures === server.failuresSeen) return;
  server.failuresSeen = failures;
  env.post({ kind: 'server.success', proxy: backend.id, server: server.id, layer: 7 });
}

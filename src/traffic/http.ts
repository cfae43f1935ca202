import { C, countRate, G } from '../model/counters.ts';
import type { Conn } from '../net/transport.ts';
import { captureError } from './captured.ts';
import { cacheability } from './cookies.ts';
import { abandonServer, detachServer, dispatch, leaveQueue } from './dispatch.ts';
import { type LocalResponse, reasonOf } from './error-pages.ts';
import { addForwardedHeaders } from './forwarded.ts';
import { Body, badChunk } from './h1/body.ts';
import { Framing } from './h1/head.ts';
import { INVALID, NEED_MORE, parseResponse } from './h1/parse.ts';
import { adjustCase, type NamePolicy, restrictNames } from './header-names.ts';
import { countTimes, logStream, setCause } from './log.ts';
import { applyRequestPersistence, applyResponsePersistence } from './persistence.ts';
import { inspectRequest, passes } from './rules/inspect.ts';
import { interceptStats } from './services.ts';
import { Phase, type Stream } from './stream.ts';
import { chooseBackend } from './switching.ts';
import * as tunnel from './tunnel.ts';
import { acceptsWebSocket, noteWebSocket } from './websocket.ts';

/*
 * The way of an HTTP exchange, in the order in which it happens: request rules, backend, server, sending, response head, relay, end.
 */

/** Bytes of a body that are sent together with its head. */
const BODY_WITH_HEAD = 16384;

/** The request head is complete: counts it and starts on its way. Bytes [pos, end) of `buf` follow it. */
export function beginRequest(stream: Stream, buf: Buffer, pos: number, end: number): void {
  const { req, frontend, log, env } = stream;
  const now = env.now();
  log.requestEnd = now;
  stream.phase = Phase.rules;
  stream.requestHead = req;
  req.fixSize();
  const { method } = req;
  stream.method = method;
  stream.isHead = method === 'HEAD';
  stream.isConnect = method === 'CONNECT';
  stream.wantsUpgrade = req.connUpgrade && req.hasUpgrade;
  stream.bodyBuf = buf;
  stream.bodyPos = pos;
  stream.bodyEnd = end;
  const second = Math.floor(now / 1000);
  frontend.c[C.requests]!++;
  countRate(frontend.c, C.reqRate, second, frontend.g, G.reqRateMax);
  env.c[C.requests]!++;
  if (frontend.logger?.needsRequest !== false) {
    const line = `${method} ${stream.logUri ?? req.uri} HTTP/${stream.clientVersion === 20 ? '2.0' : req.version === 10 ? '1.0' : '1.1'}`;
    log.requestLine = line.slice(0, env.global.tune.logurilen);
  }
  if (stream.wantsUpgrade && !noteWebSocket(stream)) {
    frontend.c[C.failedReq]!++;
    setCause(stream, 'P', 'R');
    replyError(stream, 400);
    return;
  }
  const { rules } = frontend;
  if (rules !== null && rules.content !== null)
    inspectRequest(stream, rules.content, rules.inspectDelay, requestInspected);
  else requestInspected(stream);
}

/** `tcp-request content` rules have let the request pass: the HTTP rules follow. */
function requestInspected(stream: Stream): void {
  const { req, frontend } = stream;
  if (frontend.config.monitorUri !== null && req.uri === frontend.config.monitorUri) {
    monitor(stream);
    return;
  }
  if (frontend.bufferRequest) bufferBody(stream, requestBuffered);
  else requestBuffered(stream);
}

/** Waits for the whole body, or as much of it as a buffer holds (`option http-buffer-request`). */
function bufferBody(stream: Stream, then: (stream: Stream) => void): void {
  const { req, reqBody, res, env } = stream;
  if (reqBody.done) {
    then(stream);
    return;
  }
  if (req.expectContinue && stream.clientVersion >= 11 && stream.bodyPos === stream.bodyEnd) {
    req.removeHeader('expect');
    res.reset();
    res.isRequest = false;
    res.version = 11;
    res.status = 100;
    res.reasonText = 'Continue';
    stream.client!.sendInterim(stream);
  }
  stream.phase = Phase.rules;
  collectBody(stream, env.global.tune.bufsize - env.global.tune.maxrewrite, () => then(stream));
}

/** `option http-restrict-req-hdr-names`: false when the request has been rejected. */
function namesAllowed(stream: Stream, policy: NamePolicy): boolean {
  if (policy === 'preserve' || restrictNames(stream.req, policy)) return true;
  stream.frontend.c[C.deniedReq]!++;
  setCause(stream, 'P', 'R');
  replyError(stream, 403);
  return false;
}

function requestBuffered(stream: Stream): void {
  const { req, frontend } = stream;
  if (!namesAllowed(stream, frontend.names)) return;
  const { rules } = frontend;
  if (rules === null) {
    frontendRulesDone(stream);
    return;
  }
  if (rules.uniqueId !== null) {
    stream.uniqueId = rules.uniqueId(stream);
    if (frontend.config.uniqueIdHeader !== null)
      req.setHeader(frontend.config.uniqueIdHeader.toLowerCase(), stream.uniqueId);
  }
  if (rules.captureRequest !== null) rules.captureRequest(stream);
  stream.runRules(rules.request, frontendRulesDone);
}

/** `monitor-uri`: answered here, neither logged nor forwarded. */
function monitor(stream: Stream): void {
  const fails = stream.frontend.rules?.monitorFail ?? null;
  stream.silentLog = true;
  stream.frontend.c[C.intercepted]!++;
  if (fails?.some((condition) => condition(stream))) replyError(stream, 503);
  else replyError(stream, 200);
}

function frontendRulesDone(stream: Stream): void {
  const { frontend } = stream;
  if (frontend.config.stats !== null && interceptStats(stream, frontend.config, frontend.rules)) return;
  chooseBackend(stream);
  const { backend } = stream;
  if (backend === null) {
    setCause(stream, 'S', 'C');
    stream.frontend.c[C.failedReq]!++;
    replyError(stream, 503);
    return;
  }
  stream.retriesLeft = backend.retries;
  backend.c[C.requests]!++;
  // A `listen` section has run its rules as a frontend.
  stream.reqBody.dropsTrailers = backend.dropTrailers;
  const whole = backend.bufferRequest || (backend.bufferPost && stream.method === 'POST');
  if (whole && !stream.frontend.bufferRequest) bufferBody(stream, toBackend);
  else toBackend(stream);
}

/** The backend's own rules. */
function toBackend(stream: Stream): void {
  const backend = stream.backend!;
  if (!namesAllowed(stream, backend.names)) return;
  if (backend.rules === null || backend.id === stream.frontend.id) backendRulesDone(stream);
  else inspectRequest(stream, backend.rules.content, backend.rules.inspectDelay, backendInspected);
}

function backendInspected(stream: Stream): void {
  stream.runRules(stream.backend!.rules!.request, backendRulesDone);
}

function backendRulesDone(stream: Stream): void {
  const backend = stream.backend!;
  if (backend.config.stats !== null && interceptStats(stream, backend.config, backend.rules)) return;
  addForwardedHeaders(stream);
  if (backend.nameHeader !== null) stream.req.removeHeader(backend.nameHeader);
  applyRequestPersistence(stream);
  dispatch(stream);
}

/** Serialises the request into `pending`, with what of its body is at hand; done once, before it is sent or when it must wait. */
export function keepRequest(stream: Stream): void {
  if (stream.replayable || stream.phase >= Phase.response) return;
  if (stream.phase === Phase.rules) {
    // Rules still look at the head: only its bytes are saved.
    if (stream.bodyBuf !== null && stream.requestHead !== null && !stream.held) holdBody(stream);
    return;
  }
  serialise(stream);
}

/** Copies the head and the body bytes that came with it out of the read buffer. */
function holdBody(stream: Stream): void {
  const { req } = stream;
  const extra = Buffer.from(stream.bodyBuf!.subarray(stream.bodyPos, stream.bodyEnd));
  req.own();
  stream.held = true;
  stream.bodyBuf = extra;
  stream.bodyPos = 0;
  stream.bodyEnd = extra.length;
  stream.client!.pause();
}

/** See `Stream.collectBody`. The payload is gathered, without its framing, behind the head's own buffer. */
export function collectBody(stream: Stream, limit: number, then: (whole: boolean) => void): void {
  keepRequest(stream);
  stream.bodyLimit = limit;
  stream.onBody = then;
  if (bodyAtHand(stream)) return;
  const { clientTimeout, env } = stream;
  stream.clientUntil = clientTimeout > 0 ? env.now() + clientTimeout : 0;
  stream.schedule();
  stream.client!.resume();
}

/** Tells who waits for the body when there is enough of it. */
function bodyAtHand(stream: Stream): boolean {
  const { onBody, bodyLimit } = stream;
  const buf = stream.bodyBuf ?? EMPTY;
  const probe = bodyProbe;
  probe.copyFrom(stream.reqBody);
  let pos = stream.bodyPos;
  while (pos < stream.bodyEnd && !probe.done && !probe.failed)
    pos = probe.skip(buf, probe.feed(buf, pos, stream.bodyEnd), stream.bodyEnd);
  if (probe.failed) {
    stream.onBody = null;
    badRequestBody(stream);
    return true;
  }
  if (!probe.done && stream.bodyEnd - stream.bodyPos < bodyLimit) return false;
  stream.onBody = null;
  stream.clientUntil = 0;
  stream.client!.pause();
  onBody!(probe.done);
  return true;
}

const bodyProbe = new Body();

/** What has come of the request body, without framing, as latin1 text. */
export function payloadText(stream: Stream): string {
  const buf = stream.bodyBuf;
  if (buf === null) return '';
  bodyProbe.copyFrom(stream.reqBody);
  let text = '';
  for (let pos = stream.bodyPos; pos < stream.bodyEnd && !bodyProbe.done && !bodyProbe.failed; ) {
    const next = bodyProbe.feedData(buf, pos, stream.bodyEnd);
    text += buf.latin1Slice(bodyProbe.dataStart, bodyProbe.dataEnd);
    pos = next;
  }
  return text;
}

/** More of the body for who waits for it. */
export function onHeldBody(stream: Stream, buf: Buffer, start: number, end: number): void {
  stream.bodyBuf = Buffer.concat([stream.bodyBuf!.subarray(stream.bodyPos, stream.bodyEnd), buf.subarray(start, end)]);
  stream.bodyPos = 0;
  stream.bodyEnd = stream.bodyBuf.length;
  if (stream.onMoreData !== null) {
    if (stream.bodyEnd >= stream.env.global.tune.bufsize) stream.client!.pause();
    stream.onPayload();
  } else bodyAtHand(stream);
}

function serialise(stream: Stream): void {
  const { req, reqBody } = stream;
  const backend = stream.backend!;
  const keeps = reusesServer(stream) || backend.pretendKeepAlive;
  const held = stream.bodyEnd - stream.bodyPos;
  const room = req.sizeBound() + Math.min(held, BODY_WITH_HEAD);
  if (stream.pending.length < room) stream.pending = Buffer.allocUnsafeSlow(room);
  const out = stream.pending;
  let at = req.write(out, 0);
  stream.headSize = req.countedSize();
  if (stream.clientVersion === 20) {
    if (!keeps) at += out.latin1Write('connection: close\r\n', at);
  } else if (stream.wantsUpgrade && req.connUpgrade) {
    // The connection header was kept with its upgrade token.
  } else if (stream.clientVersion === 10) {
    if (keeps) at += out.latin1Write('connection: keep-alive\r\n', at);
  } else if (!keeps) at += out.latin1Write('connection: close\r\n', at);
  if (backend.adjustCase) adjustCase(out, 0, at, stream.env.nameCases);
  stream.headEnd = at;
  out[at++] = 13;
  out[at++] = 10;
  const limit = Math.min(stream.bodyEnd, stream.bodyPos + BODY_WITH_HEAD);
  while (stream.bodyPos < limit && !reqBody.done && !reqBody.failed) {
    const upto = reqBody.feed(stream.bodyBuf!, stream.bodyPos, limit);
    stream.bodyBuf!.copy(out, at, stream.bodyPos, upto);
    at += upto - stream.bodyPos;
    stream.bodyPos = reqBody.skip(stream.bodyBuf!, upto, limit);
  }
  stream.pendingLength = at;
  stream.replayable = true;
  if (backend.redirects) stream.target = req.uri;
  stream.requestHead = null;
  if (stream.bodyPos < stream.bodyEnd) stream.client!.giveBack(stream.bodyBuf!, stream.bodyPos, stream.bodyEnd);
  stream.bodyBuf = null;
  if (!reqBody.done) stream.client!.pause();
}

/** The connection to the server is to be kept after this exchange. */
function reusesServer(stream: Stream): boolean {
  const { frontend, backend } = stream;
  return !(frontend.httpClose || frontend.serverClose || backend!.serverClose || backend!.httpClose);
}

/** The server connection is ready: sends the request. */
export function sendRequest(stream: Stream): void {
  const { reqBody, env } = stream;
  const backend = stream.backend!;
  const conn = stream.serverConn!;
  if (!stream.replayable) serialise(stream);
  if (reqBody.failed) {
    badRequestBody(stream);
    return;
  }
  stream.phase = Phase.response;
  const written =
    stream.proxyHeader === null && backend.nameHeader === null
      ? conn.conn.writeStable(stream.pending, 0, stream.pendingLength)
      : writeTogether(stream, conn.conn);
  countRequestBytes(stream, stream.headSize + reqBody.length);
  stream.serverTimeout = backend.serverTimeout;
  stream.serverUntil = stream.serverTimeout > 0 ? env.now() + stream.serverTimeout : 0;
  stream.waitUntil = 0;
  if (!reqBody.done) {
    stream.clientUntil = stream.clientTimeout > 0 ? env.now() + stream.clientTimeout : 0;
    if (written) stream.client!.resume();
  } else {
    stream.clientUntil = 0;
    if (stream.frontend.logAsap) earlyLog(stream);
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
    countRequestBytes(stream, nameHeader.length + name.length);
  }
  parts.push(pending.subarray(headEnd, pendingLength));
  const bytes = Buffer.concat(parts);
  return conn.writeStable(bytes, 0, bytes.length);
}

function countRequestBytes(stream: Stream, bytes: number): void {
  stream.log.bytesUploaded += bytes;
  stream.frontend.c[C.bytesIn]! += bytes;
  stream.backend!.c[C.bytesIn]! += bytes;
  stream.server!.c[C.bytesIn]! += bytes;
}

function earlyLog(stream: Stream): void {
  stream.log.early = true;
}

/** More of the request body has come. Returns the offset up to which bytes belong to this request. */
export function onRequestData(stream: Stream, buf: Buffer, start: number, end: number): number {
  const { reqBody } = stream;
  const conn = stream.serverConn;
  const before = reqBody.length;
  let pos = start;
  let open = true;
  while (pos < end && !reqBody.done && !reqBody.failed) {
    const upto = reqBody.feed(buf, pos, end);
    if (conn !== null && upto > pos) {
      open = conn.conn.write(buf, pos, upto);
    }
    pos = reqBody.skip(buf, upto, end);
  }
  stream.replayable = false;
  if (conn !== null) countRequestBytes(stream, reqBody.length - before);
  if (reqBody.failed) {
    badRequestBody(stream);
    return end;
  }
  const now = stream.env.now();
  if (stream.serverTimeout > 0 && stream.phase === Phase.response) stream.serverUntil = now + stream.serverTimeout;
  if (reqBody.done) stream.clientUntil = 0;
  else if (!open) {
    stream.client!.pause();
    stream.clientUntil = 0;
  } else if (stream.clientTimeout > 0) stream.clientUntil = now + stream.clientTimeout;
  stream.schedule();
  return pos;
}

function badRequestBody(stream: Stream): void {
  stream.frontend.c[C.failedReq]!++;
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

/** Bytes from the server: the response head, or body. */
export function onServerData(stream: Stream, buf: Buffer, start: number, end: number): void {
  if (stream.phase === Phase.relay) {
    relayBody(stream, buf, start, end);
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
    const next = parseResponse(res, buf, pos, limit, env.global.tune.maxhdr);
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
      if (!res.chunked || stream.isHead || badChunk(buf, pos, limit) < 0) break;
      captureError(stream, 'response', buf, start, limit, pos, 'MSG_CHUNK_SIZE');
      badResponse(stream);
      return;
    }
    if (res.status === 101) {
      switchProtocols(stream, buf, pos, limit);
      return;
    }
    if (stream.clientVersion >= 11) stream.client!.sendInterim(stream);
    if (pos === limit) return;
  }
  beginResponse(stream, buf, pos, limit);
}

/** Status families as counter fields. */
function countStatus(row: Float64Array, status: number): void {
  const family = (status / 100) | 0;
  row[family >= 1 && family <= 5 ? C.hrsp1xx + family - 1 : C.hrspOther]!++;
}

/** The final response head is complete: rules, then relay. Bytes [pos, end) follow it. */
function beginResponse(stream: Stream, buf: Buffer, pos: number, end: number): void {
  const { res, log, env, frontend } = stream;
  const backend = stream.backend!;
  const server = stream.server!;
  log.responseStart = env.now();
  countStatus(server.c, res.status);
  countStatus(backend.c, res.status);
  server.c[C.requests]!++;
  if (server.config.observe === 'layer7') reportStatus(stream);
  if (retriesOnStatus(stream)) return;
  res.fixSize();
  stream.responseHead = res;
  const framing = responseFraming(stream);
  stream.resBody.begin(framing, res.contentLength);
  stream.resBody.dropsTrailers = stream.frontend.dropTrailers;
  if (framing === Framing.close) stream.keepAlive = false;
  stream.bodyBuf = buf;
  stream.bodyPos = pos;
  stream.bodyEnd = end;
  const content = backend.rules?.responseContent ?? null;
  if (content !== null && passes(stream, content) === false) return;
  const rules = backend.rules?.response ?? null;
  const frontRules = backend.id === frontend.id ? null : (frontend.rules?.response ?? null);
  if (rules === null && frontRules === null) {
    responseRulesDone(stream);
    return;
  }
  stream.runRules(rules, (s) => s.runRules(frontRules, responseRulesDone));
}

/** How the response's body ends (RFC 9112, 6.3). */
function responseFraming(stream: Stream): number {
  const { res } = stream;
  if (stream.isHead || res.status === 204 || res.status === 304) return Framing.none;
  if (stream.isConnect && res.status < 300) return Framing.tunnel;
  if (res.chunked) return Framing.chunked;
  return res.contentLength >= 0 ? Framing.length : Framing.close;
}

/** The server's response has passed the rules: its cookies are seen to. */
function responseRulesDone(stream: Stream): void {
  const { frontend, res } = stream;
  const backend = stream.backend!;
  const cookies = backend.checkCache && res.findHeader('set-cookie', 0) >= 0;
  if (backend.cookie !== null) applyResponsePersistence(stream);
  if (cookies && cacheability(stream.method, res) === 'yes') {
    backend.c[C.deniedResp]!++;
    stream.server!.c[C.deniedResp]!++;
    frontend.c[C.deniedResp]!++;
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
  stream.bodyBuf = null;
  frontend.rules?.captureResponse?.(stream);
  stream.statusSent = res.status;
  countStatus(frontend.c, res.status);
  if (stream.resBody.framing === Framing.tunnel) {
    tunnelAfterConnect(stream, buf);
    return;
  }
  if (stream.env.stopping) stream.keepAlive = false;
  stream.phase = Phase.relay;
  if (stream.log.early) logStream(stream);
  const conn = stream.serverConn!;
  const pos = stream.client!.sendResponse(stream, buf, stream.bodyPos, stream.bodyEnd);
  if (stream.phase !== Phase.relay) return;
  if (stream.resBody.failed) {
    badBody(stream);
    return;
  }
  if (stream.resBody.done) {
    finish(stream, pos === stream.bodyEnd);
    return;
  }
  if (stream.resBody.left > 65536 || stream.resBody.framing !== Framing.length) conn.conn.readBulk(true);
  afterRelay(stream);
}

/** Sends a piece of the body on. */
function relayBody(stream: Stream, buf: Buffer, start: number, end: number): void {
  const conn = stream.serverConn!;
  const pos = stream.client!.sendBody(stream, buf, start, end, conn.usesOwnBuffer(buf));
  if (stream.phase !== Phase.relay) return;
  if (stream.resBody.failed) badBody(stream);
  else if (stream.resBody.done) finish(stream, pos === end);
  else afterRelay(stream);
}

/** Something was relayed: backpressure and timeouts. */
function afterRelay(stream: Stream): void {
  const now = stream.env.now();
  if (stream.client!.blocked) {
    stream.serverConn?.conn.pause();
    stream.serverUntil = 0;
    stream.clientUntil = stream.clientTimeout > 0 ? now + stream.clientTimeout : 0;
  } else {
    stream.serverUntil = stream.serverTimeout > 0 ? now + stream.serverTimeout : 0;
    if (stream.reqBody.done) stream.clientUntil = 0;
  }
  stream.schedule();
}

/** The client has taken what was waiting: the server may send on, or the exchange is over. */
export function onClientDrain(stream: Stream): void {
  if (stream.phase !== Phase.relay) return;
  const now = stream.env.now();
  stream.clientUntil = stream.reqBody.done || stream.clientTimeout === 0 ? 0 : now + stream.clientTimeout;
  stream.serverUntil = stream.serverTimeout > 0 ? now + stream.serverTimeout : 0;
  stream.schedule();
  stream.serverConn?.conn.resume();
}

/** The response is complete: counts, logs, and parts. `exact`: the server sent nothing behind it. */
export function finish(stream: Stream, exact: boolean): void {
  const { res, reqBody } = stream;
  const complete = reqBody.done;
  const serverKeeps = res.version === 11 ? !res.connClose : res.connKeepAlive;
  abandonServer(
    stream,
    exact &&
      complete &&
      serverKeeps &&
      (!res.ambiguous || stream.env.keepsAmbiguous) &&
      stream.resBody.framing !== Framing.close &&
      reusesServer(stream),
  );
  end(stream, stream.keepAlive && complete);
}

/** Last step of every exchange. */
function end(stream: Stream, keepAlive: boolean): void {
  const client = stream.client!;
  stream.log.closedAt = stream.env.now();
  if (stream.backend !== null && stream.backendHeld) {
    countTimes(stream, stream.backend.c);
    if (stream.server !== null) {
      countTimes(stream, stream.server.c);
      stream.server.c[C.lastSession] = Math.floor(stream.log.closedAt / 1000);
    }
    stream.backend.c[C.lastSession] = Math.floor(stream.log.closedAt / 1000);
  }
  // The line tells of the load that is left behind.
  stream.leaveBackend(true);
  logStream(stream);
  stream.server = null;
  stream.phase = Phase.closed;
  client.exchangeDone(stream, keepAlive && !stream.env.stopping);
  stream.recycle();
}

/** The exchange is cut off: the client must see it. */
export function cutOff(stream: Stream): void {
  if (stream.phase === Phase.closed) return;
  const client = stream.client!;
  if (stream.queue !== null) leaveQueue(stream);
  detachServer(stream);
  stream.log.closedAt = stream.env.now();
  // The line tells of the load that is left behind.
  stream.leaveBackend(true);
  logStream(stream);
  stream.server = null;
  stream.phase = Phase.closed;
  client.abort(false);
  stream.recycle();
}

/** Answers with an error page and ends the exchange. */
export function replyError(stream: Stream, status: number): void {
  reply(stream, (stream.backend?.errorPages ?? stream.frontend.errorPages).get(status));
}

/** Answers with a response made here and ends the exchange. */
export function reply(stream: Stream, response: LocalResponse): void {
  if (stream.phase === Phase.closed || stream.client === null) return;
  if (stream.phase >= Phase.relay) {
    cutOff(stream);
    return;
  }
  if (stream.queue !== null) leaveQueue(stream);
  detachServer(stream);
  const { res } = stream;
  res.reset();
  res.isRequest = false;
  res.version = 11;
  res.status = response.status;
  res.reasonText = response.reason ?? reasonOf(response.status);
  for (const [name, value] of response.headers) res.addHeader(name, value);
  stream.responseHead = res;
  stream.localBody = response.body;
  const after = stream.backend?.rules?.afterResponse ?? null;
  const frontAfter = stream.backend?.id === stream.frontend.id ? null : (stream.frontend.rules?.afterResponse ?? null);
  if (after === null && frontAfter === null) sendLocal(stream);
  else stream.runRules(after, (s) => s.runRules(frontAfter, sendLocal));
}

function sendLocal(stream: Stream): void {
  const { frontend, res } = stream;
  const body = stream.localBody;
  stream.localBody = '';
  stream.statusSent = res.status;
  countStatus(frontend.c, res.status);
  if (stream.backend !== null && stream.backendHeld) countStatus(stream.backend.c, res.status);
  if (stream.log.bytesUploaded === 0) countUnsentRequest(stream);
  // A request body that is still to come cannot be told from a next request.
  const close = !stream.keepAlive || !stream.reqBody.done;
  stream.client!.sendLocal(stream, stream.isHead ? '' : body, close);
  end(stream, !close);
}

/** A request that no server has got was received all the same. */
function countUnsentRequest(stream: Stream): void {
  const bytes = stream.req.countedSize();
  stream.log.bytesUploaded = bytes;
  stream.frontend.c[C.bytesIn]! += bytes;
  if (stream.backend !== null && stream.backendHeld) stream.backend.c[C.bytesIn]! += bytes;
}

/** Times of `timeout server`: no response, or no more of it. */
export function onServerTimeout(stream: Stream): void {
  const server = stream.server;
  if (stream.phase === Phase.response) {
    countResponseFailure(stream);
    if (retryAfterFailure(stream, 'response-timeout')) return;
    setCause(stream, 's', 'H');
    detachServer(stream);
    replyError(stream, 504);
    return;
  }
  setCause(stream, 's', 'D');
  if (server !== null) server.c[C.srvAborts]!++;
  cutOff(stream);
}

/** Times of `timeout client`: the rest of the request does not come, or the response is not read. */
export function onClientTimeout(stream: Stream): void {
  if (stream.phase < Phase.relay) {
    setCause(stream, 'c', stream.phase === Phase.response ? 'D' : 'R');
    stream.keepAlive = false;
    stream.frontend.c[C.failedReq]!++;
    replyError(stream, 408);
    return;
  }
  setCause(stream, 'c', 'D');
  cutOff(stream);
}

/** The client went away in the middle. */
export function onClientGone(stream: Stream): void {
  const { phase } = stream;
  const letter =
    phase === Phase.queue
      ? 'Q'
      : phase <= Phase.connect
        ? 'C'
        : phase === Phase.response
          ? stream.reqBody.done
            ? 'H'
            : 'D'
          : 'D';
  setCause(stream, 'C', letter);
  stream.frontend.c[C.cliAborts]!++;
  if (stream.backend !== null) stream.backend.c[C.cliAborts]!++;
  if (stream.server !== null) stream.server.c[C.cliAborts]!++;
  cutOff(stream);
}

function countResponseFailure(stream: Stream): void {
  stream.server!.c[C.failedResp]!++;
  stream.backend!.c[C.failedResp]!++;
  const { observe } = stream.server!.config;
  if (observe === 'layer7')
    stream.env.post({ kind: 'server.error', proxy: stream.backend!.id, server: stream.server!.id, layer: 7, count: 1 });
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

/** The server's response cannot be understood. */
function badResponse(stream: Stream): void {
  countResponseFailure(stream);
  if (retryAfterFailure(stream, 'junk-response')) return;
  setCause(stream, 'P', 'H');
  detachServer(stream);
  replyError(stream, 502);
}

function badBody(stream: Stream): void {
  countResponseFailure(stream);
  setCause(stream, 'S', 'D');
  cutOff(stream);
}

/** The server has ended the connection. */
export function onServerEnd(stream: Stream): void {
  if (stream.phase === Phase.connect) return;
  if (stream.phase === Phase.response) {
    detachServer(stream);
    onServerError(stream);
    return;
  }
  if (stream.phase !== Phase.relay) return;
  if (stream.resBody.framing === Framing.close) {
    stream.resBody.done = true;
    stream.client!.sendBody(stream, EMPTY, 0, 0, false);
    finish(stream, false);
    return;
  }
  setCause(stream, 'S', 'D');
  stream.server!.c[C.srvAborts]!++;
  stream.backend!.c[C.srvAborts]!++;
  cutOff(stream);
}

const EMPTY = Buffer.alloc(0);

/** The server connection broke (it is detached already). */
export function onServerError(stream: Stream): void {
  if (stream.phase === Phase.relay) {
    setCause(stream, 'S', 'D');
    stream.server!.c[C.srvAborts]!++;
    stream.backend!.c[C.srvAborts]!++;
    cutOff(stream);
    return;
  }
  if (stream.phase !== Phase.response) return;
  // A kept connection may be closed by the server just when a request is on its way: that is nobody's fault, and is tried anew.
  if (stream.reusedConn && !stream.responseStarted && stream.replayable) {
    stream.avoidReuse = true;
    stream.phase = Phase.connect;
    reconnectNow(stream);
    return;
  }
  countResponseFailure(stream);
  if (retryAfterFailure(stream, stream.responseStarted ? 'junk-response' : 'empty-response')) return;
  setCause(stream, 'S', 'H');
  replyError(stream, 502);
}

/** Sends the request again over a new connection to the same server. */
function reconnectNow(stream: Stream): void {
  stream.responseStarted = false;
  const server = stream.server!;
  stream.preferred = server.usable ? server : null;
  releaseForRetry(stream);
  dispatch(stream);
}

function releaseForRetry(stream: Stream): void {
  const { server } = stream;
  if (server === null || !stream.serverHeld) return;
  stream.serverHeld = false;
  stream.server = null;
  Atomics.sub(server.g, G.current, 1);
}

/** `retry-on`: tries another time if the request can be sent again and the cause is one of those listed. */
function retryAfterFailure(stream: Stream, cause: string): boolean {
  const { retryOn } = stream.backend!.config;
  if (!stream.replayable || stream.retriesLeft <= 0) return false;
  if (!retryOn.includes(cause) && !(retryOn.includes('all-retryable-errors') && RETRYABLE.has(cause))) return false;
  stream.retriesLeft--;
  stream.retries++;
  stream.server!.c[C.retries]!++;
  stream.backend!.c[C.retries]!++;
  detachServer(stream);
  stream.phase = Phase.connect;
  stream.responseStarted = false;
  if (stream.backend!.redispatch !== 0) {
    stream.avoided = stream.server;
    stream.preferred = null;
    stream.redispatched = true;
    releaseForRetry(stream);
    dispatch(stream);
  } else reconnectNow(stream);
  return true;
}

const RETRYABLE = new Set([
  'empty-response',
  'junk-response',
  'response-timeout',
  '0rtt-rejected',
  '500',
  '502',
  '503',
  '504',
]);

function retriesOnStatus(stream: Stream): boolean {
  const { retryOn } = stream.backend!.config;
  if (retryOn.length === 0) return false;
  return retryAfterFailure(stream, String(stream.res.status));
}

/** 101: what follows is not HTTP. */
function switchProtocols(stream: Stream, buf: Buffer, pos: number, end: number): void {
  if (!stream.wantsUpgrade || !stream.res.hasUpgrade || !acceptsWebSocket(stream)) {
    badResponse(stream);
    return;
  }
  stream.log.responseStart = stream.env.now();
  stream.statusSent = 101;
  countStatus(stream.server!.c, 101);
  countStatus(stream.backend!.c, 101);
  countStatus(stream.frontend.c, 101);
  stream.responseHead = stream.res;
  stream.client!.sendInterim(stream);
  tunnel.switchTo(stream, buf, pos, end);
}

/** CONNECT was granted. */
function tunnelAfterConnect(stream: Stream, buf: Buffer): void {
  stream.client!.sendInterim(stream);
  tunnel.switchTo(stream, buf, stream.bodyPos, stream.bodyEnd);
}

import { fullUri } from '../../expr/full-uri.ts';
import { C, countRate, G } from '../../model/counters.ts';
import { serveCached } from '../cache/serve.ts';
import { countDenied, countFront } from '../counting.ts';
import { dispatch, enterBackend, nameServer } from '../dispatch.ts';
import { prepareCompression } from '../filters/compression.ts';
import { addForwardedHeaders } from '../forwarded.ts';
import { type NamePolicy, restrictNames } from '../header-names.ts';
import { logStep, setCause } from '../log.ts';
import { applyRequestPersistence, applyStickiness } from '../persistence.ts';
import { Phase } from '../phase.ts';
import { inspectRequest } from '../rules/inspect.ts';
import { interceptStats, pageTarget } from '../services.ts';
import type { Stream } from '../stream.ts';
import { chooseBackend } from '../switching.ts';
import { countTracked, Event } from '../tracking.ts';
import { noteWebSocket } from '../websocket.ts';
import { cutOff, replyError } from './ending.ts';
import { onContentLate } from './failures.ts';
import { bufferBody, hasBufferedBody } from './held-body.ts';

/*
 * The way of a request from its head to the choice of a server: rules of the frontend, backend, rules of the backend.
 */

/** The request head is complete: counts it and starts on its way. Bytes [pos, end) of `buf` follow it. */
export function beginRequest(stream: Stream, buf: Buffer, pos: number, end: number): void {
  const { req, frontend, log, env } = stream;
  const now = env.now();
  logStep(stream, 'accept');
  log.requestEnd = now;
  stream.phase = Phase.rules;
  stream.requestHead = req;
  if (req.fixedSize < 0) req.fixSize();
  const { method } = req;
  stream.method = method;
  stream.isHead = method === 'HEAD';
  stream.isConnect = method === 'CONNECT';
  stream.wantsUpgrade = req.connUpgrade && req.hasUpgrade;
  stream.bodyBuf = buf;
  stream.bodyPos = pos;
  stream.bodyEnd = end;
  const { rules } = frontend;
  const inspects = rules !== null && rules.content !== null;
  if (!inspects) noteRequest(stream);
  if (stream.wantsUpgrade && !noteWebSocket(stream) && !stream.frontend.relaxed) {
    if (inspects) noteRequest(stream);
    countFront(stream, C.failedReq);
    setCause(stream, 'P', 'R');
    replyError(stream, 400);
    return;
  }
  if (inspects) inspectRequest(stream, rules.content!, rules.inspectDelay, headInspected);
  else requestInspected(stream);
}

function headInspected(stream: Stream): void {
  noteRequest(stream);
  requestInspected(stream);
}

/** `tcp-request content` rules have let the request pass: the HTTP rules follow. */
function requestInspected(stream: Stream): void {
  countTracked(stream, Event.request);
  const { frontend } = stream;
  if (isMonitored(stream)) {
    monitor(stream);
    return;
  }
  logStep(stream, 'request');
  if (frontend.bufferRequest) bufferBody(stream, frontend.requestTimeout, requestBuffered);
  else requestBuffered(stream);
}

/** Counts the request and keeps its line for logs. To `tcp-request content` rules of the frontend, and where they reject, there is none yet. */
function noteRequest(stream: Stream): void {
  const { frontend, req, env } = stream;
  frontend.c[C.requests]!++;
  countRate(frontend.c, C.reqRate, Math.floor(env.now() / 1000), frontend.g, G.reqRateMax);
  env.c[C.requests]!++;
  if (frontend.logger?.needsRequest === false) return;
  const version = stream.clientVersion === 20 ? '2.0' : req.version === 10 ? '1.0' : '1.1';
  const line = `${stream.method} ${fullUri(stream.origin, req.uri)} HTTP/${version}`;
  stream.log.requestLine = line.slice(0, env.global.tune.logurilen);
}

/** `option http-restrict-req-hdr-names`, behind the rules of a proxy, as in HAProxy: false when the request has been rejected. */
function namesAllowed(stream: Stream, policy: NamePolicy): boolean {
  if (policy === 'preserve' || restrictNames(stream.req, policy)) return true;
  countDenied(stream, C.deniedReq);
  setCause(stream, 'P', 'R');
  replyError(stream, 403);
  return false;
}

function requestBuffered(stream: Stream): void {
  const { rules } = stream.frontend;
  if (rules === null) {
    frontendRulesDone(stream);
    return;
  }
  rules.captures?.request?.(stream);
  stream.runRules(rules.request, frontendRulesDone);
}

function isMonitored({ req, origin, frontend }: Stream): boolean {
  const { monitorUri } = frontend.config;
  return monitorUri !== null && pageTarget(fullUri(origin, req.uri), monitorUri) === monitorUri;
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
  if (!namesAllowed(stream, frontend.names)) return;
  if (stream.caching !== null && stream.caching.hit !== null) {
    serveCached(stream);
    return;
  }
  if (frontend.config.stats !== null && interceptStats(stream, frontend.config, frontend.rules)) return;
  chooseBackend(stream);
  const { backend } = stream;
  if ((backend === null ? frontend : backend).config.mode !== 'http') {
    noWayBack(stream);
    return;
  }
  if (backend === null) {
    setCause(stream, 'S', 'C');
    // A request that gets to no backend has no time, unless its body was waited for.
    if (!frontend.bufferRequest) stream.log.requestEnd = 0;
    replyError(stream, 503);
    return;
  }
  if (stream.maxRetries < 0) stream.maxRetries = backend.retries;
  stream.retriesLeft = stream.maxRetries;
  enterBackend(stream);
  backend.c[C.requests]!++;
  // A `listen` section has run its rules as a frontend.
  stream.reqBody.dropsTrailers = backend.dropTrailers;
  if (backend.bufferRequest && !frontend.bufferRequest)
    bufferBody(stream, backend.config.timeouts.httpRequest ?? 0, toBackend);
  else toBackend(stream);
}

/** A connection that was switched to HTTP cannot go on in mode tcp: it ends without an answer (manual, `switch-mode`). */
function noWayBack(stream: Stream): void {
  if (stream.backend !== null) enterBackend(stream);
  setCause(stream, 'I', 'R');
  if (!stream.frontend.bufferRequest) stream.log.requestEnd = 0;
  stream.statusSent = 500;
  stream.keepAlive = false;
  cutOff(stream);
}

/** The backend's own rules. */
function toBackend(stream: Stream): void {
  const backend = stream.backend!;
  if (backend.rules === null || backend.id === stream.frontend.id) backendRulesDone(stream);
  else inspectRequest(stream, backend.rules.content, backend.rules.inspectDelay, backendInspected);
}

function backendInspected(stream: Stream): void {
  stream.runRules(stream.backend!.rules!.request, backendRulesDone);
}

function backendRulesDone(stream: Stream): void {
  const backend = stream.backend!;
  if (backend.id !== stream.frontend.id && !namesAllowed(stream, backend.names)) return;
  if (stream.caching !== null && stream.caching.hit !== null) {
    serveCached(stream);
    return;
  }
  if (backend.config.stats !== null && interceptStats(stream, backend.config, backend.rules)) return;
  const { uniqueIdHeader } = stream.frontend.config;
  if (stream.frontend.rules !== null && stream.frontend.rules.uniqueId !== null) {
    const id = stream.uniqueId;
    if (uniqueIdHeader !== null) stream.req.addHeader(uniqueIdHeader.toLowerCase(), id);
  }
  addForwardedHeaders(stream);
  applyRequestPersistence(stream);
  // The parameter may be in the body, whether `check_post` says so or not.
  if (backend.balancesPosts && stream.method === 'POST' && stream.preferred === null && !hasBufferedBody(stream))
    bufferBody(stream, backend.config.timeouts.httpRequest ?? 0, toServer, onContentLate);
  else toServer(stream);
}

function toServer(stream: Stream): void {
  applyStickiness(stream);
  prepareCompression(stream);
  if (stream.clientGone) nameServer(stream);
  else dispatch(stream);
}

import { C } from '../../model/counters.ts';
import { connectOrReuse } from '../connecting.ts';
import { countFront } from '../counting.ts';
import { Framing } from '../h1/head.ts';
import { setCause } from '../log.ts';
import { abandonServer, detachServer } from '../parting.ts';
import { Phase } from '../phase.ts';
import { countRetry, leaveServer, mayLeaveServer, onConnectFailed, tryAgain } from '../retrying.ts';
import type { Stream } from '../stream.ts';
import { countTracked, Event } from '../tracking.ts';
import { cutOff, endSilently, finish, isWhole, replyError } from './ending.ts';
import { bodyCollected } from './held-response.ts';
import { responseFraming } from './response.ts';

/*
 * What goes wrong under way: timeouts, clients that leave, servers that fail; and whether the request is tried again.
 */

/** Times of `timeout server`: no response, or no more of it. */
export function onServerTimeout(stream: Stream): void {
  const server = stream.server;
  if (stream.phase === Phase.response) {
    if (retryAfterFailure(stream, 'response-timeout')) return;
    countResponseFailure(stream);
    setCause(stream, 's', 'H');
    detachServer(stream);
    replyError(stream, 504);
    return;
  }
  setCause(stream, 's', 'D');
  if (server !== null) server.c[C.srvAborts]!++;
  stream.backend!.c[C.srvAborts]!++;
  cutOff(stream);
}

/** Times of `timeout client`: the rest of the request does not come, or the response is not read. */
export function onClientTimeout(stream: Stream): void {
  if (stream.phase < Phase.relay) {
    // The request never became whole.
    if (stream.onBody !== null) stream.log.requestEnd = 0;
    setCause(stream, 'c', stream.phase === Phase.response ? 'D' : 'R');
    stream.keepAlive = false;
    countFront(stream, C.failedReq);
    replyError(stream, 408);
    return;
  }
  setCause(stream, 'c', 'D');
  countAbort(stream);
  cutOff(stream);
}

/** The client went away in the middle. */
export function onClientGone(stream: Stream): void {
  stream.clientGone = true;
  if (stream.phase === Phase.rules && !stream.raw) {
    if (!rulesDecide(stream)) return;
    // The time that rules have waited is the request's, as in HAProxy.
    stream.log.requestEnd = stream.env.now();
    // The request never became whole.
    countFront(stream, C.failedReq);
  }
  const letter = phaseLetter(stream);
  setCause(stream, 'C', letter);
  countAbort(stream);
  // As in HAProxy, who does not wait for the response has made a mistake.
  if (letter === 'H') endSilently(stream, 400);
  else cutOff(stream);
}

/** Counts a client that is gone, or late. */
function countAbort(stream: Stream): void {
  countFront(stream, C.cliAborts);
  if (stream.backend !== null) stream.backend.c[C.cliAborts]!++;
  if (stream.server !== null) stream.server.c[C.cliAborts]!++;
}

/** Rules that wait go on with what has come, and are over then, as in HAProxy. False: that has ended the exchange. */
function rulesDecide(stream: Stream): boolean {
  const { id } = stream;
  // A service that waits for a form is no rule.
  while (stream.phase === Phase.rules && stream.log.cause !== 'L') {
    const { onBody, onWaited } = stream;
    stream.onBody = null;
    stream.clientUntil = 0;
    stream.waitUntil = 0;
    if (onBody !== null) onBody(false);
    else if (onWaited !== null) {
      stream.onWaited = null;
      onWaited(stream);
    } else if (stream.waitsInRule) stream.ruleWaitOver();
    else break;
    if (stream.client === null || stream.id !== id) return false;
  }
  return true;
}

/** The time to wait for the body of a request is over: it never became whole. */
export function onBodyLate(stream: Stream): void {
  stream.log.requestEnd = 0;
  onContentLate(stream);
}

/** The same where the request has its time already. */
export function onContentLate(stream: Stream): void {
  stream.onBody = null;
  setCause(stream, 'c', 'R');
  countFront(stream, C.failedReq);
  stream.keepAlive = false;
  replyError(stream, 408);
}

/** Where an exchange is, as termination states tell it. */
function phaseLetter({ phase, reqBody }: Stream): string {
  if (phase === Phase.rules) return 'R';
  if (phase === Phase.queue) return 'Q';
  if (phase <= Phase.connect) return 'C';
  return phase === Phase.response && reqBody.done ? 'H' : 'D';
}

/** Counts a response that did not come, or cannot be used. */
export function countResponseFailure(stream: Stream): void {
  countTracked(stream, Event.failure);
  stream.server!.c[C.failedResp]!++;
  stream.backend!.c[C.failedResp]!++;
  const { observe } = stream.server!.config;
  if (observe === 'layer7')
    stream.env.post({ kind: 'server.error', proxy: stream.backend!.id, server: stream.server!.id, layer: 7, count: 1 });
}

/** The server's response cannot be understood. */
export function badResponse(stream: Stream): void {
  countResponseFailure(stream);
  if (retryAfterFailure(stream, 'junk-response')) return;
  setCause(stream, 'P', 'H');
  detachServer(stream);
  replyError(stream, 502);
}

/** The body of the response cannot be read, or is cut off. */
export function badBody(stream: Stream): void {
  countResponseFailure(stream);
  setCause(stream, 'S', 'D');
  cutOff(stream);
}

const EMPTY = Buffer.alloc(0);

/** The server has ended the connection, or it broke behind something that has not gone to the client yet. */
export function onServerEnd(stream: Stream): void {
  if (stream.phase === Phase.connect) return;
  if (stream.phase === Phase.responseRules) {
    bodyCollected(stream);
    return;
  }
  if (stream.phase === Phase.response) {
    detachServer(stream);
    onServerError(stream);
    return;
  }
  if (stream.phase !== Phase.relay) return;
  // What came before goes to the client first.
  if (stream.downloads !== null && stream.downloads.held !== null) return;
  if (stream.resBody.framing === Framing.close && !stream.serverBroken) {
    stream.resBody.done = true;
    stream.client!.sendBody(stream, EMPTY, 0, 0, false);
    finish(stream, false);
    return;
  }
  abortedByServer(stream);
}

/** The server has left in the middle of its response. */
function abortedByServer(stream: Stream): void {
  setCause(stream, 'S', 'D');
  countResponseFailure(stream);
  stream.server!.c[C.srvAborts]!++;
  stream.backend!.c[C.srvAborts]!++;
  cutOff(stream);
}

/** The server has not looked at the request: it is sent again, over another connection (RFC 9113, 8.7). */
export function onServerRefused(stream: Stream): void {
  if (stream.phase !== Phase.response || stream.responseStarted || !stream.replayable) onServerError(stream);
  else if (stream.reusedConn) {
    stream.avoidReuse = true;
    stream.phase = Phase.connect;
    reconnectNow(stream);
  } else onConnectFailed(stream, 'ECONNREFUSED');
}

/** The server connection broke (it is detached already). */
export function onServerError(stream: Stream): void {
  if (stream.phase === Phase.relay) {
    abortedByServer(stream);
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
  // A head that is cut off counts as none at all.
  if (retryAfterFailure(stream, 'empty-response')) return;
  countResponseFailure(stream);
  setCause(stream, 'S', 'H');
  replyError(stream, 502);
}

/** Sends the request again over a new connection to the same server. */
function reconnectNow(stream: Stream): void {
  stream.responseStarted = false;
  if (stream.server!.usable) connectOrReuse(stream);
  else {
    leaveServer(stream);
    tryAgain(stream);
  }
}

/** `retry-on`: tries another time if the request can be sent again and the cause is one of those listed. */
function retryAfterFailure(stream: Stream, cause: string): boolean {
  if (!mayRetry(stream, cause)) return false;
  detachServer(stream);
  retry(stream);
  return true;
}

function mayRetry(stream: Stream, cause: string): boolean {
  const { retryOn } = stream.backend!.config;
  if (!stream.replayable || stream.retriesLeft <= 0 || stream.noRetryOn) return false;
  return retryOn.includes(cause) || (retryOn.includes('all-retryable-errors') && RETRYABLE.has(cause));
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

/** Sends a request that has got to its server again. */
function retry(stream: Stream): void {
  stream.retriesLeft--;
  stream.retries++;
  countRetry(stream.server!);
  stream.retryCounted = true;
  stream.phase = Phase.connect;
  stream.responseStarted = false;
  if (mayLeaveServer(stream)) leaveServer(stream);
  tryAgain(stream);
}

/** `retry-on` lists the status of the response, which bytes [pos, end) follow, and the request has been sent again. */
export function retriesOnStatus(stream: Stream, buf: Buffer, pos: number, end: number): boolean {
  if (stream.backend!.config.retryOn.length === 0 || !mayRetry(stream, String(stream.res.status))) return false;
  const conn = stream.serverConn!;
  if (conn.mux === null) {
    stream.resBody.begin(responseFraming(stream), stream.res.contentLength);
    abandonServer(stream, isWhole(stream, buf, pos, end));
    // It is for who may use idle connections (`http-reuse`), which the first request of a client may not.
    if (!conn.private) stream.client!.ownedConn = null;
  } else detachServer(stream);
  retry(stream);
  return true;
}

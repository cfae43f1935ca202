import { C } from '../../model/counters.ts';
import { countLocalResponse, countRequest, countResponse } from '../bytes.ts';
import { giveUpQueue } from '../dispatch.ts';
import { type LocalResponse, reasonOf } from '../error-pages.ts';
import { Framing } from '../h1/head.ts';
import { countTimes, logStream } from '../log.ts';
import { abandonServer, detachServer } from '../parting.ts';
import { Phase } from '../phase.ts';
import type { Stream } from '../stream.ts';
import { countTracked, countTrackedBytes, Event } from '../tracking.ts';
import { dropFraming, isBodiless } from './bodiless.ts';
import { passOverBody } from './held-body.ts';
import { countStatus } from './response.ts';
import { reusesServer } from './sending.ts';

/*
 * The ends of an exchange: complete, answered here, or cut off.
 */

/** The response is complete: counts, logs, and parts. `exact`: the server sent nothing behind it. */
export function finish(stream: Stream, exact: boolean): void {
  const complete = stream.reqBody.done;
  if (stream.serverConn !== null && stream.serverConn.mux !== null) {
    abandonServer(stream, complete);
    end(stream, stream.keepAlive && complete);
    return;
  }
  abandonServer(stream, servesAgain(stream, exact));
  end(stream, stream.keepAlive && complete);
}

/** Whether the connection to the server can serve again behind this exchange, whose response is complete. `exact`: nothing came behind it. */
function servesAgain(stream: Stream, exact: boolean): boolean {
  const { res } = stream;
  return (
    exact &&
    stream.reqBody.done &&
    !res.connClose &&
    (res.version === 11 || res.connKeepAlive) &&
    !leavesBody(stream) &&
    (!res.ambiguous || stream.env.keepsAmbiguous) &&
    stream.resBody.framing !== Framing.close &&
    reusesServer(stream)
  );
}

/** Whether bytes [pos, end) are the body of the response, which has not been begun, and the connection to the server can serve again. */
export function isWhole(stream: Stream, buf: Buffer, pos: number, end: number): boolean {
  const { resBody } = stream;
  let at = pos;
  while (at < end && !resBody.done && !resBody.failed) at = resBody.skip(buf, resBody.feed(buf, at, end), end);
  return resBody.done && servesAgain(stream, at === end);
}

/** Parts with the server where its response does not go to the client. */
function passOverResponse(stream: Stream): void {
  const { serverConn, bodyBuf, bodyPos, bodyEnd } = stream;
  if (serverConn === null) return;
  // Of one that rules have seen it is known what has come.
  const seen = serverConn.mux === null && bodyBuf !== null && stream.responseHead === stream.res;
  if (seen && isWhole(stream, bodyBuf, bodyPos, bodyEnd)) abandonServer(stream, true);
  else detachServer(stream);
}

/** The server may send a body that is not waited for: a rule has made another method of HEAD, or a status without a body of one that has it. */
function leavesBody({ req, res, resBody, serverStatus, isConnect }: Stream): boolean {
  if (resBody.framing !== Framing.none) return false;
  if (serverStatus === 101 || (isConnect && serverStatus < 300)) return true;
  if (req.isMethod('HEAD') || isBodiless(serverStatus)) return false;
  return res.chunked || res.contentLength !== 0;
}

/** Last step of every exchange. */
export function end(stream: Stream, keepAlive: boolean): void {
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
  countTrackedBytes(stream, true);
  logStream(stream);
  stream.server = null;
  stream.phase = Phase.closed;
  client.exchangeDone(stream, keepAlive && !stream.env.stopping);
  stream.recycle();
}

/** The exchange is cut off: the client must see it; `reset`: its connection ends at once; `wanted`: it ends because a rule says so. */
export function cutOff(stream: Stream, reset = false, wanted = false): void {
  if (stream.phase === Phase.closed) return;
  const client = stream.client!;
  if (stream.queue !== null) giveUpQueue(stream);
  if (stream.statusSent === 0) countEnded(stream, stream.log.status);
  detachServer(stream);
  passOverBody(stream);
  countUnsent(stream);
  stream.log.closedAt = stream.env.now();
  // The line tells of the load that is left behind.
  stream.leaveBackend(true);
  countTrackedBytes(stream, true);
  logStream(stream);
  stream.server = null;
  stream.phase = Phase.closed;
  client.abort(reset, wanted);
  stream.recycle();
}

/** Answers with an error page and ends the exchange. */
export function replyError(stream: Stream, status: number): void {
  reply(stream, errorPage(stream, status));
}

/** The page of a status: the backend's own, else the frontend's, else HAProxy's. */
export function errorPage(stream: Stream, status: number): LocalResponse {
  const page = stream.backend?.errorPages.own(status) ?? stream.frontend.errorPages.get(status);
  return page.make === undefined ? page : page.make(stream);
}

/** Answers with a response made here and ends the exchange. */
export function reply(stream: Stream, response: LocalResponse): void {
  if (stream.phase === Phase.closed || stream.client === null) return;
  if (stream.phase >= Phase.relay) {
    cutOff(stream);
    return;
  }
  if (response.status === 0) {
    if (response.counts === true) countTracked(stream, Event.error);
    endSilently(stream, response.logged ?? 0);
    return;
  }
  if (stream.queue !== null) giveUpQueue(stream);
  passOverResponse(stream);
  const { res } = stream;
  stream.loggedStatus = response.logged ?? 0;
  res.reset();
  res.isRequest = false;
  res.version = response.version ?? 11;
  res.status = response.status;
  res.reasonText = response.reason ?? reasonOf(response.status);
  for (const [name, value] of response.headers) res.addHeader(name, value);
  if (response.closes === true) stream.keepAlive = false;
  res.fixSize();
  // HAProxy counts the field by which it knows that.
  if (response.closes === true) res.sizeChange += 'connectionclose'.length;
  stream.responseHead = res;
  stream.localBody = response.body;
  const after = stream.backend?.rules?.afterResponse ?? null;
  const frontAfter = stream.backend?.id === stream.frontend.id ? null : (stream.frontend.rules?.afterResponse ?? null);
  const send = response.counts === true ? sendCounted : sendLocal;
  if (after === null && frontAfter === null) send(stream);
  else stream.runRules(after, (s) => s.runRules(frontAfter, send));
}

/** It ends with a status of which the client hears nothing: that of an empty page, or of a client that is gone. */
export function endSilently(stream: Stream, status: number): void {
  stream.statusSent = status;
  countEnded(stream, status);
  stream.keepAlive = false;
  cutOff(stream);
}

/** Counts an exchange by its status, which is none when it has ended before there was one. */
function countEnded({ frontend, backend, backendHeld }: Stream, status: number): void {
  countStatus(frontend.c, status);
  if (backendHeld) countStatus(backend!.c, status);
}

/** A request that no server has got was received all the same. */
function countUnsent(stream: Stream): void {
  const { log, req, reqBody, served } = stream;
  if (log.bytesUploaded === 0 && stream.isExchange && stream.method !== '')
    countRequest(stream, req.countedSize() + reqBody.counted, served ? req.editedSize() : 0);
}

function sendCounted(stream: Stream): void {
  countTracked(stream, Event.error);
  sendLocal(stream);
}

function sendLocal(stream: Stream): void {
  const { res } = stream;
  const body = stream.isHead || isBodiless(res.status) ? '' : stream.localBody;
  stream.localBody = '';
  const status = stream.loggedStatus || res.status;
  stream.statusSent = status;
  countEnded(stream, status);
  passOverBody(stream);
  countUnsent(stream);
  // Behind a CONNECT that is granted there is no next request (RFC 9110, 9.3.6).
  const granted = stream.isConnect && res.status >= 200 && res.status < 300;
  // A request body that is still to come cannot be told from a next request.
  const close = !stream.keepAlive || !stream.reqBody.done;
  const sent = res.editedSize() + body.length;
  dropFraming(res);
  if (stream.served) countResponse(stream, res.countedSize() + body.length, sent);
  else countLocalResponse(stream, sent);
  stream.client!.sendLocal(stream, body, close);
  end(stream, !close && !granted);
}

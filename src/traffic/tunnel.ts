import { C } from '../model/counters.ts';
import { countRequest, countResponse } from './bytes.ts';
import { countFront } from './counting.ts';
import { giveUpQueue } from './dispatch.ts';
import type { Throttle } from './filters/throttle.ts';
import { countTimes, logStream, setCause } from './log.ts';
import { detachServer, finishServer } from './parting.ts';
import { Phase } from './phase.ts';
import { HeldResponse, inspectResponse } from './rules/inspect.ts';
import { storeServer } from './stickiness.ts';
import type { Stream } from './stream.ts';
import { countTrackedBytes } from './tracking.ts';

/* Raw bytes both ways: mode tcp, upgraded connections and CONNECT. Each side may end before the other. */

/** mode tcp: the server connection is there. */
export function begin(stream: Stream): void {
  const conn = stream.serverConn!;
  stream.requestHead = null;
  start(stream);
  const { proxyHeader } = stream;
  stream.proxyHeader = null;
  if (proxyHeader !== null) conn.conn.writeStable(proxyHeader, 0, proxyHeader.length);
  const held = stream.pendingLength;
  if (held > 0) {
    stream.pendingLength = 0;
    fromClient(stream, stream.pending, 0, held);
  }
  if (!holdResponse(stream) || isHeld(stream.uploads)) return;
  if (stream.clientEnded) onClientEnd(stream);
  else if (!conn.conn.blocked) stream.client!.resume();
}

/**
 * `tcp-response content` rules see the response before the client does; those that do not wait for it see that there is none yet, as the
 * connection has just been made. False when they have ended the stream.
 */
function holdResponse(stream: Stream): boolean {
  const rules = stream.backend!.rules;
  if (rules === null || rules.responseContent === null) {
    storeServer(stream);
    return true;
  }
  const delay = rules.responseInspectDelay;
  stream.heldResponse = new HeldResponse(rules.responseContent, delay > 0 ? stream.env.now() + delay : 0);
  continueResponse(stream);
  return stream.phase === Phase.tunnel;
}

/** There is more to decide on, or the time to wait for it is over. */
export function continueResponse(stream: Stream): void {
  const held = stream.heldResponse;
  if (held === null || !inspectResponse(stream)) return;
  storeServer(stream);
  stream.heldResponse = null;
  if (held.cause !== null) countLost(stream, held.cause, C.srvAborts);
  if (held.bytes.length > 0) {
    const { clientUntil, serverUntil } = stream;
    onServerData(stream, held.bytes, 0, held.bytes.length);
    // They came before: nobody has shown to be alive now.
    stream.clientUntil = clientUntil;
    stream.serverUntil = serverUntil;
  }
  if (!held.closes) return;
  detachServer(stream, true);
  close(stream);
}

/** An HTTP exchange becomes a tunnel; bytes [pos, end) came from the server behind the response head. */
export function switchTo(stream: Stream, buf: Buffer, pos: number, end: number): void {
  stream.raw = true;
  stream.keepAlive = false;
  stream.requestHead = null;
  stream.responseHead = null;
  start(stream);
  if (pos < end) onServerData(stream, buf, pos, end);
  if (stream.phase !== Phase.tunnel) return;
  stream.client!.resume();
  if (stream.serverEnded) serverOver(stream);
}

function start(stream: Stream): void {
  const { frontend, env } = stream;
  const backend = stream.backend!;
  stream.phase = Phase.tunnel;
  stream.waitUntil = 0;
  const { timeouts } = stream;
  const both = timeouts.tunnel ?? (backend.tunnelTimeout || frontend.tunnelTimeout);
  stream.clientTimeout = both || (timeouts.client ?? frontend.clientTimeout);
  stream.serverTimeout = both || (timeouts.server ?? backend.serverTimeout);
  const now = env.now();
  stream.clientUntil = stream.clientTimeout > 0 ? now + stream.clientTimeout : 0;
  // A client that has sent nothing has its own time from the beginning on.
  if (both === 0 && stream.clientDue !== 0 && stream.pendingLength === 0) stream.clientUntil = stream.clientDue;
  stream.serverUntil = stream.serverTimeout > 0 ? now + stream.serverTimeout : 0;
  stream.schedule();
}

/** Traffic in either direction shows that both sides are alive. */
function refresh(stream: Stream, from: 'client' | 'server'): void {
  const now = stream.env.now();
  // What is written to a side does not show that it is alive, says `option independent-streams`.
  const client = from === 'client' || !stream.frontend.independent;
  const server = from === 'server' || !stream.backend!.independent;
  if (stream.clientUntil !== 0 && client) stream.clientUntil = now + stream.clientTimeout;
  if (stream.serverUntil !== 0 && server) stream.serverUntil = now + stream.serverTimeout;
}

/** Bytes from the client. */
export function fromClient(stream: Stream, buf: Buffer, start: number, end: number, stable = false): void {
  const { uploads } = stream;
  if (uploads === null) {
    toServer(stream, buf, start, end, stable);
    return;
  }
  const upto = uploads.pass(stream.env.now(), buf, start, end);
  if (upto > start) toServer(stream, buf, start, upto, stable);
  if (uploads.held === null) return;
  stream.client!.pause();
  stream.schedule();
}

/** More of what the client has sent may go to the server. */
export function continueUpload(stream: Stream): void {
  const { conn } = stream.serverConn!;
  const held = conn.blocked ? null : stream.uploads!.take();
  if (held === null) return;
  fromClient(stream, held, 0, held.length, true);
  if (stream.uploads!.held !== null) return;
  if (stream.clientEnded) onClientEnd(stream);
  else if (!conn.blocked) stream.client!.resume();
}

function toServer(stream: Stream, buf: Buffer, start: number, end: number, stable: boolean): void {
  const { conn } = stream.serverConn!;
  countRequest(stream, end - start, end - start);
  refresh(stream, 'client');
  if (!(stable ? conn.writeStable(buf, start, end) : conn.write(buf, start, end))) stream.client!.pause();
}

/** The server has taken what was waiting. */
export function onServerDrain(stream: Stream): void {
  if (stream.clientUntil !== 0) stream.clientUntil = stream.env.now() + stream.clientTimeout;
  if (isHeld(stream.uploads)) continueUpload(stream);
  else if (!stream.clientEnded) stream.client!.resume();
}

/** Bytes from the server. */
export function onServerData(stream: Stream, buf: Buffer, start: number, end: number): void {
  const held = stream.heldResponse;
  if (held !== null) {
    held.bytes = Buffer.concat([held.bytes, buf.subarray(start, end)]);
    if (stream.serverUntil !== 0) stream.serverUntil = stream.env.now() + stream.serverTimeout;
    continueResponse(stream);
    return;
  }
  if (stream.log.responseStart === 0) stream.log.responseStart = stream.env.now();
  if (stream.downloads !== null) limitDownload(stream, stream.downloads, buf, start, end, false);
  else toClient(stream, buf, start, end, stream.serverConn!.usesOwnBuffer(buf));
}

function limitDownload(
  stream: Stream,
  downloads: Throttle,
  buf: Buffer,
  start: number,
  end: number,
  stable: boolean,
): void {
  const upto = downloads.pass(stream.env.now(), buf, start, end);
  if (upto > start) toClient(stream, buf, start, upto, stable);
  if (downloads.held === null) return;
  stream.serverConn!.conn.pause();
  stream.schedule();
}

/** More of what the server has sent may go to the client. */
export function continueDownload(stream: Stream): void {
  const downloads = stream.downloads!;
  const held = stream.client!.blocked ? null : downloads.take();
  if (held === null) return;
  limitDownload(stream, downloads, held, 0, held.length, true);
  if (downloads.held !== null) return;
  if (stream.serverEnded) serverOver(stream);
  else if (!stream.client!.blocked) stream.serverConn!.conn.resume();
}

/** What the server had sent before its end, or before it broke off, has gone to the client. */
function serverOver(stream: Stream): void {
  if (stream.serverBroken) onServerError(stream);
  else onServerEnd(stream);
}

function toClient(stream: Stream, buf: Buffer, start: number, end: number, stable: boolean): void {
  const { conn } = stream.serverConn!;
  const length = end - start;
  countResponse(stream, length, length);
  refresh(stream, 'server');
  if (!stream.client!.sendRaw(buf, start, end, stable)) conn.pause();
  else if (!conn.bulk && length >= 16384 && stream.downloads === null) conn.readBulk(true);
}

/** Bytes wait for a limit of bandwidth to let them pass. */
function isHeld(throttle: Throttle | null): boolean {
  return throttle !== null && throttle.held !== null;
}

/** The client has taken what was waiting. */
export function onClientDrain(stream: Stream): void {
  if (stream.serverUntil !== 0) stream.serverUntil = stream.env.now() + stream.serverTimeout;
  if (isHeld(stream.downloads)) continueDownload(stream);
  else if (!stream.serverEnded) stream.serverConn!.conn.resume();
}

/** The client will send no more. */
export function onClientEnd(stream: Stream): void {
  stream.clientEnded = true;
  if (isHeld(stream.uploads)) return;
  // With `option nolinger` a side that ends takes the other one with it (manual).
  const over = stream.backend!.noLinger && !stream.serverConn!.conn.blocked;
  if (over || (stream.serverEnded && !isHeld(stream.downloads))) close(stream);
  else {
    stream.serverConn!.conn.end();
    finTimeout(stream, 'client');
  }
}

/** The server will send no more. */
export function onServerEnd(stream: Stream): void {
  stream.serverEnded = true;
  if (stream.heldResponse !== null) {
    continueResponse(stream);
    if (stream.phase === Phase.closed) return;
  }
  if (isHeld(stream.downloads)) return;
  // A tunnel of HTTP is over when its server has ended (RFC 9110, section 9.3.6); a stream of HTTP/2 has halves.
  if ((stream.clientEnded && !isHeld(stream.uploads)) || stream.client!.proto === 'h1') close(stream);
  else {
    stream.client!.endRaw();
    finTimeout(stream, 'server');
  }
}

/** `timeout client-fin` / `server-fin`: how long the other half may stay open. */
function finTimeout(stream: Stream, ended: 'client' | 'server'): void {
  const now = stream.env.now();
  const clientFin = stream.frontend.clientFinTimeout;
  const serverFin = stream.backend!.serverFinTimeout;
  if (ended === 'server' && clientFin > 0) {
    stream.clientTimeout = clientFin;
    stream.clientUntil = now + clientFin;
  }
  if (ended === 'client' && serverFin > 0) {
    stream.serverTimeout = serverFin;
    stream.serverUntil = now + serverFin;
  }
  stream.schedule();
}

/**
 * The time of a side or of both is over. Nothing more is read from who is late, so that the other side ends as well or is late, too. Who
 * has ended, or is not read from because the other side is deaf, is late only while it does not take what there is for it.
 */
export function onTimeout(stream: Stream, now: number): void {
  const { client, serverConn } = stream;
  const { blocked } = serverConn!.conn;
  const deaf = client!.blocked;
  const clientDue = isDue(stream.clientUntil, now);
  const serverDue = isDue(stream.serverUntil, now);
  const paced = isPaced(stream);
  const clientLate = clientDue && !paced && (deaf || !(stream.clientEnded || blocked));
  const serverLate = serverDue && !paced && (blocked || !(stream.serverEnded || deaf));
  if (clientDue) stream.clientUntil = stream.clientTimeout > 0 ? now + stream.clientTimeout : 0;
  if (serverDue) stream.serverUntil = stream.serverTimeout > 0 ? now + stream.serverTimeout : 0;
  if (clientLate) countLost(stream, 'c', C.cliAborts);
  else if (serverLate && stream.heldResponse !== null && !blocked) stream.heldResponse.cause = 's';
  else if (serverLate) countLost(stream, 's', C.srvAborts);
  if (clientLate && serverLate) close(stream);
  else if (clientLate) {
    client!.pause();
    if (deaf) close(stream);
    else onClientEnd(stream);
  } else if (serverLate) {
    serverConn!.conn.pause();
    if (blocked) close(stream);
    else onServerEnd(stream);
  } else stream.schedule();
}

function isDue(date: number, now: number): boolean {
  return date !== 0 && date <= now;
}

/** Tells of the first side that has made an end of a tunnel, and counts it; one that leaves counts in any case. */
function countLost(stream: Stream, cause: 'c' | 's' | 'C' | 'S', field: typeof C.cliAborts | typeof C.srvAborts): void {
  if (stream.log.cause !== '-' && (cause === 'c' || cause === 's')) return;
  setCause(stream, cause, 'D');
  stream.backend!.c[field]!++;
  if (stream.server !== null) stream.server.c[field]!++;
  if (field === C.cliAborts) countFront(stream, field);
}

/** Nobody is slow but we, who keep a limit of bandwidth. */
function isPaced({ uploads, downloads, serverConn, client }: Stream): boolean {
  return (isHeld(uploads) && serverConn?.conn.blocked === false) || (isHeld(downloads) && client?.blocked === false);
}

export function onServerError(stream: Stream): void {
  stream.server!.c[C.failedResp]!++;
  stream.backend!.c[C.failedResp]!++;
  if (stream.heldResponse !== null) {
    // Rules that wait for more decide on what there is.
    stream.serverEnded = true;
    stream.heldResponse.cause = 'S';
    continueResponse(stream);
    if (stream.phase === Phase.closed) return;
  } else countLost(stream, 'S', C.srvAborts);
  stream.log.keepLocal();
  stream.serverConn = null;
  close(stream);
}

/** The client has left by a reset. */
export function onClientGone(stream: Stream): void {
  countLost(stream, 'C', C.cliAborts);
  // The server sees a reset, too, and does not take what came for all there is.
  detachServer(stream, true);
  close(stream);
}

/** Ends both sides and counts. */
export function close(stream: Stream, reset = false): void {
  if (stream.phase === Phase.closed) return;
  const client = stream.client!;
  const { log, env } = stream;
  if (stream.queue !== null) giveUpQueue(stream);
  // What no server has got was received all the same.
  if (stream.phase < Phase.tunnel && stream.pendingLength > 0)
    countRequest(stream, stream.inspectableOf(stream.pendingLength), 0);
  if (stream.heldResponse !== null) countResponse(stream, stream.inspectableOf(stream.heldResponse.bytes.length), 0);
  log.closedAt = env.now();
  if (stream.backend !== null && stream.backendHeld) {
    countTimes(stream, stream.backend.c);
    if (stream.server !== null) countTimes(stream, stream.server.c);
    stream.backend.c[C.lastSession] = Math.floor(log.closedAt / 1000);
    if (stream.server !== null) stream.server.c[C.lastSession] = stream.backend.c[C.lastSession]!;
  }
  // What the client has sent in front of its end is for the server.
  if (stream.clientEnded && (stream.serverEnded || stream.backend?.noLinger === true)) finishServer(stream);
  else detachServer(stream);
  stream.phase = Phase.closed;
  stream.moreMayCome = false;
  // The line tells of the load that is left behind.
  stream.leaveBackend(true);
  countTrackedBytes(stream, true);
  logStream(stream);
  stream.server = null;
  if (reset || log.cause !== '-') client.abort(reset);
  else client.exchangeDone(stream, false);
  stream.recycle();
}

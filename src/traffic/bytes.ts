import { addToRate, C } from '../model/counters.ts';
import type { Stream } from './stream.ts';
import { countTrackedBytes } from './tracking.ts';

/*
 * Bytes of exchanges, on both sides: what came, and what was passed on after rules have edited it. They count on the frontend (with
 * `option socket-stats` on the address that the client came by, too), on the backend (before one is chosen: on that of the frontend's
 * own `listen` section) and on the server. Heads count as `Head.countedSize` says.
 */

/** Bytes of the request: come from the client, sent to the server (or to a service of ours). */
export function countRequest(stream: Stream, received: number, sent: number): void {
  const { log, frontend, listener, server } = stream;
  log.bytesUploaded += received;
  log.requestSent += sent;
  count(frontend.c, C.requestIn, C.requestOut, received, sent);
  if (listener?.counted === true) count(listener.c, C.requestIn, C.requestOut, received, sent);
  const backend = stream.backend ?? ownBackend(stream);
  if (backend !== null) count(backend.c, C.requestIn, C.requestOut, received, sent);
  if (server !== null) count(server.c, C.requestIn, C.requestOut, received, sent);
  countTrackedBytes(stream, false);
}

/** Bytes of the response: come from the server (or from a service of ours), sent to the client. */
export function countResponse(stream: Stream, received: number, sent: number): void {
  const { log, frontend, listener, server, env } = stream;
  log.bytesRead += received;
  log.responseReceived += received;
  log.responseSent += sent;
  env.c[C.responseOut]! += sent;
  addToRate(env.c, C.bytesOutRate, Math.floor(env.now() / 1000), sent);
  count(frontend.c, C.responseIn, C.responseOut, received, sent);
  if (listener?.counted === true) count(listener.c, C.responseIn, C.responseOut, received, sent);
  const backend = stream.backend ?? ownBackend(stream);
  if (backend !== null) count(backend.c, C.responseIn, C.responseOut, received, sent);
  if (server !== null) count(server.c, C.responseIn, C.responseOut, received, sent);
  countTrackedBytes(stream, false);
}

/** Bytes of a response that was made here: nobody has sent them to us. */
export function countLocalResponse(stream: Stream, sent: number): void {
  stream.log.bytesRead += sent;
  countResponse(stream, 0, sent);
}

function ownBackend(stream: Stream): Stream['backend'] {
  return stream.env.backends.get(stream.frontend.id) ?? null;
}

function count(row: Float64Array, inField: number, outField: number, received: number, sent: number): void {
  row[inField]! += received;
  row[outField]! += sent;
}

import { C } from '../model/counters.ts';
import { connectOrReuse } from './connecting.ts';
import { countTry, dispatch, releaseServer } from './dispatch.ts';
import { setCause } from './log.ts';
import { detachServer } from './parting.ts';
import { Phase } from './phase.ts';
import type { TrafficServer } from './server.ts';
import type { Stream } from './stream.ts';
import { beginWait, endsWithTry } from './tcp-waiting.ts';

/** As HAProxy numbers errors of connections: `General socket error`. */
const SOCKET_ERROR = 6;
/** Numbers of other ones. */
const ERRORS: Readonly<Record<string, number>> = {
  ETIMEDOUT: 0,
  EPROTO: 34,
  HOSTNAME_MISMATCH: 32,
  HOSTNAME_MISMATCH_SNI: 33,
};
/** Pause before connecting again to the same server, ms; the connect timeout when that is shorter. */
const TURNAROUND = 1000;

/** The connection that a stream waits for, or used, failed before a response: connects again, elsewhere, or gives up. */
export function onConnectFailed(stream: Stream, code: string): void {
  detachServer(stream);
  failConnect(stream, code);
}

/** Connecting is tried again, unless `retry-on` lists other causes only. */
function retriesConnecting(causes: readonly string[]): boolean {
  return causes.includes('conn-failure') || causes.includes('all-retryable-errors');
}

/** Connecting has failed (`code`: the error): it is tried again, or the stream ends with 503. */
export function failConnect(stream: Stream, code: string): void {
  stream.serverError = ERRORS[code] ?? SOCKET_ERROR;
  const server = stream.server!;
  const backend = stream.backend!;
  const { env } = stream;
  if (server.config.observe === 'layer4')
    env.post({ kind: 'server.error', proxy: backend.id, server: server.id, layer: 4, count: 1 });
  if (endsWithTry(stream)) return;
  // Clients may choose the name that is asked for: they shall not make it be asked for again and again.
  if (code === 'HOSTNAME_MISMATCH_SNI') useUpRetries(stream);
  if (stream.retriesLeft <= 0 || !retriesConnecting(backend.config.retryOn)) {
    server.c[C.failedConns]!++;
    backend.c[C.failedConns]!++;
    if (stream.clientDue !== 0 && stream.clientDue <= env.now() && stream.pendingLength === 0) {
      // A client that has sent nothing was late before.
      server.c[C.cliAborts]!++;
      backend.c[C.cliAborts]!++;
      setCause(stream, 'c', 'C');
    } else setCause(stream, code === 'ETIMEDOUT' ? 's' : 'S', 'C');
    stream.fail(503);
    return;
  }
  stream.retriesLeft--;
  stream.retries++;
  const leaves = mayLeaveServer(stream);
  if (leaves) leaveServer(stream);
  else countRetry(server);
  // A server that refuses at once is given some time, unless another one is next; one that let the timeout pass has had it.
  if (code === 'ETIMEDOUT' || (leaves && backend.picker.takesTurns)) {
    tryAgain(stream);
    return;
  }
  stream.phase = Phase.turnaround;
  stream.waitUntil = env.now() + Math.min(TURNAROUND, backend.connectTimeout || TURNAROUND);
  if (stream.raw) beginWait(stream);
  else stream.schedule();
}

/** There is no other try, and none was left (the log tells so). */
function useUpRetries(stream: Stream): void {
  stream.retriesLeft = 0;
  stream.retries = stream.maxRetries;
}

/** Counts a try that fails and is followed by another one on the same server. */
export function countRetry(server: TrafficServer): void {
  server.c[C.retries]!++;
  server.backend.c[C.retries]!++;
}

/**
 * Whether what has failed on its server is for the algorithm to place (`option redispatch`): at the retries that the interval names;
 * and at all of them when the server is down, or was chosen by an algorithm that takes the servers in turn.
 */
export function mayLeaveServer(stream: Stream): boolean {
  const { redispatch, picker } = stream.backend!;
  if (redispatch === null || stream.forcePersist) return false;
  if (!stream.server!.usable || (stream.preferred === null && picker.takesTurns)) return true;
  const every = redispatch < 0 ? stream.maxRetries + 1 + redispatch : redispatch;
  return every !== 0 && stream.retries % every === 0;
}

/** Gives the place on the server back, so that `tryAgain` lets the algorithm choose. */
export function leaveServer(stream: Stream): void {
  const { server } = stream;
  releaseServer(stream);
  stream.preferred = null;
  stream.avoided = server;
  // Who gives up meanwhile is logged with it.
  stream.server = server;
}

/** The next try behind a failure: on the same server, or on whatever the algorithm chooses when that has been left or is gone. */
export function tryAgain(stream: Stream): void {
  if (stream.server!.removed && stream.avoided === null) leaveServer(stream);
  if (stream.avoided === null) {
    stream.retryCounted = false;
    countTry(stream);
    connectOrReuse(stream);
  } else {
    stream.server = null;
    dispatch(stream);
  }
}

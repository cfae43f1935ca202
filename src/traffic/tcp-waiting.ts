import { C } from '../model/counters.ts';
import { countFront } from './counting.ts';
import { giveUpQueue } from './dispatch.ts';
import { setCause } from './log.ts';
import { detachServer } from './parting.ts';
import { Phase } from './phase.ts';
import type { Stream } from './stream.ts';
import { close } from './tunnel.ts';

/*
 * Connections of mode tcp that have no server yet, and clients that end, are gone or stay silent meanwhile. A client that has sent nothing
 * has the time of its timeout from its beginning on; one that has sent something waits as long as its server is tried.
 */

/**
 * It begins to wait for a place on a server, for a connection to one, or for the next try. It may have ended when this returns: nobody
 * misses the connection of a client that has asked for nothing.
 */
export function beginWait(stream: Stream): void {
  const { abortOnClose } = stream.backend!;
  // While a connection is made, only `option abortonclose` has an eye on the client.
  const watched = stream.phase !== Phase.connect || abortOnClose;
  if (watched && stream.clientEnded && stream.pendingLength === 0) {
    detachServer(stream, true);
    endUntold(stream);
  } else if (stream.clientEnded && abortOnClose && stream.phase !== Phase.connect) onClientEnded(stream);
  else {
    stream.clientUntil = watched ? stream.clientDue : 0;
    stream.schedule();
  }
}

/** More has come from the client: it has its time anew while rules wait, and all the time there is behind them. */
export function onClientData(stream: Stream): void {
  if (stream.phase === Phase.rules) {
    if (stream.clientUntil !== 0) stream.clientUntil = stream.env.now() + stream.clientTimeout;
  } else {
    stream.clientDue = 0;
    stream.clientUntil = 0;
  }
}

/** The client ends its side, and what it has sent, if anything, is not to be brought to a server (`option abortonclose`). */
export function onClientEnded(stream: Stream): void {
  setCause(stream, 'C', letterOf(stream));
  close(stream);
}

/** The client has left by a reset, which is one of data for HAProxy as soon as no rule waits for more of them. */
export function onClientBroken(stream: Stream): void {
  setCause(stream, 'C', letterOf(stream) === 'R' ? 'R' : 'D');
  countAbort(stream);
  close(stream);
}

/** The time of the client is over. */
export function onTimeUp(stream: Stream): void {
  if (stream.inspecting && stream.onMoreData !== null) {
    // Rules that wait for more decide on what there is.
    stream.clientEnded = true;
    stream.clientLate = true;
    stream.onPayload();
  } else onClientLate(stream);
}

/** The client has let its time pass. */
export function onClientLate(stream: Stream): void {
  setCause(stream, 'c', letterOf(stream));
  countAbort(stream);
  endUntold(stream);
}

/** No connection to the server was made; true: nor will one be, as the client has ended. */
export function endsWithTry(stream: Stream): boolean {
  if (!stream.raw || !stream.clientEnded || !stream.backend!.abortOnClose) return false;
  onClientEnded(stream);
  return true;
}

/** Ends it; how long it was in a queue is not told. */
function endUntold(stream: Stream): void {
  if (stream.queue !== null) {
    giveUpQueue(stream);
    stream.log.queueEnd = 0;
  }
  close(stream);
}

function letterOf({ phase }: Stream): string {
  if (phase < Phase.queue) return 'R';
  return phase === Phase.queue ? 'Q' : 'C';
}

/** Counts it everywhere that it was on its way to. */
function countAbort(stream: Stream): void {
  const { backend, server, phase } = stream;
  if (phase < Phase.queue) countFront(stream, C.failedReq);
  countFront(stream, C.cliAborts);
  if (backend !== null) backend.c[C.cliAborts]!++;
  if (server !== null) server.c[C.cliAborts]!++;
}

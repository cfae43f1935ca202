import { C, COUNTER_FIELDS, countRate, G, gaugeUp } from '../model/counters.ts';
import { isCandidate } from './balance/types.ts';
import { connectOrReuse } from './connecting.ts';
import { reply } from './http/ending.ts';
import { setCause } from './log.ts';
import { Phase } from './phase.ts';
import { rankOf } from './queue.ts';
import { countRetry } from './retrying.ts';
import { headerSafe, splitTarget } from './rules/text.ts';
import type { TrafficServer } from './server.ts';
import type { Stream } from './stream.ts';
import { beginWait } from './tcp-waiting.ts';

/** How often a thread looks again for a place that another thread may have freed, ms. */
const QUEUE_POLL = 10;

/** Chooses a server for the stream and connects to it, or queues the stream, or ends it with 503. */
export function dispatch(stream: Stream): void {
  const server = askedFor(stream) ?? choose(stream);
  if (server !== null) placeOn(stream, server);
  else if (stream.backend!.picker.saturated) waitInBackend(stream);
  else noServer(stream);
}

/** The client has left: no server is chosen, but that which the request asks for is told. */
export function nameServer(stream: Stream): void {
  stream.server = askedFor(stream);
}

/** The server that persistence leads to, when it may be used. */
function askedFor(stream: Stream): TrafficServer | null {
  const { preferred } = stream;
  if (preferred === null) return null;
  if (stream.forcePersist || stream.backend!.persists || (preferred.usable && !preferred.removed)) return preferred;
  stream.preferred = null;
  return null;
}

/** The server that the algorithm chooses, which is counted; behind a failure also whether it is another one, or the same again. */
function choose(stream: Stream): TrafficServer | null {
  const backend = stream.backend!;
  const server = backend.picker.pick(stream);
  const before = stream.avoided;
  stream.avoided = null;
  if (server !== null && server !== before) countChosen(server);
  if (before === null) return server;
  const counted = stream.retryCounted;
  stream.retryCounted = false;
  if (server === before) {
    if (!counted) countRetry(server);
    return server;
  }
  before.c[C.redispatches]!++;
  backend.c[C.redispatches]!++;
  stream.redispatched = true;
  if (stream.log.persistence === 'V') stream.log.persistence = 'D';
  return server;
}

function countChosen(server: TrafficServer): void {
  server.c[C.lbTotal]!++;
  server.backend.c[C.lbTotal]!++;
}

/** Counts the stream on its backend, unless it is already. */
export function enterBackend(stream: Stream): void {
  if (stream.backendHeld) return;
  const backend = stream.backend!;
  stream.backendHeld = true;
  backend.c[C.sessions]!++;
  countRate(backend.c, C.sessRate, Math.floor(stream.env.now() / 1000), backend.g, G.sessRateMax);
  gaugeUp(backend.g, G.current);
}

function noServer(stream: Stream, phase: 'C' | 'Q' = 'C'): void {
  stream.backend!.c[C.failedConns]!++;
  setCause(stream, 'S', phase);
  stream.fail(503);
}

/** Takes a place on `server`, or waits for one. */
function placeOn(stream: Stream, server: TrafficServer): void {
  if (server.config.redir !== null && (stream.method === 'GET' || stream.isHead)) {
    stream.server = server;
    countTry(stream);
    redirectToServer(stream, server.config.redir);
    return;
  }
  // Who waits already goes first.
  if (Atomics.load(server.g, G.queued) > 0 || !server.tryReserve()) {
    waitOnServer(stream, server);
    return;
  }
  takePlace(stream, server);
}

function takePlace(stream: Stream, server: TrafficServer): void {
  stream.server = server;
  stream.serverHeld = true;
  server.backend.picker.balancer.changed(server);
  stream.log.queueEnd = stream.env.now();
  countTry(stream);
  connectOrReuse(stream);
}

/** Each try is a session of the server, as in HAProxy. */
export function countTry(stream: Stream): void {
  const server = stream.server!;
  server.c[C.sessions]!++;
  countRate(server.c, C.sessRate, Math.floor(stream.env.now() / 1000), server.g, G.sessRateMax);
}

/** `server ... redir`: the client is to ask the server itself. */
function redirectToServer(stream: Stream, prefix: string): void {
  setCause(stream, 'L', 'C');
  const { path, query } = splitTarget(stream.requestHead?.uri ?? stream.target);
  const headers: [string, string][] = [
    ['cache-control', 'no-cache'],
    ['content-length', '0'],
    ['location', headerSafe(prefix + path + query)],
  ];
  reply(stream, { status: 302, reason: null, headers, body: '' });
}

/** Waits for a place on one server (persistence, hashing). */
function waitOnServer(stream: Stream, server: TrafficServer): void {
  const { maxqueue } = server.view;
  if (maxqueue > 0 && Atomics.load(server.g, G.queued) >= maxqueue) {
    onFullQueue(stream, server);
    return;
  }
  stream.server = server;
  enqueue(stream);
  server.queue.push(stream);
  stream.serverQueue = gaugeUp(server.g, G.queued);
  if (stream.raw) beginWait(stream);
}

/** No more may wait on the server: another one may still have room, if the stream may go there. */
function onFullQueue(stream: Stream, server: TrafficServer): void {
  if (stream.preferred !== null && !stream.forcePersist && stream.backend!.redispatch !== null) {
    stream.preferred = null;
    stream.avoided = server;
    dispatch(stream);
    return;
  }
  server.c[C.failedConns]!++;
  stream.server = server;
  noServer(stream, 'Q');
}

/** Waits for a place on any server. */
function waitInBackend(stream: Stream): void {
  const backend = stream.backend!;
  enqueue(stream);
  backend.queue.push(stream);
  stream.backendQueue = gaugeUp(backend.g, G.queued);
  if (stream.raw) beginWait(stream);
}

function enqueue(stream: Stream): void {
  const { env } = stream;
  const backend = stream.backend!;
  stream.phase = Phase.queue;
  stream.queuedAt = env.now();
  const timeout = stream.timeouts.queue ?? backend.queueTimeout;
  stream.waitUntil = timeout > 0 ? stream.queuedAt + timeout : 0;
  stream.queuePoll = stream.queuedAt + QUEUE_POLL;
  stream.keep();
  stream.schedule();
}

/** Takes a waiting stream out of its queue; its server is the one whose queue that was, if any. */
function leaveQueue(stream: Stream): void {
  const { queue } = stream;
  if (queue === null) return;
  queue.remove(stream);
  stream.queuePoll = 0;
  Atomics.sub((stream.server ?? stream.backend!).g, G.queued, 1);
}

/** A waiting stream ends: its time in the queue is told. */
export function giveUpQueue(stream: Stream): void {
  leaveQueue(stream);
  stream.log.queueEnd = stream.env.now();
}

/** A waiting stream looks for a place again: servers may have been freed by other threads, or changed. */
export function retryQueued(stream: Stream): void {
  const backend = stream.backend!;
  const { server, queue } = stream;
  if (queue === null || queue.head !== stream) return;
  if (server !== null) {
    if (server.removed || (!server.usable && mayLeaveQueue(stream))) {
      leaveQueue(stream);
      stream.server = null;
      stream.avoided = server;
      stream.preferred = null;
      stream.phase = Phase.idle;
      dispatch(stream);
    } else if (server.tryReserve()) {
      leaveQueue(stream);
      takePlace(stream, server);
    }
    return;
  }
  const free = backend.picker.pick(stream);
  if (free?.tryReserve()) {
    leaveQueue(stream);
    takePlace(stream, free);
  } else if (free === null && !backend.picker.saturated) {
    leaveQueue(stream);
    noServer(stream);
  }
}

/** Whether a stream that waits for a server that is down goes to another one; else it waits on, as in HAProxy. */
function mayLeaveQueue({ backend, forcePersist }: Stream): boolean {
  return backend!.redispatch !== null && !backend!.persists && !forcePersist;
}

/**
 * A place on `server` is free: hands it to who is first in line, on the server or on its backend. When that is a stream of another
 * thread, that thread is told.
 */
function offerPlace(server: TrafficServer): void {
  const { backend, env } = server;
  for (;;) {
    const own = server.queue.head;
    const any = isCandidate(server) ? backend.queue.head : null;
    const next = own === null ? any : any === null || rankOf(own) <= rankOf(any) ? own : any;
    const other = env.threads > 1 ? firstElsewhere(server, next === null ? Infinity : rankOf(next)) : -1;
    if (other >= 0) {
      env.post({ kind: 'queue.wake', proxy: backend.id, server: server.id, thread: other });
      return;
    }
    if (next === null || !server.tryReserve()) return;
    leaveQueue(next);
    takePlace(next, server);
  }
}

/** The thread whose first waiting stream ranks before `rank`, -1 when there is none. */
function firstElsewhere(server: TrafficServer, rank: number): number {
  const { env, backend } = server;
  if (Atomics.load(server.g, G.queued) === 0 && Atomics.load(backend.g, G.queued) === 0) return -1;
  let best = rank;
  let thread = -1;
  for (const rows of [server.rows, backend.rows]) {
    for (let t = 0; t < env.threads; t++) {
      const head = rows[t * COUNTER_FIELDS + C.queueHead]!;
      if (t === env.thread || head === 0 || head >= best) continue;
      best = head;
      thread = t;
    }
  }
  return thread;
}

/** Another thread has left a free place for the first stream that waits here. */
export function onQueueWake(server: TrafficServer): void {
  const own = server.queue.head;
  const any = isCandidate(server) ? server.backend.queue.head : null;
  const next = own === null ? any : any === null || rankOf(own) <= rankOf(any) ? own : any;
  if (next === null || !server.tryReserve()) return;
  leaveQueue(next);
  takePlace(next, server);
}

/** Gives the place on the server back, and hands it on. */
export function releaseServer(stream: Stream): void {
  const { server } = stream;
  if (server === null || !stream.serverHeld) return;
  stream.serverHeld = false;
  stream.server = null;
  Atomics.sub(server.g, G.current, 1);
  server.backend.picker.balancer.changed(server);
  if (server.queue.length > 0 || server.backend.queue.length > 0 || server.env.threads > 1) offerPlace(server);
}

/** Places have become free or servers usable, by a change from the control thread. */
export function serveQueues(server: TrafficServer): void {
  if (server.queue.length > 0 || server.backend.queue.length > 0) offerPlace(server);
}

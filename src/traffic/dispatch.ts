import type { EndpointView } from '../expr/types.ts';
import { C, COUNTER_FIELDS, countRate, G, gaugeUp } from '../model/counters.ts';
import { connectThrough } from '../net/socks4.ts';
import { isCandidate } from './balance/types.ts';
import { reply } from './http/ending.ts';
import { setCause } from './log.ts';
import { Phase } from './phase.ts';
import { rankOf } from './queue.ts';
import { headerSafe, splitTarget } from './rules/text.ts';
import type { TrafficServer } from './server.ts';
import { ServerConn } from './server-conn.ts';
import { shownSource } from './shown-source.ts';
import type { Stream } from './stream.ts';
import { helloFor, helloKey, nameFor } from './tls/server-name.ts';
import type { Hello } from './tls/server-tls.ts';

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
/** How often a thread looks again for a place that another thread may have freed, ms. */
const QUEUE_POLL = 10;

/** Chooses a server for the stream and connects to it, or queues the stream, or ends it with 503. */
export function dispatch(stream: Stream): void {
  const backend = stream.backend!;
  enterBackend(stream);
  const { preferred } = stream;
  if (preferred !== null) {
    if (stream.forcePersist || backend.persists || (preferred.usable && !preferred.removed)) {
      placeOn(stream, preferred);
      return;
    }
    stream.preferred = null;
  }
  const server = choose(stream);
  if (server !== null) placeOn(stream, server);
  else if (backend.picker.saturated) waitInBackend(stream);
  else noServer(stream);
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
  countRate(backend.c, C.sessRate, Math.floor(stream.log.requestEnd / 1000), backend.g, G.sessRateMax);
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
  if (stream.log.queueEnd === 0) stream.log.queueEnd = stream.env.now();
  countTry(stream);
  connectOrReuse(stream);
}

/** Each try is a session of the server, as in HAProxy. */
function countTry(stream: Stream): void {
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

/** Takes a waiting stream out of its queue. */
export function leaveQueue(stream: Stream): void {
  const { queue } = stream;
  if (queue === null) return;
  queue.remove(stream);
  stream.queuePoll = 0;
  Atomics.sub((stream.server ?? stream.backend!).g, G.queued, 1);
  stream.server = null;
}

/** A waiting stream looks for a place again: servers may have been freed by other threads, or changed. */
export function retryQueued(stream: Stream): void {
  const backend = stream.backend!;
  const { server, queue } = stream;
  if (queue === null || queue.head !== stream) return;
  if (server !== null) {
    if (server.removed || (!server.usable && mayLeaveQueue(stream))) {
      leaveQueue(stream);
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

/** Goes to the server: over an idle connection if the reuse mode allows it, else over a new one. */
export function connectOrReuse(stream: Stream): void {
  const server = stream.server!;
  const hello = server.tls === null ? null : helloFor(stream, server);
  const shown = shownSource(stream, server);
  const key = keyOf(stream, server, hello, shown);
  const conn = !stream.raw && stream.backend!.config.mode === 'http' ? takeIdle(stream, server, key) : null;
  if (conn !== null) {
    stream.roomUntil = 0;
    stream.serverConn = conn;
    stream.reusedConn = true;
    stream.serverMajor = conn.mux === null ? 1 : 2;
    conn.stream = stream;
    conn.use(!conn.private);
    conn.mux?.share(stream.client!.ownConnections);
    server.c[C.reuse]!++;
    server.backend.c[C.reuse]!++;
    if (stream.log.connectEnd === 0) stream.log.connectEnd = stream.log.queueEnd;
    stream.onServerReady();
    return;
  }
  connect(stream, server, hello, shown, key);
}

/**
 * Streams may use each other's connections when they ask for the same, and are shown as coming from the same place. A name of the
 * connection takes the place of the one that the server is asked for (manual, `pool-conn-name`).
 */
function keyOf(stream: Stream, server: TrafficServer, hello: Hello | null, shown: EndpointView | null): string {
  const name = server.connName === null ? null : nameFor(stream, server.connName);
  const asked = hello === null ? '' : helloKey(name === null ? hello : { ...hello, name: '' });
  const key = shown === null ? asked : `${asked} ${shown.host} ${shown.port}`;
  return name === null ? key : `${key}\n${name}`;
}

/** An idle connection that the stream may use (`http-reuse`), or null. */
function takeIdle(stream: Stream, server: TrafficServer, key: string): ServerConn | null {
  const own = stream.client!.ownedConn;
  if (own !== null) {
    stream.client!.ownedConn = null;
    if (
      own.server === server &&
      own.key === key &&
      own.stream === null &&
      !own.conn.closed &&
      !stream.avoidReuse &&
      stream.serverLabels === null
    ) {
      server.pool.remove(own);
      return own;
    }
    if (own.private) own.discard();
  }
  if (stream.avoidReuse || stream.serverLabels !== null) return null;
  const conn = stream.client!.ownConnections.find(server, key);
  if (conn !== null) return conn.take();
  // Clients that speak HTTP/2 know what to do about a request that was not looked at: their first one is like any other.
  const first = stream.client!.exchanges === 1 && stream.clientVersion !== 20;
  return server.pool.take(stream.backend!.config.httpReuse, first, key);
}

/** An address that stands for the client's destination. */
const isAnywhere = (host: string | null): boolean => host === '0.0.0.0' || host === '::';

/** Opens a connection to `server`. */
function connect(
  stream: Stream,
  server: TrafficServer,
  hello: Hello | null,
  shown: EndpointView | null,
  key: string,
): void {
  const { env } = stream;
  const backend = stream.backend!;
  const { view, config } = server;
  stream.reusedConn = false;
  if (view.host === null) {
    failConnect(stream, 'ENOTFOUND');
    return;
  }
  if (config.strictMaxconn && !server.tryOpen()) {
    waitForRoom(stream, server);
    return;
  }
  stream.roomUntil = 0;
  const conn = new ServerConn(server, key);
  conn.opening = config.strictMaxconn;
  conn.hello = hello;
  conn.stream = stream;
  // Towards `0.0.0.0` means: where the client wants to go. That is nothing for others.
  const anywhere = isAnywhere(view.host);
  conn.single = anywhere || stream.serverLabels !== null;
  conn.use(!stream.raw && !conn.single && backend.config.httpReuse !== 'never');
  stream.serverConn = conn;
  stream.serverMajor = majorOf(stream, server, hello);
  stream.phase = Phase.connect;
  const timeout = stream.timeouts.connect ?? backend.connectTimeout;
  stream.waitUntil = timeout > 0 ? env.now() + timeout : 0;
  const source = config.source ?? backend.config.source;
  const host = anywhere ? stream.destination.host : view.host;
  const port =
    view.portMap === '+'
      ? stream.destination.port + view.port
      : view.portMap === '-'
        ? stream.destination.port - view.port
        : view.port || (anywhere ? stream.destination.port : 0);
  server.c[C.connect]!++;
  backend.c[C.connect]!++;
  conn.conn = connectThrough(
    env.transport,
    config.socks4,
    {
      family: anywhere ? (host.includes(':') ? 'inet6' : 'inet') : view.family,
      host,
      port,
      device: source?.interface ?? null,
      namespace: config.namespace,
      md5Key: config.md5Key,
      options: server.socketOptions,
      wrapped: hello !== null,
      ...stream.serverLabels,
      foreign: shown !== null,
      sourceHost: shown?.host ?? source?.host ?? null,
      sourcePort: shown?.port ?? (source === null ? 0 : pickPort(source.port, source.portEnd)),
    },
    conn,
  );
  stream.keep();
  stream.schedule();
}

/** The version that a connection is opened for; 0 where none is spoken, or ALPN is to find it. */
function majorOf(stream: Stream, server: TrafficServer, hello: Hello | null): number {
  if (stream.raw || stream.backend!.config.mode !== 'http' || (hello !== null && hello.alpn.length > 0)) return 0;
  return server.config.proto === 'h2' ? 2 : 1;
}

/** How often a stream looks whether an idle connection of another thread has made room, ms. */
const ROOM_POLL = 10;

/** The server has as many connections as it may have (`strict-maxconn`): other threads are asked to end idle ones, for as long as connecting may take. */
function waitForRoom(stream: Stream, server: TrafficServer): void {
  const { env } = stream;
  const now = env.now();
  if (stream.roomUntil === 0) stream.roomUntil = now + (stream.timeouts.connect ?? stream.backend!.connectTimeout);
  if (now >= stream.roomUntil) {
    stream.roomUntil = 0;
    failConnect(stream, 'ETIMEDOUT');
    return;
  }
  env.post({ kind: 'idle.close', proxy: stream.backend!.id, server: server.id });
  stream.phase = Phase.turnaround;
  stream.waitUntil = now + ROOM_POLL;
  stream.keep();
  stream.schedule();
}

function pickPort(first: number, last: number): number {
  return last > first ? first + Math.floor(Math.random() * (last - first + 1)) : first;
}

/** The connection that a stream waits for, or used, failed before a response: connects again, elsewhere, or gives up. */
export function onConnectFailed(stream: Stream, code: string): void {
  detachServer(stream);
  failConnect(stream, code);
}

/** Connecting is tried again, unless `retry-on` lists other causes only. */
function retriesConnecting(causes: readonly string[]): boolean {
  return causes.includes('conn-failure') || causes.includes('all-retryable-errors');
}

function failConnect(stream: Stream, code: string): void {
  stream.serverError = ERRORS[code] ?? SOCKET_ERROR;
  const server = stream.server!;
  const backend = stream.backend!;
  const { env } = stream;
  if (server.config.observe === 'layer4')
    env.post({ kind: 'server.error', proxy: backend.id, server: server.id, layer: 4, count: 1 });
  if (stream.retriesLeft <= 0 || !retriesConnecting(backend.config.retryOn)) {
    server.c[C.failedConns]!++;
    backend.c[C.failedConns]!++;
    setCause(stream, code === 'ETIMEDOUT' ? 's' : 'S', 'C');
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
  stream.schedule();
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

/** Parts with the server connection, which is broken or no longer wanted; `reset`: so that the server sees that. */
export function detachServer(stream: Stream, reset = false): void {
  const conn = stream.serverConn;
  if (conn === null) return;
  stream.log.keepLocal();
  stream.serverConn = null;
  // It no longer waits for this one, be it before another try.
  stream.serverUntil = 0;
  conn.stream = null;
  conn.discard(reset);
}

/** Parts with the server connection after both sides have ended: the last bytes to the server are still written. */
export function finishServer(stream: Stream): void {
  const conn = stream.serverConn;
  if (conn === null) return;
  stream.log.keepLocal();
  stream.serverConn = null;
  conn.stream = null;
  conn.finish();
}

/** Parts with the server connection at the end of an exchange; it becomes idle when it can serve again. */
export function abandonServer(stream: Stream, reusable: boolean): void {
  const conn = stream.serverConn;
  if (conn === null) return;
  stream.log.keepLocal();
  stream.serverConn = null;
  conn.stream = null;
  conn.uses++;
  const { server, mux } = conn;
  if (mux !== null) {
    if (reusable) mux.release(conn);
    else conn.discard();
    return;
  }
  const { maxReuse } = server.config;
  if (conn.single || (maxReuse >= 0 && conn.uses > maxReuse)) {
    conn.discard();
    return;
  }
  if (!reusable || conn.peerEnded || conn.conn.closed || conn.conn.blocked || server.removed || !server.usable) {
    conn.discard();
    return;
  }
  if (stream.backend!.config.httpReuse === 'never') conn.private = true;
  conn.rest();
  if (conn.conn.closed) return;
  if (conn.conn.bulk) conn.conn.readBulk(false);
  conn.conn.resume();
  stream.client!.ownedConn = conn;
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

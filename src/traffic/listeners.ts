import { listenOptions } from '../config/listen-options.ts';
import { C, countRate, G, gaugeUp } from '../model/counters.ts';
import type { Conn, ConnHandler, ListenSpec, SocketOptions } from '../net/transport.ts';
import { Accepting } from './accepting.ts';
import type { ConnClient, Introduction } from './conn-client.ts';
import type { Env } from './env.ts';
import type { TrafficFrontend, TrafficListener } from './frontend.ts';
import { H2Connection } from './h2/connection.ts';
import { HttpClient } from './http-client.ts';
import { TcpClient } from './tcp-client.ts';
import type { ClientTls } from './tls/client-tls.ts';
import { leaveTls } from './tls/handshake.ts';
import type { Tracking } from './tracking.ts';

/** Connections accepted beyond a limit, kept unread until there is room; more than that are refused. */
const HELD_MAX = 1024;
/** How often held connections are looked at when a rate limit holds them back, ms. */
const RATE_POLL = 20;

/** A client connection as the frontend knows it. */
export interface Connected {
  readonly tls: ClientTls | null;
  closeIfIdle(): void;
  readonly tracking: Tracking | null;
}

const connected = new WeakMap<TrafficFrontend, Set<Connected>>();

/** Client connections of a frontend in this thread. */
export function connectionsOf(frontend: TrafficFrontend): Set<Connected> {
  let set = connected.get(frontend);
  if (set === undefined) {
    set = new Set();
    connected.set(frontend, set);
  }
  return set;
}

/** `frontend` takes the place of `old`: its open connections stay known. */
export function inheritConnections(frontend: TrafficFrontend, old: TrafficFrontend): void {
  connected.set(frontend, connectionsOf(old));
}

/** Binds a listener in this thread. Rejects with what the system said. */
export async function bindListener(
  env: Env,
  frontend: TrafficFrontend,
  listener: TrafficListener,
  inherited: readonly number[] = [],
): Promise<void> {
  if (listener.sockets.length > 0) return;
  const spec = listenSpec(env, frontend, listener);
  const specs: ListenSpec[] = inherited.length === 0 ? [spec] : inherited.map((fd) => ({ ...spec, family: 'fd', fd }));
  for (const one of specs)
    listener.sockets.push(await env.transport.listen(one, (conn) => onAccept(env, frontend, listener, conn)));
}

function listenSpec(env: Env, frontend: TrafficFrontend, listener: TrafficListener): ListenSpec {
  const { address, backlog, saveSyn } = listener.config;
  const shared = {
    ...listenOptions(listener.config),
    backlog: backlog ?? frontend.config.backlog ?? (frontend.maxconn || env.limits.maxconn || 1024),
    port: 0,
    fd: -1,
    saveSyn,
    wrapped: listener.tls !== null,
    // A reload puts another frontend in the place of this one.
    options: () => clientOptions(env, env.frontends.get(frontend.id) ?? frontend),
  };
  switch (address.family) {
    case 'unix':
      return { ...shared, family: 'unix', host: address.path };
    case 'abns':
      return { ...shared, family: address.short ? 'abnsz' : 'abns', host: address.path };
    case 'fd':
      return { ...shared, family: 'fd', host: '', fd: address.fd };
    case 'inet':
    case 'inet6':
      return { ...shared, family: address.family, host: address.host, port: address.port };
    default:
      throw new Error(`cannot listen on a '${address.family}' address`);
  }
}

/** What the sockets of clients are told. */
function clientOptions(env: Env, frontend: TrafficFrontend): SocketOptions | null {
  const { rcvbufClient: rcvbuf, sndbufClient: sndbuf } = env.global.tune;
  const { keepAlive } = frontend;
  if (!keepAlive && rcvbuf === null && sndbuf === null) return null;
  return { keepAlive, probes: frontend.config.clientProbes, userTimeout: 0, rcvbuf, sndbuf };
}

/** Releases a listener's port in this thread. */
export async function unbindListener(listener: TrafficListener): Promise<void> {
  await Promise.all(listener.sockets.splice(0).map((socket) => socket.close()));
}

function onAccept(env: Env, bound: TrafficFrontend, boundListener: TrafficListener, conn: Conn): void {
  // A reload puts another frontend in the place of the one that bound the socket.
  const frontend = env.frontends.get(bound.id) ?? bound;
  const listener = frontend.listeners.find(({ id }) => id === boundListener.id) ?? boundListener;
  if (isFull(env, frontend, listener) || frontend.held.length > 0) {
    if (frontend.held.length >= HELD_MAX) conn.destroy();
    else {
      frontend.held.push({ conn, listener });
      if (frontend.held.length === 1) env.later(RATE_POLL, () => admitHeld(env, frontend));
    }
    return;
  }
  admit(env, frontend, listener, conn);
}

/** A limit says that no further connection may be served now, or none may yet. */
function isFull(env: Env, frontend: TrafficFrontend, listener: TrafficListener): boolean {
  if (env.holding) return true;
  if (frontend.maxconn > 0 && Atomics.load(frontend.g, G.current) >= frontend.maxconn) return true;
  if (env.limits.maxconn > 0 && Atomics.load(env.g, G.current) >= env.limits.maxconn) return true;
  const { maxconn } = listener.config;
  if (maxconn !== null && Atomics.load(listener.g, G.current) >= maxconn && listener.counted) return true;
  const rate = frontend.config.rateLimitSessions;
  if (rate > 0 && frontend.sessionRate() >= rate) return true;
  if (listener.tls !== null && env.limits.sslRate > 0 && processRate(env, C.sslRate) >= env.limits.sslRate) return true;
  if (env.limits.sessRate > 0 && processRate(env, C.sessRate) >= env.limits.sessRate) return true;
  return env.limits.connRate > 0 && processRate(env, C.connRate) >= env.limits.connRate;
}

function processRate(env: Env, field: number): number {
  const second = Math.floor(env.now() / 1000);
  return env.c[field] === second ? env.c[field + 1]! : 0;
}

/** Counts a connection in and gives it to its protocol. */
function admit(env: Env, frontend: TrafficFrontend, listener: TrafficListener, conn: Conn): void {
  const second = Math.floor(env.now() / 1000);
  gaugeUp(frontend.g, G.current);
  gaugeUp(env.g, G.current);
  frontend.c[C.connections]!++;
  env.c[C.connections]!++;
  countRate(frontend.c, C.connRate, second, frontend.g, G.connRateMax);
  countRate(env.c, C.connRate, second, env.g, G.connRateMax);
  if (listener.tls !== null) {
    env.c[C.sslConnections]!++;
    countRate(env.c, C.sslRate, second, env.g, G.sslRateMax);
  }
  if (listener.counted) {
    gaugeUp(listener.g, G.current);
    listener.c[C.connections]!++;
    countRate(listener.c, C.sessRate, second, listener.g, G.sessRateMax);
    listener.c[C.sessions]!++;
  }
  begin(env, frontend, listener, conn);
  if (!conn.closed) conn.start();
}

/** Starts the session on an admitted connection, after what must come before it. */
function begin(env: Env, frontend: TrafficFrontend, listener: TrafficListener, conn: Conn): void {
  const { rules } = frontend;
  const { acceptProxy, netscalerCip } = listener.config;
  const plain = !acceptProxy && netscalerCip === null && listener.tls === null;
  if (plain && (rules === null || (rules.connection === null && rules.session === null))) {
    startSession(env, frontend, listener, conn, null);
    return;
  }
  const accepting: Accepting = new Accepting(env, conn, frontend, listener, {
    start(settled, introduction) {
      connectionsOf(frontend).delete(accepting);
      return startSession(env, frontend, listener, settled, introduction);
    },
    ended: () => connectionEnded(env, frontend, listener, accepting),
  });
  connectionsOf(frontend).add(accepting);
  accepting.begin();
}

function startSession(
  env: Env,
  frontend: TrafficFrontend,
  listener: TrafficListener,
  conn: Conn,
  introduction: Introduction | null,
): ConnHandler {
  const second = Math.floor(env.now() / 1000);
  frontend.c[C.sessions]!++;
  env.c[C.sessions]!++;
  countRate(frontend.c, C.sessRate, second, frontend.g, G.sessRateMax);
  countRate(env.c, C.sessRate, second, env.g, G.sessRateMax);
  if (frontend.http && introduction?.tls?.alpn === 'h2') {
    const client = new H2Connection(env, conn, frontend, listener, introduction);
    connectionsOf(frontend).add(client);
    return client;
  }
  if (frontend.http) {
    frontend.c[C.h1Sessions]!++;
    const client = new HttpClient(env, conn, frontend, listener, introduction);
    connectionsOf(frontend).add(client);
    return client;
  }
  frontend.c[C.sessOther]!++;
  const client = new TcpClient(env, conn, frontend, listener, introduction);
  connectionsOf(frontend).add(client);
  client.begin();
  // Another protocol may have taken over.
  return conn.handler;
}

/** HTTP takes over a connection of mode tcp: `proto` says which version, null leaves it to the first bytes. Returns who reads it now. */
export function switchConnection(from: ConnClient & Connected, proto: 'h1' | 'h2' | null): ConnHandler {
  const { env, conn, frontend, listener } = from;
  const set = connectionsOf(frontend);
  set.delete(from);
  if (proto === 'h2') {
    const connection = new H2Connection(env, conn, frontend, listener, from.introduction());
    set.add(connection);
    return connection;
  }
  frontend.c[C.h1Sessions]!++;
  const client = new HttpClient(env, conn, frontend, listener, from.introduction());
  client.onlyH1 = proto === 'h1';
  set.add(client);
  return client;
}

/** A client connection is gone: counts it out and lets a held one in. */
export function connectionEnded(
  env: Env,
  frontend: TrafficFrontend,
  listener: TrafficListener,
  client: Connected,
): void {
  connectionsOf(frontend).delete(client);
  if (client.tls !== null) leaveTls(env);
  client.tracking?.release(env.tables.ledger, env.now());
  Atomics.sub(frontend.g, G.current, 1);
  Atomics.sub(env.g, G.current, 1);
  if (listener.counted) Atomics.sub(listener.g, G.current, 1);
  if (frontend.held.length > 0) admitHeld(env, frontend);
}

/** Lets in as many held connections as the limits allow. */
export function admitHeld(env: Env, frontend: TrafficFrontend): void {
  while (frontend.held.length > 0) {
    const { conn, listener } = frontend.held[0]!;
    if (isFull(env, frontend, listener)) {
      env.later(RATE_POLL, () => admitHeld(env, frontend));
      return;
    }
    frontend.held.shift();
    if (!conn.closed) admit(env, frontend, listener, conn);
  }
}

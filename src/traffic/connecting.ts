import type { EndpointView } from '../expr/types.ts';
import { C } from '../model/counters.ts';
import { connectThrough } from '../net/socks4.ts';
import { Phase } from './phase.ts';
import { failConnect } from './retrying.ts';
import { requestFacts } from './send-proxy.ts';
import type { TrafficServer } from './server.ts';
import { ServerConn } from './server-conn.ts';
import { placeOf } from './server-place.ts';
import { shownSource } from './shown-source.ts';
import type { Stream } from './stream.ts';
import { beginWait } from './tcp-waiting.ts';
import { helloFor, helloKey, nameFor } from './tls/server-name.ts';
import type { Hello } from './tls/server-tls.ts';

/** How often a stream looks whether an idle connection of another thread has made room, ms. */
const ROOM_POLL = 10;

/** Goes to the server: over an idle connection if the reuse mode allows it, else over a new one. */
export function connectOrReuse(stream: Stream): void {
  const server = stream.server!;
  const hello = server.tls === null ? null : helloFor(stream, server);
  const shown = shownSource(stream, server);
  const place = placeOf(stream, server.view);
  const key = keyOf(stream, server, hello, shown, place);
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
    stream.log.connectEnd = stream.env.now();
    stream.onServerReady();
    return;
  }
  connect(stream, server, hello, shown, place, key);
}

/**
 * Streams may use each other's connections when they ask for the same, and are shown as coming from the same place. A name of the
 * connection takes the place of the one that the server is asked for (manual, `pool-conn-name`).
 */
function keyOf(
  stream: Stream,
  server: TrafficServer,
  hello: Hello | null,
  shown: EndpointView | null,
  place: EndpointView | null,
): string {
  const name = server.connName === null ? null : nameFor(stream, server.connName);
  let key = hello === null ? '' : helloKey(name === null ? hello : { ...hello, name: '' });
  if (shown !== null) key += ` ${shown.host} ${shown.port}`;
  if (place !== null) key += ` at ${place.host} ${place.port}`;
  if (isOtherProto(stream, server)) key += ` ws ${server.config.ws}`;
  if (server.config.sendProxy !== 0) key += toldKey(stream, server);
  return name === null ? key : `${key}\n${name}`;
}

/**
 * A connection whose server was told of the client in front is for requests that rules leave the same addresses, and of which there is
 * nothing else to tell.
 */
function toldKey(stream: Stream, server: TrafficServer): string {
  const { sourceOverride: from, destinationOverride: to } = stream;
  const facts = requestFacts(stream, server);
  return `${from === null ? '' : ` from ${from.host} ${from.port}`}${to === null ? '' : ` to ${to.host} ${to.port}`}${facts}`;
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
  }
  if (stream.avoidReuse || stream.serverLabels !== null) return null;
  const conn = stream.client!.ownConnections.find(server, key);
  if (conn !== null) return conn.take();
  // Clients that speak HTTP/2 know what to do about a request that was not looked at: their first one is like any other.
  const first = stream.client!.exchanges === 1 && stream.clientVersion !== 20;
  return server.pool.take(stream.backend!.config.httpReuse, first, key);
}

/** Opens a connection to `server`. */
function connect(
  stream: Stream,
  server: TrafficServer,
  hello: Hello | null,
  shown: EndpointView | null,
  place: EndpointView | null,
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
  conn.h2 = (isOtherProto(stream, server) ? config.ws : config.proto) === 'h2';
  conn.stream = stream;
  conn.single = stream.serverLabels !== null;
  // As in HAProxy, what `dispatch` and `option transparent` lead to is for one client.
  conn.private = server.unnamed;
  conn.use(!stream.raw && !conn.single && !conn.private && backend.config.httpReuse !== 'never');
  stream.serverConn = conn;
  stream.serverMajor = majorOf(stream, conn);
  stream.phase = Phase.connect;
  const timeout = stream.timeouts.connect ?? backend.connectTimeout;
  stream.waitUntil = timeout > 0 ? env.now() + timeout : 0;
  const source = config.source ?? backend.config.source;
  const { host, port } = place ?? { host: view.host, port: view.port };
  server.c[C.connect]!++;
  backend.c[C.connect]!++;
  conn.conn = connectThrough(
    env.transport,
    config.socks4,
    {
      family: place === null ? view.family : host.includes(':') ? 'inet6' : 'inet',
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
  if (stream.raw) beginWait(stream);
  else stream.schedule();
}

/** The version that a connection is opened for; 0 where none is spoken, or ALPN is to find it. */
function majorOf(stream: Stream, { hello, h2 }: ServerConn): number {
  if (stream.raw || stream.backend!.config.mode !== 'http' || (hello !== null && hello.alpn.length > 0)) return 0;
  return h2 ? 2 : 1;
}

/** A WebSocket for which the server has another version of HTTP than for the rest (manual, `ws`). */
function isOtherProto({ webSocketKey }: Stream, { config: { ws, proto } }: TrafficServer): boolean {
  return webSocketKey !== '' && ws !== 'auto' && ws !== (proto ?? 'h1');
}

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

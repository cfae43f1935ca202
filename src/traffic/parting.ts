import type { Stream } from './stream.ts';

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
  if (conn.private && !stream.client!.ownConnections.keep(conn, stream.frontend.config.maxSessionSrvConns)) {
    conn.discard();
    return;
  }
  conn.rest();
  if (conn.conn.closed) return;
  if (conn.conn.bulk) conn.conn.readBulk(false);
  conn.conn.resume();
  stream.client!.ownedConn = conn;
}

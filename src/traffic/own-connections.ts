import type { H2ServerConnection } from './h2/server-connection.ts';
import type { PooledConn } from './idle-pool.ts';
import type { TrafficServer } from './server.ts';
import type { ServerConn } from './server-conn.ts';

/** Connections to servers that serve one client only, for the time being (over HTTP/2) or for good. */
export class OwnConnections {
  readonly #conns = new Set<H2ServerConnection>();
  /** Those over HTTP/1, which rest or are in use; null until there is one. */
  #single: Set<ServerConn> | null = null;

  add(conn: H2ServerConnection): void {
    this.#conns.add(conn);
  }

  remove(conn: H2ServerConnection): void {
    this.#conns.delete(conn);
  }

  /** Has `conn`, over HTTP/1, rest for this client; false when `most` do so already (manual, `max-session-srv-conns`). */
  keep(conn: ServerConn, most: number): boolean {
    const single = (this.#single ??= new Set());
    let resting = 0;
    for (const one of single) {
      if (one === conn || one.conn.closed) single.delete(one);
      else if (one.stream === null) resting++;
    }
    if (resting >= most) return false;
    single.add(conn);
    return true;
  }

  /** One to `server` that is free for another stream, null when there is none. `key` as in `ServerConn`. */
  find(server: TrafficServer, key: string): PooledConn | null {
    if (this.#single !== null) {
      for (const conn of this.#single)
        if (conn.server === server && conn.key === key && conn.stream === null && !conn.conn.closed) return conn;
    }
    for (const conn of this.#conns) if (conn.server === server && conn.key === key && conn.available > 0) return conn;
    return null;
  }

  /** The client has ended. */
  close(): void {
    for (const conn of this.#single ?? []) if (conn.stream === null) conn.discard();
    this.#single?.clear();
    for (const conn of [...this.#conns]) conn.onOwnerGone();
    this.#conns.clear();
  }
}

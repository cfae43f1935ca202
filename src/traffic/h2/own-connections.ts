import type { TrafficServer } from '../server.ts';
import type { H2ServerConnection } from './server-connection.ts';

/** Connections to servers over HTTP/2 that serve the streams of one client only, for the time being or for good. */
export class OwnConnections {
  readonly #conns = new Set<H2ServerConnection>();

  add(conn: H2ServerConnection): void {
    this.#conns.add(conn);
  }

  remove(conn: H2ServerConnection): void {
    this.#conns.delete(conn);
  }

  /** One to `server` that may begin another stream, null when there is none. `key` as in `ServerConn`. */
  find(server: TrafficServer, key: string): H2ServerConnection | null {
    for (const conn of this.#conns) if (conn.server === server && conn.key === key && conn.available > 0) return conn;
    return null;
  }

  /** The client has ended. */
  close(): void {
    for (const conn of [...this.#conns]) conn.onOwnerGone();
    this.#conns.clear();
  }
}

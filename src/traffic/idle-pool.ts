import type { ProxyConfig } from '../config/types.ts';
import { C, COUNTER_FIELDS } from '../model/counters.ts';
import type { H2ServerConnection } from './h2/server-connection.ts';
import type { TrafficServer } from './server.ts';
import type { ServerConn } from './server-conn.ts';

/** What rests in a pool. */
export interface PooledConn {
  /** Bound to one client. */
  readonly private: boolean;
  /** The server is likely to keep it open. */
  readonly safe: boolean;
  /** What streams must have in common to use it one after the other. */
  readonly key: string;
  /** Takes it out of the pool for a stream; null when it can serve none any more. */
  take(): ServerConn | null;
  /** Ends it; it takes itself out of the pool. */
  discard(): void;
}

/**
 * The idle connections of a server in this thread, and the estimate of how many are needed (manual, `http-reuse`, `pool-purge-delay`): the
 * most that were in use at once, which is forgotten by halves at each purge. A connection beyond that is not kept, and each purge ends
 * half of those that are there beyond it. Threads do not share idle connections, so each estimates for itself.
 */
export class IdlePool {
  readonly #server: TrafficServer;
  /** The last used one last. Private ones are here too: they wait for one client, and are neither counted nor purged with the others. */
  readonly #idle: PooledConn[] = [];
  /** Connections over HTTP/2 that have streams and are open to those of any client. */
  readonly #open: H2ServerConnection[] = [];
  /** All connections over HTTP/2. */
  readonly muxes = new Set<H2ServerConnection>();
  /** Idle ones that any client may use. */
  #shared = 0;
  /** Connections with a stream that may become idle; the most of them since the last purge; the estimate. */
  #inUse = 0;
  #mostUsed = 0;
  #needed = 0;
  #purging = false;

  constructor(server: TrafficServer) {
    this.#server = server;
    // The row may be that of a thread that was lost.
    for (const field of [C.idleUnsafe, C.idleSafe, C.idlePrivate, C.neededConns, C.mostUsedConns]) server.c[field] = 0;
  }

  get size(): number {
    return this.#idle.length;
  }

  /** A connection is opened for a stream, or taken from here. `shared` as in `ServerConn.use`. */
  use(shared: boolean): void {
    const now = this.#inUse + 1;
    if (shared) this.#inUse = now;
    if (now <= this.#mostUsed) return;
    this.#mostUsed = now;
    if (now > this.#needed) this.#needed = now;
    this.#publish();
  }

  /** The connection is no longer in use. */
  release(): void {
    this.#inUse--;
  }

  /** Takes `conn` out if it is here: it is used again by the client that it belongs to, or it has ended. */
  remove(conn: PooledConn): void {
    const at = this.#idle.lastIndexOf(conn);
    if (at >= 0) this.#removeAt(at);
  }

  /** Takes a connection that the mode lets a client use, null when there is none. `first`: this is the first request of the client. */
  take(mode: ProxyConfig['httpReuse'], first: boolean, key: string): ServerConn | null {
    if (mode === 'never') return null;
    for (let i = this.#open.length - 1; i >= 0; i--) {
      const conn = this.#open[i]!;
      if (conn.key !== key) continue;
      if (conn.available > 0) return conn.take();
      this.#open.splice(i, 1);
    }
    if (first && mode === 'safe') return null;
    const idle = this.#idle;
    for (let i = idle.length - 1; i >= 0; i--) {
      const conn = idle[i]!;
      if (conn.private || conn.key !== key || (first && mode === 'aggressive' && !conn.safe)) continue;
      const taken = conn.take();
      if (taken !== null) return taken;
    }
    return null;
  }

  /** A connection over HTTP/2 may begin streams for any client. */
  offer(conn: H2ServerConnection): void {
    if (!this.#open.includes(conn)) this.#open.push(conn);
  }

  /** It may not any more. */
  withdraw(conn: H2ServerConnection): void {
    const at = this.#open.indexOf(conn);
    if (at >= 0) this.#open.splice(at, 1);
  }

  /** Keeps `conn`, which is still in use, as an idle one. False when there are enough. */
  keep(conn: PooledConn): boolean {
    if (!conn.private) {
      const { poolPurgeDelay, poolMaxConn, poolLowConn } = this.#server.config;
      if (poolPurgeDelay === 0 || (poolMaxConn >= 0 && this.#idleOverall() >= poolMaxConn)) return false;
      if (this.#inUse + this.#shared > Math.max(this.#inUse, this.#needed) + poolLowConn) return false;
      this.#shared++;
      if (!this.#purging) this.#armPurge();
    }
    this.#server.c[fieldOf(conn)]!++;
    this.#idle.push(conn);
    return true;
  }

  /** Ends the connection that has been idle longest. False: there is none. */
  endOldest(): boolean {
    const oldest = this.#idle[0];
    oldest?.discard();
    return oldest !== undefined;
  }

  /** Ends all of them (server down, moved or removed); those that are in use end with their last stream. */
  close(): void {
    // Each takes itself out of the list.
    for (const conn of [...this.#idle]) conn.discard();
    for (const conn of this.muxes) conn.retire();
  }

  #removeAt(at: number): void {
    const conn = this.#idle[at]!;
    this.#idle.splice(at, 1);
    this.#server.c[fieldOf(conn)]!--;
    if (!conn.private) this.#shared--;
  }

  /** Idle connections of all threads. */
  #idleOverall(): number {
    const { rows, env } = this.#server;
    let sum = 0;
    for (let row = 0; row < env.threads * COUNTER_FIELDS; row += COUNTER_FIELDS)
      sum += rows[row + C.idleUnsafe]! + rows[row + C.idleSafe]!;
    return sum;
  }

  #publish(): void {
    const { c } = this.#server;
    c[C.neededConns] = this.#needed;
    c[C.mostUsedConns] = this.#mostUsed;
  }

  #armPurge(): void {
    this.#purging = true;
    this.#server.env.later(this.#server.config.poolPurgeDelay, () => this.#purge());
  }

  /** Ends half of the connections that are too many, those that have been idle longest. */
  #purge(): void {
    this.#purging = false;
    const excess = this.#inUse + this.#shared - Math.max(this.#mostUsed, this.#needed);
    this.#needed = Math.max(this.#mostUsed, (this.#needed + this.#mostUsed) >> 1);
    this.#mostUsed = this.#inUse;
    this.#publish();
    if (excess > 0) {
      // One more than half, as HAProxy, so that the last one ends too.
      const ending = this.#idle.filter((conn) => !conn.private).slice(0, Math.ceil(excess / 2) + 1);
      for (const conn of ending) conn.discard();
    }
    if (this.#shared > 0) this.#armPurge();
  }
}

function fieldOf(conn: PooledConn): number {
  return conn.private ? C.idlePrivate : conn.safe ? C.idleSafe : C.idleUnsafe;
}

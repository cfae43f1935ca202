import { isUndelivered } from '../util/libc.ts';
import { noHandler } from './no-handler.ts';
import { endUnnoticed } from './sockets.ts';
import type { Conn } from './transport.ts';

/** Between two looks at what the peer has acknowledged, ms. */
const FIRST_LOOK = 10;
const LAST_LOOK = 1000;

/** What a peer gets at least, ms. */
const PATIENCE = 1000;

/**
 * Ends a connection so that nothing of it is left in the system: FIN behind what is pending, and a reset once the peer has all of it, or
 * when it takes longer than `timeout` ms. No event follows; `gone` is called when it is closed.
 */
export function resetWhenDelivered(conn: Conn, timeout: number, gone: () => void): void {
  if (conn.closed) {
    gone();
    return;
  }
  conn.handler = noHandler;
  conn.end();
  // What still comes is dropped.
  conn.resume();
  whenDelivered(conn, FIRST_LOOK, Math.max(PATIENCE, timeout), () => {
    conn.destroy(true);
    gone();
  });
}

/** Ends a connection without a word (`endUnnoticed`) once its peer has all that is pending, or after a second. Otherwise as above. */
export function vanishWhenDelivered(conn: Conn, ttl: number, gone: () => void): void {
  conn.handler = noHandler;
  conn.pause();
  whenDelivered(conn, FIRST_LOOK, PATIENCE, () => {
    if (!conn.closed) endUnnoticed(conn.fd, conn.remoteHost.includes(':'), ttl);
    conn.destroy(true);
    gone();
  });
}

function whenDelivered(conn: Conn, delay: number, patience: number, done: () => void): void {
  const wait = Math.min(delay, patience);
  setTimeout(() => {
    const left = patience - wait;
    if (!conn.closed && left > 0 && (conn.blocked || isUndelivered(conn.fd))) {
      whenDelivered(conn, Math.min(delay * 2, LAST_LOOK), left, done);
      return;
    }
    done();
  }, wait).unref();
}

import { isUndelivered } from '../util/libc.ts';
import { noHandler } from './no-handler.ts';
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
  lookAgain(conn, FIRST_LOOK, Math.max(PATIENCE, timeout), gone);
}

function lookAgain(conn: Conn, delay: number, patience: number, gone: () => void): void {
  const wait = Math.min(delay, patience);
  setTimeout(() => {
    const left = patience - wait;
    if (!conn.closed && left > 0 && (conn.blocked || isUndelivered(conn.fd))) {
      lookAgain(conn, Math.min(delay * 2, LAST_LOOK), left, gone);
      return;
    }
    conn.destroy(true);
    gone();
  }, wait).unref();
}

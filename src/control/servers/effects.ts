import type { Proxy } from '../../model/proxy.ts';
import type { Server } from '../../model/server.ts';

/** What a state transition does outside the model. The state machine itself only touches `Server` and `Proxy` objects. */
export interface StateEffects {
  /** Date, ms. */
  now(): number;
  /** Streams served by a counter slot now, and streams waiting in its queue. */
  load(slot: number): { readonly current: number; readonly queued: number };
  /** Sends a line to the log targets of a proxy; level in syslog numbers. */
  log(proxy: Proxy, level: number, text: string): void;
  /** What HAProxy prints on stderr besides: `[WARNING] (pid) : text`. */
  console(severity: 'ALERT' | 'WARNING', text: string): void;
  /** The traffic threads must learn of this server's new state. */
  changed(server: Server): void;
  /** Ends the streams of a server: `D` it was marked down, `U` a better one came up. */
  kill(server: Server, why: 'D' | 'U'): void;
  /** A slow start begins: `warmUp` is to be called until it answers 0. */
  warm(server: Server): void;
}

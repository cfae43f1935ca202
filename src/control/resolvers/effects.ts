import type { Proxy } from '../../model/proxy.ts';
import type { Server } from '../../model/server.ts';

/** What resolving does to servers. All of these take effect in the model before they return. */
export interface ResolverEffects {
  /** Puts an IP address in force, or none; and a port, unless it is to stay. */
  setAddress(server: Server, host: string | null, port?: number): void;
  /** Takes a server out of the maintenance for want of an address, or puts it there (`Admin.resolveMaint`), with the usual lines. */
  setResolved(server: Server, resolved: boolean, reason: string): void;
  /** The host name of a server that follows an SRV record, null for none (`Admin.fqdnChanged` is set from then on). */
  setFqdn(server: Server, fqdn: string | null): void;
  /** The weight from an SRV record, 0..256. */
  setWeight(server: Server, weight: number): void;
  /** Sends a line to the log targets of a proxy; level in syslog numbers. */
  log(proxy: Proxy, level: number, text: string): void;
  /** What HAProxy prints on stderr besides: `[WARNING]  (pid) : text`. */
  console(severity: 'WARNING', text: string): void;
}

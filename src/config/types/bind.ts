/** `bind` and `stats socket` lines. */

import type { Address } from './address.ts';
import type { Location } from './place.ts';
import type { BindTlsConfig } from './tls.ts';

/** Options of a `bind` or `stats socket` line. */
export interface BindConfig {
  readonly at: Location;
  /** One address of the (comma separated) line; a port range is expanded into several binds. */
  readonly address: Address;
  /** Position of the listener in its proxy, unless `id` forces it. */
  readonly id: number | null;
  readonly name: string | null;
  readonly maxconn: number | null;
  readonly backlog: number | null;
  readonly acceptProxy: boolean;
  /** Magic number of the NetScaler client IP header that comes first (`accept-netscaler-cip`), null: none does. */
  readonly netscalerCip: number | null;
  readonly interface: string | null;
  readonly v6only: boolean;
  readonly v4v6: boolean;
  readonly transparent: boolean;
  /** `none`: bytes alone, never HTTP. */
  readonly proto: 'h1' | 'h2' | 'none' | null;
  readonly deferAccept: boolean;
  /** Largest segment; negative: so much less than the kernel's; 0: the kernel's. */
  readonly mss: number;
  /** TCP fast open. */
  readonly tfo: boolean;
  /** Congestion control algorithm (`cc`), or null: the kernel's. */
  readonly congestion: string | null;
  /** ms that sent data may stay unacknowledged, 0: as the kernel says. */
  readonly tcpUserTimeout: number;
  /** How often an idle connection over HTTP/2 is asked whether its peer is there, ms; 0: not. */
  readonly idlePing: number;
  /** Network namespace to listen in; key of the signatures of segments (`tcp-md5sig`), which all clients must have. */
  readonly namespace: string | null;
  readonly md5Key: string | null;
  /** Connections keep the headers of their first packet (`tcp-ss`): 1 of IP and TCP, 2 that of Ethernet, too; 0: none. */
  readonly saveSyn: 0 | 1 | 2;
  /** Unix sockets and the CLI. Names are resolved to ids at start. */
  readonly mode: number | null;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly user: string | null;
  readonly group: string | null;
  readonly level: 'user' | 'operator' | 'admin';
  readonly severityOutput: 'none' | 'number' | 'string';
  readonly exposeFdListeners: boolean;
  /** What belongs to `ssl`, or null without it. */
  readonly tls: BindTlsConfig | null;
}

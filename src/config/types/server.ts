/** `server` lines, their checks and agents. */

import type { Address } from './address.ts';
import type { HealthCheckSection } from './checks.ts';
import type { Location } from './place.ts';
import type { ServerTlsConfig } from './tls.ts';

/** A `server` line, or one made from `server-template`, with `default-server` settings merged in. */
export interface ServerConfig {
  readonly at: Location;
  readonly name: string;
  readonly address: Address;
  /** From `id`, or null: assigned in order. */
  readonly id: number | null;
  readonly weight: number;
  readonly maxconn: number;
  readonly minconn: number;
  readonly maxqueue: number;
  readonly backup: boolean;
  /** Stick tables do not learn it. */
  readonly nonStick: boolean;
  readonly disabled: boolean;
  readonly cookie: string | null;
  readonly slowstart: number;
  readonly redir: string | null;
  readonly sendProxy: 0 | 1 | 2;
  readonly proxyV2Options: readonly string[];
  /** TLVs of version 2 with a value of their own: type, and log-format. */
  readonly proxyTlvs: readonly { readonly type: number; readonly format: string }[];
  readonly source: SourceConfig | null;
  /** The SOCKS4 proxy that connections go through; checks too with `checkViaSocks4`. */
  readonly socks4: { readonly family: 'inet' | 'inet6'; readonly host: string; readonly port: number } | null;
  readonly checkViaSocks4: boolean;
  /** Congestion control algorithm (`cc`), or null: the kernel's. */
  readonly congestion: string | null;
  readonly errorLimit: number;
  readonly observe: 'none' | 'layer4' | 'layer7';
  readonly onError: 'fastinter' | 'fail-check' | 'sudden-death' | 'mark-down';
  readonly onMarkedDown: 'none' | 'shutdown-sessions';
  readonly onMarkedUp: 'none' | 'shutdown-backup-sessions';
  /** `backend/server` or `server` of the same backend. */
  readonly track: string | null;
  readonly initState: 'up' | 'fully-up' | 'down' | 'fully-down';
  /** Methods of `init-addr`, in order; empty: HAProxy's default, `last,libc`, and `none` too for a server with `resolvers`. */
  readonly initAddr: readonly string[];
  readonly resolvers: string | null;
  readonly resolvePrefer: 0 | 4 | 6;
  readonly resolveOpts: readonly string[];
  /** Networks whose addresses are preferred (`resolve-net`), as `address/length`; absent: none. */
  readonly resolveNet?: readonly string[];
  /** `maxconn` bounds connections, idle ones included. */
  readonly strictMaxconn: boolean;
  /** How often an idle connection over HTTP/2 is asked whether its peer is there, ms; 0: not. */
  readonly idlePing: number;
  readonly poolLowConn: number;
  readonly poolMaxConn: number;
  readonly poolPurgeDelay: number;
  readonly maxReuse: number;
  /** An expression: streams share connections of the same name alone (`pool-conn-name`). */
  readonly poolConnName: string | null;
  readonly tcpUserTimeout: number;
  /** Network namespace that connections to it belong to; key of the signatures of their segments (`tcp-md5sig`). */
  readonly namespace: string | null;
  readonly md5Key: string | null;
  readonly proto: 'h1' | 'h2' | 'none' | null;
  /** What WebSockets are spoken over; `auto`: as other requests, but HTTP/1.1 where ALPN leaves the choice. */
  readonly ws: 'auto' | 'h1' | 'h2';
  readonly guid: string | null;
  readonly hashKey: 'id' | 'addr' | 'addr-port';
  readonly check: CheckConfig | null;
  readonly agent: AgentConfig | null;
  /** The settings that checks and agent checks would have if they were on: for `default-server` and servers made from it. */
  readonly checkDefaults?: CheckConfig;
  readonly agentDefaults?: AgentConfig;
  /** A `default-server` line applies to it. */
  readonly onDefaultServer?: boolean;
  /** Settings of TLS, whether it is spoken or not; null: none is written. */
  readonly tls: ServerTlsConfig | null;
  /** Framing of lines sent to a server of a `ring` section (`log-proto`); absent: `legacy`, a line feed after each. */
  readonly logProto?: 'legacy' | 'octet-count';
  /** Set when the server came from `server-template`: its prefix. */
  readonly template: string | null;
}

/** What servers are shown as the source of connections (`usesrc`). */
export type ShownSource =
  | { readonly kind: 'client' /** The client's port, too. */; readonly withPort: boolean }
  | { readonly kind: 'address'; readonly host: string; readonly port: number }
  /** The address in a header; `occurrence` counts from 1, or from the last one with -1. */
  | { readonly kind: 'header'; readonly name: string; readonly occurrence: number };

export interface SourceConfig {
  /** null: the machine's own address, as the other fields say; health checks always come from that. */
  readonly shown: ShownSource | null;
  readonly host: string;
  readonly port: number;
  readonly portEnd: number;
  readonly interface: string | null;
}

/** `check` and its timing (manual, section 5.2). */
export interface CheckConfig {
  readonly inter: number;
  readonly fastinter: number | null;
  readonly downinter: number | null;
  readonly rise: number;
  readonly fall: number;
  /** Explicit `port`, else 0. */
  readonly port: number;
  /** Explicit `addr`, else null. */
  readonly addr: string | null;
  /** The port in `addr`, for checks without `port`; 0: there is none. */
  readonly addrPort: number;
  readonly sendProxy: boolean;
  /** `check-proto`; null: as the server's `proto`. */
  readonly proto: 'h1' | 'h2' | null;
  /** What `healthcheck <name>` names; null: the backend's. */
  readonly definition: HealthCheckSection | null;
}

/** `agent-check`: without `agent-port` and `agent-addr` it goes where `port` and `addr` say. */
export interface AgentConfig {
  readonly inter: number;
  readonly port: number;
  readonly addr: string | null;
  readonly send: string | null;
}

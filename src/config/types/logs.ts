/** Where logs go, and what they are made of: `log` lines, `log-forward`, `log-profile` and `ring` sections. */

import type { Address } from './address.ts';
import type { BindConfig } from './bind.ts';
import type { Location, WordsAt } from './place.ts';
import type { ServerConfig } from './server.ts';

/** One `log` target (manual, section 4.2 "log"). */
export interface LogTargetConfig {
  readonly at: Location;
  /** An address, or a standard stream, or a ring. */
  readonly target: Address | { readonly family: 'stdout' } | { readonly family: 'stderr' };
  readonly format: 'local' | 'rfc3164' | 'rfc5424' | 'priority' | 'short' | 'timed' | 'iso' | 'raw';
  readonly facility: string;
  readonly level: string;
  readonly minLevel: string;
  readonly maxLength: number;
  readonly sample: { readonly ranges: readonly (readonly [number, number])[]; readonly size: number } | null;
  /** Other formats for this target. */
  readonly profile: LogProfileConfig | null;
}

/** A `log` line of a `log-forward` section. `format`: null, as each message came. */
export type ForwardTargetConfig = Omit<LogTargetConfig, 'format'> & {
  readonly format: LogTargetConfig['format'] | null;
};

/** A `log-forward` section: logs of others are received and sent on. */
export interface LogForwardConfig {
  readonly name: string;
  readonly at: Location;
  /** Addresses of IPv4 and IPv6, for connections and for datagrams. */
  readonly binds: readonly BindConfig[];
  readonly datagramBinds: readonly BindConfig[];
  readonly logs: readonly ForwardTargetConfig[];
  /** Connections at the same time. */
  readonly maxconn: number;
  readonly backlog: number | null;
  /** ms of silence until a connection ends, null: for ever. */
  readonly timeoutClient: number | null;
  /** Messages go on as they are (`option dont-parse-log`). */
  readonly unparsed: boolean;
  /** In connections, messages end at line ends only (`option assume-rfc6587-ntf`). */
  readonly linesOnly: boolean;
  /** What is told as the host that a message is from (`option host`). */
  readonly host: 'keep' | 'fill' | 'replace' | 'append';
}

/** What a `log-profile` can say something about: steps of a stream, lines of `do-log` rules by their sets, and `any` other. */
export type LogStep =
  | 'accept'
  | 'request'
  | 'connect'
  | 'response'
  | 'close'
  | 'error'
  | 'any'
  | 'tcp-req-conn'
  | 'tcp-req-sess'
  | 'tcp-req-cont'
  | 'tcp-res-cont'
  | 'http-req'
  | 'http-res'
  | 'http-after-res';

/** A `log-profile` section. */
export interface LogProfileConfig {
  readonly name: string;
  readonly at: Location;
  readonly logTag: string | null;
  readonly steps: readonly {
    readonly step: LogStep;
    readonly drop: boolean;
    readonly format: WordsAt | null;
    readonly sd: WordsAt | null;
  }[];
}

export interface RingConfig {
  readonly name: string;
  readonly at: Location;
  readonly description: string;
  readonly format: LogTargetConfig['format'];
  readonly maxLength: number;
  readonly size: number;
  readonly servers: readonly ServerConfig[];
  readonly timeoutConnect: number | null;
  readonly timeoutServer: number | null;
}

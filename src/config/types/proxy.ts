/** Sections of proxies: frontends, backends, both in one, and their defaults. */

import type { Address } from './address.ts';
import type { BindConfig } from './bind.ts';
import type { HealthCheckConfig } from './checks.ts';
import type { CompressionConfig, FilterConfig } from './filters.ts';
import type { LogStep, LogTargetConfig } from './logs.ts';
import type { Location, WordsAt } from './place.ts';
import type { ServerConfig, SourceConfig } from './server.ts';
import type { StickTableConfig } from './tables.ts';
import type { SslUseConfig } from './tls.ts';

/** How idle connections are probed (`clitcpka-*`, `srvtcpka-*`); 0: as the kernel does. */
export interface KeepAliveProbes {
  /** Probes without an answer until the connection ends. */
  readonly count: number;
  /** Seconds of silence before the first probe, and between probes. */
  readonly idle: number;
  readonly interval: number;
}

/** A part of what `option forwarded` adds: as the connection has it, or made by an expression. */
export type ForwardedPart = 'original' | { readonly expression: string };

/** `option forwarded`: what of RFC 7239 servers are told; null: not that. */
export interface ForwardedConfig {
  readonly at: Location;
  readonly proto: boolean;
  readonly host: ForwardedPart | null;
  readonly by: ForwardedPart | null;
  readonly byPort: ForwardedPart | null;
  readonly for: ForwardedPart | null;
  readonly forPort: ForwardedPart | null;
}

/** Timeouts of a proxy in ms; null = infinite (not set). */
export interface Timeouts {
  readonly client: number | null;
  readonly server: number | null;
  readonly connect: number | null;
  readonly queue: number | null;
  readonly check: number | null;
  readonly httpRequest: number | null;
  readonly httpKeepAlive: number | null;
  readonly clientFin: number | null;
  readonly serverFin: number | null;
  readonly tunnel: number | null;
  readonly tarpit: number | null;
}

/** The `balance` algorithm with its arguments (`['url_param', 'id']`). */
export interface BalanceConfig {
  readonly algorithm:
    | 'roundrobin'
    | 'static-rr'
    | 'leastconn'
    | 'first'
    | 'source'
    | 'uri'
    | 'url_param'
    | 'hdr'
    | 'random'
    | 'hash'
    | 'rdp-cookie'
    | 'sticky'
    | 'log-hash';
  readonly args: readonly string[];
  /** `hash-type`: method, function and modifier. */
  readonly hashType: 'map-based' | 'consistent';
  readonly hashFunction: 'sdbm' | 'djb2' | 'wt6' | 'crc32' | 'none';
  readonly hashAvalanche: boolean;
  readonly hashBalanceFactor: number;
  readonly at: Location | null;
}

export interface CookieConfig {
  readonly name: string;
  readonly mode: 'insert' | 'rewrite' | 'prefix';
  readonly indirect: boolean;
  readonly nocache: boolean;
  readonly postonly: boolean;
  readonly preserve: boolean;
  readonly httponly: boolean;
  readonly secure: boolean;
  readonly dynamic: boolean;
  readonly domains: readonly string[];
  readonly maxidle: number;
  readonly maxlife: number;
  readonly attrs: readonly string[];
  readonly dynamicKey: string | null;
}

/** A response sent instead of the built-in one for a status (`errorfile`, `errorloc*`, `http-error`, `errorfiles`). */
export type ErrorPageConfig =
  | { readonly kind: 'file'; readonly status: number; readonly file: string; readonly at: Location }
  | {
      readonly kind: 'redirect';
      readonly status: number;
      readonly code: 302 | 303;
      readonly url: string;
      readonly at: Location;
    }
  | { readonly kind: 'section'; readonly statuses: readonly number[]; readonly section: string; readonly at: Location }
  | { readonly kind: 'rule'; readonly words: readonly string[]; readonly at: Location };

/** `stats` lines of a proxy. */
export interface StatsConfig {
  readonly uri: string;
  readonly auth: readonly { readonly user: string; readonly password: string }[];
  /** `stats admin if ...`: conditions, in order. */
  readonly admin: readonly WordsAt[];
  readonly httpRequest: readonly WordsAt[];
  readonly realm: string;
  readonly refresh: number;
  readonly scope: readonly string[];
  readonly hideVersion: boolean;
  readonly showLegends: boolean;
  readonly showModules: boolean;
  readonly showNode: string | null;
  readonly showDesc: string | null;
}

/** A `frontend`, `backend` or `listen` section with its defaults merged in. */
export interface ProxyConfig {
  readonly name: string;
  readonly kind: 'frontend' | 'backend' | 'listen';
  readonly at: Location;
  /** Forced by `id`, else assigned in order by the parser (unique over all proxies). */
  readonly id: number;
  readonly idForced: boolean;
  readonly guid: string | null;
  /** Name of the defaults section it took its settings from. */
  readonly defaults: string | null;
  readonly mode: 'http' | 'tcp' | 'log' | 'health';
  /** `mode` is written in the section itself (asked of named defaults by `add backend`). */
  readonly modeSet?: boolean;
  readonly disabled: boolean;
  readonly description: string | null;
  readonly binds: readonly BindConfig[];
  /** `ssl-f-use` lines: certificates of all `ssl` bind lines. */
  readonly sslUses: readonly SslUseConfig[];
  readonly servers: readonly ServerConfig[];
  readonly timeouts: Timeouts;
  /** Frontend side connection limit; null = the global one. */
  readonly maxconn: number | null;
  readonly fullconn: number | null;
  readonly backlog: number | null;
  readonly rateLimitSessions: number;
  readonly balance: BalanceConfig;
  readonly cookie: CookieConfig | null;
  readonly retries: number;
  readonly retryOn: readonly string[];
  /** `option redispatch [interval]`: null = off. */
  readonly redispatch: number | null;
  readonly defaultBackend: string | null;
  readonly useBackend: readonly WordsAt[];
  /** Content switching passes it over until `publish backend` (`be-unpublished`). */
  readonly unpublished: boolean;
  /** Conditions under which a backend is chosen even if it is disabled or unpublished (`force-be-switch`). */
  readonly forceBeSwitch: readonly WordsAt[];
  readonly useServer: readonly WordsAt[];
  readonly forcePersist: readonly WordsAt[];
  readonly ignorePersist: readonly WordsAt[];
  readonly acls: readonly WordsAt[];
  /** Rule sets by keyword: `http-request`, `http-response`, `http-after-response`, `tcp-request`, `tcp-response`; words after the keyword. */
  readonly rules: Readonly<Record<RuleSet, readonly WordsAt[]>>;
  /** `redirect` lines: evaluated after all http-request rules, also where one of those has ended them. */
  readonly redirects: readonly WordsAt[];
  readonly stickRules: readonly WordsAt[];
  readonly stickTable: StickTableConfig | null;
  readonly captures: readonly WordsAt[];
  readonly filters: readonly FilterConfig[];
  readonly declares: readonly WordsAt[];
  /** Plain `option` switches that are on, by their HAProxy name (`httplog`, `dontlognull`, `http-server-close`, `allbackups`, ...). */
  readonly options: readonly string[];
  /** Probes on idle connections of clients and of servers, where `option clitcpka`, `srvtcpka` ask for them. */
  readonly clientProbes: KeepAliveProbes;
  readonly serverProbes: KeepAliveProbes;
  readonly httpReuse: 'never' | 'safe' | 'aggressive' | 'always';
  readonly forwardfor: { readonly except: string | null; readonly header: string; readonly ifNone: boolean } | null;
  readonly forwarded: ForwardedConfig | null;
  readonly originalto: { readonly except: string | null; readonly header: string } | null;
  readonly monitorUri: string | null;
  /** Name of the RDP cookie that says which server a connection is for (`persist rdp-cookie`), null: none does. */
  readonly rdpCookie: string | null;
  readonly monitorFail: readonly WordsAt[];
  readonly errorPages: readonly ErrorPageConfig[];
  readonly logs: readonly LogTargetConfig[];
  readonly logFormat: WordsAt | null;
  readonly logFormatSd: WordsAt | null;
  readonly errorLogFormat: WordsAt | null;
  /** Steps at which streams log, null: at their end, and when a connection fails. */
  readonly logSteps: readonly LogStep[] | null;
  readonly uniqueIdFormat: WordsAt | null;
  readonly uniqueIdHeader: string | null;
  readonly logTag: string | null;
  readonly healthCheck: HealthCheckConfig;
  readonly stats: StatsConfig | null;
  readonly source: SourceConfig | null;
  readonly dispatch: Address | null;
  readonly serverStateFile: 'global' | 'local' | 'none';
  readonly serverStateFileName: string | null;
  readonly httpSendNameHeader: string | null;
  /** -1 = no limit. */
  readonly maxKeepAliveQueue: number;
  /** Idle connections to servers that are kept for one client alone, at most. */
  readonly maxSessionSrvConns: number;
  readonly hashPreserveAffinity: 'always' | 'maxconn' | 'maxqueue';
  readonly emailAlert: EmailAlertConfig;
  readonly compression: CompressionConfig | null;
}

export type RuleSet = 'http-request' | 'http-response' | 'http-after-response' | 'tcp-request' | 'tcp-response';

/** `email-alert` lines of a proxy; what is not said is null. */
export interface EmailAlertConfig {
  readonly mailers: string | null;
  readonly from: string | null;
  readonly to: string | null;
  /** Least severe level of syslog that is mailed. */
  readonly level: number;
  readonly myhostname: string | null;
}

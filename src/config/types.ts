/**
 * The typed configuration: what a set of configuration files says, before anything runs.
 * Plain data only (it is sent to threads by structured clone and compared by the reload's diff).
 * Units: times in milliseconds, sizes in bytes; `null` means "not set here".
 * Rules, ACLs, expressions and log-formats stay as words: `expr/` and `traffic/rules/` give them meaning.
 */

import type { CertificatesConfig } from './certificates.ts';
import type { StoredData } from './tables/store.ts';

/** Where something was written: file name as given on the command line, line counted from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
}

/** A line kept as words (after quoting, escapes and environment expansion), to be compiled by a later room. */
export interface WordsAt {
  readonly words: readonly string[];
  readonly at: Location;
}

/** A network address as written in the configuration, parsed (HAProxy manual, section 11.1). */
export type Address =
  | {
      readonly family: 'inet';
      readonly host: string;
      readonly port: number;
      readonly portEnd: number;
      readonly portMap: '' | '+' | '-';
    }
  | {
      readonly family: 'inet6';
      readonly host: string;
      readonly port: number;
      readonly portEnd: number;
      readonly portMap: '' | '+' | '-';
    }
  /** A host name to be resolved (`init-addr`, `resolvers`). `prefer` is the family asked for by `ipv4@`/`ipv6@`. */
  | {
      readonly family: 'name';
      readonly host: string;
      readonly port: number;
      readonly portEnd: number;
      readonly portMap: '' | '+' | '-';
      readonly prefer: 0 | 4 | 6;
    }
  | { readonly family: 'unix'; readonly path: string }
  /** `abns@`: padded with zeros to the whole sun_path; with `short` (`abnsz@`) the name alone. */
  | { readonly family: 'abns'; readonly path: string; readonly short?: true }
  | { readonly family: 'fd'; readonly fd: number }
  /** `ring@name`: the log ring of that name. */
  | { readonly family: 'ring'; readonly name: string };

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
  readonly proto: 'h1' | 'h2' | null;
  readonly deferAccept: boolean;
  /** Largest segment; negative: so much less than the kernel's; 0: the kernel's. */
  readonly mss: number;
  /** TCP fast open. */
  readonly tfo: boolean;
  /** Congestion control algorithm (`cc`), or null: the kernel's. */
  readonly congestion: string | null;
  /** ms that sent data may stay unacknowledged, 0: as the kernel says. */
  readonly tcpUserTimeout: number;
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

/** Versions of TLS that are spoken. */
export type TlsVersion = 'TLSv1.0' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** What TLS is told on a `bind` or `server` line, with the `ssl-default-*` settings filled in; null: as the library has it. */
export interface TlsOptions {
  /** `optional` on `bind` lines only; null: `none` there, for servers as `ssl-server-verify` says. */
  readonly verify: 'none' | 'optional' | 'required' | null;
  /** Paths, after `ca-base`; `@system-ca`. */
  readonly caFile: string | null;
  readonly caVerifyFile: string | null;
  readonly crlFile: string | null;
  /** Up to TLS 1.2, in OpenSSL's notation; and of TLS 1.3. */
  readonly ciphers: string | null;
  readonly ciphersuites: string | null;
  readonly curves: string | null;
  readonly sigalgs: string | null;
  readonly clientSigalgs: string | null;
  /** As written; `tlsVersions` tells what they come to. */
  readonly minVersion: TlsVersion | null;
  readonly maxVersion: TlsVersion | null;
  /** `no-tlsv1x`: without effect where `minVersion` or `maxVersion` is set. */
  readonly withoutVersions: readonly TlsVersion[];
  /** null: HAProxy's default (`h2,http/1.1` in mode http, none in mode tcp; none towards servers); empty: `no-alpn`. */
  readonly alpn: readonly string[] | null;
  /** Errors of X509_verify (numbers) that are passed over in authorities and in the peer's own certificate. */
  readonly caIgnoreErrors: readonly number[] | 'all';
  readonly crtIgnoreErrors: readonly number[] | 'all';
  /** Clients are not told which authorities are accepted. */
  readonly noCaNames: boolean;
  readonly tickets: boolean;
}

/** `ssl` of a `bind` line. */
export interface BindTlsConfig {
  /** `crt` in order, after `crt-base`: files, folders, names of a `crt-store` (`@store/alias`). */
  readonly crts: readonly string[];
  /** `default-crt`, likewise. */
  readonly defaultCrts: readonly string[];
  readonly crtLists: readonly string[];
  readonly strictSni: boolean;
  /** `tls-ticket-keys`. */
  readonly ticketKeys: string | null;
  readonly ocspUpdate: boolean | null;
  readonly preferClientCiphers: boolean;
  readonly options: TlsOptions;
}

/** A `ssl-f-use` line. */
export interface SslUseConfig {
  readonly at: Location;
  /** Its file, after `crt-base`, or a name of a `crt-store`. */
  readonly certificate: string;
  readonly options: Partial<TlsOptions> | null;
  readonly ocspUpdate: boolean | null;
}

/** TLS towards a server (manual, section 5.2). */
export interface ServerTlsConfig {
  /** `ssl`: it is spoken from the start, `set server ssl` switches. */
  readonly on: boolean;
  /** `no-ssl`, against what `default-server` says. */
  readonly off: boolean;
  /** `verify` is never null in a complete configuration. */
  readonly options: TlsOptions;
  /** Certificate and key that are shown to the server, after `crt-base`. */
  readonly crt: string | null;
  /** Expression for the name that is asked for (`sni`). */
  readonly sni: string | null;
  /** Without `sni`, in mode http, the name is that of the `host` header. */
  readonly sniAuto: boolean;
  /** Name that the certificate must have, in small letters, whatever name is asked for. */
  readonly verifyHost: string | null;
  /** Sessions are resumed. */
  readonly reuse: boolean;
  /** `check-ssl`, `no-check-ssl`; null: as the traffic, where checks go to the same address and port. */
  readonly checkSsl: boolean | null;
  readonly checkSni: string | null;
  /** Without `check-sni`, the name is that of the `host` header of HTTP checks. */
  readonly checkSniAuto: boolean;
  readonly checkAlpn: readonly string[] | null;
}

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

/** What the global section says of TLS. */
export interface GlobalTlsConfig {
  /** `ssl-default-bind-*`. */
  readonly bind: TlsOptions;
  readonly bindPreferClientCiphers: boolean;
  readonly bindStrictSni: boolean;
  /** `ssl-default-server-*`. */
  readonly server: TlsOptions;
  /** `ssl-server-verify`. */
  readonly serverVerify: 'none' | 'required';
  /** Files that are looked for beside a certificate (`ssl-load-extra-files`). */
  readonly extraFiles: readonly TlsExtraFile[];
  /** `ssl-load-extra-del-ext`: `site.key` beside `site.crt` in place of `site.crt.key`. */
  readonly extraWithoutExtension: boolean;
  readonly issuersChainPath: string | null;
  readonly skipSelfIssuedCa: boolean;
  readonly keyBase: string | null;
  readonly dhParamFile: string | null;
  /** What it holds, PEM; null without it, and until files are read. */
  readonly dhParams: string | null;
  /** `tune.ssl.default-dh-param`, bits; 0: ephemeral DH is not offered without parameters of its own. */
  readonly defaultDhParam: number;
  /** `ssl-security-level`, 0..5. */
  readonly securityLevel: number | null;
  /** Connections with TLS over all threads; 0: no limit of their own. */
  readonly maxConn: number;
  /** Certificates that a thread keeps ready for handshakes (`tune.ssl.ssl-ctx-cache-size`); others are made ready when they are asked for. */
  readonly contexts: number;
  /** Sessions kept for clients without tickets (`tune.ssl.cachesize`); 0: none. */
  readonly cacheSize: number;
  /** How long a session can be resumed, ms (`tune.ssl.lifetime`). */
  readonly lifetime: number;
  /** Largest record written, bytes, 0: the protocol's (`tune.ssl.hard-maxrecord`). */
  readonly hardMaxRecord: number;
  /** Bytes kept of the lists in a client's hello, 0: none (`tune.ssl.capture-buffer-size`). */
  readonly captureBufferSize: number;
  /** Secrets can be asked for by sample fetches (`tune.ssl.keylog`). */
  readonly keylog: boolean;
  /** Certificates are sent compressed to who can take it (`tune.ssl.certificate-compression auto`), by lines that have no more than `contexts`. */
  readonly certificateCompression: boolean;
  readonly ocspUpdate: {
    readonly mode: boolean;
    readonly disabled: boolean;
    /** Between two updates of a response, ms. */
    readonly minDelay: number;
    readonly maxDelay: number;
    /** `host:port` through which responders are asked. */
    readonly httpProxy: string | null;
  };
}

export type TlsExtraFile = 'bundle' | 'sctl' | 'ocsp' | 'issuer' | 'key';

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
  readonly poolLowConn: number;
  readonly poolMaxConn: number;
  readonly poolPurgeDelay: number;
  readonly maxReuse: number;
  readonly tcpUserTimeout: number;
  readonly proto: 'h1' | 'h2' | null;
  /** What WebSockets are spoken over; `auto`: as other requests, but HTTP/1.1 where ALPN leaves the choice. */
  readonly ws: 'auto' | 'h1' | 'h2';
  readonly guid: string | null;
  readonly hashKey: 'id' | 'addr' | 'addr-port';
  readonly check: CheckConfig | null;
  readonly agent: AgentConfig | null;
  /** The settings that checks and agent checks would have if they were on: for `default-server` and servers made from it. */
  readonly checkDefaults?: CheckConfig;
  readonly agentDefaults?: AgentConfig;
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
  readonly sendProxy: boolean;
  /** `check-proto`; null: as the server's `proto`. */
  readonly proto: 'h1' | 'h2' | null;
}

export interface AgentConfig {
  readonly inter: number;
  readonly port: number;
  readonly addr: string | null;
  readonly send: string | null;
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

/** Health checking of a backend: the protocol, and the steps of `http-check` / `tcp-check` in order. */
export interface HealthCheckConfig {
  readonly kind:
    | 'tcp'
    | 'http'
    | 'tcp-check'
    | 'ssl-hello'
    | 'smtp'
    | 'mysql'
    | 'pgsql'
    | 'redis'
    | 'ldap'
    | 'spop'
    | 'external';
  /** `option httpchk` arguments, or those of the other check options. */
  readonly args: readonly string[];
  readonly rules: readonly WordsAt[];
  readonly disableOn404: boolean;
  readonly sendState: boolean;
  readonly externalCommand: string | null;
  readonly externalPath: string | null;
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
  /** Conditions under which a backend is chosen even if it is disabled or unpublished (`force-be-switch`). */
  readonly forceBeSwitch: readonly WordsAt[];
  readonly useServer: readonly WordsAt[];
  readonly forcePersist: readonly WordsAt[];
  readonly ignorePersist: readonly WordsAt[];
  readonly acls: readonly WordsAt[];
  /** Rule sets by keyword: `http-request`, `http-response`, `http-after-response`, `tcp-request`, `tcp-response`; words after the keyword. */
  readonly rules: Readonly<Record<RuleSet, readonly WordsAt[]>>;
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
  readonly hashPreserveAffinity: 'always' | 'maxconn' | 'maxqueue';
  readonly emailAlert: EmailAlertConfig;
  readonly compression: CompressionConfig | null;
}

export type CompressionAlgorithm = 'identity' | 'gzip' | 'deflate' | 'raw-deflate';

/** `compression` lines. */
export interface CompressionConfig {
  /** Those for responses, the preferred one first. */
  readonly responseAlgorithms: readonly CompressionAlgorithm[];
  readonly requestAlgorithm: CompressionAlgorithm | null;
  /** Beginnings of the media types that are compressed, lower case; none = all. */
  readonly responseTypes: readonly string[];
  readonly requestTypes: readonly string[];
  readonly responses: boolean;
  readonly requests: boolean;
  /** Servers are not asked to compress. */
  readonly offload: boolean;
  /** Bodies that are known to be shorter are left as they are, bytes. */
  readonly minsizeResponse: number;
  readonly minsizeRequest: number;
}

/** A `filter` line. */
export type FilterConfig =
  | { readonly kind: 'compression'; readonly directions: readonly ('request' | 'response')[]; readonly at: Location }
  | { readonly kind: 'cache'; readonly name: string; readonly at: Location }
  | BandwidthFilterConfig
  | { readonly kind: 'trace'; readonly at: Location };

/** `filter bwlim-in`, `filter bwlim-out`. */
export interface BandwidthFilterConfig {
  readonly kind: 'bwlim-in' | 'bwlim-out';
  readonly name: string;
  /** Bytes in a period. */
  readonly limit: number;
  /** ms; 0 where the rate of the table has it. */
  readonly period: number;
  /** Bytes that are passed on at once at least. */
  readonly minSize: number;
  /** Streams of the same key share the limit: the words of the expression, and the table (null: the proxy's own). */
  readonly shared: { readonly key: readonly string[]; readonly table: string | null } | null;
  readonly at: Location;
}

export type RuleSet = 'http-request' | 'http-response' | 'http-after-response' | 'tcp-request' | 'tcp-response';

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

export interface ResolversConfig {
  readonly name: string;
  readonly at: Location;
  readonly nameservers: readonly {
    readonly name: string;
    readonly address: Address;
    readonly tcp: boolean;
    readonly at: Location;
  }[];
  readonly parseResolvConf: boolean;
  readonly acceptedPayloadSize: number;
  readonly resolveRetries: number;
  readonly timeoutResolve: number;
  readonly timeoutRetry: number;
  readonly hold: {
    readonly valid: number;
    readonly obsolete: number;
    readonly nx: number;
    readonly timeout: number;
    readonly refused: number;
    readonly other: number;
  };
}

export type StickTableType = 'ip' | 'ipv6' | 'integer' | 'string' | 'binary';

/** A stick table: one of a proxy, by whose name it goes, or a `table` line of a peers section. */
export interface StickTableConfig {
  /** `<proxy>`, or `<peers section>/<name>`: no two have the same. */
  readonly name: string;
  /** The peers section that it stands in; null: in the proxy called `name`. */
  readonly section: string | null;
  readonly at: Location;
  readonly type: StickTableType;
  /** Bytes of a key: the most of a string, all of them of another type. */
  readonly keyLength: number;
  /** Most entries. */
  readonly size: number;
  /** How long an entry lasts that is not used, ms; 0: for ever. */
  readonly expire: number;
  /** When it is full, nothing is added (instead of removing what was not used longest). */
  readonly nopurge: boolean;
  /** Peers write it, this process does not tell them. */
  readonly recvOnly: boolean;
  /** Name of the table that takes what peers say of this one. */
  readonly writeTo: string | null;
  /** The peers section that it is exchanged with. */
  readonly peers: string | null;
  /** What server_key tells of a server. */
  readonly srvkey: 'name' | 'addr';
  /** Byte rates are kept in units of so many bytes. */
  readonly bratesFactor: number;
  /** File that keeps the entries over a restart of the process (an addition to HAProxy's language). */
  readonly stateFile: string | null;
  /** How often it is saved there, ms. */
  readonly stateInterval: number;
  /** In the order of the types' numbers. */
  readonly data: readonly StoredData[];
}

export interface PeersConfig {
  readonly name: string;
  readonly at: Location;
  readonly disabled: boolean;
  readonly binds: readonly BindConfig[];
  /** `byPeerLine`: a `peer` line, whose address is listened on when the name is the local peer's; not a `server` line. */
  readonly peers: readonly {
    readonly name: string;
    readonly address: Address | null;
    readonly byPeerLine: boolean;
    readonly at: Location;
  }[];
  /** Tables that are named `<section>/<name>`. */
  readonly tables: readonly StickTableConfig[];
}

export interface UserlistConfig {
  readonly name: string;
  readonly at: Location;
  readonly groups: readonly { readonly name: string; readonly users: readonly string[] }[];
  readonly users: readonly {
    readonly name: string;
    readonly password: string;
    readonly insecure: boolean;
    readonly groups: readonly string[];
  }[];
}

/** An `acme` section: whom to ask for certificates, and how. */
export interface AcmeConfig {
  readonly name: string;
  readonly at: Location;
  /** URL. */
  readonly directory: string;
  /** File of the account's key; made when it is not there. */
  readonly accountKey: string;
  /** Mail address. */
  readonly contact: string | null;
  readonly challenge: 'http-01' | 'dns-01';
  /** What is waited for before the server may look; null: `cli` for dns-01, nothing for http-01. */
  readonly ready: readonly ('cli' | 'dns' | 'delay' | 'initial-dns')[] | null;
  /** Before and between look-ups of a record, and until that is given up, ms. */
  readonly dnsDelay: number;
  readonly dnsTimeout: number;
  readonly keyType: 'rsa' | 'ecdsa';
  readonly bits: number;
  readonly curve: 'P-256' | 'P-384' | 'P-521';
  /** Map that gets a challenge's token and the account's thumbprint. */
  readonly map: string | null;
  readonly profile: string | null;
  /** For who prepares dns-01 challenges. */
  readonly providerName: string | null;
  readonly acmeVars: string | null;
  readonly reuseKey: boolean;
  readonly eabKeyId: string | null;
  readonly eabMacAlg: 'HS256' | 'HS384' | 'HS512';
  /** base64url. */
  readonly eabMacKey: string | null;
}

/** `email-alert` lines of a proxy; what is not said is null. */
export interface EmailAlertConfig {
  readonly mailers: string | null;
  readonly from: string | null;
  readonly to: string | null;
  /** Least severe level of syslog that is mailed. */
  readonly level: number;
  readonly myhostname: string | null;
}

/** A `mailers` section. */
export interface MailersConfig {
  readonly name: string;
  readonly at: Location;
  readonly mailers: readonly { readonly name: string; readonly address: Address; readonly at: Location }[];
  /** ms for one mail. */
  readonly timeout: number;
}

export interface CacheConfig {
  readonly name: string;
  readonly at: Location;
  readonly totalMaxSize: number;
  readonly maxObjectSize: number;
  readonly maxAge: number;
  readonly processVary: boolean;
  readonly maxSecondaryEntries: number;
}

export interface HttpErrorsConfig {
  readonly name: string;
  readonly at: Location;
  readonly files: readonly { readonly status: number; readonly file: string; readonly at: Location }[];
}

/** A `crt-store` section. */
export interface CrtStoreConfig {
  /** '' where it has none. */
  readonly name: string;
  readonly at: Location;
  readonly loads: readonly {
    readonly at: Location;
    /** How `crt` words and commands name it: `@store/alias`, else its file. */
    readonly path: string;
    /** Another name that it has: `@store/file`. */
    readonly also: string | null;
    readonly crt: string;
    readonly key: string | null;
    readonly ocsp: string | null;
    readonly issuer: string | null;
    readonly sctl: string | null;
    readonly ocspUpdate: boolean | null;
    /** It is ordered from the ACME server of this section, for these names. */
    readonly acme: { readonly section: string; readonly domains: readonly string[] } | null;
  }[];
}

/** The merged `global` sections. */
export interface GlobalConfig {
  /** Where each keyword of the section was read last. */
  readonly at: Readonly<Record<string, Location>>;
  readonly maxconn: number | null;
  readonly nbthread: number | null;
  /** Connections go over io_uring where the system has it. */
  readonly uring: boolean;
  readonly maxconnrate: number;
  readonly maxsessrate: number;
  readonly maxsslrate: number;
  /** kB per second, 0 = no limit. */
  readonly maxcomprate: number;
  /** Percent of a thread's time above which nothing is compressed. */
  readonly maxcompcpuusage: number;
  readonly daemon: boolean;
  readonly masterWorker: boolean;
  readonly user: string | null;
  readonly group: string | null;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly chroot: string | null;
  /** Rights of root that outlast the change of user (`setcap`). */
  readonly capabilities: readonly ('cap_net_raw' | 'cap_net_admin' | 'cap_net_bind_service' | 'cap_sys_admin')[];
  readonly pidfile: string | null;
  readonly node: string | null;
  /** Statuses that count as errors of clients, and as failures of servers (`http-err-codes`, `http-fail-codes`). */
  readonly errCodes: readonly number[];
  readonly failCodes: readonly number[];
  readonly description: string | null;
  readonly localpeer: string | null;
  readonly logs: readonly LogTargetConfig[];
  readonly logTag: string | null;
  readonly logSendHostname: string | null;
  readonly statsSockets: readonly BindConfig[];
  readonly statsTimeout: number;
  readonly statsMaxconn: number;
  readonly ulimitN: number | null;
  readonly hardStopAfter: number | null;
  readonly grace: number;
  readonly serverStateBase: string | null;
  readonly serverStateFile: string | null;
  readonly spreadChecks: number;
  readonly maxSpreadChecks: number | null;
  readonly externalCheck: boolean;
  /** Clients are not told that WebSockets may go over HTTP/2. */
  readonly h2WithoutWebSockets: boolean;
  /** Health checks are announced with their addresses, where PROXY protocol 2 has LOCAL for them. */
  readonly pp2NeverLocal: boolean;
  readonly insecureForkWanted: boolean;
  readonly crtBase: string | null;
  readonly caBase: string | null;
  /** How servers are verified that are asked over HTTPS (ACME): with a file of authorities, null = those of the system, or not. */
  readonly httpClient: { readonly caFile: string | null; readonly verify: boolean };
  /** Certificates are renewed without being asked (`acme.scheduler`). */
  readonly acmeScheduler: boolean;
  readonly tls: GlobalTlsConfig;
  readonly setVars: readonly WordsAt[];
  readonly defaultPath: readonly string[];
  readonly tune: Tunables;
  /** Every other accepted `global` line that some room reads by name (`ssl-default-bind-options`, `h1-case-adjust`, ...): keyword -> lines of arguments. */
  readonly other: Readonly<Record<string, readonly WordsAt[]>>;
  /** Environment after `setenv` and its family: what `show env` prints. */
  readonly env: Readonly<Record<string, string>>;
}

/** `tune.*` values that have a meaning here, with HAProxy's defaults. */
export interface Tunables {
  /** tune.bufsize: the largest message head + what is kept of a body; default 16384. */
  readonly bufsize: number;
  /** tune.maxrewrite: what rewriting may add to a head; default 1024. */
  readonly maxrewrite: number;
  /** tune.http.maxhdr; default 101. */
  readonly maxhdr: number;
  readonly logurilen: number;
  readonly cookielen: number;
  readonly cliMaxPayloadSize: number;
  readonly h2InitialWindowSize: number;
  /** `tune.h2.be.*` and `tune.h2.fe.*`: null = as the setting for both sides says. */
  readonly h2BeInitialWindowSize: number | null;
  readonly h2BeMaxConcurrentStreams: number | null;
  readonly h2FeInitialWindowSize: number | null;
  readonly h2FeMaxConcurrentStreams: number | null;
  readonly h2MaxConcurrentStreams: number;
  readonly h2HeaderTableSize: number;
  readonly poolHighFdRatio: number;
  readonly poolLowFdRatio: number;
  readonly maxaccept: number;
  readonly rcvbufClient: number | null;
  readonly rcvbufServer: number | null;
  readonly sndbufClient: number | null;
  readonly sndbufServer: number | null;
  readonly stickCounters: number;
  readonly patternCacheSize: number;
  readonly comp_maxlevel: number;
}

/** All of it. */
export interface Config {
  readonly global: GlobalConfig;
  /** In the order of the files. */
  readonly proxies: readonly ProxyConfig[];
  readonly rings: readonly RingConfig[];
  readonly logForwards: readonly LogForwardConfig[];
  readonly resolvers: readonly ResolversConfig[];
  readonly peers: readonly PeersConfig[];
  readonly userlists: readonly UserlistConfig[];
  readonly caches: readonly CacheConfig[];
  readonly mailers: readonly MailersConfig[];
  readonly acmes: readonly AcmeConfig[];
  readonly httpErrors: readonly HttpErrorsConfig[];
  readonly logProfiles: readonly LogProfileConfig[];
  readonly crtStores: readonly CrtStoreConfig[];
  /** Named defaults sections, for `add backend ... from` and `show defaults`: each a backend-shaped proxy without servers. */
  readonly defaults: readonly ProxyConfig[];
  /** `default-server` of each proxy, for `add server ... from` and `show default-server`: proxy name -> its settings as a server. */
  readonly defaultServers: Readonly<Record<string, ServerConfig>>;
  /** Contents of the files that rules, pages and ACLs name, by path as it was opened: what the traffic threads work with. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** Files of facts about addresses that expressions look up (`mmdb`), read into memory that threads share. */
  readonly databases?: readonly { readonly path: string; readonly content: SharedArrayBuffer }[];
  /** Patterns that ACLs and maps look up, in the order of their numbers. */
  readonly patterns?: readonly PatternReferenceConfig[];
  /** What the files of certificates, authorities, lists and ticket keys hold. */
  readonly certificates?: CertificatesConfig;
}

/** A list of patterns that ACLs or maps look up, and that can be edited live: a file of patterns, or those that stand in an ACL. */
export interface PatternReferenceConfig {
  /** The name by which all threads know it. */
  readonly key: string;
  /** Number in `show acl` and `show map`. */
  readonly id: number;
  /** The file as the configuration names it; '' for what stands in an ACL. */
  readonly name: string;
  /** What `show acl` and `show map` tell of it. */
  readonly description: string;
  readonly acl: boolean;
  readonly map: boolean;
  /** Its lines are a key and a value. */
  readonly keyed: boolean;
  /** How it is looked up. `values`: what values must be. */
  readonly uses: readonly {
    readonly match: string;
    readonly ignoreCase: boolean;
    readonly values: 'str' | 'sint' | 'addr' | null;
  }[];
  /** Content of the file, null where it need not be there; or the patterns of the ACL. */
  readonly source: Uint8Array | readonly string[] | null;
}

/** How grave a diagnostic is: `alert` stops the start (HAProxy's [ALERT]), the others do not. */
export type Severity = 'alert' | 'warning' | 'notice' | 'diag';

/** One message about the configuration, printed as HAProxy prints it by `config/diagnostics.ts`. */
export interface Diagnostic {
  readonly severity: Severity;
  /** null for messages about no line (`config : ...`). */
  readonly at: Location | null;
  readonly text: string;
  /** How the place is written before the text (`config/diagnostics.ts`); default `parsing`. */
  readonly form?: 'parsing' | 'reader' | 'server';
  /** Said only under `-V`: a keyword that is accepted and has no effect. */
  readonly verbose?: true;
}

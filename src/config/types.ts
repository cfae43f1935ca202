/**
 * The typed configuration, by subject in `types/`: what a set of configuration files says, before anything runs.
 * Plain data only (it is sent to threads by structured clone and compared by the reload's diff).
 * Units: times in milliseconds, sizes in bytes; `null` means "not set here".
 * Rules, ACLs, expressions and log-formats stay as words: `expr/` and `traffic/rules/` give them meaning.
 */

import type { CertificatesConfig } from './certificates.ts';
import type { HealthCheckSection } from './types/checks.ts';
import type { GlobalConfig } from './types/global.ts';
import type { LogForwardConfig, LogProfileConfig, RingConfig } from './types/logs.ts';
import type { PatternReferenceConfig } from './types/patterns.ts';
import type { Location } from './types/place.ts';
import type { ProxyConfig } from './types/proxy.ts';
import type {
  AcmeConfig,
  CacheConfig,
  CrtStoreConfig,
  HttpErrorsConfig,
  MailersConfig,
  ResolversConfig,
  UserlistConfig,
} from './types/sections.ts';
import type { ServerConfig } from './types/server.ts';
import type { PeersConfig } from './types/tables.ts';

export type * from './types/address.ts';
export type * from './types/bind.ts';
export type * from './types/checks.ts';
export type * from './types/filters.ts';
export type * from './types/global.ts';
export type * from './types/logs.ts';
export type * from './types/patterns.ts';
export type * from './types/place.ts';
export type * from './types/proxy.ts';
export type * from './types/sections.ts';
export type * from './types/server.ts';
export type * from './types/tables.ts';
export type * from './types/tls.ts';

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
  readonly healthChecks: readonly HealthCheckSection[];
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

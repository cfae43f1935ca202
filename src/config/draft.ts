/** The configuration while it is being read: the shapes of types.ts, writable, with what only the parser needs. */

import { newGlobal } from './draft-global.ts';
import type { RingDraft } from './draft-ring.ts';
import { finishServer, type ServerDraft } from './draft-server.ts';
import type { CheckDraft } from './keywords/check-types.ts';
import type {
  AcmeConfig,
  CacheConfig,
  Config,
  CrtStoreConfig,
  GlobalConfig,
  HttpErrorsConfig,
  Location,
  LogForwardConfig,
  LogProfileConfig,
  MailersConfig,
  PeersConfig,
  ProxyConfig,
  ResolversConfig,
  ServerConfig,
  StickTableConfig,
  UserlistConfig,
} from './types.ts';

/** `T` with every `readonly` taken off. */
export type Draft<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly [infer A, infer B]
    ? [Draft<A>, Draft<B>]
    : T extends readonly (infer U)[]
      ? Draft<U>[]
      : { -readonly [K in keyof T]: Draft<T[K]> };

/** The kinds of section that share the proxy keywords. */
export type ProxyKind = 'defaults' | 'frontend' | 'backend' | 'listen';

export interface ProxyDraft {
  readonly kind: ProxyKind;
  /** A named defaults section, or any other proxy. */
  readonly named: boolean;
  readonly config: Draft<ProxyConfig>;
  readonly servers: ServerDraft[];
  defaultServer: ServerDraft;
  /** The defaults section it inherits from. */
  readonly from: ProxyDraft | null;
  /** Further sections inherit from this defaults section because it came before them, not by name. */
  implicitUse: boolean;
  explicitUse: boolean;
  /** Kinds of proxy that inherit from this defaults section. */
  readonly usedBy: Set<'frontend' | 'backend'>;
  /** A `balance` line was seen. */
  explicitBalance: boolean;
  /** From `dynamic-cookie-key`, which may stand before the `cookie` line. */
  dynamicCookieKey: string | null;
  /** What `option httplog`, `tcplog`, `httpslog` and `log-format` last set, to report that one overrides the other. */
  logFormatFrom: string | null;
  /** Where the last `option httplog|tcplog|httpslog` stands. */
  logOptionAt: Location | null;
  /** Line numbers of rule kinds seen, to warn of rules that are evaluated before others written above them. */
  readonly ruleKinds: Set<string>;
  /** Where `default_backend` was said. */
  defaultBackendAt: Location | null;
  /** `http-check` / `tcp-check` rules of each kind, and which of the two was last used. */
  checkRuleset: 'http-check' | 'tcp-check' | null;
  /** The option that says what checks speak, and the rules, are its own, not those of a defaults section. */
  ownCheckOption: boolean;
  ownCheckRules: boolean;
  emailAlert: boolean;
  /** Names and ids of servers and binds so far: duplicates are found without a search. */
  readonly serverNames: Map<string, ServerDraft>;
  readonly serverIds: Map<number, ServerDraft>;
  readonly bindIds: Set<number>;
}

/** A peers section, and what of its peers and its socket can only be told once all is read. */
export interface PeersDraft {
  readonly peers: Draft<PeersConfig>;
  /** The settings its peers start from. */
  readonly defaultServer: ServerDraft;
  /** Its lines in order; `addressText`: '' without one; `byPeerLine`: a `peer` line, not a `server` line. */
  readonly lines: { readonly server: ServerDraft; readonly addressText: string; readonly byPeerLine: boolean }[];
  /** Address of the `bind` line, '' without one; options of it and of `default-bind` lines; where the last of them stands. */
  bindAddress: string;
  readonly bindOptions: string[];
  bindAt: Location | null;
}

export interface NamedSection {
  readonly kind: string;
  readonly name: string;
  readonly at: Location;
}

/** Everything read so far. */
export interface ConfigDraft {
  readonly global: Draft<GlobalConfig>;
  readonly proxies: ProxyDraft[];
  /** The same by name (a frontend and a backend may share one), and those with a forced id by it. */
  readonly proxiesByName: Map<string, ProxyDraft[]>;
  readonly proxiesById: Map<number, ProxyDraft>;
  readonly defaults: ProxyDraft[];
  readonly rings: RingDraft[];
  readonly logForwards: Draft<LogForwardConfig>[];
  readonly resolvers: Draft<ResolversConfig>[];
  readonly peers: PeersDraft[];
  /** Stick tables of all sections by their names. */
  readonly tables: Map<string, Draft<StickTableConfig>>;
  readonly userlists: Draft<UserlistConfig>[];
  readonly caches: Draft<CacheConfig>[];
  readonly mailers: Draft<MailersConfig>[];
  readonly acmes: Draft<AcmeConfig>[];
  readonly httpErrors: Draft<HttpErrorsConfig>[];
  readonly logProfiles: Draft<LogProfileConfig>[];
  readonly healthChecks: CheckDraft[];
  readonly crtStores: Draft<CrtStoreConfig>[];
  /** Other sections that are only recognised: traces, ... */
  readonly others: NamedSection[];
  /** Prefix that `unix-bind` puts before the path of unix sockets, and what it sets on them. */
  readonly unixBind: {
    prefix: string;
    mode: number | null;
    uid: number | null;
    gid: number | null;
    user: string | null;
    group: string | null;
  };
  /** `zero-warning`: a warning ends the start. */
  zeroWarning: boolean;
  /** Keywords of `global` already given a value, for `already specified`. */
  readonly seen: Map<string, Location>;
}

export function newConfigDraft(): ConfigDraft {
  return {
    global: newGlobal(),
    proxies: [],
    proxiesByName: new Map(),
    proxiesById: new Map(),
    defaults: [],
    rings: [],
    logForwards: [],
    resolvers: [],
    peers: [],
    tables: new Map(),
    userlists: [],
    caches: [],
    mailers: [],
    acmes: [],
    httpErrors: [],
    logProfiles: [],
    healthChecks: [],
    crtStores: [],
    others: [],
    unixBind: { prefix: '', mode: null, uid: null, gid: null, user: null, group: null },
    zeroWarning: false,
    seen: new Map(),
  };
}

/** The configuration as the rest of the program sees it. */
export function finishConfig(draft: ConfigDraft, env: ReadonlyMap<string, string>): Config {
  const defaultServers: Record<string, ServerConfig> = Object.create(null);
  for (const proxy of [...draft.defaults, ...draft.proxies]) {
    if (proxy.config.name !== '') defaultServers[proxy.config.name] = finishServer(proxy.defaultServer);
  }
  return {
    global: { ...draft.global, env: Object.fromEntries(env) },
    proxies: draft.proxies.map((proxy) => proxy.config),
    rings: draft.rings.map(({ ring }) => ring),
    logForwards: draft.logForwards,
    resolvers: draft.resolvers,
    peers: draft.peers.map(({ peers }) => peers),
    userlists: draft.userlists,
    caches: draft.caches,
    mailers: draft.mailers,
    acmes: draft.acmes,
    httpErrors: draft.httpErrors,
    logProfiles: draft.logProfiles,
    healthChecks: draft.healthChecks.map(({ config }) => config),
    crtStores: draft.crtStores,
    defaults: draft.defaults.filter((proxy) => proxy.named).map((proxy) => proxy.config),
    defaultServers: { ...defaultServers },
  };
}

/** The proxy of that name that traffic can be sent to. */
export function findBackend(config: ConfigDraft, name: string): ProxyDraft | undefined {
  return config.proxiesByName.get(name)?.find((proxy) => proxy.kind !== 'frontend');
}

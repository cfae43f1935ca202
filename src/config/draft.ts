/** The configuration while it is being read: the shapes of types.ts, writable, with what only the parser needs. */

import type {
  AgentConfig,
  BindConfig,
  CacheConfig,
  CheckConfig,
  Config,
  GlobalConfig,
  HttpErrorsConfig,
  Location,
  PeersConfig,
  ProxyConfig,
  ResolversConfig,
  RingConfig,
  ServerConfig,
  StatsConfig,
  Timeouts,
  Tunables,
  UserlistConfig,
  WordsAt,
} from './types.ts';

/** `T` with every `readonly` taken off. */
export type Draft<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly [infer A, infer B]
    ? [Draft<A>, Draft<B>]
    : T extends readonly (infer U)[]
      ? Draft<U>[]
      : { -readonly [K in keyof T]: Draft<T[K]> };

/** Check and agent settings are kept whether or not checks are on: `default-server` sets them in advance. */
export interface ServerDraft extends Omit<Draft<ServerConfig>, 'check' | 'agent' | 'checkDefaults' | 'agentDefaults'> {
  check: Draft<CheckConfig>;
  checkEnabled: boolean;
  agent: Draft<AgentConfig>;
  agentEnabled: boolean;
  /** `ssl` / `no-ssl` seen; the words of TLS settings are in `sslWords`. */
  sslEnabled: boolean;
  sslWords: string[];
}

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
  /** `redirect` lines: evaluated after all http-request rules. */
  readonly redirects: WordsAt[];
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
  checkOption: boolean;
  /** The check rules in the configuration are its own, not those of a defaults section. */
  ownCheckRules: boolean;
  emailAlert: boolean;
  /** Names and ids of servers and binds so far: duplicates are found without a search. */
  readonly serverNames: Map<string, Location>;
  readonly serverIds: Map<number, ServerDraft>;
  readonly bindIds: Set<number>;
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
  readonly defaults: ProxyDraft[];
  readonly rings: { readonly ring: Draft<RingConfig>; readonly servers: ServerDraft[] }[];
  readonly resolvers: Draft<ResolversConfig>[];
  readonly peers: Draft<PeersConfig>[];
  readonly userlists: Draft<UserlistConfig>[];
  readonly caches: Draft<CacheConfig>[];
  readonly httpErrors: Draft<HttpErrorsConfig>[];
  /** Other sections that are only recognised: mailers, log-forward, ... */
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
  /** Keywords of `global` already given a value, for `already specified`. */
  readonly seen: Map<string, Location>;
}

export function newServer(at: Location): ServerDraft {
  return {
    at,
    name: '',
    address: { family: 'inet', host: '0.0.0.0', port: 0, portEnd: 0, portMap: '' },
    id: null,
    weight: 1,
    maxconn: 0,
    minconn: 0,
    maxqueue: 0,
    backup: false,
    disabled: false,
    cookie: null,
    slowstart: 0,
    redir: null,
    nonStick: false,
    sendProxy: 0,
    proxyV2Options: [],
    source: null,
    errorLimit: 10,
    observe: 'none',
    onError: 'fail-check',
    onMarkedDown: 'none',
    onMarkedUp: 'none',
    track: null,
    initState: 'up',
    initAddr: ['last', 'libc'],
    resolvers: null,
    resolvePrefer: 6,
    resolveOpts: [],
    poolLowConn: 0,
    poolMaxConn: -1,
    poolPurgeDelay: 5000,
    maxReuse: -1,
    tcpUserTimeout: 0,
    proto: null,
    guid: null,
    hashKey: 'id',
    check: {
      inter: 2000,
      fastinter: null,
      downinter: null,
      rise: 2,
      fall: 3,
      port: 0,
      addr: null,
      sendProxy: false,
      ssl: false,
      sni: null,
    },
    checkEnabled: false,
    agent: { inter: 2000, port: 0, addr: null, send: null },
    agentEnabled: false,
    ssl: null,
    sslEnabled: false,
    sslWords: [],
    template: null,
  };
}

/** The server as the rest of the program sees it. */
export function finishServer(draft: ServerDraft): ServerConfig {
  const { check, checkEnabled, agent, agentEnabled, sslEnabled, sslWords, ...rest } = draft;
  return {
    ...rest,
    check: checkEnabled ? { ...check } : null,
    agent: agentEnabled ? { ...agent } : null,
    checkDefaults: { ...check },
    agentDefaults: { ...agent },
    ssl: sslEnabled ? [...sslWords] : null,
  };
}

/** The other way, for servers made at run time from a `default-server` or from another server. */
export function serverDraftOf(server: ServerConfig): ServerDraft {
  const { check, agent, checkDefaults, agentDefaults, ...rest } = structuredClone(server) as Draft<ServerConfig>;
  const fresh = newServer(server.at);
  return {
    ...rest,
    check: check ?? checkDefaults ?? fresh.check,
    checkEnabled: check !== null,
    agent: agent ?? agentDefaults ?? fresh.agent,
    agentEnabled: agent !== null,
    sslEnabled: server.ssl !== null,
    sslWords: [...(server.ssl ?? [])],
  };
}

export function newBind(at: Location, address: BindConfig['address']): Draft<BindConfig> {
  return {
    at,
    address,
    id: null,
    name: null,
    maxconn: null,
    backlog: null,
    acceptProxy: false,
    interface: null,
    v6only: false,
    v4v6: false,
    transparent: false,
    proto: null,
    nice: 0,
    deferAccept: false,
    mode: null,
    uid: null,
    gid: null,
    user: null,
    group: null,
    level: 'operator',
    severityOutput: 'none',
    exposeFdListeners: false,
    ssl: null,
  };
}

const NO_TIMEOUTS: Timeouts = {
  client: null,
  server: null,
  connect: null,
  queue: null,
  check: null,
  httpRequest: null,
  httpKeepAlive: null,
  clientFin: null,
  serverFin: null,
  tunnel: null,
  tarpit: null,
};

/** `stats` settings before any `stats` line. */
export function newStats(): Draft<StatsConfig> {
  return {
    uri: '/haproxy?stats',
    auth: [],
    admin: [],
    httpRequest: [],
    realm: 'HAProxy Statistics',
    refresh: 0,
    scope: [],
    hideVersion: false,
    showLegends: false,
    showModules: false,
    showNode: null,
    showDesc: null,
  };
}

function newProxyConfig(kind: 'frontend' | 'backend' | 'listen', name: string, at: Location): Draft<ProxyConfig> {
  return {
    name,
    kind,
    at,
    id: 0,
    idForced: false,
    guid: null,
    defaults: null,
    mode: 'tcp',
    disabled: false,
    description: null,
    binds: [],
    servers: [],
    timeouts: { ...NO_TIMEOUTS },
    maxconn: null,
    fullconn: null,
    backlog: null,
    rateLimitSessions: 0,
    balance: {
      algorithm: 'roundrobin',
      args: [],
      hashType: 'map-based',
      hashFunction: 'sdbm',
      hashAvalanche: false,
      hashBalanceFactor: 0,
      at: null,
    },
    cookie: null,
    retries: 3,
    retryOn: ['conn-failure'],
    redispatch: null,
    defaultBackend: null,
    useBackend: [],
    useServer: [],
    forcePersist: [],
    ignorePersist: [],
    acls: [],
    rules: {
      'http-request': [],
      'http-response': [],
      'http-after-response': [],
      'tcp-request': [],
      'tcp-response': [],
    },
    stickRules: [],
    stickTable: null,
    captures: [],
    filters: [],
    declares: [],
    options: [],
    httpReuse: 'safe',
    forwardfor: null,
    originalto: null,
    monitorUri: null,
    monitorFail: [],
    errorPages: [],
    logs: [],
    logFormat: null,
    logFormatSd: null,
    errorLogFormat: null,
    uniqueIdFormat: null,
    uniqueIdHeader: null,
    logTag: null,
    healthCheck: {
      kind: 'tcp',
      args: [],
      rules: [],
      disableOn404: false,
      sendState: false,
      externalCommand: null,
      externalPath: null,
    },
    stats: null,
    source: null,
    dispatch: null,
    serverStateFile: 'none',
    serverStateFileName: null,
    httpSendNameHeader: null,
    maxKeepAliveQueue: 0,
    hashPreserveAffinity: 'always',
    emailAlert: [],
    compression: [],
  };
}

/** A new proxy or defaults section; it starts as a copy of the defaults section `from`, as far as that applies to it. */
export function newProxy(kind: ProxyKind, name: string, at: Location, from: ProxyDraft | null): ProxyDraft {
  const shape = kind === 'defaults' ? 'backend' : kind;
  const fresh = newProxyConfig(shape, name, at);
  const config = from === null ? fresh : inherit(fresh, from.config, kind);
  return {
    kind,
    named: kind !== 'defaults' || name !== '',
    config,
    servers: [],
    defaultServer: from === null ? newServer(at) : { ...structuredClone(from.defaultServer), at },
    from,
    implicitUse: false,
    explicitUse: false,
    usedBy: new Set(),
    redirects: [],
    explicitBalance: from?.explicitBalance ?? false,
    dynamicCookieKey: from?.dynamicCookieKey ?? null,
    logFormatFrom: from?.logFormatFrom ?? null,
    logOptionAt: from?.logOptionAt ?? null,
    ruleKinds: new Set(),
    defaultBackendAt: from?.defaultBackendAt ?? null,
    checkRuleset: from?.checkRuleset ?? null,
    checkOption: from?.checkOption ?? false,
    ownCheckRules: false,
    emailAlert: from?.emailAlert ?? false,
    serverNames: new Map(),
    serverIds: new Map(),
    bindIds: new Set(),
  };
}

/** Settings of a defaults section that only its frontends, or only its backends, take over. */
const FRONTEND_ONLY = [
  'maxconn',
  'backlog',
  'rateLimitSessions',
  'defaultBackend',
  'monitorUri',
  'monitorFail',
  'captures',
  'uniqueIdFormat',
  'uniqueIdHeader',
] as const;
const BACKEND_ONLY = ['fullconn', 'cookie', 'redispatch', 'source', 'httpSendNameHeader', 'dispatch'] as const;

function inherit(fresh: Draft<ProxyConfig>, parent: Draft<ProxyConfig>, kind: ProxyKind): Draft<ProxyConfig> {
  const { name, at, kind: shape, id, idForced, guid, binds, servers, description } = fresh;
  const config = { ...structuredClone(parent), name, at, kind: shape, id, idForced, guid, binds, servers, description };
  config.defaults = parent.name === '' ? null : parent.name;
  const dropped = kind === 'frontend' ? BACKEND_ONLY : kind === 'backend' ? FRONTEND_ONLY : [];
  for (const key of dropped) Object.assign(config, { [key]: fresh[key] });
  return config;
}

/** HAProxy's defaults, where a value has a meaning here. */
const TUNABLES: Tunables = {
  bufsize: 16384,
  maxrewrite: 1024,
  maxhdr: 101,
  logurilen: 1024,
  cookielen: 64,
  cliMaxPayloadSize: 131072,
  h2InitialWindowSize: 65536,
  h2MaxConcurrentStreams: 100,
  h2MaxFrameSize: 16384,
  h2HeaderTableSize: 4096,
  poolHighFdRatio: 25,
  poolLowFdRatio: 20,
  maxaccept: 4,
  idletimer: 1000,
  rcvbufClient: null,
  rcvbufServer: null,
  sndbufClient: null,
  sndbufServer: null,
  stickCounters: 3,
  patternCacheSize: 10000,
  comp_maxlevel: 1,
};

function newGlobal(): Draft<GlobalConfig> {
  return {
    maxconn: null,
    nbthread: null,
    hardMaxconn: null,
    maxconnrate: 0,
    maxsessrate: 0,
    maxsslrate: 0,
    maxcomprate: 0,
    daemon: false,
    masterWorker: false,
    user: null,
    group: null,
    uid: null,
    gid: null,
    chroot: null,
    pidfile: null,
    node: null,
    description: null,
    localpeer: null,
    logs: [],
    logTag: null,
    logSendHostname: null,
    statsSockets: [],
    statsTimeout: 10_000,
    statsMaxconn: 10,
    ulimitN: null,
    hardStopAfter: null,
    grace: 0,
    serverStateBase: null,
    serverStateFile: null,
    spreadChecks: 0,
    maxSpreadChecks: null,
    externalCheck: false,
    insecureForkWanted: false,
    crtBase: null,
    caBase: null,
    setVars: [],
    defaultPath: [],
    tune: { ...TUNABLES },
    other: {},
    env: {},
  };
}

export function newConfigDraft(): ConfigDraft {
  return {
    global: newGlobal(),
    proxies: [],
    defaults: [],
    rings: [],
    resolvers: [],
    peers: [],
    userlists: [],
    caches: [],
    httpErrors: [],
    others: [],
    unixBind: { prefix: '', mode: null, uid: null, gid: null, user: null, group: null },
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
    resolvers: draft.resolvers,
    peers: draft.peers,
    userlists: draft.userlists,
    caches: draft.caches,
    httpErrors: draft.httpErrors,
    defaults: draft.defaults.filter((proxy) => proxy.named).map((proxy) => proxy.config),
    defaultServers: { ...defaultServers },
  };
}

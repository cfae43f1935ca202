/** A proxy or defaults section before its first line: HAProxy's defaults, or what it takes over from a defaults section. */

import type { Draft, ProxyDraft, ProxyKind } from './draft.ts';
import { copyServer, newServer } from './draft-server.ts';
import type { HealthCheckConfig, Location, ProxyConfig, StatsConfig, Timeouts } from './types.ts';

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
    unpublished: false,
    description: null,
    binds: [],
    sslUses: [],
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
    forceBeSwitch: [],
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
    redirects: [],
    stickRules: [],
    stickTable: null,
    captures: [],
    filters: [],
    declares: [],
    options: [],
    clientProbes: { count: 0, idle: 0, interval: 0 },
    serverProbes: { count: 0, idle: 0, interval: 0 },
    httpReuse: 'safe',
    forwardfor: null,
    forwarded: null,
    originalto: null,
    monitorUri: null,
    rdpCookie: null,
    monitorFail: [],
    errorPages: [],
    logs: [],
    logFormat: null,
    logFormatSd: null,
    errorLogFormat: null,
    logSteps: null,
    uniqueIdFormat: null,
    uniqueIdHeader: null,
    logTag: null,
    healthCheck: noHealthCheck(),
    stats: null,
    source: null,
    dispatch: null,
    serverStateFile: 'none',
    serverStateFileName: null,
    httpSendNameHeader: null,
    maxKeepAliveQueue: -1,
    maxSessionSrvConns: 5,
    hashPreserveAffinity: 'always',
    emailAlert: { mailers: null, from: null, to: null, level: 1, myhostname: null },
    compression: null,
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
    defaultServer: from === null ? newServer(at) : { ...copyServer(from.defaultServer), at },
    from,
    implicitUse: false,
    explicitUse: false,
    usedBy: new Set(),
    explicitBalance: from?.explicitBalance ?? false,
    dynamicCookieKey: from?.dynamicCookieKey ?? null,
    logFormatFrom: from?.logFormatFrom ?? null,
    logOptionAt: from?.logOptionAt ?? null,
    ruleKinds: new Set(),
    defaultBackendAt: from?.defaultBackendAt ?? null,
    checkRuleset: from?.checkRuleset ?? null,
    ownCheckOption: false,
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

/** Checks that only connect. */
export function noHealthCheck(): Draft<HealthCheckConfig> {
  return {
    kind: 'tcp',
    args: [],
    rules: [],
    disableOn404: false,
    sendState: false,
    externalCommand: null,
    externalPath: null,
  };
}

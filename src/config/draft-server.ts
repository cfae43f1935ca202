/** Servers and binds while they are read. */

import type { Draft } from './draft.ts';
import { copyServerTls, finishServerTls, newServerTls, type ServerTlsDraft } from './keywords/server-tls.ts';
import type { AgentConfig, BindConfig, CheckConfig, Location, ServerConfig } from './types.ts';

/** Check and agent settings are kept whether or not checks are on: `default-server` sets them in advance. */
export interface ServerDraft
  extends Omit<Draft<ServerConfig>, 'check' | 'agent' | 'checkDefaults' | 'agentDefaults' | 'tls'> {
  check: Draft<CheckConfig>;
  checkEnabled: boolean;
  /** Name of the healthcheck section, until all sections are read. */
  healthcheck: string | null;
  agent: Draft<AgentConfig>;
  agentEnabled: boolean;
  tls: ServerTlsDraft;
  /** `shard`, which says something of peers only; 0: not written. */
  shard: number;
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
    nonStick: false,
    disabled: false,
    cookie: null,
    slowstart: 0,
    redir: null,
    sendProxy: 0,
    proxyV2Options: [],
    proxyTlvs: [],
    source: null,
    socks4: null,
    checkViaSocks4: false,
    congestion: null,
    errorLimit: 10,
    observe: 'none',
    onError: 'fail-check',
    onMarkedDown: 'none',
    onMarkedUp: 'none',
    track: null,
    initState: 'up',
    initAddr: [],
    resolvers: null,
    resolvePrefer: 6,
    resolveOpts: [],
    strictMaxconn: false,
    idlePing: 0,
    poolLowConn: 0,
    poolMaxConn: -1,
    poolPurgeDelay: 5000,
    maxReuse: -1,
    poolConnName: null,
    tcpUserTimeout: 0,
    namespace: null,
    md5Key: null,
    proto: null,
    ws: 'auto',
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
      addrPort: 0,
      sendProxy: false,
      proto: null,
      definition: null,
    },
    healthcheck: null,
    checkEnabled: false,
    agent: { inter: 2000, port: 0, addr: null, send: null },
    agentEnabled: false,
    tls: newServerTls(),
    shard: 0,
    template: null,
  };
}

/** A copy that shares nothing with `draft` that is ever changed in place. */
export function copyServer(draft: ServerDraft): ServerDraft {
  return { ...draft, check: { ...draft.check }, agent: { ...draft.agent }, tls: copyServerTls(draft.tls) };
}

/** The server as the rest of the program sees it. */
export function finishServer(draft: ServerDraft): ServerConfig {
  const { check, checkEnabled, healthcheck: _, agent, agentEnabled, tls, shard: _ofPeers, ...rest } = draft;
  return {
    ...rest,
    check: checkEnabled ? { ...check } : null,
    agent: agentEnabled ? { ...agent, port: agent.port || check.port, addr: agent.addr ?? check.addr } : null,
    checkDefaults: { ...check },
    agentDefaults: { ...agent },
    tls: finishServerTls(tls),
  };
}

/** The other way, for servers made at run time from a `default-server` or from another server. */
export function serverDraftOf(server: ServerConfig): ServerDraft {
  const { check, agent, checkDefaults, agentDefaults, tls, ...rest } = structuredClone(server) as Draft<ServerConfig>;
  const fresh = newServer(server.at);
  return {
    ...rest,
    check: check ?? checkDefaults ?? fresh.check,
    checkEnabled: check !== null,
    healthcheck: (check ?? checkDefaults)?.definition?.name ?? null,
    agent: agentDefaults ?? agent ?? fresh.agent,
    agentEnabled: agent !== null,
    tls: tls === null ? newServerTls() : { ...newServerTls(), ...tls, mentioned: true },
    shard: 0,
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
    netscalerCip: null,
    interface: null,
    v6only: false,
    v4v6: false,
    transparent: false,
    proto: null,
    deferAccept: false,
    mss: 0,
    tfo: false,
    congestion: null,
    idlePing: 0,
    tcpUserTimeout: 0,
    namespace: null,
    md5Key: null,
    saveSyn: 0,
    mode: null,
    uid: null,
    gid: null,
    user: null,
    group: null,
    level: 'operator',
    severityOutput: 'none',
    exposeFdListeners: false,
    tls: null,
  };
}

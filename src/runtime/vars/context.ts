import type { ExprContext, LogFacts, ProxyFacts, ServerFacts, Vars } from '../../expr/types.ts';
import { C, G } from '../../model/counters.ts';
import { findProxy, type Model } from '../../model/model.ts';
import type { Proxy } from '../../model/proxy.ts';
import { isUsable, type Server } from '../../model/server.ts';

/**
 * What expressions see when they are evaluated for a command: the process and its proxies, but no stream. Fetches that need one are
 * refused before (`place.cli`).
 */
export function commandContext(model: Model): ExprContext {
  const nowhere = { host: '', port: 0 };
  const find = (name: string, side: 'frontend' | 'backend') => {
    const proxy = findProxy(model, name, side);
    return proxy && proxyFacts(model, proxy);
  };
  return {
    now: Date.now(),
    source: nowhere,
    destination: nowhere,
    requestHead: null,
    responseHead: null,
    frontend: noProxy,
    backend: null,
    server: null,
    listenerId: 0,
    listenerName: '',
    findBackend: (name) => find(name, 'backend'),
    findFrontend: (name) => find(name, 'frontend'),
    vars: (scope) => (scope === 'proc' ? (model.procVars as unknown as Vars) : new Map()),
    requestPayload: () => '',
    responsePayload: () => '',
    uniqueId: '',
    log: noLog,
  };
}

const noProxy: ProxyFacts = {
  id: 0,
  name: '',
  servers: [],
  usableServers: () => 0,
  connections: () => 0,
  queued: () => 0,
  sessionRate: () => 0,
  requestRate: () => 0,
};

function proxyFacts(model: Model, proxy: Proxy): ProxyFacts {
  const { counters } = model;
  const slot = (side: 'frontend' | 'backend') => (side === 'frontend' ? proxy.frontendSlot : proxy.backendSlot);
  const gauge = (side: 'frontend' | 'backend', field: number) =>
    slot(side) < 0 ? 0 : counters.gauges(slot(side))[field]!;
  return {
    id: proxy.id,
    name: proxy.name,
    servers: proxy.servers.map((server) => serverFacts(model, server)),
    usableServers() {
      const usable = proxy.servers.filter(isUsable);
      const active = usable.filter((server) => !server.config.backup);
      return (active.length > 0 ? active : usable).length;
    },
    connections: (side) => gauge(side, G.current),
    queued: () => gauge('backend', G.queued),
    sessionRate: (side) => (slot(side) < 0 ? 0 : counters.rate(slot(side), C.sessRate, Date.now())),
    requestRate: () => (proxy.frontendSlot < 0 ? 0 : counters.rate(proxy.frontendSlot, C.reqRate, Date.now())),
  };
}

function serverFacts(model: Model, server: Server): ServerFacts {
  const gauges = model.counters.gauges(server.slot);
  return {
    id: server.id,
    name: server.name,
    usable: isUsable(server),
    weight: server.userWeight,
    connections: () => gauges[G.current]!,
    queued: () => gauges[G.queued]!,
    sessionRate: () => model.counters.rate(server.slot, C.sessRate, Date.now()),
  };
}

const noLog: LogFacts = {
  acceptDate: 0,
  requestDate: 0,
  handshakeTime: -1,
  idleTime: -1,
  requestTime: -1,
  queueTime: -1,
  connectTime: -1,
  responseTime: -1,
  dataTime: -1,
  totalTime: -1,
  bytesUploaded: 0,
  bytesRead: 0,
  requestSent: 0,
  responseReceived: 0,
  responseSent: 0,
  status: 0,
  termination: '----',
  requestCookie: '',
  responseCookie: '',
  retries: 0,
  redispatched: false,
  serverQueue: 0,
  backendQueue: 0,
  requestCounter: 0,
  requestLine: '',
  captures: { request: [], response: [] },
  processConnections: 0,
  frontendConnections: 0,
  backendConnections: 0,
  serverConnections: 0,
  serverHost: '',
  serverPort: 0,
  localHost: '',
  localPort: 0,
  logAsap: false,
  ssl: false,
  sslVersion: '',
  sslCipher: '',
  hostname: '',
  pid: process.pid,
};

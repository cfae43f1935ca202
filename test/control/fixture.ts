import { newGlobal } from '../../src/config/draft-global.ts';
import { newProxy } from '../../src/config/draft-proxy.ts';
import { newServer } from '../../src/config/draft-server.ts';
import { plainServerTls } from '../../src/config/keywords/server-tls.ts';
import type { AgentConfig, CheckConfig, HealthCheckConfig, ProxyConfig, ServerConfig } from '../../src/config/types.ts';
import { startServers } from '../../src/control/servers/start.ts';
import { linkTracking } from '../../src/control/servers/tracking.ts';
import { CertificateStore } from '../../src/model/certificates/store.ts';
import { CounterStore } from '../../src/model/counters.ts';
import type { TrafficCommand, TrafficLink } from '../../src/model/messages.ts';
import type { Model } from '../../src/model/model.ts';
import { PatternReferences } from '../../src/model/patterns/references.ts';
import { Proxy } from '../../src/model/proxy.ts';
import { Server } from '../../src/model/server.ts';
import { StickTables } from '../../src/model/tables/tables.ts';
import { TlsAccounts } from '../../src/traffic/tls/accounts.ts';
import { ServerTls } from '../../src/traffic/tls/server-tls.ts';

const at = { file: 'test.cfg', line: 1 };

/** A `server` line with HAProxy's defaults. */
export function serverConfig(name: string, over: Partial<ServerConfig> = {}): ServerConfig {
  const { checkEnabled: _, agentEnabled: __, ...defaults } = newServer(at);
  return {
    ...defaults,
    name,
    address: { family: 'inet', host: '127.0.0.1', port: 80, portEnd: 80, portMap: '' },
    check: null,
    agent: null,
    tls: null,
    ...over,
  };
}

export function checkConfig(over: Partial<CheckConfig> = {}): CheckConfig {
  return {
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
    ...over,
  };
}

export function agentConfig(over: Partial<AgentConfig> = {}): AgentConfig {
  return { inter: 2000, port: 0, addr: null, send: null, ...over };
}

export const plainCheck: HealthCheckConfig = {
  kind: 'tcp',
  args: [],
  rules: [],
  disableOn404: false,
  sendState: false,
  externalCommand: null,
  externalPath: null,
};

/** TLS of checks that speak none. */
export function noTls(): ServerTls {
  const { tls } = newGlobal();
  const counters = new CounterStore(1);
  const slot = counters.allocate();
  const accounts = new TlsAccounts(counters.row(slot, 0), counters.gauges(slot), Date.now);
  return new ServerTls(
    { certificatesByPath: new Map(), trusts: new Map() },
    plainServerTls({ tls }),
    () => tls,
    accounts,
  );
}

/** A backend (unless `kind` says otherwise) in HTTP mode, else with HAProxy's defaults. */
export function proxyConfig(name: string, id: number, over: Partial<ProxyConfig> = {}): ProxyConfig {
  return { ...newProxy('backend', name, at, null).config, id, mode: 'http', ...over };
}

/** A model of these proxies, started at `now` (ms). */
export function modelOf(configs: readonly ProxyConfig[], now = 1_000_000): Model {
  const counters = new CounterStore(2);
  const model: Model = {
    config: {
      proxies: configs,
      defaults: [],
      defaultServers: {},
      healthChecks: [],
      global: {
        insecureForkWanted: true,
        spreadChecks: 0,
        maxSpreadChecks: null,
        node: 'vm',
        statsSockets: [],
        tune: { bufsize: 16384 },
        tls: newGlobal().tls,
        setVars: [],
      },
    } as unknown as Model['config'],
    started: {} as Model['started'],
    counters,
    processSlot: counters.allocate(),
    tlsSessions: null,
    proxies: [],
    proxiesById: new Map(),
    databases: [],
    caches: [],
    patterns: new PatternReferences(),
    tables: new StickTables({ proxies: [], peers: [] }),
    certificates: new CertificateStore(),
    limits: { maxconn: 1000, hardMaxconn: 2000, connRate: 0, sessRate: 0, sslRate: 0, compRate: 0 },
    startedAt: now,
    threads: 1,
    procVars: new Map(),
    stopping: false,
    warnings: 0,
    startupLogs: '',
  };
  for (const config of configs) {
    const front = config.kind === 'backend' ? -1 : counters.allocate();
    const back = config.kind === 'frontend' ? -1 : counters.allocate();
    const proxy = new Proxy(config, front, back, false, now);
    model.proxies.push(proxy);
    model.proxiesById.set(proxy.id, proxy);
    for (const server of config.servers)
      addServer(proxy, new Server(proxy, server, freeId(proxy, server.id), counters.allocate(), false, now));
  }
  for (const proxy of model.proxies) for (const server of proxy.servers) linkTracking(model, server);
  startServers(model);
  return model;
}

export function addServer(proxy: Proxy, server: Server): Server {
  proxy.servers.push(server);
  proxy.serversByName.set(server.name, server);
  proxy.serversById.set(server.id, server);
  return server;
}

function freeId(proxy: Proxy, forced: number | null): number {
  let id = forced ?? 1;
  while (proxy.serversById.has(id)) id++;
  return id;
}

/** Traffic threads that take every command and remember it; `answers` overrides what they say by kind of command. */
export function fakeTraffic(
  answers: Partial<Record<TrafficCommand['kind'], (command: TrafficCommand) => unknown[]>> = {},
): TrafficLink & { sent: TrafficCommand[] } {
  const sent: TrafficCommand[] = [];
  return {
    threads: 1,
    sent,
    async ask(command) {
      sent.push(structuredClone(command));
      return answers[command.kind]?.(command) ?? [null];
    },
  };
}

/** The server at `backend/server`. */
export function serverAt(model: Model, path: string): Server {
  const [backend, name] = path.split('/');
  const server = model.proxies.find((p) => p.name === backend)?.serversByName.get(name ?? '');
  if (!server) throw new Error(`no server '${path}' in the model`);
  return server;
}

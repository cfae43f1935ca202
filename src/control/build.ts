import { readFileSync } from 'node:fs';
import { workingPeers } from '../config/finish-peers.ts';
import type { BindConfig, Config, ProxyConfig, ServerConfig } from '../config/types.ts';
import { serverUses } from '../model/certificates/server-uses.ts';
import { CertificateStore } from '../model/certificates/store.ts';
import { CounterStore } from '../model/counters.ts';
import type { ProxyView } from '../model/messages.ts';
import type { Model } from '../model/model.ts';
import { PatternReferences } from '../model/patterns/references.ts';
import { type Listener, Proxy } from '../model/proxy.ts';
import { Server } from '../model/server.ts';
import { sessionMemory } from '../model/session-cache.ts';
import { StickTables } from '../model/tables/tables.ts';
import { setTaskProfiling } from '../model/task-profiling.ts';
import { globalVars } from '../traffic/proc-vars.ts';
import { cachesOf } from './caches.ts';
import { systemAuthorities } from './certificates/read-trust.ts';
import { stageCertificates } from './certificates/stage.ts';
import { serverView } from './servers/view.ts';

/** Descriptors that are not for connections: logs, checks, the control sockets, files. */
const RESERVED_FDS = 66;
/** Connections when neither the configuration nor the system's limit says. */
const DEFAULT_MAXCONN = 2000;

/** The model of a configuration, as it is before anything runs. `rows` of counters: one a traffic thread, one for the control thread. */
export function buildModel(config: Config, threads: number, now: number): Model {
  const counters = new CounterStore(threads + 1);
  const maxconn = config.global.maxconn ?? maxconnOfSystem();
  const model: Model = {
    config,
    started: config.global,
    counters,
    processSlot: counters.allocate(),
    tlsSessions: sessionMemory(config.global.tls.cacheSize),
    proxies: [],
    proxiesById: new Map(),
    limits: {
      maxconn,
      hardMaxconn: maxconn,
      connRate: config.global.maxconnrate,
      sessRate: config.global.maxsessrate,
      sslRate: config.global.maxsslrate,
      compRate: config.global.maxcomprate * 1024,
    },
    caches: cachesOf(config, []),
    databases: config.databases ?? [],
    patterns: new PatternReferences(),
    tables: new StickTables(config),
    certificates: new CertificateStore(systemAuthorities),
    startedAt: now,
    threads,
    procVars: new Map(globalVars(config.global).vars),
    stopping: false,
    warnings: 0,
    startupLogs: '',
  };
  setTaskProfiling(model, config.global.profileTasks);
  for (const proxy of config.proxies) addProxy(model, proxy, false, now);
  model.certificates = stageCertificates(model.certificates, config, frontendIds(model)).store;
  knowServers(model);
  markReferences(model);
  return model;
}

/** Has the certificates know which servers there are at any time. */
export function knowServers(model: Model): void {
  model.certificates.followServers(() =>
    serverUses([
      ...model.proxies.flatMap(({ servers }) => servers.map((server) => server.config)),
      ...workingPeers(model.config).flatMap(({ peers }) => peers),
    ]),
  );
}

/** Tells the id of the frontend of a name. */
function frontendIds({ proxies }: Model): (name: string) => number {
  return (name) => proxies.find((proxy) => proxy.isFrontend && proxy.name === name)!.id;
}

/** Puts a proxy, with its listeners and servers, into the model. */
export function addProxy(model: Model, config: ProxyConfig, dynamic: boolean, now: number): Proxy {
  const { counters } = model;
  const proxy = new Proxy(
    config,
    config.kind === 'backend' ? -1 : counters.allocate(),
    config.kind === 'frontend' ? -1 : counters.allocate(),
    dynamic,
    now,
  );
  addListeners(model, proxy);
  const ids = nextIds(config.servers.map((server) => server.id));
  for (const [i, server] of config.servers.entries())
    addServer(model, proxy, server, config.disabled ? 0 : ids[i]!, false, now);
  model.proxies.push(proxy);
  model.proxiesById.set(proxy.id, proxy);
  return proxy;
}

function addListeners(model: Model, proxy: Proxy): void {
  const ids = nextIds(proxy.config.binds.map((bind) => bind.id));
  for (const [i, bind] of proxy.config.binds.entries()) addListener(model, proxy, bind, ids[i]!);
}

/** Adds a bound address to a frontend of the model; by itself it gets the next free id. */
export function addListener(model: Model, proxy: Proxy, bind: BindConfig, id = freeIdOf(proxy.listeners)): Listener {
  const listener: Listener = {
    id,
    config: bind,
    name: bind.name ?? `sock-${id}`,
    slot: proxy.config.options.includes('socket-stats') ? model.counters.allocate() : proxy.frontendSlot,
    state: 'new',
    kept: [],
  };
  proxy.listeners.push(listener);
  return listener;
}

/** The id that the next server of a proxy gets when it has none of its own. */
export function freeServerId(proxy: Proxy): number {
  return freeIdOf(proxy.servers);
}

function freeIdOf(taken: readonly { readonly id: number }[]): number {
  let id = 1;
  while (taken.some((one) => one.id === id)) id++;
  return id;
}

/** Adds a server to a proxy of the model. */
export function addServer(
  model: Model,
  proxy: Proxy,
  config: ServerConfig,
  id: number,
  dynamic: boolean,
  now: number,
): Server {
  const server = new Server(proxy, config, id, model.counters.allocate(), dynamic, now);
  proxy.servers.push(server);
  proxy.serversByName.set(server.name, server);
  proxy.serversById.set(id, server);
  return server;
}

/** Ids in order: forced ones stay; each other gets the next free one that is not below its position. */
function nextIds(forced: readonly (number | null)[]): number[] {
  const used = new Set(forced.filter((id) => id !== null));
  let next = 1;
  return forced.map((id) => {
    let own = id;
    if (own === null) {
      while (used.has(next)) next++;
      own = next;
      used.add(own);
    }
    next++;
    return own;
  });
}

/** Notes which proxies and servers are named by rules: those cannot be deleted. */
export function markReferences(model: Model): void {
  const backends = new Set<string>();
  for (const { config, servers } of model.proxies) {
    if (config.defaultBackend !== null) backends.add(config.defaultBackend);
    for (const rule of config.useBackend) backends.add(rule.words[0]!);
    const named = new Set(config.useServer.map((rule) => rule.words[0]));
    for (const server of servers) if (named.has(server.name)) server.referenced = true;
  }
  for (const proxy of model.proxies) if (proxy.isBackend && backends.has(proxy.name)) proxy.referenced = true;
}

/** Connections that the system's limit of open files allows, two descriptors each. */
function maxconnOfSystem(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
    if (limit !== null) return Math.max(1, Math.floor((Number(limit[1]) - RESERVED_FDS) / 2));
  } catch {
    // No /proc: the default will do.
  }
  return DEFAULT_MAXCONN;
}

/** What the traffic threads get of a proxy. */
export function proxyView(proxy: Proxy): ProxyView {
  return {
    config: proxy.config,
    frontendSlot: proxy.frontendSlot,
    backendSlot: proxy.backendSlot,
    listeners: proxy.listeners.map(({ id, name, slot, config }) => ({ id, name, slot, config })),
    servers: proxy.servers.map(serverView),
    published: proxy.published,
    maxconn: proxy.maxconn,
    dynamicCookie: proxy.dynamicCookie,
    dynamicCookieKey: proxy.dynamicCookieKey,
  };
}

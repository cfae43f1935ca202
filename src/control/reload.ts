import { isDeepStrictEqual } from 'node:util';
import { diagnosticLine } from '../config/diagnostics.ts';
import type { BindConfig, Config, ProxyConfig, ServerConfig } from '../config/types.ts';
import type { TrafficLink } from '../model/messages.ts';
import type { Model } from '../model/model.ts';
import type { Listener, Proxy } from '../model/proxy.ts';
import type { Server } from '../model/server.ts';
import { closeDescriptor } from '../util/libc.ts';
import { addListener, addProxy, addServer, freeServerId, markReferences, proxyView } from './build.ts';
import { copiesOf, takeKept } from './kept-sockets.ts';
import { adjustBacklog, backlogOf, releaseListeners, startListeners } from './listeners.ts';
import { prepareLogs } from './logs/addresses.ts';
import type { ProcessLogs } from './logs/logs.ts';
import { listenerKey } from './passed-listeners.ts';
import { applyLimits, applyVariables, environmentOf, isSameEnvironment, withoutPlaces } from './reload-global.ts';
import { resolveInitialAddresses } from './resolvers/initial-addresses.ts';
import type { ProcessResolvers } from './resolvers/resolvers.ts';
import { restartNeeded } from './restart-needed.ts';
import { setAdminState } from './servers/admin-state.ts';
import type { ServerStates } from './servers/server-states.ts';
import { startServer } from './servers/start.ts';
import { linkTracking, unlinkTracking } from './servers/tracking.ts';
import { countUsable } from './servers/usable.ts';
import type { Health } from './types.ts';

/** Ports below are root's (`net.ipv4.ip_unprivileged_port_start`, as it is everywhere unless somebody changed it). */
const FIRST_FREE_PORT = 1024;

/** Settings of a `bind` line that a socket is told before it listens, and its owner. */
const SOCKET_SETTINGS = [
  'interface',
  'v6only',
  'v4v6',
  'transparent',
  'deferAccept',
  'mss',
  'tfo',
  'congestion',
  'tcpUserTimeout',
  'mode',
  'uid',
  'gid',
] as const satisfies readonly (keyof BindConfig)[];

/** What a reload works on. */
export interface ReloadContext {
  readonly model: Model;
  readonly traffic: TrafficLink;
  readonly states: ServerStates;
  readonly health: Health;
  readonly resolvers: ProcessResolvers;
  readonly logs: ProcessLogs;
  /** A server that the configuration has as before was deleted by an operator. */
  isDeleted(backend: string, server: ServerConfig): boolean;
}

/** What became of a reload. */
export interface ReloadOutcome {
  /** Why it could not be done; nothing is changed then. */
  readonly problems: readonly string[];
  /** What operators should know. */
  readonly warnings: string[];
}

/** How a proxy of the running model changes. */
interface ProxyChange {
  readonly proxy: Proxy;
  readonly to: ProxyConfig;
  readonly addedBinds: readonly BindConfig[];
  readonly removedListeners: readonly Listener[];
  readonly keptListeners: readonly { readonly listener: Listener; readonly to: BindConfig }[];
}

/** The difference between the running model and a configuration. */
interface Plan {
  readonly added: readonly ProxyConfig[];
  readonly changed: readonly ProxyChange[];
  readonly removed: readonly Proxy[];
}

/**
 * Puts another configuration in force in the running process: only what differs is touched. Sockets stay open, counters, health and
 * what operators did stay true where the file says the same as before.
 */
export async function applyReload(config: Config, ctx: ReloadContext): Promise<ReloadOutcome> {
  const { model, traffic } = ctx;
  const prepared = await prepareLogs(config);
  const alerts = prepared.diagnostics.filter((d) => d.severity === 'alert');
  if (alerts.length > 0) return refused(alerts.map(diagnosticLine));
  const plan = makePlan(model, config);
  const before = model.config;
  const everywhere = !isSameEnvironment(before, config);
  if (everywhere) await traffic.ask({ kind: 'environment', environment: environmentOf(config) });
  // New addresses first: they are all that can fail. What they serve is put in place before.
  const fresh = plan.added.map((proxy) => addProxy(model, proxy, false, Date.now()));
  const listeners = fresh
    .filter((proxy) => proxy.state === 'ready')
    .flatMap((proxy) => proxy.listeners.map((listener) => ({ proxy, listener })));
  for (const change of plan.changed) {
    for (const bind of change.addedBinds)
      listeners.push({ proxy: change.proxy, listener: addListener(model, change.proxy, bind) });
  }
  const named = await resolveInitialAddresses(fresh.flatMap((proxy) => proxy.servers));
  const unresolved = named.filter((d) => d.severity === 'alert');
  if (unresolved.length > 0) {
    await takeBack(plan, fresh, listeners, [], ctx);
    if (everywhere) await traffic.ask({ kind: 'environment', environment: environmentOf(before) });
    return refused(unresolved.map(diagnosticLine));
  }
  const moved = movedPorts(plan, listeners);
  await traffic.ask({
    kind: 'proxy.put',
    proxies: [...fresh, ...plan.changed.map((change) => change.proxy)].map(proxyView),
  });
  const handed = handedSockets(moved, listeners);
  for (const { proxy, listener } of moved)
    await releaseListeners(traffic, proxy, handed.has(listener) || mayBind(listener) ? 'stop' : 'pause', [listener]);
  const failures = await startListeners(traffic, listeners, copiesByAddress(handed));
  if (failures.length > 0) {
    for (const [listener, kept] of handed) listener.kept = kept;
    await takeBack(plan, fresh, listeners, moved, ctx);
    if (everywhere) await traffic.ask({ kind: 'environment', environment: environmentOf(before) });
    return refused(
      failures.map(
        ({ proxy, listener: { config: bind }, reason }) =>
          `Binding [${bind.at.file}:${bind.at.line}] for proxy ${proxy.name}: ${reason}`,
      ),
    );
  }
  for (const kept of handed.values()) for (const fd of kept.flat()) closeDescriptor(fd);
  const warnings = [...prepared.diagnostics, ...named].map(diagnosticLine);
  const waiting = restartNeeded(model.started, config.global, model.limits.hardMaxconn);
  warnings.push(...waiting.map((text) => `config : ${text}`));
  ctx.resolvers.configure(config);
  for (const proxy of plan.removed) await removeProxy(proxy, ctx);
  for (const change of plan.changed) warnings.push(...(await changeProxy(change, ctx)));
  for (const proxy of fresh) for (const server of proxy.servers) begin(server, ctx);
  model.config = config;
  inFileOrder(model, config);
  markReferences(model);
  for (const proxy of model.proxies) countUsable(proxy);
  ctx.logs.configure(config, prepared.addresses);
  applyLimits(model, before.global, config.global);
  await applyVariables(model, traffic, before.global, config.global);
  const again = everywhere ? model.proxies : plan.changed.map((change) => change.proxy);
  await traffic.ask({ kind: 'proxy.put', proxies: again.map(proxyView) });
  await traffic.ask({ kind: 'limits', limits: model.limits });
  await ctx.states.flush();
  return { problems: [], warnings };
}

function refused(problems: readonly string[]): ReloadOutcome {
  return { problems, warnings: [] };
}

/** The same but for where it is written. */
function same(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(withoutPlaces(a), withoutPlaces(b));
}

function makePlan(model: Model, config: Config): Plan {
  const added: ProxyConfig[] = [];
  const changed: ProxyChange[] = [];
  const kept = new Set<Proxy>();
  const ids = new Set(model.proxies.map((proxy) => proxy.id));
  for (const wanted of config.proxies) {
    const proxy = model.proxies.find((p) => p.name === wanted.name && p.config.kind === wanted.kind && !kept.has(p));
    if (proxy === undefined) {
      const id = wanted.idForced || !ids.has(wanted.id) ? wanted.id : freeId(ids);
      ids.add(id);
      added.push({ ...wanted, id });
      continue;
    }
    kept.add(proxy);
    const to = { ...wanted, id: proxy.id };
    if (!same(to, proxy.config) || proxy.dynamic) changed.push(proxyChange(proxy, to));
  }
  return { added, changed, removed: model.proxies.filter((proxy) => !kept.has(proxy) && !proxy.dynamic) };
}

function freeId(used: ReadonlySet<number>): number {
  let id = 1;
  while (used.has(id)) id++;
  return id;
}

function proxyChange(proxy: Proxy, to: ProxyConfig): ProxyChange {
  const left = new Set(proxy.listeners);
  const keptListeners: { listener: Listener; to: BindConfig }[] = [];
  const addedBinds: BindConfig[] = [];
  for (const bind of to.binds) {
    const listener = [...left].find((l) => same(l.config.address, bind.address) && isSameSocket(l.config, bind));
    if (listener === undefined) addedBinds.push(bind);
    else {
      left.delete(listener);
      keptListeners.push({ listener, to: bind });
    }
  }
  return { proxy, to, addedBinds, removedListeners: [...left], keptListeners };
}

/** Listeners that go while another proxy takes their address: they must let it go first. */
function movedPorts(plan: Plan, starting: readonly { listener: Listener }[]): { proxy: Proxy; listener: Listener }[] {
  const going = [
    ...plan.removed.flatMap((proxy) => proxy.listeners.map((listener) => ({ proxy, listener }))),
    ...plan.changed.flatMap(({ proxy, removedListeners }) => removedListeners.map((listener) => ({ proxy, listener }))),
  ];
  return going.filter(
    ({ listener }) =>
      listener.state === 'listening' &&
      starting.some((other) => same(other.listener.config.address, listener.config.address)),
  );
}

/** With other words it is another socket. */
function isSameSocket(a: BindConfig, b: BindConfig): boolean {
  return SOCKET_SETTINGS.every((key) => a[key] === b[key]);
}

/** Sockets that go on listening for another frontend, with the connections that wait in them: taken away from the listeners that go. */
function handedSockets(
  moved: readonly { readonly listener: Listener }[],
  starting: readonly { readonly listener: Listener }[],
): Map<Listener, Listener['kept']> {
  const handed = new Map<Listener, Listener['kept']>();
  for (const { listener: old } of moved) {
    const heir = starting.find(({ listener }) => same(listener.config.address, old.config.address))!.listener;
    if (old.kept.length > 0 && isSameSocket(old.config, heir.config)) handed.set(old, takeKept(old));
  }
  return handed;
}

/** Whether the address could be taken again, would a reload fail; else it is not let go. */
function mayBind({ config: { address } }: Listener): boolean {
  return process.geteuid!() === 0 || !('port' in address) || address.port >= FIRST_FREE_PORT;
}

function copiesByAddress(handed: ReadonlyMap<Listener, Listener['kept']>): Map<string, number[]> {
  return new Map([...handed].map(([{ config }, kept]) => [listenerKey(config.address), copiesOf(kept).flat()]));
}

/** Nothing may be left of a reload that failed. */
async function takeBack(
  plan: Plan,
  fresh: readonly Proxy[],
  listeners: readonly { proxy: Proxy; listener: Listener }[],
  moved: readonly { proxy: Proxy; listener: Listener }[],
  ctx: ReloadContext,
): Promise<void> {
  const { model, traffic } = ctx;
  for (const { proxy, listener } of listeners) {
    if (!fresh.includes(proxy)) proxy.listeners.splice(proxy.listeners.indexOf(listener), 1);
  }
  for (const proxy of fresh) forgetProxy(model, proxy);
  await traffic.ask({ kind: 'proxy.remove', ids: fresh.map((proxy) => proxy.id) });
  await traffic.ask({ kind: 'proxy.put', proxies: plan.changed.map((change) => proxyView(change.proxy)) });
  await startListeners(traffic, moved);
}

function forgetProxy(model: Model, proxy: Proxy): void {
  model.proxies.splice(model.proxies.indexOf(proxy), 1);
  model.proxiesById.delete(proxy.id);
}

async function removeProxy(proxy: Proxy, ctx: ReloadContext): Promise<void> {
  await releaseListeners(ctx.traffic, proxy, 'stop');
  for (const server of proxy.servers) end(server, ctx);
  forgetProxy(ctx.model, proxy);
  await ctx.traffic.ask({ kind: 'proxy.remove', ids: [proxy.id] });
}

/** Takes over a changed section: listeners, settings, servers. */
async function changeProxy(change: ProxyChange, ctx: ReloadContext): Promise<string[]> {
  const { proxy, to } = change;
  if (change.removedListeners.length > 0) {
    await releaseListeners(ctx.traffic, proxy, 'stop', change.removedListeners);
    for (const listener of change.removedListeners) proxy.listeners.splice(proxy.listeners.indexOf(listener), 1);
  }
  const backlogs = change.keptListeners.map(({ listener }) => backlogOf(proxy, listener));
  for (const { listener, to: bind } of change.keptListeners) listener.config = bind;
  if (to.maxconn !== proxy.config.maxconn) proxy.maxconn = to.maxconn ?? 0;
  const before = proxy.config;
  proxy.config = to;
  for (const [i, { listener }] of change.keptListeners.entries()) adjustBacklog(proxy, listener, backlogs[i]!);
  return changeServers(proxy, before, to, ctx);
}

/** Returns what there is to say of servers whose names have no address. */
async function changeServers(
  proxy: Proxy,
  before: ProxyConfig,
  to: ProxyConfig,
  ctx: ReloadContext,
): Promise<string[]> {
  const added: Server[] = [];
  const moved: Server[] = [];
  const wanted = new Map(to.servers.map((server) => [server.name, server]));
  for (const server of [...proxy.servers]) {
    if (server.name !== server.config.name && wanted.has(server.name)) renameBack(server);
    if (server.dynamic || wanted.has(server.config.name)) continue;
    end(server, ctx);
    proxy.servers.splice(proxy.servers.indexOf(server), 1);
    proxy.serversByName.delete(server.name);
    proxy.serversById.delete(server.id);
    void ctx.traffic.ask({ kind: 'server.remove', proxy: proxy.id, id: server.id });
  }
  const checksDiffer = !same(before.healthCheck, to.healthCheck);
  // One that was renamed is known to the file by the name that it has there.
  const known = new Map(
    proxy.servers
      .toSorted((a, b) => Number(b.dynamic) - Number(a.dynamic))
      .map((server) => [server.dynamic ? server.name : server.config.name, server]),
  );
  for (const config of to.servers) {
    const server = known.get(config.name);
    if (server === undefined) {
      if (!ctx.isDeleted(proxy.name, config))
        added.push(addServer(ctx.model, proxy, config, config.id ?? freeServerId(proxy), false, Date.now()));
    } else if (!same(config, server.config) || checksDiffer || server.dynamic) {
      const restart =
        checksDiffer || !same(config.check, server.config.check) || !same(config.agent, server.config.agent);
      if (!same(config.address, server.config.address)) moved.push(server);
      takeOver(server, config, ctx, restart);
    } else server.config = config;
  }
  const told = await resolveInitialAddresses([...added, ...moved]);
  for (const server of added) begin(server, ctx);
  for (const server of moved) {
    ctx.resolvers.watch(server);
    ctx.states.changed(server);
  }
  return told.filter((d) => d.at !== null).map(diagnosticLine);
}

/** The file has another server of the name that was given to this one. */
function renameBack(server: Server): void {
  server.proxy.serversByName.delete(server.name);
  server.name = server.config.name;
  server.proxy.serversByName.set(server.name, server);
}

/** What the file says anew of a server wins over what it said and over what was set live; what it says as before leaves the live value. */
function takeOver(server: Server, config: ServerConfig, ctx: ReloadContext, restartChecks: boolean): void {
  const before = server.config;
  server.config = config;
  const adopted = server.dynamic;
  server.dynamic = false;
  server.added = null;
  if (config.weight !== before.weight) server.userWeight = config.weight;
  server.initialWeight = config.weight;
  if (config.maxconn !== before.maxconn) server.maxconn = config.maxconn;
  if (config.cookie !== before.cookie) server.cookie = config.cookie;
  if (!same(config.address, before.address)) server.setAddress(config.address);
  if (restartChecks || adopted) {
    ctx.health.stop(server);
    server.setChecks(config.check, config.agent);
    ctx.health.start(server);
  }
  if (adopted) setAdminState(ctx.states, server, config.disabled ? 'maint' : 'ready');
  if (config.track !== before.track) {
    unlinkTracking(server);
    linkTracking(ctx.model, server);
  }
  ctx.states.changed(server);
}

function begin(server: Server, ctx: ReloadContext): void {
  linkTracking(ctx.model, server);
  startServer(server);
  ctx.states.changed(server);
  ctx.resolvers.watch(server);
  ctx.health.start(server);
}

function end(server: Server, ctx: ReloadContext): void {
  ctx.health.stop(server);
  ctx.resolvers.unwatch(server);
  unlinkTracking(server);
  ctx.states.forget(server);
}

/** Proxies in the order of the file, dynamic ones last. */
function inFileOrder(model: Model, config: Config): void {
  const position = new Map(config.proxies.map((proxy, i) => [`${proxy.kind} ${proxy.name}`, i]));
  const rank = (proxy: Proxy) => position.get(`${proxy.config.kind} ${proxy.name}`) ?? config.proxies.length;
  model.proxies.sort((a, b) => rank(a) - rank(b));
}

import { diagnosticLine } from '../config/diagnostics.ts';
import type { Config, Diagnostic, ServerConfig } from '../config/types.ts';
import type { TlsUpdate } from '../model/certificates/views.ts';
import type { TrafficLink } from '../model/messages.ts';
import type { Model } from '../model/model.ts';
import type { StagedPatterns } from '../model/patterns/references.ts';
import type { Proxy } from '../model/proxy.ts';
import { addListener, addProxy, knowServers, markReferences, proxyView } from './build.ts';
import { cachesOf } from './caches.ts';
import { stageCertificates } from './certificates/stage.ts';
import { adjustBacklog, backlogOf, releaseListeners } from './listeners.ts';
import { prepareLogs } from './logs/addresses.ts';
import type { ProcessLogs } from './logs/logs.ts';
import { applyLimits, applyVariables, environmentOf, isSameEnvironment } from './reload-global.ts';
import { makePlan, type ProxyChange, type ReloadPlan } from './reload-plan.ts';
import { beginServer, changeServers, endServer } from './reload-servers.ts';
import { applyServersAlone, serversAlone } from './reload-servers-alone.ts';
import { moveListeners, type OwnedListener } from './reload-sockets.ts';
import { resolveInitialAddresses } from './resolvers/initial-addresses.ts';
import type { ProcessResolvers } from './resolvers/resolvers.ts';
import { restartNeeded } from './restart-needed.ts';
import type { ServerStates } from './servers/server-states.ts';
import { countUsable } from './servers/usable.ts';
import type { Health } from './types.ts';

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

/**
 * Puts another configuration in force in the running process: only what differs is touched. Sockets stay open, counters, health and
 * what operators did stay true where the file says the same as before.
 */
export async function applyReload(config: Config, ctx: ReloadContext): Promise<ReloadOutcome> {
  const { model, traffic } = ctx;
  const alone = serversAlone(model, config);
  if (alone !== null) return { problems: [], warnings: await applyServersAlone(alone, config, ctx) };
  const prepared = await prepareLogs(config);
  const alerts = prepared.diagnostics.filter((d) => d.severity === 'alert');
  if (alerts.length > 0) return refused(alerts.map(diagnosticLine));
  const plan = makePlan(model, config);
  const before = model.config;
  const patterns = await model.patterns.stage(config.patterns ?? []);
  await traffic.ask({ kind: 'patterns', references: patterns.references });
  await traffic.ask({ kind: 'databases', databases: config.databases ?? [] });
  const tables = model.tables.stage(config);
  await traffic.ask({ kind: 'tables', tables: tables.views });
  const everywhere = patterns.moved || tables.moved || !isSameEnvironment(before, config);
  const caches = cachesOf(config, model.caches);
  if (everywhere) await traffic.ask({ kind: 'environment', environment: environmentOf(config, caches) });
  const certificates = stageCertificates(model.certificates, config, frontendIds(plan, model));
  await traffic.ask({ kind: 'tls', update: certificates.early });
  const opened = await open(plan, ctx);
  if ('problems' in opened) {
    if (everywhere) await traffic.ask({ kind: 'environment', environment: environmentOf(before, model.caches) });
    await traffic.ask({ kind: 'patterns', references: model.patterns.view().references });
    await traffic.ask({ kind: 'tables', tables: model.tables.views });
    await traffic.ask({ kind: 'tls', update: takenBack(certificates.early) });
    // Those that were put back meanwhile may look things up in references that are given up.
    await traffic.ask({ kind: 'proxy.put', proxies: plan.changed.map((change) => proxyView(change.proxy)) });
    patterns.abandon();
    return refused(opened.problems);
  }
  const warnings = [...prepared.diagnostics, ...opened.told].map(diagnosticLine);
  const waiting = restartNeeded(model.started, config.global, model.limits.hardMaxconn);
  warnings.push(...waiting.map((text) => `config : ${text}`));
  ctx.resolvers.configure(config);
  for (const proxy of plan.removed) await removeProxy(proxy, ctx);
  for (const change of plan.changed) warnings.push(...(await changeProxy(change, ctx)));
  for (const proxy of opened.fresh) for (const server of proxy.servers) beginServer(server, ctx);
  model.config = config;
  model.caches = caches;
  model.databases = config.databases ?? [];
  warnings.push(...overruled(patterns));
  patterns.commit();
  model.certificates = certificates.store;
  knowServers(model);
  inFileOrder(model, config);
  markReferences(model);
  for (const proxy of model.proxies) countUsable(proxy);
  ctx.logs.configure(config, prepared.addresses);
  applyLimits(model, before.global, config.global);
  await applyVariables(model, traffic, before.global, config.global);
  const again = everywhere ? model.proxies : plan.changed.map((change) => change.proxy);
  // In one turn of each thread: listeners are known to their certificates by where their lines stand.
  await traffic.ask({
    kind: 'batch',
    commands: [
      { kind: 'tls', update: certificates.late },
      { kind: 'proxy.put', proxies: again.map(proxyView) },
    ],
  });
  await tables.commit();
  await traffic.ask({ kind: 'patterns', references: model.patterns.view().references });
  patterns.dispose();
  await traffic.ask({ kind: 'limits', limits: model.limits });
  await ctx.states.flush();
  return { problems: [], warnings };
}

/** Without what an update has brought. */
function takenBack({ put }: TlsUpdate): TlsUpdate {
  const { certificates = [], trusts = [], ticketKeys = [], binds = [] } = put;
  const path = (one: { readonly path: string }) => one.path;
  return {
    put: {},
    drop: {
      certificates: certificates.map(({ id }) => id),
      trusts: trusts.map(path),
      ticketKeys: ticketKeys.map(path),
      binds: binds.map(({ key }) => key),
    },
  };
}

/** Tells the id that the frontend of a name will have. */
function frontendIds({ added, changed, removed }: ReloadPlan, { proxies }: Model): (name: string) => number {
  const kept = proxies.filter((proxy) => proxy.isFrontend && !removed.includes(proxy));
  const ids = new Map([
    ...kept.map((proxy) => [proxy.name, proxy.id] as const),
    ...[...added, ...changed.map(({ to }) => to)]
      .filter(({ kind }) => kind !== 'backend')
      .map(({ name, id }) => [name, id] as const),
  ]);
  return (name) => ids.get(name)!;
}

/** What could be opened, and what there is to say about it, or why something could not. */
type Opened =
  | { readonly fresh: readonly Proxy[]; readonly told: readonly Diagnostic[] }
  | { readonly problems: readonly string[] };

/** Does all that can fail: addresses of new servers, sockets, and before these what they serve. Nothing is left of it when it does. */
async function open(plan: ReloadPlan, ctx: ReloadContext): Promise<Opened> {
  const { model, traffic } = ctx;
  const fresh = plan.added.map((proxy) => addProxy(model, proxy, false, Date.now()));
  const added = fresh.flatMap((proxy) => proxy.listeners.map((listener): OwnedListener => ({ proxy, listener })));
  for (const { proxy, addedBinds } of plan.changed)
    for (const bind of addedBinds) added.push({ proxy, listener: addListener(model, proxy, bind) });
  const told = await resolveInitialAddresses(fresh.flatMap((proxy) => proxy.servers));
  const unresolved = told.filter((d) => d.severity === 'alert');
  if (unresolved.length > 0) {
    await takeBack(plan, fresh, added, ctx);
    return { problems: unresolved.map(diagnosticLine) };
  }
  await traffic.ask({
    kind: 'proxy.put',
    proxies: [...fresh, ...plan.changed.map((change) => change.proxy)].map(proxyView),
  });
  // A frontend that an operator has disabled stays so: its new listeners wait with the others.
  for (const { proxy, listener } of added) if (proxy.state === 'paused') listener.state = 'paused';
  const starting = added.filter(({ proxy }) => proxy.state === 'ready');
  const failures = await moveListeners(traffic, going(plan), starting);
  if (failures.length === 0) return { fresh, told };
  await takeBack(plan, fresh, added, ctx);
  return {
    problems: failures.map(
      ({ proxy, listener: { config: bind }, reason }) =>
        `Binding [${bind.at.file}:${bind.at.line}] for proxy ${proxy.name}: ${reason}`,
    ),
  };
}

/** The listeners that a configuration has no longer. */
function going({ removed, changed }: ReloadPlan): OwnedListener[] {
  return [
    ...removed.flatMap((proxy) => proxy.listeners.map((listener) => ({ proxy, listener }))),
    ...changed.flatMap(({ proxy, removedListeners }) => removedListeners.map((listener) => ({ proxy, listener }))),
  ];
}

/** What operators are told of live edits that are gone. */
function overruled(patterns: StagedPatterns): string[] {
  return patterns.overruled.map(({ name, description, map }) => {
    const what = name === '' ? description : `${map ? 'map' : 'ACL'} '${name}'`;
    return `config : ${what} was edited live, and the configuration has changed it: it is filled anew ('show overrides' lists the edits that stand)`;
  });
}

function refused(problems: readonly string[]): ReloadOutcome {
  return { problems, warnings: [] };
}

/** Takes proxies and listeners of a reload that failed out again. */
async function takeBack(
  plan: ReloadPlan,
  fresh: readonly Proxy[],
  added: readonly OwnedListener[],
  { model, traffic }: ReloadContext,
): Promise<void> {
  for (const { proxy, listener } of added)
    if (!fresh.includes(proxy)) proxy.listeners.splice(proxy.listeners.indexOf(listener), 1);
  for (const proxy of fresh) forgetProxy(model, proxy);
  await traffic.ask({ kind: 'proxy.remove', ids: fresh.map((proxy) => proxy.id) });
  await traffic.ask({ kind: 'proxy.put', proxies: plan.changed.map((change) => proxyView(change.proxy)) });
}

function forgetProxy(model: Model, proxy: Proxy): void {
  model.proxies.splice(model.proxies.indexOf(proxy), 1);
  model.proxiesById.delete(proxy.id);
}

async function removeProxy(proxy: Proxy, ctx: ReloadContext): Promise<void> {
  await releaseListeners(ctx.traffic, proxy, 'stop');
  for (const server of proxy.servers) endServer(server, ctx);
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

/** Proxies in the order of the file, dynamic ones last. */
function inFileOrder(model: Model, config: Config): void {
  const position = new Map(config.proxies.map((proxy, i) => [`${proxy.kind} ${proxy.name}`, i]));
  const rank = (proxy: Proxy) => position.get(`${proxy.config.kind} ${proxy.name}`) ?? config.proxies.length;
  model.proxies.sort((a, b) => rank(a) - rank(b));
}

import { configuredPath } from '../config/paths.ts';
import { C, type CounterStore } from '../model/counters.ts';
import type { Activity, ListenerRef, ProxyView, ServerView, StreamFilter, TrafficCommand } from '../model/messages.ts';
import { useFiles } from '../util/files.ts';
import { changeRootOfThread, keepCapabilities, limitCapabilities } from '../util/libc.ts';
import { TrafficBackend } from './backend.ts';
import { compileProxy, configuredFiles, type ProxySurroundings } from './compile-proxy.ts';
import { onQueueWake, serveQueues } from './dispatch.ts';
import type { Env } from './env.ts';
import { TrafficFrontend } from './frontend.ts';
import { admitHeld, bindListener, connectionsOf, inheritConnections, unbindListener } from './listeners.ts';
import { recount } from './recount.ts';
import { resolved } from './resolving.ts';
import { TrafficServer } from './server.ts';
import { rendered } from './services.ts';
import type { Stream } from './stream.ts';
import { streamPointer, streamView } from './stream-view.ts';

/** Carries out what the control thread asks of a traffic thread. Resolves when it is in force. */
export async function execute(env: Env, counters: CounterStore, command: TrafficCommand): Promise<unknown> {
  switch (command.kind) {
    case 'batch':
      for (const one of command.commands) await execute(env, counters, one);
      return null;
    case 'chunk':
      counters.map(command.chunk);
      return null;
    case 'pattern-chunk':
      env.patterns.attach(command.chunk);
      return null;
    case 'patterns':
      env.patterns.put(command.references);
      return null;
    case 'tables':
      env.tables.put(command.tables);
      return null;
    case 'databases':
      env.databases.put(command.databases);
      return null;
    case 'tls':
      env.certificates.update(command.update);
      return null;
    case 'made':
      if (command.what === 'log') env.logTaken();
      else if (command.what === 'proc-vars') env.procVars.made();
      else env.patternEdits.made();
      return null;
    case 'turn':
      return null;
    case 'servers':
      for (const view of command.views) putServer(env, view);
      refreshPickers(env, command.views);
      return null;
    case 'server.remove': {
      const backend = env.backends.get(command.proxy);
      backend?.removeServer(command.id);
      backend?.serversChanged();
      return null;
    }
    case 'environment':
      useFiles(command.environment.files);
      env.configure(command.environment);
      return null;
    case 'proxy.put':
      for (const view of command.proxies) putProxy(env, view);
      return null;
    case 'proxy.remove':
      for (const id of command.ids) await removeProxy(env, id);
      return null;
    case 'backend.publish': {
      const backend = env.backends.get(command.proxy);
      if (backend !== undefined) backend.published = command.published;
      return null;
    }
    case 'dynamic-cookie': {
      env.backends.get(command.proxy)?.setDynamicCookie(command.enabled, command.key);
      return null;
    }
    case 'listeners':
      return setListeners(env, command.op, command.listeners);
    case 'confine':
      changeRootOfThread(command.folder);
      return null;
    case 'admit':
      env.holding = false;
      for (const frontend of env.frontends.values()) admitHeld(env, frontend);
      return null;
    case 'rights':
      keepCapabilities(command.step === 'keep');
      if (command.step === 'limit') limitCapabilities(command.rights);
      return null;
    case 'gauges':
      return recount(env, env.processSlot);
    case 'listeners.fds':
      return listeningSockets(env);
    case 'frontend.maxconn': {
      const frontend = env.frontends.get(command.proxy);
      if (frontend !== undefined) {
        frontend.maxconn = command.maxconn;
        admitHeld(env, frontend);
      }
      return null;
    }
    case 'limits':
      env.limits = command.limits;
      return null;
    case 'streams.list':
      return [...env.streams].filter((stream) => matches(stream, command.filter)).map(streamView);
    case 'streams.kill': {
      const victims = [...env.streams].filter((stream) => matches(stream, command.filter));
      for (const stream of victims) stream.kill(command.why);
      return victims.length;
    }
    case 'errors.list':
      return [...env.captured.values()];
    case 'activity':
      return activity(env);
    case 'proc-vars':
      for (const edit of command.vars) env.procVars.receive(edit);
      return null;
    case 'queue.wake': {
      const server = env.backends.get(command.proxy)?.serversById.get(command.server);
      if (server !== undefined) onQueueWake(server);
      return null;
    }
    case 'idle.close':
      env.backends.get(command.proxy)?.serversById.get(command.server)?.pool.endOldest();
      return null;
    case 'resolved':
      resolved(env.resolving, command.request, command.address);
      return null;
    case 'rendered': {
      const stream = env.rendering.get(command.request);
      env.rendering.delete(command.request);
      if (stream !== undefined && stream.renderId === command.request) rendered(stream, command.view);
      return null;
    }
    case 'stop':
      return stop(env, command.soft);
  }
}

/** Adds or replaces a proxy. Connections that are open go on with what they have. */
export function putProxy(env: Env, view: ProxyView): void {
  const { config } = view;
  const compiled = compileProxy(config, surroundings(env, config.id));
  if (config.kind !== 'backend') {
    const frontend = new TrafficFrontend(env, view, compiled.errorPages);
    frontend.rules = compiled.frontendRules;
    frontend.logger = compiled.logger;
    const old = env.frontends.get(config.id);
    if (old !== undefined) {
      inheritConnections(frontend, old);
      for (const listener of frontend.listeners)
        listener.sockets = old.listeners.find((l) => l.id === listener.id)?.sockets ?? [];
      for (const { tls } of old.listeners) tls?.release();
    }
    env.frontends.set(config.id, frontend);
    env.frontendsByName.set(config.name, frontend);
  }
  if (config.kind !== 'frontend') {
    const backend = new TrafficBackend(env, view, compiled, env.backends.get(config.id) ?? null);
    backend.rules = compiled.backendRules;
    env.backends.set(config.id, backend);
    env.backendsByName.set(config.name, backend);
  }
}

/** The control thread has compiled the same configuration before: names have been checked. */
function surroundings(env: Env, proxy: number): ProxySurroundings {
  return {
    hasProxy: () => true,
    hasServer: () => true,
    readFile: configuredFiles(env.global.defaultPath),
    userlist: (name) => env.userlists.get(name) ?? null,
    patterns: (key, use) => env.patterns.source(key, use),
    table: (name) => env.tables.get(name),
    database: (path, from) =>
      env.databases.find(configuredPath(path, from, env.global.defaultPath)) ?? { error: `${path} was not read` },
    tokens: env.global.tokens,
    tokenKeys: env.tokenKeys.of(proxy),
    stickCounters: env.global.tune.stickCounters,
    hasResolvers: () => true,
    logProfile: (name) => env.logProfiles.find((profile) => profile.name === name) ?? null,
    httpErrors: (name) => env.httpErrors.find((section) => section.name === name)?.files ?? null,
  };
}

async function removeProxy(env: Env, id: number): Promise<void> {
  env.tokenKeys.remove(id);
  const frontend = env.frontends.get(id);
  if (frontend !== undefined) {
    for (const listener of frontend.listeners) {
      await unbindListener(listener);
      listener.tls?.release();
    }
    env.frontends.delete(id);
    env.frontendsByName.delete(frontend.name);
  }
  const backend = env.backends.get(id);
  if (backend !== undefined) {
    for (const server of [...backend.servers]) backend.removeServer(server.id);
    env.backends.delete(id);
    env.backendsByName.delete(backend.name);
  }
}

function putServer(env: Env, view: ServerView): void {
  const backend = env.backends.get(view.proxy);
  if (backend === undefined) return;
  const server = backend.serversById.get(view.id);
  if (server === undefined) backend.addServer(new TrafficServer(env, backend, view));
  else server.update(view);
}

function refreshPickers(env: Env, views: readonly ServerView[]): void {
  for (const id of new Set(views.map((view) => view.proxy))) {
    const backend = env.backends.get(id);
    if (backend === undefined) continue;
    backend.serversChanged();
    if (backend.queue.length > 0) for (const server of backend.servers) serveQueues(server);
  }
  for (const view of views) {
    const server = env.backends.get(view.proxy)?.serversById.get(view.id);
    if (server !== undefined && server.queue.length > 0) serveQueues(server);
  }
}

/** Answer: what could not be bound, as [proxy id, listener id, errno name]. */
async function setListeners(
  env: Env,
  op: 'start' | 'pause' | 'stop',
  listeners: readonly ListenerRef[],
): Promise<[number, number, string][]> {
  const failed: [number, number, string][] = [];
  for (const { proxy, id, sockets } of listeners) {
    const frontend = env.frontends.get(proxy);
    const listener = frontend?.listeners.find((l) => l.id === id);
    if (frontend === undefined || listener === undefined) continue;
    if (op !== 'start') {
      await unbindListener(listener);
      continue;
    }
    // What cannot be shared by port (unix sockets, descriptors) lives in the first thread.
    const { family } = listener.config.address;
    if (env.thread > 0 && family !== 'inet' && family !== 'inet6') continue;
    try {
      await bindListener(env, frontend, listener, sockets?.[env.thread]);
    } catch (error) {
      failed.push([proxy, id, (error as NodeJS.ErrnoException).code ?? String(error)]);
    }
  }
  return failed;
}

/** [proxy, listener, descriptor] of what listens here. */
function listeningSockets(env: Env): [number, number, number][] {
  return [...env.frontends.values()].flatMap((frontend) =>
    frontend.listeners.flatMap((listener) =>
      listener.sockets.map((socket): [number, number, number] => [frontend.id, listener.id, socket.fd]),
    ),
  );
}

function matches(
  stream: Stream,
  filter: StreamFilter & { readonly proxy?: number; readonly serverId?: number },
): boolean {
  if (stream.client === null) return false;
  if (filter.id !== undefined && streamPointer(stream) !== filter.id) return false;
  if (filter.frontend !== undefined && stream.frontend.name !== filter.frontend) return false;
  if (filter.backend !== undefined && stream.backend?.name !== filter.backend) return false;
  if (filter.server !== undefined && stream.server?.name !== filter.server) return false;
  if (filter.proxy !== undefined && stream.backend?.id !== filter.proxy) return false;
  if (filter.serverId !== undefined && stream.server?.id !== filter.serverId) return false;
  return filter.olderThanMs === undefined || stream.env.now() - stream.log.acceptDate > filter.olderThanMs;
}

function activity(env: Env): Activity {
  let connections = 0;
  for (const frontend of env.frontends.values()) connections += connectionsOf(frontend).size;
  const usage = performance.eventLoopUtilization();
  return {
    thread: env.thread,
    connections,
    streams: env.streams.size,
    loops: 0,
    idlePercent: Math.round((1 - usage.utilization) * 100),
    bytesOut: env.c[C.responseOut]!,
    timers: env.wheel.count,
  };
}

/** Closes the listeners and idle connections; `idle` is told when nothing is left. Hard: ends everything. */
async function stop(env: Env, soft: boolean): Promise<null> {
  env.stopping = true;
  for (const frontend of env.frontends.values()) {
    for (const listener of frontend.listeners) void unbindListener(listener);
    for (const { conn } of frontend.held.splice(0)) conn.destroy();
    for (const client of [...connectionsOf(frontend)]) client.closeIfIdle();
  }
  if (soft) waitIdle(env);
  env.flushLog();
  return null;
}

function waitIdle(env: Env): void {
  const left = [...env.frontends.values()].some((frontend) => connectionsOf(frontend).size > 0);
  if (!left) {
    env.flushLog();
    env.post({ kind: 'idle' });
    return;
  }
  for (const frontend of env.frontends.values())
    for (const client of [...connectionsOf(frontend)]) client.closeIfIdle();
  env.later(50, () => waitIdle(env));
}

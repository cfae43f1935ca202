import { parseServerLine } from '../../config/server.ts';
import type { ServerConfig } from '../../config/types.ts';
import { compileHealthCheck } from '../../control/checks/compile.ts';
import { startServer } from '../../control/servers/start.ts';
import { linkTracking, unlinkTracking } from '../../control/servers/tracking.ts';
import { isDynamicBalance } from '../../control/servers/weight.ts';
import { G } from '../../model/counters.ts';
import { findProxy, type Model } from '../../model/model.ts';
import type { Proxy } from '../../model/proxy.ts';
import { Admin, CheckState, inMaint, Server } from '../../model/server.ts';
import type { Change, ChangeOf } from '../change.ts';
import { type ChangeContext, done, type Problem, problem, type Row } from '../context.ts';
import { SERVER_ATTRIBUTES } from '../layers/server.ts';
import { lacksBackend, lacksServer, theBackend, theServer } from '../lookup.ts';
import { rowOf } from '../table.ts';
import { lacksMaterial, materialFor } from './server-material.ts';
import { forcedState } from './server-state.ts';

/** Settings that a server line at run time starts from, and where the line is said to be. */
const AT = { file: '(null)', line: 0 };

/** `add server`. The new server is in maintenance and its checks are off. */
export const serverAdd: Row<ChangeOf<'server.add'>> = {
  validate(change, ctx) {
    const missing = lacksBackend(ctx.model, change);
    if (missing) return missing;
    const proxy = theBackend(ctx.model, change);
    if (!isDynamicBalance(proxy)) {
      return problem(
        `Backend does not support dynamic servers : backend '${proxy.name}' uses a non dynamic load balancing method.`,
      );
    }
    if (proxy.serversByName.has(change.server))
      return problem('Already exists a server with the same name in backend.');
    if (change.from === 'file') return putBackProblem(change, proxy);
    const config = parse(change, ctx.model, proxy);
    if ('error' in config) return problem(config.error);
    return (
      lacksMaterial(ctx.model.certificates, config) ??
      idTaken(proxy, config) ??
      cannotTrack(ctx.model, proxy, config) ??
      cannotCheck(ctx.model, proxy, config)
    );
  },
  preview: (change) => ({
    before: 'no such server',
    after: change.from === 'file' ? 'in maintenance, as configured' : added(change),
  }),
  async apply(change, ctx, origin) {
    const proxy = theBackend(ctx.model, change);
    const ofFile = change.from === 'file' ? configured(change, proxy) : null;
    const config = ofFile ?? (parse(change, ctx.model, proxy) as ServerConfig);
    const update = materialFor(ctx.model.certificates, config);
    if (update !== null) await ctx.traffic.ask({ kind: 'tls', update });
    const id = config.id === null || proxy.serversById.has(config.id) ? freeId(proxy) : config.id;
    const server = new Server(proxy, config, id, ctx.model.counters.allocate(), !ofFile, ctx.states.now());
    server.admin |= Admin.forcedMaint;
    if (!ofFile) for (const check of [server.check, server.agent]) if (check) check.state &= ~CheckState.enabled;
    proxy.servers.push(server);
    proxy.serversByName.set(server.name, server);
    proxy.serversById.set(server.id, server);
    linkTracking(ctx.model, server);
    startServer(server);
    if (ofFile) {
      ctx.resolvers.watch(server);
      ctx.health.start(server);
    } else {
      if (server.check) server.check.state &= ~CheckState.paused;
      server.added = { addr: change.addr, from: change.from, words: change.words };
    }
    ctx.states.changed(server);
    for (const setting of change.with ?? []) {
      const row = rowOf(setting);
      if (row?.validate(setting, ctx) === null) await row.apply(setting, ctx, origin);
    }
    return done({ kind: 'server.del', backend: change.backend, server: change.server }, 'New server registered.');
  },
};

/** What a server that was added live is told to be as long as it is in maintenance. */
function added({ addr, words }: { readonly addr: string; readonly words: readonly string[] }): string {
  return ['in maintenance:', addr, ...words].join(' ');
}

/** The `server` line of the configuration. */
function configured(change: ChangeOf<'server.add'>, proxy: Proxy): ServerConfig | undefined {
  return proxy.config.servers.find((config) => config.name === change.server);
}

function putBackProblem(change: ChangeOf<'server.add'>, proxy: Proxy): Problem | null {
  if (!configured(change, proxy))
    return problem(`no server '${change.server}' in the configuration of '${proxy.name}'`);
  const renamed = proxy.servers.find((server) => !server.dynamic && server.config.name === change.server);
  return renamed ? problem(`server '${change.server}' of the configuration is there as '${renamed.name}'`) : null;
}

/** The server that the words make, on top of what `from` names. */
function parse(change: ChangeOf<'server.add'>, model: Model, proxy: Proxy): ServerConfig | { readonly error: string } {
  const defaults = origin(change.from, model, proxy);
  if (defaults && 'error' in defaults) return defaults;
  const words = change.addr === '' ? [change.server] : [change.server, change.addr, ...change.words];
  return parseServerLine(words, {
    ...(defaults ? { defaults } : {}),
    at: AT,
    global: model.config.global,
    healthCheck: proxy.config.healthCheck,
    healthChecks: model.config.healthChecks,
  });
}

/** `none`, `be:[backend]` (its default-server) or `srv:[backend/]server`. */
function origin(from: string | null, model: Model, proxy: Proxy): ServerConfig | { readonly error: string } | null {
  if (from === null || from === 'none') return null;
  const [, kind, name] = /^(be|srv):(.*)$/.exec(from) ?? [];
  if (kind === 'be') {
    const other = name === '' ? proxy : findProxy(model, name!, 'backend');
    return other
      ? (model.config.defaultServers[other.name] ?? null)
      : { error: `unknown backend '${name}' for 'from' keyword.` };
  }
  if (kind === 'srv') {
    const slash = name!.indexOf('/');
    const other = slash < 0 ? proxy : findProxy(model, name!.slice(0, slash), 'backend');
    const server = other?.serversByName.get(name!.slice(slash + 1));
    return server
      ? { ...server.config, id: null, track: null }
      : { error: `unknown server '${name}' for 'from' keyword.` };
  }
  return { error: `invalid '${from}' value for 'from' keyword.` };
}

function idTaken(proxy: Proxy, config: ServerConfig): Problem | null {
  const other = config.id === null ? undefined : proxy.serversById.get(config.id);
  if (!other) return null;
  const { file, line } = other.config.at;
  return problem(`'id' : custom id ${config.id} already used at ${file}:${line} ('server ${other.name}').`);
}

/** Tries the tie to the tracked server on a server that is thrown away. */
function cannotTrack(model: Model, proxy: Proxy, config: ServerConfig): Problem | null {
  if (config.track === null) return null;
  const trial = new Server(proxy, config, 0, 0, true, 0);
  const error = linkTracking(model, trial);
  unlinkTracking(trial);
  return error === null ? null : problem(error);
}

/** The rules of a backend without checked servers are looked at only now. */
function cannotCheck(model: Model, proxy: Proxy, config: ServerConfig): Problem | null {
  if (config.check === null) return null;
  const compiled = compileHealthCheck(config.check.definition ?? proxy.config, (name) => model.tables.get(name));
  return 'ok' in compiled ? null : problem(compiled.diagnostics.map((found) => found.text).join('\n'));
}

function freeId(proxy: Proxy): number {
  let id = 1;
  while (proxy.serversById.has(id)) id++;
  return id;
}

/** `del server`. */
export const serverDel: Row<ChangeOf<'server.del'>> = {
  validate: (change, ctx) => lacksServer(ctx.model, change) ?? serverRemovable(ctx, theServer(ctx.model, change)),
  preview(change, ctx) {
    const server = theServer(ctx.model, change);
    return {
      before: server.added ? added(server.added) : 'in maintenance, as configured',
      after: 'no such server',
    };
  },
  async apply(change, ctx) {
    const server = theServer(ctx.model, change);
    const { proxy } = server;
    const inverse = addedAgain(server);
    ctx.health.stop(server);
    ctx.resolvers.unwatch(server);
    ctx.states.forget(server);
    proxy.servers.splice(proxy.servers.indexOf(server), 1);
    proxy.serversByName.delete(server.name);
    proxy.serversById.delete(server.id);
    await ctx.traffic.ask({ kind: 'server.remove', proxy: proxy.id, id: server.id });
    ctx.model.counters.release(server.slot);
    return done(inverse, 'Server deleted.');
  },
};

/** What brings a server back that is about to be deleted, as it is now. */
function addedAgain(server: Server): Change | null {
  const { config, added, proxy } = server;
  // There servers can be deleted, and none can be added.
  if (!isDynamicBalance(proxy)) return null;
  const names = { backend: proxy.name, server: nameOf(server) };
  const settings = Object.entries(SERVER_ATTRIBUTES).flatMap(([name, read]) => {
    const { same, make } = read(server, config);
    return same || make === null || name === 'state' || name === 'name' ? [] : [{ ...make, ...names } as Change];
  });
  // One that tracks another may be out of service without having been taken out itself.
  const to = forcedState(server);
  if (to !== 'maint') settings.push({ kind: 'server.state', ...names, to });
  const add = { kind: 'server.add', ...names, ...(added ?? { addr: '', from: 'file', words: [] }) } as const;
  return settings.length === 0 ? add : { ...add, with: settings };
}

/** One of the file comes back under the name that it has there. */
function nameOf({ added, name, config }: Server): string {
  return added ? name : config.name;
}

/** Why a server cannot be removed now, or null. What `wait ... srv-removable` asks again and again. */
export function serverRemovable(ctx: Pick<ChangeContext, 'model'>, server: Server): Problem | null {
  if (server.referenced || server.trackers.length > 0) {
    return problem('This server cannot be removed at runtime due to other configuration elements pointing to it.');
  }
  if (!inMaint(server)) return problem('Only servers in maintenance mode can be deleted.');
  const gauges = ctx.model.counters.gauges(server.slot);
  const inUse = Atomics.load(gauges, G.current) + Atomics.load(gauges, G.queued) + Atomics.load(gauges, G.used);
  return inUse > 0 ? problem('Server still has connections attached to it, cannot remove it.') : null;
}

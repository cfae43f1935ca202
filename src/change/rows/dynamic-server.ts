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
import type { ChangeOf } from '../change.ts';
import { type ChangeContext, done, type Problem, problem, type Row } from '../context.ts';
import { lacksBackend, lacksServer, theBackend, theServer } from '../lookup.ts';

/** Settings that a server line at run time starts from, and where the line is said to be. */
const AT = { file: '(null)', line: 0 };

/** How dynamic servers were added: what it takes to add them again. */
const addedBy = new WeakMap<Server, ChangeOf<'server.add'>>();

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
    const config = parse(change, ctx.model, proxy);
    if ('error' in config) return problem(config.error);
    return idTaken(proxy, config) ?? cannotTrack(ctx.model, proxy, config) ?? cannotCheck(proxy, config);
  },
  preview: (change) => ({
    before: 'no such server',
    after: ['in maintenance:', change.addr, ...change.words].join(' '),
    effect: 'live',
  }),
  apply(change, ctx) {
    const proxy = theBackend(ctx.model, change);
    const config = parse(change, ctx.model, proxy) as ServerConfig;
    const server = new Server(
      proxy,
      config,
      config.id ?? freeId(proxy),
      ctx.model.counters.allocate(),
      true,
      ctx.states.now(),
    );
    server.admin = Admin.forcedMaint;
    for (const check of [server.check, server.agent]) if (check) check.state &= ~CheckState.enabled;
    proxy.servers.push(server);
    proxy.serversByName.set(server.name, server);
    proxy.serversById.set(server.id, server);
    linkTracking(ctx.model, server);
    startServer(server);
    if (server.check) server.check.state &= ~CheckState.paused;
    addedBy.set(server, change);
    ctx.states.changed(server);
    return done({ kind: 'server.del', backend: change.backend, server: change.server }, 'New server registered.');
  },
};

/** The server that the words make, on top of what `from` names. */
function parse(change: ChangeOf<'server.add'>, model: Model, proxy: Proxy): ServerConfig | { readonly error: string } {
  const defaults = origin(change.from, model, proxy);
  if (defaults && 'error' in defaults) return defaults;
  const words = change.addr === '' ? [change.server] : [change.server, change.addr, ...change.words];
  return parseServerLine(words, { ...(defaults ? { defaults } : {}), at: AT });
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
function cannotCheck(proxy: Proxy, config: ServerConfig): Problem | null {
  if (config.check === null) return null;
  const compiled = compileHealthCheck(proxy.config);
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
  preview: () => ({ before: 'in maintenance, unused', after: 'no such server', effect: 'live' }),
  async apply(change, ctx) {
    const server = theServer(ctx.model, change);
    const { proxy } = server;
    ctx.health.stop(server);
    ctx.resolvers.unwatch(server);
    ctx.states.forget(server);
    proxy.servers.splice(proxy.servers.indexOf(server), 1);
    proxy.serversByName.delete(server.name);
    proxy.serversById.delete(server.id);
    await ctx.traffic.ask({ kind: 'server.remove', proxy: proxy.id, id: server.id });
    ctx.model.counters.release(server.slot);
    return done(addedBy.get(server) ?? null, 'Server deleted.');
  },
};

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

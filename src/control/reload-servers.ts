import { diagnosticLine } from '../config/diagnostics.ts';
import type { ProxyConfig, ServerConfig } from '../config/types.ts';
import type { Proxy } from '../model/proxy.ts';
import type { Server } from '../model/server.ts';
import { addServer, freeServerId } from './build.ts';
import type { ReloadContext } from './reload.ts';
import { same } from './reload-plan.ts';
import { resolveInitialAddresses } from './resolvers/initial-addresses.ts';
import { setAdminState } from './servers/admin-state.ts';
import { startServer } from './servers/start.ts';
import { linkTracking, unlinkTracking } from './servers/tracking.ts';

/**
 * Makes the servers of a proxy those of the file, in the model: traffic goes to those of before until it is given the proxy anew, so that
 * it always has some. Returns what there is to say of servers whose names have no address.
 */
export async function changeServers(
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
    endServer(server, ctx);
    proxy.servers.splice(proxy.servers.indexOf(server), 1);
    proxy.serversByName.delete(server.name);
    proxy.serversById.delete(server.id);
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
  for (const server of added) beginServer(server, ctx);
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

/** Puts a server that is new in the model to work. */
export function beginServer(server: Server, ctx: ReloadContext): void {
  linkTracking(ctx.model, server);
  startServer(server);
  ctx.states.changed(server);
  ctx.resolvers.watch(server);
  ctx.health.start(server);
}

/** Ends what goes on about a server that leaves the model. */
export function endServer(server: Server, ctx: ReloadContext): void {
  ctx.health.stop(server);
  ctx.resolvers.unwatch(server);
  unlinkTracking(server);
  ctx.states.forget(server);
}

import type { ServerView } from '../../model/messages.ts';
import { inMaint, isDraining, isUsable, type Server } from '../../model/server.ts';
import { effectiveWeight } from './weight.ts';

/** What the traffic threads must know of a server now. */
export function serverView(server: Server): ServerView {
  return {
    proxy: server.proxy.id,
    id: server.id,
    name: server.name,
    slot: server.slot,
    host: server.host,
    family: socketFamily(server),
    port: server.port,
    portMap: server.portMap,
    state: !isUsable(server) ? 'down' : isDraining(server) ? 'drain' : 'up',
    maint: inMaint(server),
    weight: effectiveWeight(server),
    userWeight: server.userWeight,
    backup: server.config.backup,
    // 0: no limit.
    maxconn: Math.max(0, server.maxconn),
    minconn: server.config.minconn,
    maxqueue: server.config.maxqueue,
    cookie: server.cookie,
    ssl: server.useSsl,
    // Threads know the configuration of a server by its name there.
    config: server.dynamic || server.name !== server.config.name ? server.config : null,
  };
}

/** The family of a server's address, told from the model's: `abnsz` for an abstract name that is not filled up. */
export function socketFamily({ family, config }: Server): ServerView['family'] {
  return family === 'abns' && config.address.family === 'abns' && config.address.short ? 'abnsz' : family;
}

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
    family: server.family,
    port: server.port,
    portMap: server.portMap,
    state: !isUsable(server) ? 'down' : isDraining(server) ? 'drain' : 'up',
    maint: inMaint(server),
    weight: effectiveWeight(server),
    userWeight: server.userWeight,
    backup: server.config.backup,
    maxconn: server.maxconn,
    minconn: server.config.minconn,
    maxqueue: server.config.maxqueue,
    cookie: server.cookie,
    ssl: server.useSsl,
    config: server.dynamic ? server.config : null,
  };
}

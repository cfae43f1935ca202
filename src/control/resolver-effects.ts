import { isIPv6 } from 'node:net';
import { Admin } from '../model/server.ts';
import type { ResolverEffects } from './resolvers/effects.ts';
import { clearAdmin, setAdmin } from './servers/admin-state.ts';
import { setUserWeight } from './servers/oper-state.ts';
import type { ServerStates } from './servers/server-states.ts';

/** Ties the resolvers to the state machine of servers. */
export function resolverEffects(states: ServerStates): ResolverEffects {
  return {
    setAddress(server, host, port) {
      server.host = host;
      if (host !== null) server.family = isIPv6(host) ? 'inet6' : 'inet';
      if (port !== undefined) server.port = port;
      states.changed(server);
    },
    setResolved(server, resolved, reason) {
      if (resolved) clearAdmin(states, server, Admin.resolveMaint);
      else setAdmin(states, server, Admin.resolveMaint, reason);
    },
    setFqdn(server, fqdn) {
      server.fqdn = fqdn;
      server.admin |= Admin.fqdnChanged;
    },
    setWeight: (server, weight) => setUserWeight(states, server, weight),
    log: states.log,
    console: states.console,
  };
}

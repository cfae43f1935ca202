import type { ProxyDraft } from './draft.ts';
import { newServer } from './draft-server.ts';
import type { Address } from './types.ts';

/** Where the client wanted to go. */
const ANYWHERE: Address = { family: 'inet', host: '0.0.0.0', port: 0, portEnd: 0, portMap: '' };

/**
 * `dispatch` and `option transparent`: without servers, connections go to one address, or to where the client wanted to go. It is made a
 * server of that name, with the counters and states that servers have.
 */
export function addDispatchServer({ kind, config, servers, serverNames, defaultServer }: ProxyDraft): void {
  const transparent = config.options.includes('transparent');
  if (kind === 'frontend' || kind === 'defaults' || servers.length > 0) return;
  if (config.dispatch === null && !transparent) return;
  const name = config.dispatch === null ? 'transparent' : 'dispatch';
  const { source, tcpUserTimeout } = defaultServer;
  const address = config.dispatch ?? ANYWHERE;
  const server = { ...newServer(config.at), source, tcpUserTimeout, name, address };
  servers.push(server);
  serverNames.set(name, server);
}

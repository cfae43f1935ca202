import { findProxy } from '../../model/model.ts';
import type { Server } from '../../model/server.ts';
import type { ChangeContext } from '../context.ts';
import type { Override } from '../journal/journal.ts';

/**
 * Gives servers of the file the names again that they were given live. All at once: two may have changed names with each other. What
 * cannot be named so is left as it is.
 */
export function settleNames(overrides: readonly Override[], { model, states }: ChangeContext): void {
  const wanted = new Map(overrides.flatMap((override) => renaming(override, model)));
  for (const proxy of new Set(Array.from(wanted.keys(), (server) => server.proxy))) {
    const names = proxy.servers.map((server) => wanted.get(server) ?? server.name);
    if (new Set(names).size < names.length) for (const server of proxy.servers) wanted.delete(server);
  }
  for (const { proxy, name } of wanted.keys()) proxy.serversByName.delete(name);
  for (const [server, name] of wanted) {
    server.name = name;
    server.proxy.serversByName.set(name, server);
    states.changed(server);
  }
}

/** The server that an override names, and its name, if the file still has it and nothing refers to it. */
function renaming({ change, file }: Override, model: ChangeContext['model']): [Server, string][] {
  if (change.kind !== 'server.name') return [];
  const server = findProxy(model, change.backend, 'backend')?.serversByName.get(change.server);
  if (!server || server.dynamic || server.config.name !== file) return [];
  return server.referenced || server.trackers.length > 0 ? [] : [[server, change.name]];
}

import type { Model } from '../model/model.ts';
import { createHealth } from './checks/health.ts';
import type { ProcessLogs } from './logs/logs.ts';
import { resolverEffects } from './resolver-effects.ts';
import { createResolvers, type ProcessResolvers } from './resolvers/resolvers.ts';
import { prepareServers, restoreServers } from './servers/prepare-servers.ts';
import { createServerStates, type ServerStates } from './servers/server-states.ts';
import type { TrafficSwitch } from './switch.ts';
import type { Health, Print } from './types.ts';

/** What cares for servers: their states, their addresses, their health. */
export interface ServerParts {
  readonly states: ServerStates;
  readonly resolvers: ProcessResolvers;
  readonly health: Health & { close(): void };
}

/** What they need. */
interface ServerPartsNeeds {
  readonly model: Model;
  readonly traffic: TrafficSwitch;
  readonly logs: ProcessLogs;
  readonly print: Print;
  onError(error: unknown): void;
}

/** Makes all servers ready, as files have them, and what cares for them. Nothing is asked or checked yet. Rejects with a StartError. */
export async function createServerParts({
  model,
  traffic,
  logs,
  print,
  onError,
}: ServerPartsNeeds): Promise<ServerParts> {
  const saved = await prepareServers(model, logs, print);
  const states = createServerStates({ model, traffic, logs, console: print, onError });
  restoreServers(saved, states, print);
  return {
    states,
    resolvers: createResolvers(model.config, resolverEffects(states)),
    health: createHealth({ model, states }),
  };
}

/** Begins to ask for the addresses of all servers, and to check them. */
export function watchServers({ proxies }: Model, { resolvers, health }: ServerParts): void {
  for (const { servers } of proxies) {
    for (const server of servers) {
      resolvers.watch(server);
      health.start(server);
    }
  }
}

import type { Change } from '../../change/change.ts';
import type { BackendState, ServerState, TargetState } from '../state.ts';

/** The state as it would be after these Changes, as far as capacity goes: who takes traffic, with which weight and limit. */
export function simulate(state: TargetState, changes: readonly Change[]): TargetState {
  return changes.reduce(one, state);
}

function one(state: TargetState, change: Change): TargetState {
  switch (change.kind) {
    case 'server.state':
      return withServer(state, change, (server) => ({ ...server, admin: change.to }));
    case 'server.weight':
      return withServer(state, change, (server) => ({ ...server, weight: weightAfter(server, change) }));
    case 'server.health':
      return withServer(state, change, (server) => ({ ...server, oper: change.to }));
    case 'server.agent':
      return withServer(state, change, (server) => ({ ...server, oper: change.to }));
    case 'server.maxconn':
      return withServer(state, change, (server) => ({ ...server, maxconn: change.maxconn }));
    case 'server.del':
      return withServer(state, change, () => null);
    case 'frontend.maxconn':
      return withFrontend(state, change.frontend, { maxconn: change.maxconn });
    default:
      return state;
  }
}

/** The weight that a server has after a change of it: percentages count from what the configuration says, up to 256. */
export function weightAfter(
  server: ServerState,
  change: { readonly weight: number; readonly percent: boolean },
): number {
  return Math.min(256, change.percent ? Math.ceil((server.fileWeight * change.weight) / 100) : change.weight);
}

function withServer(
  state: TargetState,
  name: { readonly backend: string; readonly server: string },
  edit: (server: ServerState) => ServerState | null,
): TargetState {
  const servers = (backend: BackendState) =>
    backend.servers.flatMap((server) => {
      if (server.name !== name.server) return [server];
      const edited = edit(server);
      return edited === null ? [] : [{ ...edited, usable: takesTraffic(edited) }];
    });
  const backends = state.backends.map((backend) =>
    backend.name === name.backend ? { ...backend, servers: servers(backend) } : backend,
  );
  return { ...state, backends };
}

function withFrontend(state: TargetState, name: string, edit: { readonly maxconn: number }): TargetState {
  const frontends = state.frontends.map((frontend) => (frontend.name === name ? { ...frontend, ...edit } : frontend));
  return { ...state, frontends };
}

function takesTraffic(server: ServerState): boolean {
  return server.admin === 'ready' && (server.oper === 'up' || server.oper === 'starting') && server.weight > 0;
}

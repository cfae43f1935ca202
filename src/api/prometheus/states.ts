import type { ListenerState, Proxy } from '../../model/proxy.ts';
import { Admin, CheckState, inMaint, isUsable, OperState, type Server } from '../../model/server.ts';
import { backendWeights } from '../../model/server-status.ts';

/** Values of the label `state`, in the order in which they are exported. */
export const PROXY_STATES = ['DOWN', 'UP'] as const;
export const LISTENER_STATES = ['WAITING', 'OPEN', 'FULL'] as const;
export const SERVER_STATE_NAMES = ['DOWN', 'UP', 'MAINT', 'DRAIN', 'NOLB'] as const;
export const CHECK_STATE_NAMES = [
  'HANA', 'SOCKERR', 'L4OK', 'L4TOUT', 'L4CON', 'L6OK', 'L6TOUT', 'L6RSP', 'L7TOUT', 'L7RSP', 'L7OK', 'L7OKC', 'L7STS', 'PROCERR', 'PROCTOUT', 'PROCOK',
] as const; // biome-ignore format: a table

/** Index into PROXY_STATES. */
export function frontendState(proxy: Proxy): number {
  return proxy.state === 'ready' ? 1 : 0;
}

/** Index into PROXY_STATES. */
export function backendState(proxy: Proxy): number {
  return proxy.servers.length === 0 || backendWeights(proxy).total > 0 ? 1 : 0;
}

/** Index into LISTENER_STATES; -1 for a listener that has stopped. */
export function listenerState(state: ListenerState, sessions: number, limit: number): number {
  if (state === 'stopped') return -1;
  if (state === 'paused') return 0;
  return limit > 0 && sessions >= limit ? 2 : 1;
}

/** Index into SERVER_STATE_NAMES. */
export function serverState(server: Server): number {
  if (inMaint(server)) return 2;
  if (server.operState === OperState.stopping) return 4;
  if (!isUsable(server)) return 0;
  return (server.admin & Admin.drain) !== 0 ? 3 : 1;
}

/** Its health checks are on. */
export function isChecked(server: Server): boolean {
  const { check } = server;
  return check !== null && (check.state & (CheckState.enabled | CheckState.paused)) === CheckState.enabled;
}

/** Index into CHECK_STATE_NAMES; -1 before the first result. */
export function checkState(server: Server): number {
  return server.check === null ? -1 : (CHECK_STATE_NAMES as readonly string[]).indexOf(server.check.status);
}

/** How many servers of a backend are in each state, and have each result of checks. */
export function countStates(proxy: Proxy): { readonly servers: number[]; readonly checks: number[] } {
  const servers = new Array<number>(SERVER_STATE_NAMES.length).fill(0);
  const checks = new Array<number>(CHECK_STATE_NAMES.length).fill(0);
  for (const server of proxy.servers) {
    servers[serverState(server)]!++;
    const check = isChecked(server) ? checkState(server) : -1;
    if (check >= 0) checks[check]!++;
  }
  return { servers, checks };
}

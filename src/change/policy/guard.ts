import { resolveWeight } from '../../control/servers/weight.ts';
import { findProxy, findServer, type Model } from '../../model/model.ts';
import type { Proxy } from '../../model/proxy.ts';
import { Admin, isDraining, isUsable, OperState, type Server } from '../../model/server.ts';
import type { Change } from '../change.ts';
import { GUARDED, keptBy } from './decide.ts';
import type { Policy } from './policy.ts';

/** Why these Changes would leave a backend with less than the policy's guards ask for, with the numbers; null when they would not. */
export function guardProblem(policy: Policy, changes: readonly Change[], model: Model): string | null {
  const after = new Map<Server, boolean>();
  for (const change of changes) {
    const server = serverOf(change, model);
    const usable = server === null ? null : usableAfter(change, server);
    if (server !== null && usable !== null) after.set(server, usable);
  }
  for (const proxy of new Set([...after.keys()].map((server) => server.proxy))) {
    const problem = backendProblem(policy, proxy, after);
    if (problem !== null) return problem;
  }
  return null;
}

function serverOf(change: Change, model: Model): Server | null {
  if (!('server' in change)) return null;
  const proxy = findProxy(model, change.backend, 'backend');
  return (proxy && findServer(proxy, change.server)) ?? null;
}

/** New requests may go there. */
function takesTraffic(server: Server): boolean {
  return isUsable(server) && !isDraining(server);
}

/** Whether a server takes traffic once a Change is made; null when the Change has nothing to do with that. */
function usableAfter(change: Change, server: Server): boolean | null {
  const isUp = server.operState === OperState.running || server.operState === OperState.starting;
  if (change.kind === 'server.del') return false;
  if (change.kind === 'server.state') return change.to === 'ready' && isUp && server.userWeight > 0;
  if (change.kind === 'server.health') return change.to === 'up';
  if (change.kind === 'server.weight')
    return resolveWeight(server, change) !== 0 && isUsable(server) && (server.admin & Admin.drain) === 0;
  return null;
}

function backendProblem(policy: Policy, proxy: Proxy, after: ReadonlyMap<Server, boolean>): string | null {
  const { minUsable, minShare } = keptBy(policy, proxy.name);
  const all = proxy.servers.length;
  const before = proxy.servers.filter((server) => takesTraffic(server)).length;
  const left = proxy.servers.filter((server) => after.get(server) ?? takesTraffic(server)).length;
  const needed = Math.max(minUsable ?? 0, minShare === null ? 0 : Math.ceil((all * minShare) / 100));
  if (left >= before || left >= needed) return null;
  return `${GUARDED}: backend '${proxy.name}' would have ${left} of ${all} servers usable; ${policy.file} asks for ${needed}`;
}

import type { Proxy } from '../../model/proxy.ts';
import { Admin, OperState, type Server } from '../../model/server.ts';
import type { StateEffects } from './effects.ts';
import { effectiveWeight } from './weight.ts';

/** Gets new requests: neither in maintenance nor draining, running or starting, with a weight. */
export function takesTraffic(server: Server): boolean {
  return (
    (server.admin & (Admin.maint | Admin.drain)) === 0 &&
    (server.operState === OperState.running || server.operState === OperState.starting) &&
    effectiveWeight(server) > 0
  );
}

/** Servers of a backend that take traffic, of either kind. */
export function usableServers(proxy: Proxy): number {
  return proxy.usableActive + proxy.usableBackup;
}

/** Counts the usable servers of a proxy from scratch (start, servers added or removed). */
export function countUsable(proxy: Proxy): void {
  proxy.usableActive = 0;
  proxy.usableBackup = 0;
  for (const server of proxy.servers) if (takesTraffic(server)) countServer(server, 1);
}

/** Adds a server to the counts of its proxy, or takes it out. */
export function countServer(server: Server, by: 1 | -1): void {
  if (server.config.backup) server.proxy.usableBackup += by;
  else server.proxy.usableActive += by;
}

/** Keeps the backend's own status after the state of one of its servers changed: dates, down time, the line that says it has no server left. */
export function accountBackend(fx: StateEffects, proxy: Proxy, usableBefore: number): void {
  const usable = usableServers(proxy);
  if (usableBefore > 0 && usable === 0) {
    proxy.lastChange = fx.now();
    proxy.downTransitions++;
    const kind = proxy.config.kind === 'listen' ? 'proxy' : proxy.config.kind;
    fx.console('ALERT', `${kind} '${proxy.name}' has no server available!`);
    fx.log(proxy, 0, `${kind} ${proxy.name} has no server available!`);
  } else if (usableBefore === 0 && usable > 0) {
    const now = fx.now();
    proxy.downTime += secondsBetween(proxy.lastChange, now);
    proxy.lastChange = now;
  }
}

/** Whole seconds between two dates in ms, counted as a clock of seconds does; never negative. */
export function secondsBetween(from: number, to: number): number {
  return Math.max(0, Math.floor(to / 1000) - Math.floor(from / 1000));
}

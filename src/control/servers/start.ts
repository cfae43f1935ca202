import type { Model } from '../../model/model.ts';
import { Admin, CheckState, OperState, type Server } from '../../model/server.ts';
import { countUsable, usableServers } from './usable.ts';

/** The rise/fall counter with which checks begin, at start and after maintenance (`init-state`). */
export function initialHealth(server: Server, rise: number, fall: number): number {
  switch (server.config.initState) {
    case 'fully-up':
      return rise + fall - 1;
    case 'down':
      return rise - 1;
    case 'fully-down':
      return 0;
    default:
      return rise;
  }
}

/**
 * Puts the servers of a new model into the state in which they start, without a line in the log: `disabled`, `init-state`,
 * and what trackers inherit. Tracking must be linked before.
 */
export function startServers(model: Model): void {
  for (const proxy of model.proxies) for (const server of proxy.servers) begin(server);
  for (const proxy of model.proxies) {
    countUsable(proxy);
    const usable = usableServers(proxy);
    for (const server of proxy.servers) follow(server);
    countUsable(proxy);
    // What its servers track has left it without any: that counts, in HAProxy too, as if it had come later.
    if (usable > 0 && usableServers(proxy) === 0) proxy.downTransitions++;
  }
}

/** The same for one server that is added at run time, apart from its backend's counts (`countUsable`). */
export function startServer(server: Server): void {
  begin(server);
  follow(server);
}

function begin(server: Server): void {
  const disabled = (server.admin & Admin.maint) !== 0;
  if (disabled) server.operState = OperState.stopped;
  const check = server.check;
  if (!check) return;
  if (disabled) check.state |= CheckState.paused;
  check.health = disabled ? 0 : initialHealth(server, check.rise, check.fall);
  if (check.health < check.rise && check.state & CheckState.enabled) server.operState = OperState.stopped;
}

/** Takes over the state of the tracked server, the head of the chain first. */
function follow(server: Server): void {
  const tracked = server.tracked;
  if (!tracked) return;
  follow(tracked);
  if (tracked.admin & Admin.maint) server.admin |= Admin.inheritedMaint;
  if (tracked.admin & Admin.drain) server.admin |= Admin.inheritedDrain;
  if (server.admin & Admin.maint || tracked.operState === OperState.stopped) server.operState = OperState.stopped;
}

import { Admin, OperState, type Server } from '../../model/server.ts';
import type { StateEffects } from './effects.ts';
import { serverTitle, via } from './status-text.ts';
import {
  ALERT,
  before,
  enter,
  gained,
  lost,
  NOTICE,
  recount,
  settle,
  shutBackups,
  startState,
  tell,
  wasLeaving,
} from './transition.ts';
import { warmupAfter } from './weight.ts';

/**
 * Marks a server down, and those that track it. `cause`: what its line tells after the name (`, changed from CLI`, a check's
 * reason), '' for none. Nothing happens to a server in maintenance.
 */
export function setStopped(fx: StateEffects, server: Server, cause: string): void {
  if (server.admin & Admin.maint || server.operState === OperState.stopped) return;
  moveOper(fx, server, OperState.stopped, cause);
  for (const tracker of server.trackers) setStopped(fx, tracker, '');
}

/** Marks a server up, by way of a slow start where it has one, and those that track it. */
export function setRunning(fx: StateEffects, server: Server, cause: string): void {
  if (server.admin & Admin.maint) return;
  if (server.operState === OperState.running || server.operState === OperState.starting) return;
  moveOper(fx, server, startState(server), cause);
  for (const tracker of server.trackers) setRunning(fx, tracker, '');
}

/** Marks a server, and those that track it, as about to stop: persistent requests only. */
export function setStopping(fx: StateEffects, server: Server, cause: string): void {
  if (server.admin & Admin.maint || server.operState === OperState.stopping) return;
  moveOper(fx, server, OperState.stopping, cause);
  for (const tracker of server.trackers) setStopping(fx, tracker, '');
}

/** Changes the user weight (0..256, resolved for this server by `resolveWeight`). */
export function setUserWeight(fx: StateEffects, server: Server, weight: number): void {
  if (server.userWeight === weight) return;
  const was = before(server);
  server.userWeight = weight;
  settle(fx, server, was);
}

/** One tick of a slow start: raises the weight. Returns the time in ms until the next tick is due, 0 when it is over. */
export function warmUp(fx: StateEffects, server: Server): number {
  const { slowstart } = server.config;
  if (server.admin & Admin.maint || server.operState !== OperState.starting) return 0;
  const age = fx.now() - server.lastChange;
  if (age >= slowstart || age < 0) {
    moveOper(fx, server, OperState.running, '');
    return 0;
  }
  server.warmup = warmupAfter(server, age);
  fx.changed(server);
  return Math.min(warmUpInterval(server), Math.max(1, slowstart - age));
}

/** Time in ms between two ticks of a slow start: a second or a twentieth of it, whichever is longer. */
export function warmUpInterval(server: Server): number {
  return Math.min(Math.max(1000, Math.floor(server.config.slowstart / 20)), Math.max(1, server.config.slowstart));
}

function moveOper(fx: StateEffects, server: Server, to: number, cause: string): void {
  const was = before(server);
  enter(server, to);
  recount(server, was);
  const title = serverTitle(server);
  const reason = cause === '' ? via(server) : cause;
  if (to === OperState.stopped) {
    tell(fx, server, wasLeaving(was) ? NOTICE : ALERT, `${title} is DOWN${reason}${lost(fx, server)}.`);
    if (server.config.onMarkedDown === 'shutdown-sessions') fx.kill(server, 'D');
  } else if (to === OperState.stopping) {
    tell(fx, server, NOTICE, `${title} is stopping${reason}${lost(fx, server)}.`);
  } else {
    tell(fx, server, NOTICE, `${title} is UP${reason}${gained(fx, server)}.`);
    shutBackups(fx, server);
  }
  settle(fx, server, was);
}

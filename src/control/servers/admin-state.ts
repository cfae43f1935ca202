import { Admin, CheckState, type CheckView, OperState, type Server } from '../../model/server.ts';
import type { StateEffects } from './effects.ts';
import { initialHealth } from './start.ts';
import { serverTitle, via } from './status-text.ts';
import {
  ALERT,
  type Before,
  before,
  enter,
  lost,
  NOTICE,
  recount,
  settle,
  shutBackups,
  startState,
  tell,
  wasLeaving,
} from './transition.ts';

/**
 * `set server state`: forced maintenance, forced drain, or neither. Servers that track this one follow.
 * `why`: told in parentheses in the lines about it, '' for none.
 */
export function setAdminState(fx: StateEffects, server: Server, to: 'ready' | 'drain' | 'maint', why = ''): void {
  if (to === 'maint') {
    setAdmin(fx, server, Admin.forcedMaint, why);
    clearAdmin(fx, server, Admin.forcedDrain);
  } else if (to === 'drain') {
    setAdmin(fx, server, Admin.forcedDrain, why);
    clearAdmin(fx, server, Admin.forcedMaint);
  } else {
    clearAdmin(fx, server, Admin.forcedDrain);
    clearAdmin(fx, server, Admin.forcedMaint);
  }
}

/** Adds one administrative bit; the servers that track this one inherit what it means. */
export function setAdmin(fx: StateEffects, server: Server, bit: number, why = ''): void {
  if (server.admin & bit) return;
  const family = familyOf(bit);
  const had = server.admin & family;
  moveAdmin(fx, server, server.admin | bit, why);
  if (had) return;
  for (const tracker of server.trackers) setAdmin(fx, tracker, inherited(family), why);
}

/** Removes one administrative bit, and what trackers inherited of it unless another bit still says the same. */
export function clearAdmin(fx: StateEffects, server: Server, bit: number): void {
  if (!(server.admin & bit)) return;
  const family = familyOf(bit);
  moveAdmin(fx, server, server.admin & ~bit, '');
  if (server.admin & family) return;
  for (const tracker of server.trackers) clearAdmin(fx, tracker, inherited(family));
}

function familyOf(bit: number): number {
  return bit & Admin.maint ? Admin.maint : Admin.drain;
}

function inherited(family: number): number {
  return family === Admin.maint ? Admin.inheritedMaint : Admin.inheritedDrain;
}

/** Applies a new set of administrative bits with all that maintenance and drain mean for the operational state. */
function moveAdmin(fx: StateEffects, server: Server, admin: number, why: string): void {
  const was = before(server);
  const cause = why === '' ? '' : ` (${why})`;
  server.admin = admin;
  if (admin & Admin.maint) {
    if (was.admin & Admin.maint) stayInMaint(fx, server, was);
    else enterMaint(fx, server, was, cause);
  } else {
    if (was.admin & Admin.maint) leaveMaint(fx, server, was);
    moveDrain(fx, server, was, cause);
  }
  settle(fx, server, was);
}

/** Health checks pause in maintenance, and their counter starts over; agent checks go on. */
function enterMaint(fx: StateEffects, server: Server, was: Before, cause: string): void {
  if (server.check && server.check.state & CheckState.enabled) {
    server.check.state |= CheckState.paused;
    server.check.health = 0;
  }
  const followed = server.admin & Admin.forcedMaint ? '' : via(server);
  const title = serverTitle(server);
  if (was.operState === OperState.stopped) {
    tell(fx, server, NOTICE, `${title} was DOWN and now enters maintenance${cause}${followed}.`);
    return;
  }
  if (server.check) server.check.health = 0;
  server.unchecked.health = 0;
  enter(server, OperState.stopped);
  recount(server, was);
  tell(
    fx,
    server,
    wasLeaving(was) ? NOTICE : ALERT,
    `${title} is going DOWN for maintenance${cause}${followed}${lost(fx, server)}.`,
  );
  if (server.config.onMarkedDown === 'shutdown-sessions') fx.kill(server, 'D');
}

/** Out of maintenance: up at once unless the tracked server, or a check that is still to succeed, says otherwise. */
function leaveMaint(fx: StateEffects, server: Server, was: Before): void {
  const { check, agent } = server;
  if (check && check.state & CheckState.enabled) {
    check.state &= ~CheckState.paused;
    check.health = initialHealth(server, check.rise, check.fall);
  }
  if (server.tracked?.operState !== OperState.stopped && passes(check) && passes(agent)) {
    enter(server, server.tracked?.operState === OperState.stopping ? OperState.stopping : startState(server));
  }
  recount(server, was);
  const title = serverTitle(server);
  const state = `is ${upOrDown(server)}/${server.admin & Admin.drain ? 'DRAIN' : 'READY'}`;
  if (was.admin & Admin.inheritedMaint) tell(fx, server, NOTICE, `${title} ${state} (leaving maintenance).`);
  else if (was.admin & Admin.resolveMaint)
    tell(fx, server, NOTICE, `${title} ('${server.fqdn}') ${state} (resolves again).`);
  else tell(fx, server, NOTICE, `${title} ${state} (leaving forced maintenance).`);
  if (server.operState !== OperState.stopped) shutBackups(fx, server);
}

function upOrDown(server: Server): string {
  return server.operState === OperState.stopped ? 'DOWN' : 'UP';
}

/** A check that is off says nothing against the server. */
function passes(check: CheckView | null): boolean {
  return !check || !(check.state & CheckState.enabled) || check.health >= check.rise;
}

function stayInMaint(fx: StateEffects, server: Server, was: Before): void {
  const gone = was.admin & ~server.admin;
  const title = serverTitle(server);
  if (gone & Admin.forcedMaint) {
    tell(fx, server, NOTICE, `${title} is leaving forced maintenance but remains in maintenance${via(server)}.`);
  }
  if (gone & Admin.resolveMaint) {
    tell(fx, server, NOTICE, `${title} ('${server.fqdn}') resolves again but remains in maintenance${via(server)}.`);
  } else if (gone & Admin.inheritedMaint) tell(fx, server, NOTICE, `${title} remains in forced maintenance.`);
}

/** Drain has no effect, and no line, while the server is in maintenance. */
function moveDrain(fx: StateEffects, server: Server, was: Before, cause: string): void {
  const title = serverTitle(server);
  const forced = (server.admin & Admin.forcedDrain) !== 0;
  recount(server, was);
  if (server.admin & Admin.drain) {
    if (!(was.admin & Admin.drain))
      tell(fx, server, NOTICE, `${title} enters drain state${cause}${forced ? '' : via(server)}${lost(fx, server)}.`);
    else
      tell(
        fx,
        server,
        NOTICE,
        forced ? `${title} remains in forced drain mode.` : `${title} remains in drain mode${via(server)}.`,
      );
  } else if (was.admin & Admin.forcedDrain) {
    tell(fx, server, NOTICE, `${title} is ${upOrDown(server)} (leaving forced drain).`);
  } else if (was.admin & Admin.inheritedDrain) {
    tell(fx, server, NOTICE, `${title} is ${upOrDown(server)} (leaving drain)${via(server)}.`);
  }
}

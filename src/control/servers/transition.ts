import { Admin, OperState, type Server } from '../../model/server.ts';
import type { StateEffects } from './effects.ts';
import { aftermath } from './status-text.ts';
import { accountBackend, countServer, secondsBetween, takesTraffic, usableServers } from './usable.ts';
import { warmupAfter } from './weight.ts';

/** Syslog levels of the lines about servers. */
export const NOTICE = 5;
export const ALERT = 1;

/** A server as it was before a transition. */
export interface Before {
  readonly operState: number;
  readonly admin: number;
  /** Usable servers of its backend. */
  readonly usable: number;
  /** Whether the counts of the backend include the server. */
  counted: boolean;
}

/** Takes down how a server is before it changes. */
export function before(server: Server): Before {
  return {
    operState: server.operState,
    admin: server.admin,
    usable: usableServers(server.proxy),
    counted: takesTraffic(server),
  };
}

/** Sets the operational state. A server that goes down keeps the weight that its slow start had reached. */
export function enter(server: Server, state: number): void {
  server.operState = state;
  if (state === OperState.starting) server.warmup = warmupAfter(server, 0);
  else if (state === OperState.running) server.warmup = 1;
}

/** The state in which a server comes up. */
export function startState(server: Server): number {
  return server.config.slowstart > 0 ? OperState.starting : OperState.running;
}

/** It was draining or stopping already: going down is no surprise then. */
export function wasLeaving(was: Before): boolean {
  return was.operState === OperState.stopping || (was.admin & Admin.drain) !== 0;
}

/** Brings the counts of usable servers up to date; to be called before a line tells them. */
export function recount(server: Server, was: Before): void {
  const takes = takesTraffic(server);
  if (takes !== was.counted) countServer(server, takes ? 1 : -1);
  was.counted = takes;
}

/** Last step of a transition: dates and counters of server and backend, and the news for the traffic threads. */
export function settle(fx: StateEffects, server: Server, was: Before): void {
  recount(server, was);
  if (was.operState !== server.operState) {
    const now = fx.now();
    if (was.operState === OperState.stopped) server.downTime += secondsBetween(server.lastChange, now);
    else if (server.operState === OperState.stopped) server.downTransitions++;
    server.lastChange = now;
    if (server.operState === OperState.starting) fx.warm(server);
  }
  accountBackend(fx, server.proxy, was.usable);
  fx.changed(server);
}

/** End of the line about a server that takes no more traffic: its queue is spread over the others where that is allowed. */
export function lost(fx: StateEffects, server: Server): string {
  const load = fx.load(server.slot);
  const { redispatch, options } = server.proxy.config;
  const movable = (server.admin & Admin.maint) !== 0 || (redispatch !== null && !options.includes('persist'));
  return aftermath(server, movable ? load.queued : 0, load);
}

/** End of the line about a server that takes traffic again: it gets what waits in the queue of its backend. */
export function gained(fx: StateEffects, server: Server): string {
  const load = fx.load(server.slot);
  const waiting = fx.load(server.proxy.backendSlot).queued;
  return aftermath(server, server.maxconn > 0 ? Math.min(waiting, server.maxconn) : waiting, load);
}

/** A line about a server: to the log, and to the terminal as a warning. */
export function tell(fx: StateEffects, server: Server, level: number, text: string): void {
  fx.console('WARNING', text);
  fx.log(server.proxy, level, text);
}

/** `on-marked-up shutdown-backup-sessions`: an active server is there again, so streams need not stay on backups. */
export function shutBackups(fx: StateEffects, server: Server): void {
  if (server.config.onMarkedUp !== 'shutdown-backup-sessions' || server.config.backup || server.userWeight === 0)
    return;
  for (const other of server.proxy.servers) if (other.config.backup) fx.kill(other, 'U');
}

import { isIP } from 'node:net';
import {
  Admin,
  CheckState,
  CheckStatus,
  type CheckStatusName,
  OperState,
  riseAndFall,
  type Server,
} from '../../model/server.ts';
import { leadingNumber, type StateColumnName } from '../../model/state-columns.ts';
import { setAdminState } from '../servers/admin-state.ts';
import type { StateEffects } from '../servers/effects.ts';
import { setRunning, setStopped, setStopping, setUserWeight } from '../servers/oper-state.ts';
import { enter } from '../servers/transition.ts';
import { invalidValues, type StateLine } from './parse.ts';

const CAUSE = ', changed from server-state after a reload';

/** The name of a check status by its number. */
const STATUS_NAMES = new Map<number, CheckStatusName>(
  Object.entries(CheckStatus).map(([name, number]) => [number, name as CheckStatusName]),
);

/**
 * Takes over what the address of a server begins with, before names are resolved: a host name that was changed live, and the service
 * that a server of an SRV record had. Returns the address that it had, for `init-addr last`, or null.
 */
export function restoreName(server: Server, line: StateLine): string | null {
  if (invalidValues(line) !== '') return null;
  const fqdn = line.srv_fqdn!.startsWith('-') ? null : line.srv_fqdn!;
  const { address, resolvers } = server.config;
  if (fqdn !== null && address.family === 'name') {
    if (!address.host.startsWith('_')) {
      // The configuration wins, unless the name was set on the control socket: and that takes resolvers.
      const changed = (number(line, 'srv_admin_state') & Admin.fqdnChanged) !== 0;
      if (fqdn !== address.host && changed && resolvers !== null) {
        server.fqdn = fqdn;
        server.admin |= Admin.fqdnChanged;
      }
    } else if (serviceProblem(server, line) === '') server.fqdn = fqdn;
  }
  return line.srv_addr === '-' ? null : line.srv_addr!;
}

/** Puts a server into the state that a line tells, after `startServers`. Returns what there is to tell of a line that cannot be taken over, or null. */
export function restoreServer(fx: StateEffects, server: Server, line: StateLine): string | null {
  const invalid = invalidValues(line);
  if (invalid !== '') return `server-state application failed for server '${server.path}'${invalid}`;
  const now = fx.now();
  const changedAt = now - number(line, 'srv_time_since_last_change') * 1000;
  const begins = restoreOperState(fx, server, line, now - changedAt);
  restoreAdminState(fx, server, number(line, 'srv_admin_state'), number(line, 'srv_iweight'));
  server.lastChange = begins ? now : changedAt;
  restoreChecks(server, line);
  // A weight that the file of the configuration sets anew wins over the one that was set live.
  if (number(line, 'srv_iweight') === server.initialWeight)
    setUserWeight(quiet(fx), server, number(line, 'srv_uweight'));
  const problem = restoreAddresses(server, line);
  fx.changed(server);
  return problem === '' ? null : `server-state partially applied for server '${server.path}'${problem}`;
}

function number(line: StateLine, column: StateColumnName): number {
  return leadingNumber(line[column]!) ?? 0;
}

/** The states of a start are no news. */
function quiet(fx: StateEffects): StateEffects {
  return { ...fx, log() {}, console() {} };
}

/** Sets the state and the rise/fall counter, as far as they go together with the checks of now. Returns whether a slow start begins. */
function restoreOperState(fx: StateEffects, server: Server, line: StateLine, age: number): boolean {
  const { rise, fall } = riseAndFall(server);
  const view = server.check ?? server.unchecked;
  const health = number(line, 'srv_check_health');
  const best = rise + fall - 1;
  switch (number(line, 'srv_op_state')) {
    case OperState.stopped:
      view.health = 0;
      setStopped(fx, server, CAUSE);
      return false;
    case OperState.starting:
      // With `rise 1` a server is up at its first success.
      view.health = rise === 1 ? best : health < 1 || health >= rise ? rise - 1 : health;
      return rise !== 1 && beginSlowStart(fx, server, age);
    case OperState.stopping:
      if (fall === 1) {
        view.health = 0;
        setStopped(fx, server, CAUSE);
        return false;
      }
      view.health = health < rise || health > best - 1 ? rise : health;
      setStopping(fx, server, CAUSE);
      return false;
    default:
      view.health = best;
      setRunning(fx, server, '');
      return false;
  }
}

/** A slow start that has not come to its end begins anew. */
function beginSlowStart(fx: StateEffects, server: Server, age: number): boolean {
  if (age >= server.config.slowstart || server.admin & Admin.maint) return false;
  enter(server, OperState.starting);
  fx.warm(server);
  return true;
}

/** Where the configuration says `disabled` anew, or no longer, it wins; else what was set on the control socket stays. */
function restoreAdminState(fx: StateEffects, server: Server, saved: number, savedWeight: number): void {
  const inConfig = server.admin & Admin.configMaint;
  if ((saved & Admin.configMaint) !== inConfig) setAdminState(fx, server, inConfig ? 'maint' : 'ready');
  else if (saved & Admin.forcedMaint && !inConfig) setAdminState(quiet(fx), server, 'maint');
  else if (!(saved & Admin.forcedMaint) && inConfig) setAdminState(fx, server, 'ready');
  // Drain that came from a weight of 0 ends with it.
  const forced = savedWeight > 0 || server.initialWeight === 0;
  if (!(server.admin & Admin.forcedMaint) && saved & Admin.forcedDrain && forced)
    setAdminState(quiet(fx), server, 'drain');
}

/** The last result, and checks that were turned off on the control socket. */
function restoreChecks(server: Server, line: StateLine): void {
  const view = server.check ?? server.unchecked;
  view.status = STATUS_NAMES.get(number(line, 'srv_check_status')) ?? 'UNK';
  view.result = number(line, 'srv_check_result');
  for (const [check, state] of [
    [server.check, number(line, 'srv_check_state')],
    [server.agent, number(line, 'srv_agent_state')],
  ] as const)
    if (check !== null && state & CheckState.configured && !(state & CheckState.enabled))
      check.state &= ~CheckState.enabled;
}

/** Ports, and where checks go. Returns why the line was left at some point, '' when all of it is taken over. */
function restoreAddresses(server: Server, line: StateLine): string {
  const service = serviceProblem(server, line);
  if (service !== '') return service;
  if (server.portMap === '') server.port = Number(/^\d*/.exec(line.srv_port!)![0]);
  const checkTo = target(line.srv_check_addr, line.srv_check_port);
  if (typeof checkTo === 'string') return checkTo;
  if (checkTo !== null) {
    if (!isOn(server.check)) return ', health checks are not enabled on this server';
    server.checkConfig = { ...server.checkConfig!, ...checkTo };
  }
  const agentTo = target(line.srv_agent_addr, line.srv_agent_port);
  if (typeof agentTo === 'string') return agentTo;
  if (agentTo !== null) {
    if (!isOn(server.agent)) return ', agent checks are not enabled on this server';
    server.agentConfig = { ...server.agentConfig!, ...agentTo };
  }
  return '';
}

function isOn(check: Server['check']): boolean {
  return check !== null && (check.state & CheckState.enabled) !== 0;
}

/** The address and port of a check that a line sets, null when it sets none, a text when they cannot be. */
function target(addr = '-', port = '0'): { addr?: string; port?: number } | string | null {
  if (addr !== '-' && isIP(addr) === 0) return `, invalid addr '${addr}'`;
  if (!/^\d+$/.test(port)) return ', provided port is not an integer';
  if (Number(port) > 65_535) return ', provided port is invalid';
  const to = { ...(addr === '-' ? {} : { addr }), ...(port === '0' ? {} : { port: Number(port) }) };
  return Object.keys(to).length === 0 ? null : to;
}

/** Why the service that a line tells is not that of the server, '' when it is, or the line tells none. */
function serviceProblem({ name, config: { address } }: Server, line: StateLine): string {
  const record = line.srvrecord!;
  if (line.srv_fqdn!.startsWith('-') || !record.startsWith('_')) return '';
  const host = address.family === 'name' ? address.host : null;
  if (host !== null && !host.startsWith('_')) return '';
  if (host === null) return `, no SRV resolution for server '${name}'. Previous state not applied`;
  if (host === record) return '';
  return `, SRV record mismatch between configuration ('${host}') and state file ('${record}) for server '${name}'. Previous state not applied`;
}

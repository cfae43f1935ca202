import type { Proxy } from './proxy.ts';
import {
  Admin,
  CheckState,
  CheckStatus,
  type CheckStatusName,
  type CheckView,
  isUsable,
  OperState,
  type Server,
} from './server.ts';

/** Descriptions of check statuses (`check_desc` of `show stat`). */
const DESCRIPTIONS: Readonly<Record<CheckStatusName, string>> = {
  UNK: 'Unknown',
  INI: 'Initializing',
  START: '',
  CHECKED: 'No status change',
  HANA: 'Health analyze',
  SOCKERR: 'Socket error',
  L4OK: 'Layer4 check passed',
  L4TOUT: 'Layer4 timeout',
  L4CON: 'Layer4 connection problem',
  L6OK: 'Layer6 check passed',
  L6TOUT: 'Layer6 timeout',
  L6RSP: 'Layer6 invalid response',
  L7TOUT: 'Layer7 timeout',
  L7RSP: 'Layer7 invalid response',
  L7OK: 'Layer7 check passed',
  L7OKC: 'Layer7 check conditionally passed',
  L7STS: 'Layer7 wrong status',
  PROCERR: 'External check error',
  PROCTOUT: 'External check timeout',
  PROCOK: 'External check passed',
};

/** What a check status means, in words. */
export function checkDescription(check: CheckView): string {
  return DESCRIPTIONS[check.status];
}

/** Name of the last check's status, after `* ` while another check runs. */
export function checkStatusText(check: CheckView): string {
  const name = check.status === 'START' ? '' : check.status;
  return (check.state & CheckState.inProgress) !== 0 ? `* ${name}` : name;
}

/** The status came from the application, and `code` is what it answered. */
export function statusHasCode(check: CheckView): boolean {
  return CheckStatus[check.status] >= 14;
}

/** Seconds a server was down in all. */
export function downTime(server: Server, now: number): number {
  const since = Math.floor((now - server.lastChange) / 1000);
  return server.operState !== OperState.stopped || since <= 0 ? server.downTime : server.downTime + since;
}

/** The server whose checks decide over `server`: the end of the chain of `track`. */
function checkedServer(server: Server): Server {
  let checked = server;
  while (checked.tracked) checked = checked.tracked;
  return checked;
}

/** Status of a server as `show stat` tells it: `UP`, `UP 1/2`, `DOWN (agent)`, `MAINT (via b/s)`, `no check`, ... */
export function serverStatus(server: Server): string {
  if ((server.admin & Admin.resolveMaint) !== 0) return 'MAINT (resolution)';
  if ((server.admin & Admin.inheritedMaint) !== 0) return `MAINT (via ${(server.tracked ?? server).path})`;
  if ((server.admin & Admin.maint) !== 0) return 'MAINT';
  const ref = checkedServer(server);
  const checked = ref.check !== null && (ref.check.state & CheckState.enabled) !== 0;
  const agent = ref.agent !== null && (ref.agent.state & CheckState.enabled) !== 0;
  const full = !checked || ref.check!.health >= ref.check!.rise + ref.check!.fall - 1;
  if (server.operState === OperState.running || server.operState === OperState.starting) {
    if ((server.admin & Admin.drain) !== 0) return agent ? 'DRAIN (agent)' : full ? 'DRAIN' : `DRAIN ${progress(ref)}`;
    if (!full) return `UP ${progress(ref)}`;
    return checked ? 'UP' : 'no check';
  }
  if (server.operState === OperState.stopping) return full ? 'NOLB' : `NOLB ${progress(ref)}`;
  if (agent && ref.agent!.health === 0) return 'DOWN (agent)';
  if (checked && ref.check!.health === 0) return 'DOWN';
  return agent || checked ? `DOWN ${progress(ref)}` : 'DOWN';
}

/** How far a server is on its way down (or up): successes left of `fall`, or seen of `rise`. */
function progress(ref: Server): string {
  const { health, rise, fall } = ref.check ?? { health: 0, rise: 1, fall: 1 };
  return ref.operState !== OperState.stopped ? `${health - rise + 1}/${fall}` : `${health}/${rise}`;
}

/**
 * Weights and counts of a backend's usable servers. `total`: effective weight of those that get traffic (the active ones; without
 * any, the first backup, or all backups with `option allbackups`); `user`: the same without slow start.
 */
export function backendWeights(proxy: Proxy): { total: number; user: number; active: number; backup: number } {
  const sums = { total: 0, user: 0, active: 0, backup: 0 };
  for (const server of proxy.servers) {
    if (
      !isUsable(server) ||
      weightOf(server) === 0 ||
      (server.admin & Admin.drain) !== 0 ||
      server.operState === OperState.stopping
    )
      continue;
    if (server.config.backup) sums.backup++;
    else {
      sums.active++;
      sums.total += weightOf(server);
      sums.user += server.userWeight;
    }
  }
  if (sums.active === 0 && sums.backup > 0) {
    const all = proxy.config.options.includes('allbackups');
    for (const server of proxy.servers) {
      if (!server.config.backup || !isUsable(server) || weightOf(server) === 0) continue;
      sums.total += weightOf(server);
      sums.user += server.userWeight;
      if (!all) break;
    }
  }
  return sums;
}

function weightOf(server: Server): number {
  return Math.ceil(server.userWeight * server.warmup);
}

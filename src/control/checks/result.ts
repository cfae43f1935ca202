import { CheckResult, CheckState, type CheckView, isUsable, OperState, type Server } from '../../model/server.ts';
import { statusHasCode } from '../../model/server-status.ts';
import type { StateEffects } from '../servers/effects.ts';
import { setRunning, setStopped, setStopping } from '../servers/oper-state.ts';
import { checkReason } from '../servers/status-text.ts';
import type { CheckEnd } from './program.ts';

/** What each status says about the server. */
const RESULTS: Readonly<Record<CheckView['status'], number>> = {
  UNK: CheckResult.unknown,
  INI: CheckResult.unknown,
  START: CheckResult.unknown,
  CHECKED: CheckResult.neutral,
  HANA: CheckResult.failed,
  SOCKERR: CheckResult.failed,
  L4OK: CheckResult.passed,
  L4TOUT: CheckResult.failed,
  L4CON: CheckResult.failed,
  L6OK: CheckResult.passed,
  L6TOUT: CheckResult.failed,
  L6RSP: CheckResult.failed,
  L7TOUT: CheckResult.failed,
  L7RSP: CheckResult.failed,
  L7OK: CheckResult.passed,
  L7OKC: CheckResult.conditional,
  L7STS: CheckResult.failed,
  PROCERR: CheckResult.failed,
  PROCTOUT: CheckResult.failed,
  PROCOK: CheckResult.passed,
};

const NOTICE = 5;
/** Bytes of a description that are kept. */
const DESCRIPTION_MAX = 127;

/** Takes down the result of a check and moves the rise/fall counter; `settleServer` then draws the conclusion for the server. */
export function recordResult(
  fx: StateEffects,
  server: Server,
  check: CheckView,
  end: CheckEnd,
  durationMs: number,
): void {
  const previous = check.status;
  check.status = end.status;
  check.result = RESULTS[end.status];
  check.description = end.description.slice(0, DESCRIPTION_MAX);
  check.code = statusHasCode(check) ? (end.code ?? 0) : -1;
  check.duration = durationMs;
  const changed = countResult(server, check);
  if (check.result === CheckResult.neutral) return;
  if (server.proxy.config.options.includes('log-health-checks') && (changed || previous !== end.status))
    logResult(fx, server, check);
}

/** Moves the counter by one result. Returns whether it moved. */
function countResult(server: Server, check: CheckView): boolean {
  const full = check.rise + check.fall - 1;
  if (check.result === CheckResult.failed) {
    // An agent that cannot be reached says nothing about the server.
    const counts = !(check.state & CheckState.agent) || statusHasCode(check);
    if (!counts || check.health === 0) return false;
    server.failedChecks++;
    check.health--;
    if (check.health < check.rise) check.health = 0;
    return true;
  }
  if (check.result < CheckResult.passed) return false;
  server.consecutiveErrors = 0;
  if (check.health >= full) return false;
  check.health++;
  if (check.health >= check.rise) check.health = full;
  return true;
}

function logResult(fx: StateEffects, server: Server, check: CheckView): void {
  const who = `${check.state & CheckState.agent ? 'Agent' : 'Health'} check for ${server.config.backup ? 'backup ' : ''}server ${server.path}`;
  const outcome = `${check.result === CheckResult.conditional ? 'conditionally ' : ''}${check.result >= CheckResult.passed ? 'succeeded' : 'failed'}`;
  const up = check.health >= check.rise;
  const count = up ? `${check.health - check.rise + 1}/${check.fall}` : `${check.health}/${check.rise}`;
  const state = up ? (server.userWeight > 0 ? 'UP' : 'DRAIN') : 'DOWN';
  const text = `${who} ${outcome}${checkReason(check)}, status: ${count} ${state}.`;
  fx.console('WARNING', text);
  fx.log(server.proxy, NOTICE, text);
}

/** What the last result means for the server: down, about to stop, or up again. */
export function settleServer(fx: StateEffects, server: Server, check: CheckView): void {
  // Told already where every check is logged.
  const cause = server.proxy.config.options.includes('log-health-checks') ? '' : checkReason(check);
  const isAgent = (check.state & CheckState.agent) !== 0;
  if (check.result === CheckResult.failed) {
    if (isAgent && check.status !== 'L7STS') return;
    if (check.health === 0) setStopped(fx, server, cause);
  } else if (check.result === CheckResult.conditional) {
    if (!isAgent && isUpByChecks(server)) setStopping(fx, server, cause);
  } else if (check.result === CheckResult.passed) {
    if (isAgent && server.operState === OperState.stopping) return;
    if (isUpByChecks(server)) setRunning(fx, server, cause);
  }
}

/** Neither the tracked server nor any of its checks holds the server down. */
function isUpByChecks(server: Server): boolean {
  if (server.tracked && !isUsable(server.tracked)) return false;
  return [server.check, server.agent].every(
    (check) => !check || !(check.state & CheckState.enabled) || check.health >= check.rise,
  );
}

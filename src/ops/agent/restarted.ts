import type { ProcessState } from '../state.ts';

/** Uptimes are told in whole seconds, and reading takes its time. s */
const SLACK = 3;

/** Whether another process serves than before: after a reload or a restart of HAProxy. `elapsed`: ms between the two readings. */
export function isRestarted(before: ProcessState, now: ProcessState, elapsed: number): boolean {
  if (before.pid !== now.pid) return true;
  // In a container every process may have the same number.
  return now.uptime + SLACK < before.uptime + Math.floor(elapsed / 1000);
}

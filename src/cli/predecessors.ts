import type { Invocation } from './arguments.ts';

/** Signals the processes that this one replaces (`-sf`, `-st`); one that is gone already is no error. */
export function finishPredecessors(finish: Invocation['finish']): void {
  for (const pid of finish?.pids ?? []) {
    try {
      if (pid > 0) process.kill(pid, finish!.signal);
    } catch {
      // It has ended, or belongs to somebody else.
    }
  }
}

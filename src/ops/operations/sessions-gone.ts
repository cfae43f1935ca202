import { serverIn } from '../find.ts';
import { choiceKind, durationKind } from '../kinds.ts';
import type { Option, WaitStep } from '../operation.ts';
import type { ServerState } from '../state.ts';
import { count } from '../text.ts';

/** Waiting for sessions to end when nothing else is asked for, ms. */
const DEFAULT_TIMEOUT_MS = 300_000;

/** Options of operations that can wait until servers have no sessions. */
export const WAIT_OPTIONS = {
  wait: { kind: null, about: 'wait until the sessions have ended, telling how many are left' },
  timeout: { kind: durationKind, about: 'how long to wait at most; default 5m' },
  'at-timeout': {
    kind: choiceKind(['stay', 'revert', 'go-on']),
    about:
      'what is to happen at the timeout: leave it as it is (default), take it back, or go on to the state of --then',
  },
} as const satisfies Record<string, Option>;

/** The wait until none of these servers has sessions. `kept`: the state that others may not take them out of meanwhile. */
export function sessionsGone(
  servers: readonly ServerState[],
  kept: readonly ServerState['admin'][],
  options: { readonly timeout: number | null; readonly atTimeout: 'stay' | 'revert' | 'go-on' | null },
): WaitStep {
  const names = servers.map(({ backend, name }) => `${backend}/${name}`);
  return {
    do: 'wait',
    what: `${names.join(', ')} without sessions`,
    done: 'drained',
    timeout: options.timeout ?? DEFAULT_TIMEOUT_MS,
    atTimeout: options.atTimeout ?? 'stay',
    probe(state) {
      const now = servers.map(({ backend, name }) => serverIn(state, backend, name));
      const sessions = now.map((server) => server?.sessions ?? 0);
      const total = sessions.reduce((sum, number) => sum + number, 0);
      const busy = names.filter((_, i) => sessions[i]! > 0);
      const taken = now.findIndex((server) => server === null || !kept.includes(server.admin));
      return {
        done: total === 0,
        count: total,
        left: `${count(total, 'session')} left on ${(busy.length > 0 ? busy : names).join(', ')}`,
        overtaken: taken < 0 ? null : takenText(names[taken]!, now[taken]!, sessions[taken]!),
      };
    },
  };
}

function takenText(name: string, server: ServerState | null, sessions: number): string {
  if (server === null) return `somebody else removed ${name}, or the configuration did`;
  return `somebody else made ${name} ${server.admin}; it has ${count(sessions, 'session')}`;
}

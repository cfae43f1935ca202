import { serverIn } from '../find.ts';
import type { CheckStep } from '../operation.ts';
import type { ServerState, TargetState } from '../state.ts';
import { count } from '../text.ts';

/** Share of failures above which a server does not go well, percent, when nothing else is asked for. */
export const DEFAULT_LIMIT = 5;
/** Fewer failures than these say nothing. */
export const FAILURES = 3;

/**
 * The look between two steps that give servers more traffic: they are up, and since the last step no more of their sessions failed
 * than `limit` percent or than the share of the backend's other servers, whichever is more.
 */
export function goesWell(servers: readonly ServerState[], limit: number | null = null): CheckStep {
  const names = servers.map(({ backend, name }) => `${backend}/${name}`);
  return {
    do: 'check',
    what: `${names.join(', ')} up, failures at most ${limit ?? DEFAULT_LIMIT}%`,
    verdict(before, now) {
      const there = servers.map(({ backend, name }) => serverIn(now, backend, name));
      const bad = there.findIndex((server) => server === null || server.oper === 'down' || server.admin !== 'ready');
      if (bad >= 0) return { ok: false, text: `${names[bad]} is ${there[bad]?.status ?? 'gone'}` };
      const own = failures(before, now, ({ backend, name }) => names.includes(`${backend}/${name}`));
      const backends = new Set(servers.map(({ backend }) => backend));
      const rest = failures(
        before,
        now,
        ({ backend, name }) => backends.has(backend) && !names.includes(`${backend}/${name}`),
      );
      const text = `${names.join(', ')}: ${own.failed} of ${count(own.total, 'session')} failed (${percent(own.share)}); the others: ${percent(rest.share)}`;
      const ok = own.failed < FAILURES || own.share <= Math.max((limit ?? DEFAULT_LIMIT) / 100, rest.share);
      return { ok, text };
    },
  };
}

/** What failed between two states (null: since the counters began): connections, broken responses and responses with 5xx, and their share of the sessions. */
export function failures(before: TargetState | null, now: TargetState, of: (server: ServerState) => boolean) {
  let [total, failed] = [0, 0];
  for (const server of now.backends.flatMap(({ servers }) => servers).filter(of)) {
    const then = before && serverIn(before, server.backend, server.name);
    // Counters that were cleared in between begin at 0 again.
    const since = (count: (server: ServerState) => number) =>
      then === null || count(then) > count(server) ? count(server) : count(server) - count(then);
    total += since((server) => server.total);
    failed += since((server) => server.errors) + since((server) => server.http5xx);
  }
  return { total, failed, share: total === 0 ? (failed > 0 ? 1 : 0) : Math.min(1, failed / total) };
}

export function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))}%`;
}

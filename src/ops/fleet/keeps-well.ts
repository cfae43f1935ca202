import { serverIn } from '../find.ts';
import { simulate } from '../guards/simulate.ts';
import { DEFAULT_LIMIT, FAILURES, failures, percent } from '../operations/goes-well.ts';
import type { Prepared } from '../prepare.ts';
import type { ServerState, TargetState } from '../state.ts';
import { count } from '../text.ts';

/**
 * Whether a load balancer still goes well on which the operation was done: no server went down by its checks since then, and of the
 * sessions of each backend no more failed than 5 percent or than before, whichever is more. Reasons why not, none when all is well.
 */
export function troubles({ plan, state: before }: Prepared, now: TargetState): readonly string[] {
  const changes = plan.steps.flatMap((step) => (step.do === 'change' ? step.changes : []));
  const meant = simulate(before, changes);
  const down = now.backends
    .flatMap(({ servers }) => servers)
    .filter((server) => {
      const [then, after] = [before, meant].map((state) => serverIn(state, server.backend, server.name));
      const asked = then?.oper !== 'down' && after?.oper === 'down';
      return isDown(server) && then != null && !isDown(then) && !asked;
    })
    .map(({ backend, name, status, check }) => `${backend}/${name} is ${status} ${check?.status ?? ''}`.trim());
  return [...down, ...now.backends.flatMap(({ name }) => failing(name, before, now))];
}

/** Down by its checks: what is in maintenance says nothing of them. */
function isDown({ admin, oper }: ServerState): boolean {
  return admin === 'ready' && oper === 'down';
}

function failing(backend: string, before: TargetState, now: TargetState): readonly string[] {
  const own = (server: ServerState) => server.backend === backend;
  const since = failures(before, now, own);
  const limit = Math.max(DEFAULT_LIMIT / 100, failures(null, before, own).share);
  if (since.failed < FAILURES || since.share <= limit) return [];
  return [
    `${since.failed} of ${count(since.total, 'session')} of backend ${backend} failed (${percent(since.share)}, before ${percent(failures(null, before, own).share)})`,
  ];
}

import { OperationError, worstOf } from '../errors.ts';
import type { FleetResult } from '../events.ts';
import type { View } from '../operation.ts';
import { runOperation } from '../runner.ts';
import type { StepsEnd } from '../steps.ts';
import { each } from './each.ts';
import { type FleetCourse, listed } from './member.ts';

/** Does an operation on all load balancers at once, each for itself: one that reads, or that has to do with the journal of each. */
export async function everywhere(course: FleetCourse): Promise<StepsEnd> {
  const { members, request, id, around } = course;
  const { operation, values } = request;
  if (operation.together && values['operation'] === null)
    throw new OperationError(
      'usage',
      `over several load balancers '${operation.name}' must be told of which operation`,
    );
  const views = new Map<string, View[]>();
  const foreign = new Set<string>();
  await each(members, async (member) => {
    const { target, name } = member;
    const own = {
      target,
      emit(event: Parameters<typeof member.emit>[0]) {
        if (event.event !== 'end') member.emit(event);
      },
      show: (view: View) => void views.set(name, [...(views.get(name) ?? []), view]),
      ...{ ask: null, signal: around.signal },
    };
    const { ok, ended, text, operation: undo } = await runOperation(request, own, id);
    member.result = { ok, ended, text: ended === 'undone' ? `by ${undo}` : text };
    // A Sluice gives an undo an id of its own.
    if (undo !== null && undo !== id) foreign.add(name);
  });
  for (const { name } of members) for (const view of views.get(name) ?? []) around.show(view, name);
  return endOf(
    members.map(({ name, result }) => ({ target: name, ...result })),
    operation.together === true,
    foreign.size === 0 ? id : null,
  );
}

/** `together`: where one of them knows nothing of what is asked for, that is nothing to complain of as long as another does. `id`: takes it back on all of them. */
function endOf(results: readonly FleetResult[], together: boolean, id: string | null): StepsEnd {
  const isForeign = ({ ended }: FleetResult) => together && ended === 'unknown' && results.some(({ ok }) => ok);
  const bad = results.filter((result) => !result.ok && !isForeign(result));
  if (bad.length > 0) throw new OperationError(worstOf(bad.map(({ ended }) => ended)), listed(bad));
  const ended = new Set(results.filter(({ ok }) => ok).map((result) => result.ended));
  const operation = together && [...ended].some((one) => one === 'undone') ? id : null;
  return { ok: true, ended: ended.size === 1 ? [...ended][0]! : 'done', status: 0, text: '', operation };
}

import type { Change } from '../change/change.ts';
import { keptChange } from '../change/journal/kept-change.ts';
import { objectOf } from '../change/journal/object-of.ts';
import { OperationError } from './errors.ts';
import type { PlannedChange, PlannedStep } from './events.ts';
import type { ChangeStep, Plan, Step } from './operation.ts';
import type { TargetState } from './state.ts';
import type { Previewed, Target } from './target.ts';

/** The steps of a plan with what the target says each change would do. Throws OperationError `refused` when one cannot be made. */
export async function plannedSteps(plan: Plan, target: Target, state: TargetState): Promise<readonly PlannedStep[]> {
  const changes = plan.steps.flatMap((step) => (step.do === 'change' ? step.changes : []));
  const previews = changes.length > 0 ? [...(await target.preview(changes))] : [];
  const problem = previews.flatMap(({ change, problems }) =>
    problems.map(({ text }) => `${text} (${objectOf(change)})`),
  )[0];
  if (problem !== undefined) throw new OperationError('refused', problem);
  const latest = new Map<string, string>();
  return plan.steps.map((step) => planned(step, previews, state, latest));
}

function planned(step: Step, previews: Previewed[], state: TargetState, latest: Map<string, string>): PlannedStep {
  switch (step.do) {
    case 'change':
      return { do: 'change', changes: changesOf(step, previews, state, latest) };
    case 'wait':
      return { do: 'wait', what: step.what, timeout: step.timeout, atTimeout: step.atTimeout };
    case 'pause':
      return { do: 'pause', time: step.time };
    case 'check':
    case 'act':
      return { do: step.do, what: step.what };
    default:
      return { do: step.do, operation: step.operation };
  }
}

/** `latest`: what steps before have made of each attribute, which previews of the state as it is do not know. */
function changesOf(
  step: ChangeStep,
  previews: Previewed[],
  state: TargetState,
  latest: Map<string, string>,
): PlannedChange[] {
  return previews.splice(0, step.changes.length).map(({ change, before, after, effect, commands, warnings }) => {
    const object = objectOf(change);
    const key = `${change.kind} ${object}`;
    const planned = {
      change: keptChange(change),
      object,
      before: latest.get(key) ?? before,
      after,
      effect,
      commands,
      warnings,
    };
    latest.set(key, after);
    return { ...planned, sessions: sessionsOn(change, state) };
  });
}

/** Sessions on the server or frontend that a Change is made to. */
function sessionsOn(change: Change, state: TargetState): number | null {
  if ('server' in change && 'backend' in change) {
    const backend = state.backends.find(({ name }) => name === change.backend);
    return backend?.servers.find(({ name }) => name === change.server)?.sessions ?? null;
  }
  if ('frontend' in change) return state.frontends.find(({ name }) => name === change.frontend)?.sessions ?? null;
  return null;
}

import { takeBackDue } from './due-leases.ts';
import { OperationError } from './errors.ts';
import type { Emit } from './events.ts';
import { objections } from './guards/judge.ts';
import type { Operation, Plan, Values } from './operation.ts';
import type { CommonValues } from './options.ts';
import { plannedSteps } from './planned.ts';
import type { TargetState } from './state.ts';
import type { Meta, Target } from './target.ts';

/** What the operator wrote. */
export interface Request {
  readonly operation: Operation;
  readonly values: Values;
  /** As it was written: `drain be_app/app1 --for 30m`. */
  readonly title: string;
}

/** An operation that may be done on a load balancer. */
export interface Prepared {
  readonly plan: Plan;
  /** What it was planned on. */
  readonly state: TargetState;
  readonly meta: Meta;
}

/** What is recorded with the changes of an operation. */
export function metaOf({ title }: Request, operation: string, common: CommonValues): Meta {
  return {
    operation,
    title,
    ...(common.reason === null ? {} : { reason: common.reason }),
    ...(common.ticket === null ? {} : { ticket: common.ticket }),
    ...(common.force ? { force: true } : {}),
    ...(common.for === null ? {} : { for: common.for }),
    ...(common.confirmWithin === null ? {} : { confirmWithin: common.confirmWithin }),
  };
}

/** Throws OperationError `usage` when options do not go together. */
export function checkOptions(common: CommonValues): void {
  if (common.force && common.reason === null)
    throw new OperationError('usage', '--force needs a --reason: it is recorded why a guard was overruled');
  if (common.for !== null && common.confirmWithin !== null)
    throw new OperationError(
      'usage',
      '--for and --confirm-within do not go together: one time to take it back is enough',
    );
}

/**
 * Plans an operation, asks its guards and the load balancer what the changes would do, and tells the plan. Nothing is changed but what was
 * due to be taken back. Throws OperationError when it may not or cannot be done.
 */
export async function prepare(
  { operation, values }: Request,
  common: CommonValues,
  meta: Meta,
  { target, emit }: { readonly target: Target; readonly emit: Emit },
): Promise<Prepared> {
  for (const text of await takeBackDue(target)) emit({ event: 'note', text });
  const state = await target.state();
  const plan = await operation.plan(values, { target, state });
  for (const text of plan.notes ?? []) emit({ event: 'note', text });
  const least = common.minUsable ?? target.minUsable ?? null;
  const overruled = guard(operation, plan, state, { ...common, minUsable: least }, target, emit);
  emit({ event: 'plan', steps: await plannedSteps(plan, target, state) });
  return { plan, state, meta: forced(meta, overruled) };
}

/** Asks the guards. Returns the names of those that were overruled; throws when one refuses. */
function guard(
  operation: Operation,
  plan: Plan,
  state: TargetState,
  common: CommonValues,
  target: Target,
  emit: Emit,
): readonly string[] {
  const policy = { least: common.minUsable, kept: (backend: string) => target.kept(backend) };
  const groups = plan.steps.flatMap((step) =>
    step.do === 'change' ? [step.changes] : step.do === 'act' && step.comesTo ? [step.comesTo] : [],
  );
  const found = objections(operation.guards, state, groups, policy);
  for (const objection of found) emit({ event: 'guard', ...objection, forced: common.force });
  if (found.length === 0 || common.force) return [...new Set(found.map((objection) => objection.guard))];
  const texts = found.map(({ text }) => text).join('; ');
  throw new OperationError('guarded', `${texts}; --force with a --reason does it all the same`);
}

/** The journal keeps which guards were overruled, beside the reason. */
function forced(meta: Meta, overruled: readonly string[]): Meta {
  if (overruled.length === 0) return meta;
  return { ...meta, reason: `${meta.reason ?? ''} (overruled: ${overruled.join(', ')})` };
}

import { PermissionDeniedError, UnknownCommandError } from '../client/index.ts';
import { takeBackDue } from './due-leases.ts';
import { ERRORS, errorCode, OperationError } from './errors.ts';
import type { Emit, Ending } from './events.ts';
import { objections } from './guards/judge.ts';
import type { ChangeStep, Operation, Plan, Values, View } from './operation.ts';
import { newOperationId } from './operation-id.ts';
import { type CommonValues, commonValues } from './options.ts';
import { plannedSteps } from './planned.ts';
import type { TargetState } from './state.ts';
import { type Made, type StepsEnd, takeSteps } from './steps.ts';
import type { Meta, Target } from './target.ts';

/** What the surface that runs an operation brings. */
export interface Surroundings {
  readonly target: Target;
  readonly emit: Emit;
  /** Shows what a reading operation found. */
  readonly show: (view: View) => void;
  /** Asks whoever is there; null where nobody is. */
  readonly ask: ((question: string) => Promise<boolean>) | null;
  /** Stops the operation at the next point where that is possible. */
  readonly signal: AbortSignal;
}

/** What the operator wrote. */
export interface Request {
  readonly operation: Operation;
  readonly values: Values;
  /** As it was written: `drain be_app/app1 --for 30m`. */
  readonly title: string;
}

/** Runs an operation to its end, telling what happens; the last event is its ending. Never rejects. */
export async function runOperation(request: Request, around: Surroundings): Promise<Ending> {
  const { target, emit } = around;
  const begin = performance.now();
  const common = commonValues(request.values);
  const meta = metaOf(request, common);
  const made: Made = [];
  let end: StepsEnd;
  try {
    emit({
      event: 'start',
      operation: meta.operation,
      title: request.title,
      target: target.name,
      product: target.product,
      version: target.version,
      dryRun: common.dryRun,
      date: new Date().toISOString(),
    });
    end = await perform(request, common, meta, around, made);
  } catch (error) {
    end = failure(error, made, target);
  }
  const ending: Ending = {
    ok: end.ok,
    ended: end.ended,
    status: end.status,
    text: end.text,
    operation: end.operation !== undefined ? end.operation : made.undoable ? meta.operation : null,
    duration: Math.round(performance.now() - begin),
  };
  emit({ event: 'end', ...ending });
  return ending;
}

function metaOf({ title }: Request, common: CommonValues): Meta {
  return {
    operation: newOperationId(),
    title,
    ...(common.reason === null ? {} : { reason: common.reason }),
    ...(common.ticket === null ? {} : { ticket: common.ticket }),
    ...(common.force ? { force: true } : {}),
    ...(common.for === null ? {} : { for: common.for }),
    ...(common.confirmWithin === null ? {} : { confirmWithin: common.confirmWithin }),
  };
}

async function perform(
  { operation, values }: Request,
  common: CommonValues,
  meta: Meta,
  around: Surroundings,
  made: Made,
): Promise<StepsEnd> {
  checkOptions(common);
  const { target, emit } = around;
  if (operation.show === null) for (const text of await takeBackDue(target)) emit({ event: 'note', text });
  const state = await target.state();
  if (operation.show !== null) {
    around.show(await operation.show(values, { target, state }));
    return { ok: true, ended: 'done', status: 0, text: '' };
  }
  const plan = await operation.plan(values, { target, state });
  for (const text of plan.notes ?? []) emit({ event: 'note', text });
  const overruled = guard(
    operation,
    plan,
    state,
    { ...common, minUsable: common.minUsable ?? target.minUsable ?? null },
    around,
  );
  const planned = await plannedSteps(plan, around.target, state);
  emit({ event: 'plan', steps: planned });
  if (common.dryRun) return { ok: true, ended: 'dry-run', status: 0, text: 'nothing was changed' };
  if (operation.danger === 'dangerous') await confirm(operation, common, around);
  return takeSteps(plan, forced(meta, overruled), state, around, made);
}

function checkOptions(common: CommonValues): void {
  if (common.force && common.reason === null)
    throw new OperationError('usage', '--force needs a --reason: it is recorded why a guard was overruled');
  if (common.for !== null && common.confirmWithin !== null)
    throw new OperationError(
      'usage',
      '--for and --confirm-within do not go together: one time to take it back is enough',
    );
}

/** Asks the guards. Returns the names of those that were overruled; throws when one refuses. */
function guard(
  operation: Operation,
  plan: Plan,
  state: TargetState,
  common: CommonValues,
  { emit, target }: Surroundings,
): readonly string[] {
  const policy = { least: common.minUsable, kept: (backend: string) => target.kept(backend) };
  const groups = plan.steps.filter((step): step is ChangeStep => step.do === 'change').map(({ changes }) => changes);
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

async function confirm(operation: Operation, common: CommonValues, { ask }: Surroundings): Promise<void> {
  if (common.yes) return;
  if (ask === null)
    throw new OperationError(
      'unconfirmed',
      `'${operation.name}' asks before it acts, and nobody can be asked here; add --yes`,
    );
  if (!(await ask(`${operation.name}: go on?`)))
    throw new OperationError('unconfirmed', 'not confirmed; nothing was changed');
}

/** What an exception means, with what is in force by then. */
function failure(error: unknown, made: readonly string[], target: Target): StepsEnd {
  const code = errorCode(error);
  const reason = reasonOf(error, target);
  return { ok: false, ended: code, status: ERRORS[code].status, text: `${reason}${inForce(made)}` };
}

function reasonOf(error: unknown, { name, product, version }: Target): string {
  if (error instanceof UnknownCommandError) {
    const command = error.command.slice(0, 2).join(' ');
    return `${product === 'sluice' ? 'Sluice' : 'HAProxy'} ${version} has no command '${command}'`;
  }
  if (error instanceof PermissionDeniedError)
    return `the socket ${name} has too low a level for '${error.command.slice(0, 2).join(' ')}'; it takes one of level admin`;
  return error instanceof Error ? error.message : String(error);
}

function inForce(made: readonly string[]): string {
  return made.length === 0 ? '' : `; in force: ${made.join(', ')}`;
}

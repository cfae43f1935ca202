import type { Change, Origin, Outcome } from './change.ts';
import { type ChangeContext, failed, type Preview, type Problem, problem, type Verdict } from './context.ts';
import { rowOf } from './table.ts';

/** Checks a Change against the model. Touches nothing. */
export function validateChange(change: Change, ctx: ChangeContext): Verdict {
  const row = rowOf(change);
  if (!row) return { problems: [problem(`this Sluice cannot make a change of kind '${change.kind}'`)], warnings: [] };
  const found = row.validate(change, ctx);
  return { problems: found ? [found] : [], warnings: found ? [] : (row.warnings?.(change, ctx) ?? []) };
}

/** What a Change would do, or null when it has problems. Touches nothing. */
export function previewChange(change: Change, ctx: ChangeContext): Preview | null {
  return validateChange(change, ctx).problems.length > 0 ? null : rowOf(change)!.preview(change, ctx);
}

/**
 * Makes one Change: validated, applied, recorded. All traffic threads have it when the promise resolves; it never rejects.
 * Changes to one model are made one after the other.
 */
export async function applyChange(change: Change, ctx: ChangeContext, origin: Origin): Promise<Outcome> {
  // A reload makes Changes of its own, so it must not hold their turn.
  if (change.kind === 'config.reload') return applyNow(change, ctx, origin);
  const { outcomes } = await applyBatch([change], ctx, origin);
  return outcomes[0]!;
}

/** What came of a batch: the outcomes in order when all was applied, else those up to the one that failed. */
export interface BatchOutcome {
  readonly ok: boolean;
  readonly outcomes: readonly Outcome[];
  /** Position of the Change that could not be made, -1 when all could. */
  readonly failedAt: number;
}

/**
 * Makes all of several Changes or none. Each is validated before the first is applied, against the model as it is then; what
 * only shows while applying (one Change depends on another) undoes what was applied before it, last first.
 */
export function applyBatch(changes: readonly Change[], ctx: ChangeContext, origin: Origin): Promise<BatchOutcome> {
  return inTurn(ctx, async () => {
    for (const [i, change] of changes.entries()) {
      if (dependsOn(changes.slice(0, i), change)) continue;
      const refusal = await refuse(change, ctx, origin);
      if (refusal) return { ok: false, outcomes: [refusal], failedAt: i };
    }
    const outcomes: Outcome[] = [];
    for (const [i, change] of changes.entries()) {
      const outcome = await applyNow(change, ctx, origin);
      outcomes.push(outcome);
      if (outcome.ok) continue;
      await rollBack(outcomes, ctx, origin);
      return { ok: false, outcomes, failedAt: i };
    }
    return { ok: true, outcomes, failedAt: -1 };
  });
}

/** A Change to something that an earlier one of the same batch adds, removes or renames can only be judged when its turn comes. */
function dependsOn(earlier: readonly Change[], change: Change): boolean {
  const backend = 'backend' in change ? change.backend : null;
  return backend !== null && earlier.some((other) => 'backend' in other && other.backend === backend);
}

async function rollBack(outcomes: readonly Outcome[], ctx: ChangeContext, origin: Origin): Promise<void> {
  for (const { inverse } of outcomes.toReversed())
    if (inverse) await applyNow(inverse, ctx, { ...origin, surface: 'roll-back' });
}

/** The outcome of a Change that cannot be made, recorded; null when it can. */
async function refuse(change: Change, ctx: ChangeContext, origin: Origin): Promise<Outcome | null> {
  let found: Problem | undefined;
  try {
    found = validateChange(change, ctx).problems[0];
  } catch (error) {
    found = broken(change, error);
  }
  return found ? recorded(change, ctx, origin, null, async () => failed(found)) : null;
}

async function applyNow(change: Change, ctx: ChangeContext, origin: Origin): Promise<Outcome> {
  const refusal = await refuse(change, ctx, origin);
  if (refusal) return refusal;
  return recorded(change, ctx, origin, previewChange(change, ctx), async () => {
    try {
      const outcome = await rowOf(change)!.apply(change, ctx, origin);
      await ctx.states.flush();
      return outcome;
    } catch (error) {
      return failed(broken(change, error));
    }
  });
}

/** What is told of a Change that ended in an exception: data of a wrong shape, a thread that is gone. */
function broken(change: Change, error: unknown): Problem {
  return problem(`${error instanceof Error ? error.message : String(error)} (while applying ${change.kind})`);
}

/** Runs `work` between the journal's two records of it. What cannot be recorded is not done. */
async function recorded(
  change: Change,
  ctx: ChangeContext,
  origin: Origin,
  preview: Preview | null,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  const [before, after] = [preview?.before ?? '', preview?.after ?? ''];
  try {
    const [attempt] = await ctx.journal.attempt([{ target: '', origin, change, before, after }]);
    const started = performance.now();
    const outcome = await work();
    const duration = Math.round(performance.now() - started);
    await ctx.journal.outcome([{ attempt: attempt!, ...outcome, duration, before, after }]);
    return outcome;
  } catch (error) {
    return failed(problem((error as Error).message));
  }
}

/** The end of the queue of Changes of each context. */
const tails = new WeakMap<ChangeContext, Promise<unknown>>();

function inTurn<T>(ctx: ChangeContext, work: () => Promise<T>): Promise<T> {
  const turn = (tails.get(ctx) ?? Promise.resolve()).then(work);
  tails.set(
    ctx,
    turn.catch(() => undefined),
  );
  return turn;
}

import type { Change } from './change.ts';
import { type ChangeContext, type Problem, problem, type Verdict } from './context.ts';
import { type EffectClass, effectOf } from './kinds.ts';
import { memoryOnly } from './memory-only.ts';
import { rowOf } from './table.ts';

/** What is known of a Change before it is made. */
export interface Judged {
  readonly change: Change;
  /** Why it cannot be made; empty when it can. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
  /** What it would do; '' when it cannot be made. */
  readonly before: string;
  readonly after: string;
  readonly effect: EffectClass;
}

/** Checks a Change against the model. Touches nothing; may throw for data of a wrong shape. */
export function validateChange(change: Change, ctx: ChangeContext): Verdict {
  const row = rowOf(change);
  if (!row) return { problems: [problem(`this Sluice cannot make a change of kind '${change.kind}'`)], warnings: [] };
  const found = row.validate(change, ctx);
  if (found) return { problems: [found], warnings: [] };
  return { problems: [], warnings: [...(row.warnings?.(change, ctx) ?? []), ...memoryOnly(change)] };
}

/** Whether a Change can be made, and what it would do. Touches nothing and never throws: data of a wrong shape is a problem. */
export function judge(change: Change, ctx: ChangeContext): Judged {
  try {
    const { problems, warnings } = validateChange(change, ctx);
    if (problems.length > 0) return unfit(change, problems);
    return { change, problems, warnings, ...rowOf(change)!.preview(change, ctx), effect: effectOf(change) };
  } catch (error) {
    return unfit(change, [broken(change, error)]);
  }
}

/** The judgement of a Change that cannot be made. */
export function unfit(change: Change, problems: readonly Problem[]): Judged {
  return { change, problems, warnings: [], before: '', after: '', effect: 'live' };
}

/** What is told of a Change that ended in an exception: data of a wrong shape, a thread that is gone. */
export function broken(change: Change, error: unknown): Problem {
  return problem(`${error instanceof Error ? error.message : String(error)} (while applying ${change.kind})`);
}

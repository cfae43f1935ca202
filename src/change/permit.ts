import { type BatchOutcome, inTurn } from './apply.ts';
import type { Change, Origin } from './change.ts';
import { type ChangeContext, failed, problem } from './context.ts';
import { newOperationId } from './operation-id.ts';
import { named } from './policy/named.ts';
import { openRecord } from './record.ts';
import { rehearse } from './rehearsal.ts';

/**
 * Asks the policy about all Changes of an operation before its first step is made. What it denies is recorded as refused; what it lets somebody do
 * only with a second person waits as a request, of `steps` steps. Makes nothing.
 */
export function permit(
  changes: readonly Change[],
  steps: number,
  ctx: ChangeContext,
  given: Origin,
): Promise<BatchOutcome> {
  return inTurn(ctx, async () => {
    const origin = { ...given, operation: given.operation ?? newOperationId(), steps };
    const { operation } = origin;
    const all = changes.map((change) => named(change, ctx.model));
    const decision = (await ctx.gate()?.decide(all, origin, new Date(ctx.states.now()))) ?? { kind: 'allow' };
    const nothing = { operation, judged: [], outcomes: [], failedAt: -1, warnings: [], lease: null };
    if (decision.kind === 'allow') return { ok: true, ...nothing };
    const found = problem(decision.text);
    const judged = (await rehearse(changes, ctx)).map((one) => ({ ...one, problems: [found] }));
    const outcomes = judged.map(() => failed(found));
    const record = await openRecord(judged, ctx, origin);
    const trouble = await record.end(outcomes, []);
    const warnings = trouble === null ? [] : [`${trouble}: it is not recorded, so it cannot be agreed to`];
    return { ...nothing, ok: false, judged, outcomes, failedAt: 0, warnings };
  });
}

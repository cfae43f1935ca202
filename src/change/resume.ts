import type { Change, Origin } from './change.ts';
import type { Conflict } from './conflicts.ts';
import type { ChangeContext } from './context.ts';
import { judge } from './judge.ts';
import { differences, type Snapshot } from './layers/differences.ts';
import { settleOverrides } from './layers/settle.ts';
import { endLease, timeLeft } from './leases.ts';
import { newOperationId } from './operation-id.ts';
import { recordFacts } from './record.ts';
import { rowOf } from './table.ts';

/**
 * Puts what stood when the process before ended in force again, before anything is served. Operations whose time is over are taken back
 * at once. Returns what operators should know.
 */
export async function resumeStanding(ctx: ChangeContext, conflicts: Conflict[]): Promise<readonly string[]> {
  if (ctx.standing.overrides().length === 0 && ctx.standing.leases().length === 0) return [];
  const origin: Origin = { surface: 'start', from: '', level: 'admin', operation: newOperationId() };
  const { standing, trouble } = await settleOverrides(ctx, conflicts, origin);
  const ended: string[] = [];
  for (const lease of ctx.standing.leases()) {
    if (timeLeft(lease, ctx.states.now()) > 0) continue;
    if (await endLease(lease, ctx, conflicts)) ended.push(lease.id);
  }
  return [
    ...(trouble === null ? [] : [`${trouble}: what gave way to the file is not recorded`]),
    ...(standing === 0
      ? []
      : [
          `${standing === 1 ? '1 override is' : `${standing} overrides are`} in force over the file ('show overrides')`,
        ]),
    ...ended.map((id) => `${id} was taken back: its time was over`),
  ];
}

/** Most differences of a reload that are recorded one by one. */
const MOST = 1000;

/** After a reload: overrides against the new file, what else it says anew, and the record of it. Returns what operators should know. */
export async function settleReload(
  before: Snapshot,
  ctx: ChangeContext,
  conflicts: Conflict[],
  origin: Origin,
): Promise<readonly string[]> {
  const found = differences(before, ctx.model);
  const overridden = new Set(ctx.standing.overrides().map(({ key }) => key));
  const known = conflicts.length;
  const settled = await settleOverrides(ctx, conflicts, origin);
  const fresh = found.filter(({ key }) => !overridden.has(key));
  await makeAll(
    fresh.filter(({ pending }) => pending).map(({ change }) => change),
    ctx,
    origin,
  );
  const facts = fresh.slice(0, MOST).map((one) => ({ ...one, text: `the files say '${one.after}' now` }));
  const trouble = (await recordFacts(facts, [], ctx, origin)) ?? settled.trouble;
  return [
    ...conflicts.slice(known).map(({ text }) => text),
    ...(trouble === null ? [] : [`${trouble}: what the reload changed is not recorded`]),
  ];
}

async function makeAll(changes: readonly Change[], ctx: ChangeContext, origin: Origin): Promise<void> {
  ctx.traffic.hold();
  for (const change of changes) {
    if (judge(change, ctx).problems.length === 0) await rowOf(change)!.apply(change, ctx, origin);
  }
  await ctx.states.flush();
  await ctx.traffic.release();
}

import type { Change, Origin } from './change.ts';
import type { Conflict } from './conflicts.ts';
import type { ChangeContext } from './context.ts';
import { canonicalJson } from './journal/canonical.ts';
import type { Override } from './journal/journal.ts';
import { judge } from './judge.ts';
import { differences, type Snapshot } from './layers/differences.ts';
import { restoreFile, settleOverrides } from './layers/settle.ts';
import { endLease, timeLeft } from './leases.ts';
import { newOperationId } from './operation-id.ts';
import { owedTo, recordFacts } from './record.ts';
import { isPatternChange } from './rows/patterns/subject.ts';
import { replaceStanding, standingOf } from './standing.ts';
import { rowOf } from './table.ts';

/**
 * Puts what stood when the process before ended in force again, before anything is served. Operations whose time is over are taken back
 * at once. Returns what operators should know. `conflicts` null: another process has the journal still, see `succeed`.
 */
export async function resumeStanding(ctx: ChangeContext, conflicts: Conflict[] | null): Promise<readonly string[]> {
  if (ctx.standing.overrides().length === 0 && ctx.standing.leases().length === 0) return [];
  const { standing, trouble } = await settleOverrides(ctx, conflicts, startOrigin());
  const ended: string[] = [];
  for (const lease of conflicts === null ? [] : ctx.standing.leases()) {
    if (timeLeft(lease, ctx.states.now()) > 0) continue;
    if (await endLease(lease, ctx, conflicts!)) ended.push(lease.id);
  }
  return [
    ...unrecorded(trouble),
    ...(standing === 0
      ? []
      : [
          `${standing === 1 ? '1 override is' : `${standing} overrides are`} in force over the file ('show overrides')`,
        ]),
    ...ended.map((id) => `${id} was taken back: its time was over`),
  ];
}

/**
 * Puts in force what the process before has changed since this one read its journal: what stands there by now takes the place of what
 * stood then. Nothing else may be made meanwhile. Returns what operators should know; rejects with JournalError.
 */
export async function catchUp(ctx: ChangeContext, conflicts: Conflict[]): Promise<readonly string[]> {
  const now = await standingOf(ctx.journal);
  // What was made here without a record counts.
  now.commit(owedTo(ctx.journal));
  const origin = startOrigin();
  await restoreFile(
    ctx.standing.overrides().filter((override) => hasEnded(override, now.override(override.key))),
    ctx,
    conflicts,
    origin,
  );
  replaceStanding(ctx.standing, now);
  return unrecorded((await settleOverrides(ctx, conflicts, origin)).trouble);
}

/**
 * Another server of a name, another name, and what a map has are made from what the file says; another value is set over the one that is
 * there.
 */
function hasEnded({ attribute, change }: Override, by: Override | undefined): boolean {
  if (by === undefined) return true;
  return (
    (['presence', 'name'].includes(attribute) || isPatternChange(change)) &&
    canonicalJson(by.change) !== canonicalJson(change)
  );
}

function startOrigin(): Origin {
  return { surface: 'start', from: '', level: 'admin', operation: newOperationId() };
}

function unrecorded(trouble: string | null): string[] {
  return trouble === null ? [] : [`${trouble}: what gave way to the file is not recorded`];
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

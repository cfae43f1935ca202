import { applyBatch, inTurn } from './apply.ts';
import type { Change } from './change.ts';
import { type Conflict, noteConflict } from './conflicts.ts';
import type { ChangeContext } from './context.ts';
import type { Lease, StateEffect } from './journal/journal.ts';
import { recordFacts } from './record.ts';
import { HERE, type Standing } from './standing.ts';

/** When a journal that cannot be written is tried again, ms. */
const RETRY = 10_000;
/** Longest sleep, ms: a timer takes no more than 2^31 - 1. */
const LONGEST = 3_600_000;

/** Takes operations back when their time is over. */
export interface LeaseKeeper {
  /** Looks at the leases anew: some were added or dropped. */
  watch(): void;
  close(): void;
}

/**
 * Keeps the leases of a process. How long one has left is measured by a clock that nobody sets: the wall clock, which may jump, counts
 * only for the time in which no process ran.
 */
export function leaseKeeper(ctx: ChangeContext, conflicts: Conflict[]): LeaseKeeper {
  const deadlines = new Map<string, number>();
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  function watch(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const leases = ctx.standing.leases();
    for (const id of deadlines.keys()) if (!ctx.standing.lease(id)) deadlines.delete(id);
    if (closed || leases.length === 0) return;
    for (const lease of leases)
      if (!deadlines.has(lease.id)) deadlines.set(lease.id, performance.now() + timeLeft(lease, ctx.states.now()));
    const next = Math.min(...deadlines.values()) - performance.now();
    timer = setTimeout(() => void turn(), Math.min(Math.max(0, next), LONGEST)).unref();
  }

  async function turn(): Promise<void> {
    timer = null;
    for (const lease of ctx.standing.leases()) {
      if (closed || (deadlines.get(lease.id) ?? Number.POSITIVE_INFINITY) > performance.now()) continue;
      if (!(await endLease(lease, ctx, conflicts))) deadlines.set(lease.id, performance.now() + RETRY);
    }
    watch();
  }

  return {
    watch,
    close() {
      closed = true;
      watch();
    },
  };
}

/** ms. A wall clock that went back while nobody looked makes no lease longer than it was. */
export function timeLeft({ until, date }: Lease, now: number): number {
  return Math.min(until - now, until - date);
}

/** Takes an operation back whose time is over. False when that has to be tried again. */
export async function endLease(lease: Lease, ctx: ChangeContext, conflicts: Conflict[]): Promise<boolean> {
  const { actor, title = lease.id } = lease.origin;
  const steps = lease.steps.toReversed();
  const inverses = await whole(
    steps.map(({ inverse }) => inverse),
    ctx,
  );
  if (typeof inverses === 'string') return (await letStand(lease, ctx, inverses, conflicts)) === null;
  const end = lease.kind === 'expire' ? 'end of' : 'not confirmed:';
  const { ok, judged, outcomes, failedAt } = await applyBatch(
    inverses,
    ctx,
    {
      surface: 'lease',
      from: lease.id,
      level: 'admin',
      ...(actor ? { actor } : {}),
      title: `${end} ${title}`,
      undoes: lease.id,
    },
    { expect: steps.map(({ after }) => after), effects: [{ drop: 'lease', target: HERE, id: lease.id }] },
  );
  // It may have been confirmed or undone while it waited for its turn.
  if (ok || !ctx.standing.lease(lease.id)) return true;
  if (judged[failedAt]!.problems.length === 0) return false;
  return (await letStand(lease, ctx, outcomes[failedAt]!.text, conflicts)) === null;
}

/** Changes with the keys that were put aside, or why one is not there any more. */
async function whole(changes: readonly Change[], { keeper }: ChangeContext): Promise<readonly Change[] | string> {
  try {
    return await Promise.all(changes.map((change) => keeper.back(change)));
  } catch (error) {
    return (error as Error).message;
  }
}

/** What is not as it was left is left alone: the lease ends, and what it did stays. */
async function letStand(lease: Lease, ctx: ChangeContext, why: string, conflicts: Conflict[]): Promise<string | null> {
  const origin = { ...lease.origin, surface: 'lease', from: lease.id };
  const trouble = await inTurn(ctx, () => recordFacts([], settled(ctx.standing, lease.id), ctx, origin));
  if (trouble !== null && !ctx.goOn) return trouble;
  const text = `${lease.id} (${lease.origin.title ?? lease.steps[0]!.change.kind}) was to be taken back, but ${why}; it stays`;
  noteConflict(conflicts, { date: ctx.states.now(), kind: 'lease', object: lease.id, attribute: '', text }, ctx);
  return null;
}

/** The lease of an operation ends, its overrides stand without an end; nothing when it has none. */
export function settled(standing: Standing, id: string): StateEffect[] {
  if (!standing.lease(id)) return [];
  const own = standing.overrides().filter(({ origin, until }) => origin.operation === id && until !== null);
  return [
    { drop: 'lease', target: HERE, id },
    ...own.map((override) => ({ put: 'override' as const, override: { ...override, target: HERE, until: null } })),
  ];
}

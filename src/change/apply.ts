import type { Change, Origin, Outcome } from './change.ts';
import { type ChangeContext, failed, problem } from './context.ts';
import type { Lease, StateEffect } from './journal/journal.ts';
import { objectOf } from './journal/object-of.ts';
import { broken, type Judged, unfit } from './judge.ts';
import { overrideEffects } from './layers/effects.ts';
import type { Touched } from './layers/touched.ts';
import { make, takeBack } from './make.ts';
import { newOperationId } from './operation-id.ts';
import type { Gate } from './policy/gate.ts';
import { guardProblem } from './policy/guard.ts';
import { named } from './policy/named.ts';
import { forgetUnused, putAside } from './put-aside.ts';
import { openRecord } from './record.ts';
import { rehearse } from './rehearsal.ts';
import { HERE } from './standing.ts';
import { rowOf } from './table.ts';

/** Changes that one transaction may have at most: each costs some 20 µs of the control thread, without a pause. */
export const MAX_CHANGES = 1000;

/** What may be asked of a transaction besides. */
export interface ApplyOptions {
  /** It is taken back at a date (ms): in any case, or unless it is confirmed before. */
  readonly lease?: { readonly kind: Lease['kind']; readonly until: number };
  /** What each Change must find, as `before` of its preview tells it; else none is made. */
  readonly expect?: readonly string[];
  /** What else is kept when it is made. */
  readonly effects?: readonly StateEffect[];
}

/** What came of several Changes that were to be made together. */
export interface BatchOutcome {
  readonly ok: boolean;
  /** Id of the operation: given by the origin, or made for it. */
  readonly operation: string;
  /** What was found before, and what came of each; in the order of the Changes. */
  readonly judged: readonly Judged[];
  readonly outcomes: readonly Outcome[];
  /** Position of the first Change that could not be made, -1 when all could. */
  readonly failedAt: number;
  /** What concerns all of it: that it could not be recorded. */
  readonly warnings: readonly string[];
  readonly lease: Lease | null;
}

/**
 * Makes one Change: validated, recorded, applied, recorded. All traffic threads have it when the promise resolves; it never rejects.
 * Changes to one model are made one after the other.
 */
export async function applyChange(change: Change, ctx: ChangeContext, origin: Origin): Promise<Outcome> {
  const { outcomes } = await applyBatch([change], ctx, origin);
  return outcomes[0]!;
}

/**
 * Makes all of several Changes or none. They are rehearsed first, each on top of those before it; the traffic threads get them in one
 * message, when all are made in the model.
 */
export function applyBatch(
  changes: readonly Change[],
  ctx: ChangeContext,
  origin: Origin,
  options: ApplyOptions = {},
): Promise<BatchOutcome> {
  return inTurn(ctx, () => transact(changes, ctx, origin, options));
}

async function transact(
  changes: readonly Change[],
  ctx: ChangeContext,
  given: Origin,
  options: ApplyOptions,
): Promise<BatchOutcome> {
  const origin = { ...given, operation: given.operation ?? newOperationId() };
  const retired = ctx.retired();
  if (retired !== null) return notTried(changes, origin.operation, retired);
  const judged = await admit(await examine(changes, ctx, options), ctx, origin);
  const record = await openRecord(judged, ctx, origin);
  const end = async (outcomes: readonly Outcome[], failedAt: number, lease: Lease | null, effects: StateEffect[]) => {
    const trouble = await record.end(outcomes, effects);
    const warnings = trouble === null ? [] : [`${trouble}: it is not recorded`];
    return { ok: failedAt < 0, operation: origin.operation, judged, outcomes, failedAt, warnings, lease };
  };
  const refused = judged.findIndex(({ problems }) => problems.length > 0);
  if (refused >= 0) return end(refusals(judged, refused), refused, null, []);
  if (record.trouble !== null && !ctx.goOn) return end(unrecorded(judged, record.trouble), 0, null, []);
  const date = ctx.states.now();
  const made = await make(changes, ctx, origin);
  if (made.failedAt >= 0) return end(made.outcomes, made.failedAt, null, []);
  const stuck = options.lease ? made.outcomes.findIndex(({ inverse }) => inverse === null) : -1;
  if (stuck >= 0) {
    await takeBack(made.outcomes, ctx);
    return end(
      judged.map(() => failed(problem(NOT_LEASABLE))),
      stuck,
      null,
      [],
    );
  }
  const lease = leaseOf(changes, judged, made.outcomes, origin, date, options, ctx);
  let effects: StateEffect[];
  try {
    effects = await putAside(effectsOf(made.touched, ctx, origin, date, lease, options), ctx.keeper);
  } catch (error) {
    await takeBack(made.outcomes, ctx);
    return end(
      judged.map(({ change }) => failed(broken(change, error))),
      0,
      null,
      [],
    );
  }
  const ended = await end(made.outcomes, -1, lease, effects);
  if (ended.warnings.length === 0) await forgetUnused(effects, ctx.standing, ctx.keeper);
  if (ended.warnings.length === 0 || ctx.goOn) return ended;
  await takeBack(made.outcomes, ctx);
  const outcomes = unrecorded(judged, ended.warnings[0]!);
  return { ...ended, ok: false, outcomes, failedAt: 0, lease: null };
}

function notTried(changes: readonly Change[], operation: string, why: string): BatchOutcome {
  const judged = changes.map((change) => unfit(change, [problem(why)]));
  return { ok: false, operation, judged, outcomes: refusals(judged, 0), failedAt: 0, warnings: [], lease: null };
}

/** What is found of the Changes before they are made. */
async function examine(changes: readonly Change[], ctx: ChangeContext, options: ApplyOptions): Promise<Judged[]> {
  if (changes.length > MAX_CHANGES)
    return changes
      .slice(0, 1)
      .map((change) =>
        unfit(change, [problem(`too many changes: ${changes.length}; a transaction takes ${MAX_CHANGES}`)]),
      );
  const judged = (await rehearse(changes, ctx)).map((one, i) => asExpected(one, options.expect?.[i]));
  return judged.map((one) => {
    const { change } = one;
    const oneShot = rowOf(change)?.oneShot ?? false;
    if (change.kind === 'config.reload' && changes.length > 1)
      return unfit(change, [problem('a reload cannot be part of a transaction; make it alone')]);
    return oneShot && options.lease ? unfit(change, [problem(NOT_LEASABLE)]) : one;
  });
}

/** What the policy has against it, where there is one: then nothing of it is made. */
async function admit(judged: Judged[], ctx: ChangeContext, origin: Origin): Promise<Judged[]> {
  const gate = ctx.gate();
  if (gate === null || judged.some(({ problems }) => problems.length > 0)) return judged;
  const changes = judged.map(({ change }) => named(change, ctx.model));
  const decision = await gate.decide(changes, origin, new Date(ctx.states.now()));
  const text = decision.kind === 'allow' ? guarded(gate, changes, ctx, origin) : decision.text;
  return text === null ? judged : judged.map(({ change }) => unfit(change, [problem(text)]));
}

function guarded(gate: Gate, changes: readonly Change[], { model }: ChangeContext, origin: Origin): string | null {
  return origin.force || !gate.concerns(origin) ? null : guardProblem(gate.policy, changes, model);
}

const NOT_LEASABLE = 'it cannot be taken back, so it cannot be made for a time; make it without';

function asExpected(judged: Judged, expected: string | undefined): Judged {
  if (expected === undefined || judged.problems.length > 0 || judged.before === expected) return judged;
  const subject = [judged.change.kind, objectOf(judged.change)].filter(Boolean).join(' of ');
  return unfit(judged.change, [problem(`${subject} finds '${judged.before}', not '${expected}' as it was left`)]);
}

/** Outcomes of Changes of which one or more cannot be made. */
function refusals(judged: readonly Judged[], first: number): Outcome[] {
  return judged.map(({ problems }) => failed(problems[0] ?? problem(`not made: change ${first + 1} was refused`)));
}

function unrecorded(judged: readonly Judged[], trouble: string): Outcome[] {
  return judged.map(() => failed(problem(`${trouble}: nothing was changed, because it could not be recorded`)));
}

function leaseOf(
  changes: readonly Change[],
  judged: readonly Judged[],
  outcomes: readonly Outcome[],
  origin: Origin & { readonly operation: string },
  date: number,
  { lease }: ApplyOptions,
  { standing }: ChangeContext,
): Lease | null {
  if (!lease) return null;
  // An operation may be made in several transactions.
  const earlier = standing.lease(origin.operation)?.steps ?? [];
  const steps = changes.map((change, i) => ({ change, after: judged[i]!.after, inverse: outcomes[i]!.inverse! }));
  return { id: origin.operation, target: HERE, ...lease, date, origin, steps: [...earlier, ...steps] };
}

function effectsOf(
  touched: readonly Touched[],
  ctx: ChangeContext,
  origin: Origin,
  date: number,
  lease: Lease | null,
  { effects = [] }: ApplyOptions,
): StateEffect[] {
  const until = lease?.until ?? null;
  return [
    ...effects,
    ...overrideEffects(touched, ctx.model, ctx.standing, { origin, date, until }),
    ...(lease ? [{ put: 'lease' as const, lease }] : []),
  ];
}

/** The end of the queue of Changes of each context. */
const tails = new WeakMap<ChangeContext, Promise<unknown>>();

/** Waits until nothing else is being made, and keeps others waiting until `work` is done. */
export function inTurn<T>(ctx: ChangeContext, work: () => Promise<T>): Promise<T> {
  const turn = (tails.get(ctx) ?? Promise.resolve()).then(work);
  tails.set(
    ctx,
    turn.catch(() => undefined),
  );
  return turn;
}

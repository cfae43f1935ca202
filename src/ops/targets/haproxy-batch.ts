import type { Change, Origin } from '../../change/change.ts';
import type { Lease, StateEffect } from '../../change/journal/journal.ts';
import { objectOf } from '../../change/journal/object-of.ts';
import type { Live } from '../../change/remote/live.ts';
import { makeRemote } from '../../change/remote/make.ts';
import { previewRemote, type RemotePreview } from '../../change/remote/preview.ts';
import type { Applied, Meta } from '../target.ts';
import { type Desk, originOf, refused } from './haproxy-desk.ts';
import { journalTrouble, leaseOf, recordAttempts, recordOutcome, recordRefusal, type Step } from './haproxy-record.ts';
import { type Overrides, overrideEffects } from './override-effects.ts';

/** Changes that are to be made together. */
export interface Batch {
  readonly changes: readonly Change[];
  readonly meta: Meta;
  /** Of the origin: `runner`, `undo`, `lease`. */
  readonly surface: string;
  /** Who asked for it, where that is not who runs this process: somebody else agreed to it. */
  readonly origin?: Origin;
  /** Recorded with the last outcome when all went well. */
  readonly effects?: readonly StateEffect[];
}

/** How far a batch has come. */
interface Course {
  readonly desk: Desk;
  readonly live: Live;
  readonly batch: Batch;
  readonly origin: Origin;
  readonly attempts: readonly number[];
  readonly steps: Step[];
  readonly overrides: Overrides;
  /** What could not be recorded, and why. */
  readonly unrecorded: Set<string>;
  lease: Lease | null;
}

/**
 * Makes all Changes of a batch or none. All attempts are in the journal before the first command is sent; when one fails, or its end is unknown, what
 * was made before it is undone, last first.
 */
export async function makeBatch(desk: Desk, live: Live, batch: Batch): Promise<Applied> {
  const origin = batch.origin ?? originOf(desk, live, batch.meta, batch.surface);
  const previews = await previewRemote(batch.changes, live);
  let attempts: readonly number[];
  let overrides: Overrides;
  try {
    overrides = new Map((await desk.journal.overrides(desk.target)).map((override) => [override.key, override]));
    attempts = await recordAttempts(desk, origin, previews);
  } catch (error) {
    return refused(`nothing can be recorded, so nothing is changed: ${journalTrouble(error)}`);
  }
  const bad = previews.findIndex(({ problems }) => problems.length > 0);
  if (bad >= 0) return refuse(desk, attempts, previews, bad);
  const decision = (await desk.gate?.decide(batch.changes, origin, new Date())) ?? { kind: 'allow' };
  if (decision.kind !== 'allow') return deny(desk, attempts, decision.text);
  live.forget();
  const begun = { steps: [], unrecorded: new Set<string>(), lease: null };
  const course: Course = { desk, live, batch, origin, attempts, overrides, ...begun };
  for (const i of batch.changes.keys()) {
    const { outcome } = (await makeStep(course, i)).made;
    if (outcome.ok) continue;
    for (const number of attempts.slice(i + 1)) note(course, await recordRefusal(desk, number, NOT_TRIED));
    return ended(course, i, await rollBack(course));
  }
  return ended(course, -1, []);
}

const NOT_TRIED = 'not tried: another change of the same operation failed';

function ended({ steps, unrecorded, lease }: Course, failedAt: number, left: readonly string[]): Applied {
  const notUndone = left.length === 0 ? [] : [`not everything could be undone: ${left.join(', ')}`];
  const text = [...notUndone, ...unrecorded].join('; ');
  return { ok: failedAt < 0, failedAt, outcomes: steps.map(({ made }) => made.outcome), text, lease };
}

function note({ unrecorded }: Course, trouble: string): void {
  if (trouble !== '') unrecorded.add(trouble);
}

async function makeStep(course: Course, i: number): Promise<Step> {
  const { desk, live, batch, origin, steps } = course;
  const change = batch.changes[i]!;
  const began = performance.now();
  const made = await makeRemote(change, live, desk.wire);
  const duration = performance.now() - began;
  steps.push({ change, made });
  const effects = overrideEffects(course.overrides, desk.target, origin, change, made, batch.meta);
  if (i === batch.changes.length - 1 && made.outcome.ok) {
    course.lease = await leaseOf(desk, origin, batch.meta, steps);
    if (course.lease) effects.push({ put: 'lease', lease: course.lease });
    effects.push(...(batch.effects ?? []));
  }
  note(course, await recordOutcome(desk, course.attempts[i]!, made, duration, effects));
  return { change, made };
}

async function refuse(
  desk: Desk,
  attempts: readonly number[],
  previews: readonly RemotePreview[],
  bad: number,
): Promise<Applied> {
  const { severity, text } = previews[bad]!.problems[0]!;
  for (const [i, number] of attempts.entries()) await recordRefusal(desk, number, i === bad ? text : NOT_TRIED);
  const outcomes = [{ ok: false, severity, text, inverse: null }];
  return { ok: false, failedAt: bad, outcomes, text: '', lease: null };
}

/** Nothing is made, since the policy does not let it. */
async function deny(desk: Desk, attempts: readonly number[], text: string): Promise<Applied> {
  for (const number of attempts) await recordRefusal(desk, number, text);
  return { ok: false, failedAt: 0, outcomes: [{ ok: false, severity: 3, text, inverse: null }], text, lease: null };
}

/** Undoes what was made, last first, and what may have been made; says what could not be undone. */
async function rollBack(course: Course): Promise<string[]> {
  const { desk, live, batch, steps } = course;
  const origin = originOf(desk, live, batch.meta, 'roll-back');
  const left: string[] = [];
  for (const { change, made } of steps.toReversed()) {
    if (!made.outcome.ok && !made.unknown) continue;
    const { inverse } = made.outcome;
    if (!inverse) {
      left.push(`${change.kind} ${objectOf(change)} (there is nothing that takes it back)`);
      continue;
    }
    const tried = { change: inverse, before: made.after, after: made.before };
    // What cannot be recorded is undone all the same: half a batch is worse.
    const numbers = await recordAttempts(desk, origin, [tried]).catch((error) => journalTrouble(error));
    const began = performance.now();
    const undone = await makeRemote(inverse, live, desk.wire);
    const duration = performance.now() - began;
    if (typeof numbers === 'string') note(course, `what was undone could not be recorded: ${numbers}`);
    else {
      const effects = overrideEffects(course.overrides, desk.target, origin, inverse, undone, batch.meta);
      note(course, await recordOutcome(desk, numbers[0]!, undone, duration, effects));
    }
    if (!undone.outcome.ok) left.push(`${change.kind} ${objectOf(change)} (${undone.outcome.text})`);
  }
  return left;
}

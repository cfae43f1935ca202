import type { Change, Origin } from '../../change/change.ts';
import type { Lease, StateEffect } from '../../change/journal/journal.ts';
import { objectOf } from '../../change/journal/object-of.ts';
import { independentGroups } from '../../change/remote/independent.ts';
import type { Live } from '../../change/remote/live.ts';
import { type Made, makeRemote } from '../../change/remote/make.ts';
import { previewRemote, type RemotePreview } from '../../change/remote/preview.ts';
import type { Applied, Meta } from '../target.ts';
import { decided } from './decided.ts';
import { type Desk, originOf, refused } from './haproxy-desk.ts';
import {
  journalTrouble,
  leaseOf,
  recordAttempts,
  recordOutcomes,
  refusedAttempt,
  type Step,
} from './haproxy-record.ts';
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
  const previews = await previewRemote(batch.changes, live, false);
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
  const decision = await decided(desk, live, batch.changes, origin);
  if (decision.kind !== 'allow') return deny(desk, attempts, decision.text);
  live.forget();
  const begun = { steps: [], unrecorded: new Set<string>(), lease: null };
  const course: Course = { desk, live, batch, origin, attempts, overrides, ...begun };
  let at = 0;
  for (const group of independentGroups(batch.changes)) {
    const failedAt = await makeGroup(course, group, at);
    at += group.length;
    if (failedAt < 0) continue;
    const left = attempts.slice(course.steps.length).map((number) => refusedAttempt(number, NOT_TRIED));
    note(course, await recordOutcomes(desk, left, []));
    return ended(course, failedAt, await rollBack(course));
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

/** Makes Changes that are about different things, the first of which is number `from` of the batch. Position of the one that failed, or -1. */
async function makeGroup(course: Course, group: readonly Change[], from: number): Promise<number> {
  const { desk, live, batch, origin, overrides, steps } = course;
  const began = performance.now();
  const all = await makeRemote(group, live, desk.wire);
  const duration = (performance.now() - began) / all.length;
  const effects: StateEffect[] = [];
  for (const [i, made] of all.entries()) {
    steps.push({ change: group[i]!, made });
    effects.push(...overrideEffects(overrides, desk.target, origin, group[i]!, made, batch.meta));
  }
  const failed = all.findIndex(({ outcome }) => !outcome.ok);
  if (failed < 0 && from + group.length === batch.changes.length) effects.push(...(await closing(course)));
  const ended = all.map((made, i) => ({ attempt: course.attempts[from + i]!, made, duration }));
  note(course, await recordOutcomes(desk, ended, effects));
  return failed < 0 ? -1 : from + failed;
}

/** What is kept with the last outcome of a batch that was made as a whole. */
async function closing(course: Course): Promise<StateEffect[]> {
  const { desk, batch, origin, steps } = course;
  try {
    course.lease = await leaseOf(desk, origin, batch.meta, steps);
  } catch (error) {
    note(course, `it will not be taken back by itself: ${(error as Error).message}`);
  }
  return [...(course.lease ? [{ put: 'lease' as const, lease: course.lease }] : []), ...(batch.effects ?? [])];
}

async function refuse(
  desk: Desk,
  attempts: readonly number[],
  previews: readonly RemotePreview[],
  bad: number,
): Promise<Applied> {
  const { severity, text } = previews[bad]!.problems[0]!;
  const all = attempts.map((number, i) => refusedAttempt(number, i === bad ? text : NOT_TRIED));
  const unrecorded = await recordOutcomes(desk, all, []);
  const outcomes = [{ ok: false, severity, text, inverse: null }];
  return { ok: false, failedAt: bad, outcomes, text: unrecorded, lease: null };
}

/** Nothing is made, since the policy does not let it. */
export async function deny(desk: Desk, attempts: readonly number[], text: string): Promise<Applied> {
  const all = attempts.map((number) => refusedAttempt(number, text));
  await recordOutcomes(desk, all, []);
  return { ok: false, failedAt: 0, outcomes: [{ ok: false, severity: 3, text, inverse: null }], text, lease: null };
}

/** Undoes what was made, last first, and what may have been made; says what could not be undone. */
async function rollBack(course: Course): Promise<string[]> {
  const tried = course.steps.filter(({ made }) => made.outcome.ok || made.unknown).reverse();
  const back = tried.filter(({ made }) => made.outcome.inverse);
  const left = tried
    .filter(({ made }) => !made.outcome.inverse)
    .map(({ change }) => `${change.kind} ${objectOf(change)} (there is nothing that takes it back)`);
  for (const group of independentGroups(back.map(({ made }) => made.outcome.inverse!))) {
    // One that cannot be undone hinders no other.
    for (let rest = back.splice(0, group.length); rest.length > 0; ) {
      const done = await undo(course, rest);
      for (const [i, { outcome }] of done.entries()) {
        const { change } = rest[i]!;
        if (!outcome.ok) left.push(`${change.kind} ${objectOf(change)} (${outcome.text})`);
      }
      rest = rest.slice(done.length);
    }
  }
  return left;
}

async function undo(course: Course, steps: readonly Step[]): Promise<readonly Made[]> {
  const { desk, live, batch, overrides } = course;
  const origin = originOf(desk, live, batch.meta, 'roll-back');
  const inverses = steps.map(({ made }) => made.outcome.inverse!);
  const tries = steps.map(({ made }, i) => ({ change: inverses[i]!, before: made.after, after: made.before }));
  // What cannot be recorded is undone all the same: half a batch is worse.
  const numbers = await recordAttempts(desk, origin, tries).catch((error) => journalTrouble(error));
  const began = performance.now();
  const done = await makeRemote(inverses, live, desk.wire);
  const duration = (performance.now() - began) / done.length;
  if (typeof numbers === 'string') {
    note(course, `what was undone could not be recorded: ${numbers}`);
    return done;
  }
  const effects = done.flatMap((made, i) =>
    overrideEffects(overrides, desk.target, origin, inverses[i]!, made, batch.meta),
  );
  const ended = done.map((made, i) => ({ attempt: numbers[i]!, made, duration }));
  // Those behind one that failed are tried again, with attempts of their own.
  const again = numbers.slice(done.length).map((number) => refusedAttempt(number, NOT_TRIED));
  note(course, await recordOutcomes(desk, [...ended, ...again], effects));
  return done;
}

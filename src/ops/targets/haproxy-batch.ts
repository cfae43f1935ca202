import type { Change, Origin } from '../../change/change.ts';
import type { Lease, StateEffect } from '../../change/journal/journal.ts';
import { objectOf } from '../../change/journal/object-of.ts';
import type { Live } from '../../change/remote/live.ts';
import { type Made, makeRemote } from '../../change/remote/make.ts';
import { previewRemote, type RemotePreview } from '../../change/remote/preview.ts';
import type { Applied, Meta } from '../target.ts';
import { type Desk, originOf } from './haproxy-desk.ts';
import { overrideEffects } from './override-effects.ts';

/** Changes that are to be made together. */
export interface Batch {
  readonly changes: readonly Change[];
  readonly meta: Meta;
  /** Of the origin: `runner`, `undo`, `lease`, `roll-back`. */
  readonly surface: string;
  /** Recorded with the last outcome when all went well. */
  readonly effects?: readonly StateEffect[];
}

/** A Change that has been tried. */
interface Step {
  readonly change: Change;
  readonly made: Made;
}

/**
 * Makes all Changes of a batch or none. All attempts are in the journal before the first command is sent; when one fails, or its end is unknown, what
 * was made before it is undone, last first.
 */
export async function makeBatch(desk: Desk, live: Live, batch: Batch): Promise<Applied> {
  const { changes } = batch;
  const origin = originOf(desk, live, batch.meta, batch.surface);
  const previews = await previewRemote(changes, live);
  const attempts = await attempt(desk, origin, previews);
  const bad = previews.findIndex(({ problems }) => problems.length > 0);
  if (bad >= 0) return refuse(desk, attempts, previews, bad);
  live.forget();
  const steps: Step[] = [];
  for (const [i, change] of changes.entries()) {
    const step = await makeStep(desk, live, change, attempts[i]!, {
      origin,
      batch,
      steps,
      last: i === changes.length - 1,
    });
    steps.push(step);
    if (step.made.outcome.ok) continue;
    await Promise.all(attempts.slice(i + 1).map((number) => notTried(desk, number)));
    const text = await rollBack(desk, live, steps, batch.meta);
    return { ok: false, failedAt: i, outcomes: steps.map(({ made }) => made.outcome), text, lease: null };
  }
  const lease = await leaseOf(desk, origin, batch.meta, steps);
  return { ok: true, failedAt: -1, outcomes: steps.map(({ made }) => made.outcome), text: '', lease };
}

interface Surroundings {
  readonly origin: Origin;
  readonly batch: Batch;
  readonly steps: readonly Step[];
  readonly last: boolean;
}

async function makeStep(desk: Desk, live: Live, change: Change, attempt: number, around: Surroundings): Promise<Step> {
  const { origin, batch, steps, last } = around;
  const began = performance.now();
  const made = await makeRemote(change, live, desk.wire);
  const step = { change, made };
  const effects = [...(await overrideEffects(desk, origin, change, made, batch.meta))];
  if (last && made.outcome.ok) {
    const lease = await leaseOf(desk, origin, batch.meta, [...steps, step]);
    if (lease) effects.push({ put: 'lease', lease });
    effects.push(...(batch.effects ?? []));
  }
  await record(desk, attempt, made, performance.now() - began, effects);
  return step;
}

async function attempt(desk: Desk, origin: Origin, previews: readonly RemotePreview[]): Promise<readonly number[]> {
  const { target, keeper, journal } = desk;
  const kept = await Promise.all(previews.map(({ change }) => keeper.away(change)));
  return journal.attempt(previews.map(({ before, after }, i) => ({ target, origin, change: kept[i]!, before, after })));
}

async function record(desk: Desk, attempt: number, made: Made, duration: number, effects: readonly StateEffect[]) {
  const { outcome, before, after } = made;
  const inverse = outcome.inverse && (await desk.keeper.away(outcome.inverse));
  await desk.journal.outcome([{ attempt, ...outcome, inverse, before, after, duration }], effects);
}

async function refuse(
  desk: Desk,
  attempts: readonly number[],
  previews: readonly RemotePreview[],
  bad: number,
): Promise<Applied> {
  const { severity, text } = previews[bad]!.problems[0]!;
  const outcome = { ok: false, severity, text, inverse: null };
  await Promise.all(
    attempts.map((number, i) =>
      i === bad
        ? record(desk, number, { outcome, before: '', after: '', durable: null, unknown: false }, 0, [])
        : notTried(desk, number),
    ),
  );
  return { ok: false, failedAt: bad, outcomes: [outcome], text: '', lease: null };
}

async function notTried(desk: Desk, attempt: number): Promise<void> {
  const outcome = {
    ok: false,
    severity: 3,
    text: 'not tried: another change of the same operation failed',
    inverse: null,
  };
  await record(desk, attempt, { outcome, before: '', after: '', durable: null, unknown: false }, 0, []);
}

/** Undoes what was made, last first; says what could not be undone. */
async function rollBack(desk: Desk, live: Live, steps: readonly Step[], meta: Meta): Promise<string> {
  const origin = originOf(desk, live, meta, 'roll-back');
  const left: string[] = [];
  for (const { change, made } of steps.toReversed()) {
    if (!made.outcome.ok && !made.unknown) continue;
    const { inverse } = made.outcome;
    if (!inverse) {
      left.push(`${change.kind} ${objectOf(change)} (there is nothing that takes it back)`);
      continue;
    }
    const [number] = await desk.journal.attempt([
      { target: desk.target, origin, change: await desk.keeper.away(inverse), before: made.after, after: made.before },
    ]);
    const began = performance.now();
    const undone = await makeRemote(inverse, live, desk.wire);
    await record(
      desk,
      number!,
      undone,
      performance.now() - began,
      await overrideEffects(desk, origin, inverse, undone, meta),
    );
    if (!undone.outcome.ok) left.push(`${change.kind} ${objectOf(change)} (${undone.outcome.text})`);
  }
  return left.length === 0 ? '' : `not everything could be undone: ${left.join(', ')}`;
}

/** What takes the batch back at a time; null when nothing was asked for, or nothing can be taken back. */
async function leaseOf(desk: Desk, origin: Origin, meta: Meta, steps: readonly Step[]): Promise<Lease | null> {
  const time = meta.confirmWithin ?? meta.for;
  if (time === undefined) return null;
  const date = Date.now();
  const back: Lease['steps'][number][] = [];
  for (const { change, made } of steps) {
    const { inverse } = made.outcome;
    if (inverse)
      back.push({
        change: await desk.keeper.away(change),
        after: made.after,
        inverse: await desk.keeper.away(inverse),
      });
  }
  if (back.length === 0) return null;
  const kind = meta.confirmWithin === undefined ? 'expire' : 'confirm';
  return { id: meta.operation, target: desk.target, kind, until: date + time, date, origin, steps: back };
}

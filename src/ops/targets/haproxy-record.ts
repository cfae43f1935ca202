import type { Change, Origin } from '../../change/change.ts';
import { JournalError } from '../../change/journal/error.ts';
import type { Lease, OutcomeRecord, StateEffect } from '../../change/journal/journal.ts';
import type { Made } from '../../change/remote/make.ts';
import type { Meta } from '../target.ts';
import type { Desk } from './haproxy-desk.ts';

/** A Change that has been tried. */
export interface Step {
  readonly change: Change;
  readonly made: Made;
}

/** Records that Changes will be tried; their numbers. Rejects with JournalError when that cannot be. */
export async function recordAttempts(
  { target, keeper, journal }: Desk,
  origin: Origin,
  tries: readonly { readonly change: Change; readonly before: string; readonly after: string }[],
): Promise<readonly number[]> {
  const kept = await Promise.all(tries.map(({ change }) => keeper.away(change)));
  return journal.attempt(tries.map(({ before, after }, i) => ({ target, origin, change: kept[i]!, before, after })));
}

/** An attempt and what came of it. */
export interface Ended {
  readonly attempt: number;
  readonly made: Pick<Made, 'outcome' | 'before' | 'after'>;
  /** ms. */
  readonly duration: number;
}

/** Records what came of Changes. What has been made cannot be refused any more, so that trouble of the journal is told: why, or ''. */
export async function recordOutcomes(
  desk: Desk,
  ended: readonly Ended[],
  effects: readonly StateEffect[],
): Promise<string> {
  try {
    const records: OutcomeRecord[] = [];
    for (const { attempt, made, duration } of ended) {
      const { outcome, before, after } = made;
      const inverse = outcome.inverse && (await desk.keeper.away(outcome.inverse));
      records.push({ attempt, ...outcome, inverse, before, after, duration });
    }
    await desk.journal.outcome(records, await Promise.all(effects.map((effect) => putAway(effect, desk))));
    return '';
  } catch (error) {
    return `what came of it could not be recorded: ${(error as Error).message}`;
  }
}

/** What an override makes again, without what is too long or too secret for the journal. */
async function putAway(effect: StateEffect, { keeper }: Desk): Promise<StateEffect> {
  if (!('put' in effect) || effect.put !== 'override') return effect;
  return { ...effect, override: { ...effect.override, change: await keeper.away(effect.override.change) } };
}

/** The record of a Change that was not made, for this reason. */
export function refusedAttempt(attempt: number, text: string): Ended {
  return {
    attempt,
    made: { outcome: { ok: false, severity: 3, text, inverse: null }, before: '', after: '' },
    duration: 0,
  };
}

/** What takes Changes back at a time; null when nothing was asked for, or nothing can be taken back. */
export async function leaseOf(desk: Desk, origin: Origin, meta: Meta, steps: readonly Step[]): Promise<Lease | null> {
  const time = meta.confirmWithin ?? meta.for;
  if (time === undefined) return null;
  const date = Date.now();
  const back: Lease['steps'][number][] = [];
  for (const { change, made } of steps) {
    const { inverse } = made.outcome;
    if (!inverse) continue;
    const kept = { change: await desk.keeper.away(change), inverse: await desk.keeper.away(inverse) };
    back.push({ ...kept, after: made.after });
  }
  if (back.length === 0) return null;
  // An operation of several steps is taken back as one.
  const earlier = (await desk.journal.leases(desk.target)).find(({ id }) => id === meta.operation)?.steps ?? [];
  const kind = meta.confirmWithin === undefined ? 'expire' : 'confirm';
  return {
    id: meta.operation,
    target: desk.target,
    kind,
    until: date + time,
    date,
    origin,
    steps: [...earlier, ...back],
  };
}

/** The reason when it is the journal's; anything else is thrown again. */
export function journalTrouble(error: unknown): string {
  if (error instanceof JournalError) return error.message;
  throw error;
}

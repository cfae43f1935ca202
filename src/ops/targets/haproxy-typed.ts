import type { StateEffect } from '../../change/journal/journal.ts';
import { keptBy } from '../../change/policy/decide.ts';
import type { Live } from '../../change/remote/live.ts';
import { named } from '../../change/remote/named.ts';
import { UNTOLD } from '../../change/remote/preview.ts';
import { lookAt, makeTyped, type TypedChange } from '../../change/remote/typed.ts';
import { RuntimeClientError } from '../../client/index.ts';
import { POLICY_GUARDS } from '../guards/guards.ts';
import { objections } from '../guards/judge.ts';
import type { TargetState } from '../state.ts';
import type { Applied, Meta, Typed, TypedEnd } from '../target.ts';
import { decided } from './decided.ts';
import { alone, type Desk, originOf, refused } from './haproxy-desk.ts';
import { journalTrouble, recordAttempts, recordOutcomes, refusedAttempt } from './haproxy-record.ts';
import { overrideEffects } from './override-effects.ts';

/**
 * Sends a command that somebody typed, when the policy lets him: recorded before and after as the Changes that it stands for. What HAProxy
 * answers is the answer, whatever is seen against it here. Rejects with a RuntimeClientError when no answer came.
 */
export async function makeTypedCommand(
  desk: Desk,
  typed: Typed,
  meta: Meta,
  state: () => Promise<TargetState>,
): Promise<TypedEnd> {
  let end: TypedEnd | null = null;
  let broken = '';
  const applied = await alone(desk, async (live): Promise<Applied> => {
    const looked = await lookAt(typed.changes, live);
    const origin = originOf(desk, live, meta, 'runtime');
    let attempts: readonly number[];
    try {
      attempts = await recordAttempts(desk, origin, looked.map(toldOf));
    } catch (error) {
      return refused(`nothing can be recorded, so nothing is changed: ${journalTrouble(error)}`);
    }
    const against = await objection(desk, live, typed, origin, state);
    if (against !== null) {
      const left = attempts.map((number) => refusedAttempt(number, against));
      end = { answer: null, notes: withTrouble([against], await recordOutcomes(desk, left, [])) };
      return refused(against);
    }
    const began = performance.now();
    const { answer, made, ...lost } = await makeTyped(typed.words, looked, live, typed.ask);
    const duration = (performance.now() - began) / made.length;
    const overrides = new Map((await desk.journal.overrides(desk.target)).map((override) => [override.key, override]));
    const effects: StateEffect[] = made.flatMap((one, i) =>
      overrideEffects(overrides, desk.target, origin, looked[i]!.change, one, meta),
    );
    const ended = made.map((one, i) => ({ attempt: attempts[i]!, made: one, duration }));
    const trouble = await recordOutcomes(desk, ended, effects);
    broken = lost.broken;
    const seen = looked.flatMap(({ problem }) => (problem === null ? [] : [problem]));
    end = { answer, notes: withTrouble(seen, trouble) };
    return { ok: true, failedAt: -1, outcomes: [], text: '', lease: null };
  });
  if (broken !== '') throw new RuntimeClientError('CLOSED', broken);
  return end ?? { answer: null, notes: [applied.text] };
}

function withTrouble(notes: readonly string[], trouble: string): readonly string[] {
  return trouble === '' ? notes : [...notes, trouble];
}

function toldOf({ change, looked }: TypedChange) {
  return { change, before: looked === null ? UNTOLD : (looked.before ?? UNTOLD), after: looked?.after ?? '' };
}

/** What the policy, or a guard of it, has against the Changes; null: nothing. */
async function objection(
  desk: Desk,
  live: Live,
  { changes }: Typed,
  origin: ReturnType<typeof originOf>,
  state: () => Promise<TargetState>,
): Promise<string | null> {
  const { gate } = desk;
  if (gate === null) return null;
  const decision = await decided(desk, live, changes, origin);
  if (decision.kind !== 'allow') return decision.text;
  if (gate.policy.guards.length === 0) return null;
  const policy = { least: null, kept: (backend: string) => keptBy(gate.policy, backend) };
  const byName = await Promise.all(changes.map((change) => named(change, live)));
  return objections(POLICY_GUARDS, await state(), [byName], policy)[0]?.text ?? null;
}

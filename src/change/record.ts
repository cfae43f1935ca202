import type { Change, Origin, Outcome } from './change.ts';
import type { ChangeContext } from './context.ts';
import type { StateEffect } from './journal/journal.ts';
import type { Judged } from './judge.ts';
import { HERE } from './standing.ts';

/** The record of Changes that are about to be made. */
export interface OpenRecord {
  /** Why nothing could be recorded, for operators; null when the attempts are written. */
  readonly trouble: string | null;
  /**
   * Writes what came of them, with what stands from now on. Resolves to why that could not be recorded, or to null. `effects` stand in
   * this process when it is, or when `trouble` does not matter (`goOn`); what could not be written then is written with the next record.
   */
  end(outcomes: readonly Outcome[], effects: readonly StateEffect[]): Promise<string | null>;
}

/** Effects that stand here, and that the journal has not been able to take yet. */
const owed = new WeakMap<ChangeContext['journal'], StateEffect[]>();

/** What stands here that a journal has not been able to take yet; the next record takes it along. */
export function owedTo(journal: ChangeContext['journal']): readonly StateEffect[] {
  return owed.get(journal) ?? [];
}

/** Records that Changes will be tried. Never rejects. */
export async function openRecord(judged: readonly Judged[], ctx: ChangeContext, origin: Origin): Promise<OpenRecord> {
  const { journal, standing } = ctx;
  const started = performance.now();
  let numbers: readonly number[] = [];
  let trouble: string | null = null;
  try {
    const attempts = judged.map(({ change, before, after }) => ({ target: HERE, origin, change, before, after }));
    numbers = await journal.attempt(attempts);
  } catch (error) {
    trouble = textOf(error);
  }
  const write = async (outcomes: readonly Outcome[], effects: readonly StateEffect[]): Promise<string | null> => {
    if (trouble !== null) return trouble;
    const duration = Math.round(performance.now() - started);
    try {
      await journal.outcome(
        outcomes.map(({ ok, severity, text, inverse }, i) => {
          const { before, after } = judged[i]!;
          return { attempt: numbers[i]!, ok, severity, text, duration, inverse, before, after };
        }),
        effects,
      );
      return null;
    } catch (error) {
      return textOf(error);
    }
  };
  return {
    trouble,
    async end(outcomes, effects) {
      const all = [...owedTo(journal), ...effects];
      const failure = await write(outcomes, all);
      if (failure === null) owed.delete(journal);
      else if (!ctx.goOn) return failure;
      else if (all.length > 0) owed.set(journal, newest(all));
      standing.commit(effects);
      return failure;
    },
  };
}

/** Of effects on the same thing only the last counts. */
function newest(effects: readonly StateEffect[]): StateEffect[] {
  return [...new Map(effects.map((effect) => [subject(effect), effect])).values()];
}

function subject(effect: StateEffect): string {
  if ('put' in effect)
    return effect.put === 'override' ? `override ${effect.override.key}` : `lease ${effect.lease.id}`;
  return effect.drop === 'override' ? `override ${effect.key}` : `lease ${effect.id}`;
}

/** Records what has happened already, without a Change of anybody's: differences that a reload found, overrides that ended. */
export async function recordFacts(
  facts: readonly { readonly change: Change; readonly before: string; readonly after: string; readonly text: string }[],
  effects: readonly StateEffect[],
  ctx: ChangeContext,
  origin: Origin,
): Promise<string | null> {
  if (facts.length === 0 && effects.length === 0) return null;
  const judged = facts.map(({ change, before, after }) => ({
    change,
    before,
    after,
    problems: [],
    warnings: [],
    effect: 'live' as const,
  }));
  const record = await openRecord(judged, ctx, origin);
  const failure = await record.end(
    facts.map(({ text }) => ({ ok: true, severity: 6, text, inverse: null })),
    effects,
  );
  // It has happened whether it is recorded or not.
  if (failure !== null && !ctx.goOn) owed.set(ctx.journal, newest([...owedTo(ctx.journal), ...effects]));
  return failure;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import type { Change } from './change.ts';
import type { ChangeContext } from './context.ts';
import type { JournalEntry } from './journal/journal.ts';
import { rememberedChange } from './journal/kept-change.ts';
import { HERE } from './standing.ts';

/** An operation that can be taken back: what undoes it, in the order to be made, and what each step has to find. */
export interface UndoPlan {
  readonly id: string;
  readonly steps: readonly { readonly inverse: Change; readonly after: string }[];
  /** What it made, oldest first. */
  readonly made: readonly JournalEntry[];
}

/** How far back the last operation is looked for. */
const LOOK_BACK = 10_000;

/** Finds out how an operation is taken back (null: the last one), or why it cannot be. Rejects with JournalError. */
export async function planUndo(
  operation: string | null,
  { journal }: Pick<ChangeContext, 'journal'>,
): Promise<UndoPlan | { readonly problem: string }> {
  const entries =
    operation === null
      ? lastOperation(await journal.entries({ target: HERE, phase: 'outcome', last: LOOK_BACK }))
      : (await journal.entries({ target: HERE, phase: 'outcome', operation, last: LOOK_BACK })).filter(({ ok }) => ok);
  if (entries.length === 0) {
    const subject =
      operation === null ? 'no operation is left to undo' : `no operation '${operation}' that changed anything`;
    return { problem: `${subject}; 'show changes' lists them` };
  }
  const id = entries[0]!.origin.operation!;
  const final = entries.find(({ inverse }) => inverse === null);
  if (final) return { problem: `${final.change.kind} cannot be undone, so ${id} cannot; name another operation` };
  return {
    id,
    steps: entries.toReversed().map(({ inverse, after }) => ({ inverse: rememberedChange(inverse!), after })),
    made: entries,
  };
}

/** Entries of the newest operation that is neither an undoing nor undone. */
function lastOperation(outcomes: readonly JournalEntry[]): JournalEntry[] {
  const undone = new Set<string>();
  for (const { ok, origin, change } of outcomes.toReversed()) {
    const { operation, undoes } = origin;
    if (!ok || operation === undefined || undone.has(operation) || change.kind === 'lease.confirm') continue;
    if (undoes !== undefined) undone.add(undoes);
    else return outcomes.filter((entry) => entry.ok && entry.origin.operation === operation);
  }
  return [];
}

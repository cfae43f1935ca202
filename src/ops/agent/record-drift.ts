import type { Change, Origin } from '../../change/change.ts';
import type { Journal, JournalEntry } from '../../change/journal/journal.ts';
import { objectOf } from '../../change/journal/object-of.ts';
import { newOperationId } from '../../change/operation-id.ts';
import type { TargetState } from '../state.ts';
import { type Drift, driftOf } from './drift.ts';

/** A drift with the Change that takes it back. */
export interface Unexplained extends Drift {
  readonly inverse: Change | null;
}

/**
 * What differs between two states and was not made by anybody whom the journal knows. `made`: outcomes recorded between the two,
 * and attempts that have none yet: what they do may be in force before that is recorded.
 */
export function unexplained(
  before: TargetState,
  after: TargetState,
  made: readonly JournalEntry[],
): readonly Unexplained[] {
  const back = driftOf(after, before);
  return driftOf(before, after).flatMap((drift): readonly Unexplained[] => {
    const last = made.findLast((entry) => entry.ok !== false && isAbout(entry, drift));
    if (last === undefined) return [{ ...drift, inverse: back.find((one) => isSame(one, drift))?.change ?? null }];
    if (last.ok === null || !COMPARABLE.has(last.change.kind) || last.after === drift.after) return [];
    // It was changed twice since then, by somebody we know and by somebody else.
    return [{ ...drift, before: last.after, inverse: last.change }];
  });
}

/** Kinds whose values a state and the journal write in the same way. */
const COMPARABLE: ReadonlySet<string> = new Set(['server.weight', 'server.state', 'server.maxconn']);

function isSame(one: Drift, other: Drift): boolean {
  return one.object === other.object && one.attribute === other.attribute;
}

/** Whether an entry of the journal may be the reason of a drift. */
function isAbout({ change }: JournalEntry, { object, attribute, change: seen }: Drift): boolean {
  if (objectOf(change) !== object) return false;
  // A server that comes or goes has its weight and state with it.
  if (change.kind === 'server.add') return true;
  return attribute === 'present' ? change.kind === 'server.del' : change.kind === seen?.kind;
}

/** Records what somebody else did, with the way back where there is one. */
export async function recordDrift(
  journal: Journal,
  target: string,
  from: string,
  drifts: readonly Unexplained[],
): Promise<void> {
  const known = drifts.filter((drift): drift is Unexplained & { change: Change } => drift.change !== null);
  const origin: Origin = {
    surface: 'drift',
    from,
    level: 'admin',
    operation: newOperationId(),
    title: 'seen by the agent: changed by somebody else on a socket',
  };
  const numbers = await journal.attempt(
    known.map(({ change, before, after }) => ({ target, origin, change, before, after })),
  );
  await journal.outcome(
    known.map(({ inverse, before, after }, i) => ({
      ...{ attempt: numbers[i]!, ok: true, severity: 5, text: 'seen', duration: 0 },
      ...{ inverse, before, after },
    })),
  );
}

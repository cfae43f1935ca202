import type { Change } from '../../change/change.ts';
import type { JournalEntry, Lease } from '../../change/journal/journal.ts';
import { objectOf } from '../../change/journal/object-of.ts';
import { agreedToo, pendingRequests } from '../../change/policy/pending.ts';
import { remoteRow } from '../../change/remote/commands.ts';
import type { Live } from '../../change/remote/live.ts';
import type { Applied, Ledger, Meta } from '../target.ts';
import { approve } from './haproxy-approval.ts';
import { makeBatch } from './haproxy-batch.ts';
import { alone, type Desk, originOf, refused } from './haproxy-desk.ts';

/** What the journal of the runner knows of one HAProxy. */
export function haproxyLedger(desk: Desk): Ledger {
  const { journal, target } = desk;
  return {
    history: (query) => journal.entries({ ...query, target }),
    overrides: () => journal.overrides(target),
    whole: (change) => desk.keeper.back(change),
    leases: () => journal.leases(target),
    undo: (operation, meta) => alone(desk, (live) => undo(desk, live, operation, meta)),
    confirm: (operation, meta) => confirm(desk, operation, meta),
    requests: async () =>
      desk.gate === null ? [] : pendingRequests(journal, target, desk.gate.policy.approvalExpires, Date.now()),
    approve: (operation, meta) => alone(desk, (live) => approve(desk, live, operation, null, meta)),
  };
}

/** What was made, and what takes it back. */
interface Back {
  readonly change: Change;
  readonly after: string;
  readonly inverse: Change;
}

/** The newest operations that are looked through for one that can be taken back. */
const HISTORY = 2000;

async function undo(desk: Desk, live: Live, asked: string | null, meta: Meta): Promise<Applied> {
  const entries = await desk.journal.entries({ target: desk.target, phase: 'outcome', last: HISTORY });
  const operation = asked ?? lastUndoable(entries);
  if (operation === null) return refused(`there is no operation on ${desk.target} that could be taken back`);
  const own =
    asked === null ? entries : await desk.journal.entries({ target: desk.target, phase: 'outcome', operation });
  const made = own.filter((entry) => entry.origin.operation === operation);
  if (made.length === 0) return refused(`no operation '${operation}' is recorded for ${desk.target}`);
  const by = takenBack(entries).get(operation);
  if (by !== undefined) return refused(`operation '${operation}' was taken back already, by ${by}`);
  const back = steps(made);
  if (back.length === 0) return refused(`operation '${operation}' made nothing that could be taken back`);
  const { held, moved } = await stillSet(desk, live, back);
  if (moved.length > 0)
    return refused(`nothing was taken back, since something else was set meanwhile: ${moved.join('; ')}`);
  const effects = [{ drop: 'lease' as const, target: desk.target, id: operation }];
  const told = { ...meta, undoes: operation };
  const origin = originOf(desk, live, told, 'undo');
  const approvedBy = agreedToo(
    desk.gate,
    made.filter(({ ok }) => ok),
    origin,
    Date.now(),
  );
  const batch = { changes: inOrder(held), meta: told, surface: 'undo', effects };
  return makeBatch(desk, live, approvedBy ? { ...batch, origin: { ...origin, approvedBy } } : batch);
}

/** The newest operation that made something, was not taken back, and took nothing back itself. */
function lastUndoable(entries: readonly JournalEntry[]): string | null {
  const undone = takenBack(entries);
  const made = entries.filter(
    ({ ok, inverse, origin }) =>
      ok && inverse && origin.operation !== undefined && origin.undoes === undefined && !undone.has(origin.operation),
  );
  const names = [...new Set(made.map(({ origin }) => origin.operation!))].reverse();
  return names.find((name) => steps(made.filter(({ origin }) => origin.operation === name)).length > 0) ?? null;
}

/** Operations that were taken back -> by which; not those whose taking back was taken back itself. `entries`: oldest first. */
function takenBack(entries: readonly JournalEntry[]): ReadonlyMap<string, string> {
  const by = new Map<string, string>();
  for (const { ok, origin } of entries.toReversed()) {
    const { operation, undoes } = origin;
    if (ok && operation !== undefined && undoes !== undefined && !by.has(operation)) by.set(undoes, operation);
  }
  return by;
}

/** What an operation left in force. What a roll-back took back is not. */
function steps(entries: readonly JournalEntry[]): Back[] {
  if (entries.some(({ origin }) => origin.surface === 'roll-back')) return [];
  return entries.flatMap(({ ok, change, after, inverse }) => (ok && inverse ? [{ change, after, inverse }] : []));
}

/** Last made, first taken back. */
function inOrder(back: readonly Back[]): Change[] {
  return back.map(({ inverse }) => inverse).reverse();
}

/** Which of what was set is still set: only that may be taken back. Of several Changes to the same thing the last one counts. */
async function stillSet(desk: Desk, live: Live, back: readonly Back[]): Promise<{ held: Back[]; moved: string[] }> {
  const held: Back[] = [];
  const moved: string[] = [];
  const seen = new Set<string>();
  for (const { change, after, inverse } of back.toReversed()) {
    const whole = { change: await desk.keeper.back(change), after, inverse: await desk.keeper.back(inverse) };
    held.unshift(whole);
    const row = remoteRow(whole.change);
    const attribute = `${change.kind} ${objectOf(change)} ${'key' in change ? change.key : ''}`;
    if (!row || seen.has(attribute)) continue;
    seen.add(attribute);
    const now = await row.read(whole.change, live).catch(() => '(gone)');
    if (now === null || now === after || (now !== '(gone)' && row.holds?.(now, after))) continue;
    held.shift();
    moved.push(`${change.kind} ${objectOf(change)} is ${now}, not ${after}`);
  }
  return { held, moved };
}

async function confirm(desk: Desk, operation: string, _meta: Meta): Promise<Applied> {
  const lease = (await desk.journal.leases(desk.target)).find(({ id }) => id === operation);
  if (!lease) return refused(`nothing of operation '${operation}' waits for a confirmation`);
  if (lease.kind !== 'confirm') return refused(`operation '${operation}' ends by itself, it waits for no confirmation`);
  await desk.journal.outcome([], [{ drop: 'lease', target: desk.target, id: operation }]);
  return { ok: true, failedAt: -1, outcomes: [], text: `operation '${operation}' is confirmed`, lease: null };
}

/**
 * Takes back what a lease stands for, as far as it is still set; the rest is left as somebody else set it, and told. The lease ends when all that is
 * still set could be taken back, and stays for another try when HAProxy refused.
 */
export function takeBack(desk: Desk, lease: Lease, meta: Meta): Promise<Applied> {
  return alone(desk, async (live) => {
    const { held, moved } = await stillSet(desk, live, lease.steps);
    const effects = [{ drop: 'lease' as const, target: desk.target, id: lease.id }];
    const text = moved.length === 0 ? '' : `left as it was set meanwhile: ${moved.join('; ')}`;
    if (held.length === 0) {
      await desk.journal.outcome([], effects);
      return { ok: true, failedAt: -1, outcomes: [], text, lease: null };
    }
    const batch = { changes: inOrder(held), meta: { ...meta, undoes: lease.id }, surface: 'lease', effects };
    const applied = await makeBatch(desk, live, batch);
    return { ...applied, text: [applied.text, text].filter((part) => part !== '').join('; ') };
  });
}

import type { Change, Origin } from '../change.ts';
import { canonicalJson } from '../journal/canonical.ts';
import type { Journal, JournalEntry } from '../journal/journal.ts';
import { keptChange } from '../journal/kept-change.ts';
import { APPROVAL_NEEDED } from './decide.ts';
import { type Gate, personName } from './gate.ts';

/** A request that waits for a second person. The journal is where it waits: it was tried, and refused for want of approval. */
export interface PendingRequest {
  readonly operation: string;
  readonly origin: Origin;
  readonly changes: readonly Change[];
  /** Why it waits. */
  readonly text: string;
  /** ms. */
  readonly date: number;
  readonly until: number;
}

/** How far back requests are looked for. */
const LOOK_BACK = 10_000;
/** How long an operation of several steps may wait between two of them, ms. */
const BETWEEN_STEPS = 7 * 86_400_000;

/** Requests that wait, oldest first. `expires`: how long one waits, ms. Rejects with JournalError. */
export async function pendingRequests(
  journal: Journal,
  target: string,
  expires: number,
  now: number,
): Promise<readonly PendingRequest[]> {
  const entries = await journal.entries({ target, phase: 'outcome', since: now - expires, last: LOOK_BACK });
  const byOperation = Map.groupBy(
    entries.filter(({ origin }) => origin.operation !== undefined),
    ({ origin }) => origin.operation!,
  );
  return [...byOperation].flatMap(([operation, tried]) => {
    const { asked, since } = split(tried);
    // What came after the last refusal of this kind has settled it.
    if (asked.length === 0 || since.length > 0) return [];
    const { origin, date, text } = asked[0]!;
    return [{ operation, origin, changes: asked.map(({ change }) => change), text, date, until: date + expires }];
  });
}

/** The Changes of an operation that were asked for together the last time, and what was tried since. */
function split(tried: readonly JournalEntry[]): { asked: readonly JournalEntry[]; since: readonly JournalEntry[] } {
  const waits = ({ ok, text }: JournalEntry) => ok === false && text.startsWith(APPROVAL_NEEDED);
  const end = tried.findLastIndex(waits) + 1;
  const begin = tried.slice(0, end).findLastIndex((entry) => !waits(entry)) + 1;
  return { asked: tried.slice(begin, end), since: tried.slice(end) };
}

/** What somebody agrees to. */
export interface Approval {
  /** Of the journal. */
  readonly target: string;
  readonly operation: string;
  /** Who agrees. */
  readonly origin: Origin;
  /** One step of an operation of several; null: all that was asked for, at once. */
  readonly step: readonly Change[] | null;
  /** The Change with names in place of numbers. */
  byName(change: Change): Change | Promise<Change>;
  /** The Change as it was recorded, when it was asked for. */
  recorded(change: Change): Change | Promise<Change>;
}

/**
 * The Changes of a request as they are made once somebody agrees: by who asked for them, with the approval recorded. A text says why he may
 * not. An operation of several steps is made one by one, each Change once. Rejects with JournalError.
 */
export async function approved(
  gate: Gate,
  journal: Journal,
  { target, operation, origin: approver, step, byName, recorded }: Approval,
  now: number,
): Promise<Pick<PendingRequest, 'changes' | 'origin'> | string> {
  const tried = await journal.entries({ target, operation, phase: 'outcome', last: LOOK_BACK });
  const { asked, since } = split(tried);
  const last = since.at(-1) ?? asked[0];
  const patience = since.length === 0 ? gate.policy.approvalExpires : BETWEEN_STEPS;
  const goesOn = since.every(({ ok, origin }) => ok && origin.approvedBy !== undefined);
  if (
    last === undefined ||
    asked.length === 0 ||
    last.date < now - patience ||
    (step === null ? since.length > 0 : !goesOn)
  )
    return `No request '${operation}' waits for approval`;
  const { origin } = asked[0]!;
  if (step === null && (origin.steps ?? 1) > 1)
    return `'${operation}' has ${origin.steps} steps, made one after the other: 'sluice approve ${operation}' makes them`;
  const strange = step === null ? null : beyond(asked, since, await Promise.all(step.map(recorded)));
  if (strange !== null) return `${operation} does not ask for this ${strange.kind}, or it was made already`;
  const changes = step ?? asked.map(({ change }) => change);
  const problem = await gate.approval(await Promise.all(changes.map(byName)), origin, approver, new Date(now));
  if (problem !== null) return problem;
  return { changes, origin: { ...origin, approvedBy: actorOf(approver) } };
}

function actorOf(approver: Origin): NonNullable<Origin['actor']> {
  return approver.actor ?? { name: personName(approver), uid: null, pid: null, sudoUser: null };
}

/** The first Change that was not asked for, or was made since. */
function beyond(
  asked: readonly JournalEntry[],
  since: readonly JournalEntry[],
  step: readonly Change[],
): Change | null {
  const left = asked.map(({ change }) => textOf(change));
  const take = (change: Change) => {
    const at = left.indexOf(textOf(change));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  };
  for (const { change } of since) take(change);
  return step.find((change) => !take(change)) ?? null;
}

function textOf(change: Change): string {
  return canonicalJson(keptChange(change));
}

/**
 * Who agreed to an operation, where that holds for taking it back, too: for who asked for it and who agreed, as long as a request waits. Null:
 * taking it back is a matter of the policy like any other change. `made`: what the operation made.
 */
export function agreedToo(
  gate: Gate | null,
  made: readonly JournalEntry[],
  by: Origin,
  now: number,
): Origin['approvedBy'] | null {
  const last = made.at(-1);
  if (gate === null || last === undefined || last.date < now - gate.policy.approvalExpires) return null;
  const { approvedBy } = last.origin;
  if (approvedBy === undefined || made.some(({ origin }) => origin.approvedBy?.name !== approvedBy.name)) return null;
  const people = [personName(last.origin), personName({ ...last.origin, actor: approvedBy })];
  return people.includes(personName(by)) ? approvedBy : null;
}

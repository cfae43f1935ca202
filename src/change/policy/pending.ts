import type { Change, Origin } from '../change.ts';
import type { Journal, JournalEntry } from '../journal/journal.ts';
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
    // What came after the last refusal of this kind has settled it.
    const last = tried.at(-1)!;
    if (last.ok || !last.text.startsWith(APPROVAL_NEEDED)) return [];
    const asked = lastAttempt(tried);
    const { origin, date, text } = asked[0]!;
    return [{ operation, origin, changes: asked.map(({ change }) => change), text, date, until: date + expires }];
  });
}

/** The Changes that were asked for together the last time. */
function lastAttempt(tried: readonly JournalEntry[]): readonly JournalEntry[] {
  const firstOther = tried.findLastIndex(({ ok, text }) => ok || !text.startsWith(APPROVAL_NEEDED));
  return tried.slice(firstOther + 1);
}

/**
 * The Changes of a request as they are made once somebody agrees: by who asked for them, with the approval recorded. A text says why he may
 * not. Rejects with JournalError.
 */
export async function approved(
  gate: Gate,
  journal: Journal,
  {
    target,
    operation,
    origin: approver,
    byName,
  }: {
    readonly target: string;
    readonly operation: string;
    readonly origin: Origin;
    /** The Change with names in place of numbers. */
    byName(change: Change): Change | Promise<Change>;
  },
  now: number,
): Promise<Pick<PendingRequest, 'changes' | 'origin'> | string> {
  const requests = await pendingRequests(journal, target, gate.policy.approvalExpires, now);
  const request = requests.find((one) => one.operation === operation);
  if (request === undefined) return `No request '${operation}' waits for approval`;
  const { changes, origin } = request;
  const problem = await gate.approval(await Promise.all(changes.map(byName)), origin, approver, new Date(now));
  if (problem !== null) return problem;
  const actor = approver.actor ?? { name: personName(approver), uid: null, pid: null, sudoUser: null };
  return { changes, origin: { ...origin, approvedBy: actor } };
}

import type { JournalEntry, JournalQuery } from './journal.ts';
import { objectOf } from './object-of.ts';

/** Entries that a query gives unless it says how many. */
export const DEFAULT_LAST = 1000;

/** Whether an entry fulfils all conditions of a query. */
export function matches(entry: JournalEntry, query: JournalQuery): boolean {
  const { operation, object, target, phase, actor, since, until, before } = query;
  return (
    (operation === undefined || entry.origin.operation === operation) &&
    (object === undefined || isWithin(objectOf(entry.change), object)) &&
    (target === undefined || entry.target === target) &&
    (phase === undefined || entry.phase === phase) &&
    (actor === undefined || entry.origin.actor?.name === actor || entry.origin.actor?.sudoUser === actor) &&
    (since === undefined || entry.date >= since) &&
    (until === undefined || entry.date < until) &&
    (before === undefined || entry.seq < before)
  );
}

function isWithin(object: string, wanted: string): boolean {
  return object === wanted || object.startsWith(`${wanted}/`);
}

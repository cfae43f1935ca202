import type { Change, Origin, Outcome } from './change.ts';

/** One Change that was tried: who, when, what, from what to what, and what came of it. */
export interface JournalEntry {
  /** Counts from 1. */
  readonly id: number;
  /** Date, ms. */
  readonly date: number;
  readonly origin: Origin;
  readonly change: Change;
  /** As `preview` told them; '' when the Change was refused. */
  readonly before: string;
  readonly after: string;
  readonly outcome: Outcome;
}

/** Where Changes are recorded. */
export interface Journal {
  record(entry: Omit<JournalEntry, 'id' | 'date'>): JournalEntry;
  /** Entries kept, oldest first. */
  entries(): readonly JournalEntry[];
}

/** A journal in memory that keeps the last `limit` entries. */
export function memoryJournal(limit = 1000, now: () => number = Date.now): Journal {
  const kept: JournalEntry[] = [];
  let next = 1;
  return {
    record(fields) {
      const entry: JournalEntry = { id: next++, date: now(), ...fields };
      kept.push(entry);
      if (kept.length > limit) kept.shift();
      return entry;
    },
    entries: () => kept.slice(),
  };
}

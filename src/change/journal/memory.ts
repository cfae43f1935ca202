import { JournalError } from './error.ts';
import type { Journal, JournalEntry, Lease, Override, StateEffect } from './journal.ts';
import { attemptEntry, outcomeEntry, withinBounds } from './links.ts';
import { DEFAULT_LAST, matches } from './matches.ts';

/** A journal in memory that keeps the last `limit` entries; it ends with the process, so that it has no chain: hashes are ''. */
export function memoryJournal(limit = 1000, now: () => number = Date.now): Journal {
  const kept: JournalEntry[] = [];
  const open = new Map<number, JournalEntry>();
  const overrides = new Map<string, Override>();
  const leases = new Map<string, Lease>();
  let last = 0;

  function add(fields: Omit<JournalEntry, 'hash'>): JournalEntry {
    // As it is now, whatever becomes of what it refers to.
    const entry: JournalEntry = { ...JSON.parse(withinBounds(JSON.stringify(fields))), hash: '' };
    last = entry.seq;
    kept.push(entry);
    if (kept.length > limit) kept.shift();
    return entry;
  }

  return {
    trouble: null,
    troubleCode: null,
    async attempt(attempts) {
      return attempts.map((made) => {
        const entry = add(attemptEntry(last + 1, now(), made));
        open.set(entry.seq, entry);
        if (open.size > limit) open.delete(open.keys().next().value!);
        return entry.seq;
      });
    },
    async outcome(outcomes, effects = []) {
      const missing = outcomes.find(({ attempt }) => !open.has(attempt));
      if (missing) throw new JournalError('unknown-attempt', `no open attempt has the number ${missing.attempt}`);
      for (const made of outcomes) {
        add(outcomeEntry(last + 1, now(), open.get(made.attempt)!, made));
        open.delete(made.attempt);
      }
      for (const effect of effects) keep(effect, overrides, leases);
    },
    async entries(query = {}) {
      const wanted = (entry: JournalEntry): boolean =>
        matches(entry, query) && (query.answered !== false || entry.phase === 'outcome' || open.has(entry.seq));
      return kept.filter(wanted).slice(-(query.last ?? DEFAULT_LAST));
    },
    async overrides(target) {
      return [...overrides.values()]
        .filter((override) => override.target === target)
        .sort((a, b) => (a.key < b.key ? -1 : 1));
    },
    async leases(target) {
      return [...leases.values()].filter((lease) => lease.target === target).sort((a, b) => a.until - b.until);
    },
    async close() {},
  };
}

function keep(effect: StateEffect, overrides: Map<string, Override>, leases: Map<string, Lease>): void {
  if ('put' in effect) {
    if (effect.put === 'lease') leases.set(keyOf(effect.lease.target, effect.lease.id), effect.lease);
    else overrides.set(keyOf(effect.override.target, effect.override.key), effect.override);
  } else if (effect.drop === 'lease') leases.delete(keyOf(effect.target, effect.id));
  else overrides.delete(keyOf(effect.target, effect.key));
}

function keyOf(target: string, key: string): string {
  return JSON.stringify([target, key]);
}

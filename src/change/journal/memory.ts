import { JournalError } from './error.ts';
import type { Journal, JournalEntry, Lease, Override, StateEffect } from './journal.ts';
import { attemptEntry, outcomeEntry, type Tried, withinBounds } from './links.ts';
import { DEFAULT_LAST, matches } from './matches.ts';

/** A journal in memory that keeps the last `limit` entries; it ends with the process, so that it has no chain: hashes are ''. */
export function memoryJournal(limit = 1000, now: () => number = Date.now): Journal {
  /** Entries as text, as they were then, whatever becomes of what they refer to: a bulk change has many thousands of values. */
  const kept: string[] = [];
  /** Attempts without an outcome, and their Changes as text. */
  const open = new Map<number, { readonly tried: Tried; readonly change: string }>();
  const overrides = new Map<string, Override>();
  const leases = new Map<string, Lease>();
  let last = 0;

  function add({ change: _, ...fields }: Omit<JournalEntry, 'hash'>, change: string): void {
    kept.push(withinBounds(`${JSON.stringify(fields).slice(0, -1)},"change":${change}}`));
    last = fields.seq;
    if (kept.length > limit) kept.shift();
  }

  return {
    trouble: null,
    troubleCode: null,
    async attempt(attempts) {
      return attempts.map((made) => {
        const tried = attemptEntry(last + 1, now(), made);
        const change = JSON.stringify(tried.change);
        add(tried, change);
        open.set(last, { tried, change });
        if (open.size > limit) open.delete(open.keys().next().value!);
        return last;
      });
    },
    async outcome(outcomes, effects = []) {
      const missing = outcomes.find(({ attempt }) => !open.has(attempt));
      if (missing) throw new JournalError('unknown-attempt', `no open attempt has the number ${missing.attempt}`);
      for (const made of outcomes) {
        const { tried, change } = open.get(made.attempt)!;
        add(outcomeEntry(last + 1, now(), tried, made), change);
        open.delete(made.attempt);
      }
      for (const effect of effects) keep(effect, overrides, leases);
    },
    async entries(query = {}) {
      const found: JournalEntry[] = [];
      for (let i = kept.length - 1; i >= 0 && found.length < (query.last ?? DEFAULT_LAST); i--) {
        const entry: JournalEntry = { ...JSON.parse(kept[i]!), hash: '' };
        const answered = query.answered !== false || entry.phase === 'outcome' || open.has(entry.seq);
        if (answered && matches(entry, query)) found.push(entry);
      }
      return found.reverse();
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

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Lease, Override, StateEffect } from './journal.ts';

/** Overrides and leases in force, kept in the journal's database. */
export class State {
  readonly #putOverride: StatementSync;
  readonly #dropOverride: StatementSync;
  readonly #putLease: StatementSync;
  readonly #dropLease: StatementSync;
  readonly #overrides: StatementSync;
  readonly #leases: StatementSync;

  constructor(db: DatabaseSync) {
    this.#putOverride = db.prepare('INSERT OR REPLACE INTO override VALUES (?, ?, ?)');
    this.#dropOverride = db.prepare('DELETE FROM override WHERE target = ? AND key = ?');
    this.#putLease = db.prepare('INSERT OR REPLACE INTO lease VALUES (?, ?, ?, ?)');
    this.#dropLease = db.prepare('DELETE FROM lease WHERE target = ? AND id = ?');
    this.#overrides = db.prepare('SELECT body FROM override WHERE target = ? ORDER BY key');
    this.#leases = db.prepare('SELECT body FROM lease WHERE target = ? ORDER BY until');
  }

  /** Within the caller's transaction. */
  keep(effect: StateEffect): void {
    if ('put' in effect) {
      if (effect.put === 'override') {
        const { override } = effect;
        this.#putOverride.run(override.target, override.key, JSON.stringify(override));
      } else {
        const { lease } = effect;
        this.#putLease.run(lease.id, lease.target, lease.until, JSON.stringify(lease));
      }
    } else if (effect.drop === 'override') this.#dropOverride.run(effect.target, effect.key);
    else this.#dropLease.run(effect.target, effect.id);
  }

  overrides(target: string): Override[] {
    return this.#overrides.all(target).map((row) => JSON.parse(row['body'] as string));
  }

  leases(target: string): Lease[] {
    return this.#leases.all(target).map((row) => JSON.parse(row['body'] as string));
  }
}

/** Takes over what can still be read of the overrides and leases in another database. Returns how many. */
export function salvageState(from: DatabaseSync, to: DatabaseSync): number {
  let saved = 0;
  for (const [table, places] of [
    ['override', '?, ?, ?'],
    ['lease', '?, ?, ?, ?'],
  ] as const) {
    try {
      const put = to.prepare(`INSERT OR REPLACE INTO ${table} VALUES (${places})`);
      for (const row of from.prepare(`SELECT * FROM ${table}`).iterate()) {
        JSON.parse(row['body'] as string);
        put.run(...Object.values(row));
        saved++;
      }
    } catch {
      // The rest of this table is not readable.
    }
  }
  return saved;
}

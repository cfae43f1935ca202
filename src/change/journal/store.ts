import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { ChainTable, type Writing, type Written } from './chain-table.ts';
import { type Owner, openDatabase, openReadOnly } from './database.ts';
import { type JournalCode, JournalError } from './error.ts';
import { journalFailure } from './failure.ts';
import type { JournalEntry, JournalQuery, Lease, Override } from './journal.ts';
import { holder, takeLock } from './lock.ts';
import { entryRows, recordOf } from './queries.ts';
import { setAside } from './set-aside.ts';
import { State, salvageState } from './state.ts';

/** How a journal on disk is kept. */
export interface StoreOptions {
  /** Path of the database. Its folder must be there (prepareStateDir). */
  readonly path: string;
  /** File with the end of the chain; `PATH.head` unless told. Elsewhere it says more: who cuts the chain must reach it, too. */
  readonly anchor?: string;
  readonly owner?: Owner;
  /** No other process may write meanwhile. */
  readonly exclusive: boolean;
  /** The process that this one replaces may have it still: it is read, and nothing is written, until `take` has got it. */
  readonly waits?: boolean;
  /** Entries that are kept; older ones are removed by `prune`. 0: all. */
  readonly keepEntries: number;
  /** Age up to which entries are kept, ms. 0: any. */
  readonly keepAge: number;
  readonly now?: () => number;
}

/** Troubles that leave the open database as it was. */
const PASSING: readonly JournalCode[] = ['full', 'in-use'];

/** An open database with what is done on it. */
interface Opened {
  readonly db: DatabaseSync;
  readonly chain: ChainTable;
  readonly state: State;
  readonly inode: number;
}

/**
 * The journal on disk, synchronous. What cannot be done throws JournalError and is told by `trouble` until it works again; each call
 * tries anew. A database that is damaged is set aside and a new one begun.
 */
export class JournalStore {
  trouble: JournalError | null = null;
  readonly #options: StoreOptions;
  readonly #anchorPath: string;
  readonly #owner: Owner;
  readonly #now: () => number;
  #waits: boolean;
  #opened: Opened | null = null;
  #unlock: (() => void) | null = null;
  /** Since when nothing could be recorded, and how many calls failed. */
  #gap: { since: number; calls: number; why: string } | null = null;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#anchorPath = options.anchor ?? `${options.path}.head`;
    this.#owner = options.owner ?? null;
    this.#waits = options.waits ?? false;
    this.#now = options.now ?? Date.now;
  }

  /** Nothing is written yet: another process may have the journal. */
  get waits(): boolean {
    return this.#waits;
  }

  /** Gets a journal that was waited for, unless another process has it still. Other troubles are told as ever. */
  take(): boolean {
    if (!this.#waits) return true;
    const { path } = this.#options;
    try {
      this.#unlock = takeLock(lockOf(path), this.#owner);
    } catch (error) {
      this.trouble = journalFailure(error, path);
      if (this.trouble.code === 'in-use') return false;
    }
    this.#close();
    this.#waits = false;
    this.probe();
    return true;
  }

  /**
   * Writes all in one transaction: with an fsync when there is an outcome among them. A call that is wrong in itself (an unknown
   * attempt, too large) does not hinder the others.
   */
  write(writings: readonly Writing[]): Written[] {
    try {
      if (this.#waits) throw (this.trouble = stillTheirs(this.#options.path));
      return this.#work((opened) => this.#transact(opened, writings));
    } catch (error) {
      this.#gap ??= { since: this.#now(), calls: 0, why: (error as Error).message };
      this.#gap.calls += writings.length;
      return writings.map(() => error as JournalError);
    }
  }

  /** Whether the journal works; finds out, and repairs what can be. */
  probe(): boolean {
    this.write([]);
    return this.trouble === null;
  }

  entries(query: JournalQuery): JournalEntry[] {
    const rows = this.#work(({ db }) => entryRows(db, query));
    return rows.map((row) => recordOf(row) as JournalEntry);
  }

  overrides(target: string): Override[] {
    return this.#work(({ state }) => state.overrides(target));
  }

  leases(target: string): Lease[] {
    return this.#work(({ state }) => state.leases(target));
  }

  /** Removes some of what the retention limit no longer allows. Returns whether there is more. */
  prune(): boolean {
    const { keepEntries, keepAge } = this.#options;
    return this.#work(({ chain }) => chain.prune(this.#now(), keepEntries, keepAge));
  }

  close(): void {
    this.#close();
    this.#unlock?.();
    this.#unlock = null;
  }

  /** Runs `work` on the open database, on a new one when the one that is there turns out to be damaged. */
  #work<T>(work: (opened: Opened) => T): T {
    for (let repaired = false; ; repaired = true) {
      try {
        const result = work(this.#open());
        if (this.#gap === null && !this.#waits) this.trouble = null;
        return result;
      } catch (error) {
        this.trouble = journalFailure(error, this.#options.path);
        if (!PASSING.includes(this.trouble.code)) this.#close();
        if (this.trouble.code === 'damaged' && !repaired && !this.#waits) this.#replace(this.trouble);
        else throw this.trouble;
      }
    }
  }

  #transact({ chain, state }: Opened, writings: readonly Writing[]): Written[] {
    const durable = this.#gap !== null || writings.some(({ kind }) => kind === 'outcome');
    chain.begin(durable);
    try {
      if (this.#gap !== null) {
        const { since, calls, why } = this.#gap;
        chain.note(
          'gap',
          `nothing was recorded from ${new Date(since).toISOString()} on, ${calls} calls failed: ${why}`,
        );
      }
      const written = writings.map((writing) => chain.add(writing, this.#now()));
      for (const [i, writing] of writings.entries())
        if (writing.kind === 'outcome' && Array.isArray(written[i]))
          for (const effect of writing.effects) state.keep(effect);
      chain.commit(durable);
      this.#gap = null;
      return written;
    } catch (error) {
      chain.rollBack();
      throw error;
    }
  }

  #open(): Opened {
    const { path, exclusive } = this.#options;
    if (this.#opened !== null && statSync(path, { throwIfNoEntry: false })?.ino !== this.#opened.inode) this.#close();
    if (this.#opened !== null) return this.#opened;
    if (exclusive && !this.#waits) this.#unlock ??= takeLock(lockOf(path), this.#owner);
    const db = this.#waits ? openReadOnly(path) : openDatabase(path, this.#owner);
    try {
      const chain = new ChainTable(db, this.#anchorPath, this.#owner, this.#now);
      const state = new State(db);
      this.#opened = { db, chain, state, inode: statSync(path).ino };
    } catch (error) {
      db.close();
      throw error;
    }
    if (!this.#waits) this.#opened.chain.start();
    return this.#opened;
  }

  /** Sets the damaged database aside and begins another one with what can be read of its state. Throws JournalError. */
  #replace(damage: JournalError): void {
    const { path, exclusive } = this.#options;
    let unlock: (() => void) | null = null;
    try {
      if (!exclusive) unlock = takeLock(lockOf(path), this.#owner);
      const aside = setAside(path, this.#anchorPath, this.#now());
      const db = openDatabase(path, this.#owner);
      try {
        const chain = new ChainTable(db, this.#anchorPath, this.#owner, this.#now);
        const saved = salvage(aside, db);
        chain.start(`${damage.message}; it was set aside as '${aside}', ${saved} overrides and leases could be read`);
        chain.close();
      } finally {
        db.close();
      }
    } catch (error) {
      const { message } = journalFailure(error, path);
      this.trouble = new JournalError('damaged', `${damage.message}; it cannot be replaced: ${message}`);
      throw this.trouble;
    } finally {
      unlock?.();
    }
  }

  #close(): void {
    const opened = this.#opened;
    this.#opened = null;
    opened?.chain.close();
    try {
      opened?.db.close();
    } catch {
      // What could not be written back is in the WAL.
    }
  }
}

function lockOf(path: string): string {
  return `${path}.lock`;
}

function stillTheirs(path: string): JournalError {
  const text = `${holder(lockOf(path))} has not let go of it yet: journal '${path}'; try again once that process is told to stop`;
  return new JournalError('in-use', text);
}

function salvage(from: string, to: DatabaseSync): number {
  try {
    const db = openReadOnly(from);
    try {
      return salvageState(db, to);
    } finally {
      db.close();
    }
  } catch {
    return 0;
  }
}

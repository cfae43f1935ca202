import { randomBytes } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { SLUICE_VERSION } from '../../util/version.ts';
import { Anchor, readAnchor } from './anchor.ts';
import type { Owner } from './database.ts';
import { JournalError } from './error.ts';
import type { Attempt, JournalEntry, JournalNote, OutcomeRecord, StateEffect } from './journal.ts';
import { attemptEntry, type Head, linkAfter, NO_HEAD, outcomeEntry, type Tried } from './links.ts';
import { objectOf } from './object-of.ts';

/** What is to be written together. */
export type Writing =
  | { readonly kind: 'attempt'; readonly attempts: readonly Attempt[] }
  | { readonly kind: 'outcome'; readonly outcomes: readonly OutcomeRecord[]; readonly effects: readonly StateEffect[] };

/** What came of it: the numbers of the links, or why it could not be written. */
export type Written = readonly number[] | JournalError;

/** Open attempts that are known without asking the database. */
const REMEMBERED = 10_000;
/** Links that are removed in one transaction. */
const PRUNED_AT_ONCE = 10_000;
/** How far the limit of entries is passed before it is seen to: a part of it. */
const SLACK = 0.05;

/** The chain in its table, and the file with its end. Transactions are the caller's to begin and end with the functions here. */
export class ChainTable {
  readonly #db: DatabaseSync;
  readonly #anchorPath: string;
  readonly #owner: Owner;
  readonly #now: () => number;
  readonly #insert: StatementSync;
  readonly #last: StatementSync;
  readonly #first: StatementSync;
  readonly #at: StatementSync;
  readonly #outcomeOf: StatementSync;
  readonly #dataVersion: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #savepoint: StatementSync;
  readonly #release: StatementSync;
  readonly #open = new Map<number, Tried>();
  #anchor: Anchor | null = null;
  #head: Head = NO_HEAD;
  #version = -1;
  #full = true;
  /** The head when the transaction began. */
  #before: Head = NO_HEAD;

  constructor(db: DatabaseSync, anchorPath: string, owner: Owner, now: () => number) {
    this.#db = db;
    this.#anchorPath = anchorPath;
    this.#owner = owner;
    this.#now = now;
    this.#insert = db.prepare('INSERT INTO link VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#last = db.prepare('SELECT seq, hash FROM link ORDER BY seq DESC LIMIT 1');
    this.#first = db.prepare('SELECT seq, date FROM link ORDER BY seq LIMIT 1');
    this.#at = db.prepare('SELECT phase, body, hash FROM link WHERE seq = ?');
    this.#outcomeOf = db.prepare('SELECT 1 FROM link WHERE attempt = ?');
    this.#dataVersion = db.prepare('PRAGMA data_version');
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
    this.#savepoint = db.prepare('SAVEPOINT writing');
    this.#release = db.prepare('RELEASE writing');
  }

  /** Finds the end of the chain; begins it when it is empty. `why`: what else its first note says. */
  start(why = ''): void {
    const kept = readAnchor(this.#anchorPath);
    this.begin(true);
    try {
      const found = this.#head;
      if (found.seq === 0) {
        const id = randomBytes(8).toString('hex');
        this.note(
          'begin',
          `journal ${id} of Sluice ${SLUICE_VERSION}${why === '' ? '' : `: the one before was damaged: ${why}`}`,
        );
      }
      if (kept !== null ? !this.#holds(kept) : found.seq > 1) this.#mismatch(kept, found);
      this.#anchor?.close();
      this.#anchor = new Anchor(this.#anchorPath, this.#owner);
      this.commit(true);
      if (kept === null || this.#head.seq !== this.#before.seq) this.#anchor.keep(this.#head, true);
    } catch (error) {
      this.rollBack();
      throw error;
    }
  }

  /** Begins a transaction. `durable`: its commit waits for the disk. */
  begin(durable: boolean): void {
    if (this.#full !== durable) {
      this.#db.exec(`PRAGMA synchronous=${durable ? 'FULL' : 'NORMAL'}`);
      this.#full = durable;
    }
    this.#begin.run();
    const { data_version } = this.#dataVersion.get() as { data_version: number };
    const known = this.#head;
    this.#before = known;
    if (data_version === this.#version) return;
    // Somebody else has written.
    this.#head = (this.#last.get() as Head | undefined) ?? NO_HEAD;
    this.#before = this.#head;
    this.#open.clear();
    if (!this.#holds(known)) this.#mismatch(known, this.#head);
    this.#version = data_version;
  }

  /** Ends the transaction. `durable`: as it was begun. */
  commit(durable: boolean): void {
    this.#commit.run();
    if (!durable || this.#head.seq === this.#before.seq) return;
    try {
      this.#anchor?.keep(this.#head);
    } catch {
      // What was committed is on disk; the end that was kept before is still one that the chain must reach.
    }
  }

  rollBack(): void {
    this.#head = this.#before;
    this.#version = -1;
    this.#open.clear();
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
  }

  note(note: JournalNote['note'], text: string, more: Pick<JournalNote, 'first' | 'firstHash'> = {}): void {
    this.#append({ seq: this.#head.seq + 1, date: this.#now(), phase: 'note', note, text, ...more });
  }

  /** Appends what is to be written. Gives the failure of what is wrong in itself; throws what concerns all. */
  add(writing: Writing, date: number): Written {
    const before = this.#head;
    this.#savepoint.run();
    try {
      const seqs = writing.kind === 'attempt' ? this.#attempts(writing, date) : this.#outcomes(writing, date);
      this.#release.run();
      return seqs;
    } catch (error) {
      const failure = wrongInItself(error);
      if (failure === null) throw error;
      this.#db.exec('ROLLBACK TO writing; RELEASE writing');
      this.#head = before;
      this.#open.clear();
      return failure;
    }
  }

  /** Removes the oldest links over the limits, a bounded number; a note of the chain says so. Returns whether there is more. */
  prune(now: number, keepEntries: number, keepAge: number): boolean {
    const first = this.#first.get() as { seq: number; date: number } | undefined;
    if (first === undefined) return false;
    const many = this.#head.seq + 1 - first.seq;
    const over = keepEntries > 0 && many > keepEntries * (1 + SLACK) ? this.#head.seq + 1 - keepEntries : 0;
    const old = keepAge > 0 && first.date < now - keepAge ? this.#firstSince(now - keepAge) : 0;
    const wanted = Math.min(Math.max(over, old), this.#head.seq);
    if (wanted <= first.seq) return false;
    const cut = Math.min(wanted, first.seq + PRUNED_AT_ONCE);
    this.begin(true);
    try {
      const { hash } = this.#at.get(cut - 1) as { hash: string };
      this.#db.prepare('DELETE FROM link WHERE seq < ?').run(cut);
      const text = `${cut - first.seq} entries before ${cut} were removed by the retention limit`;
      this.note('prune', text, { first: cut, firstHash: hash });
      this.commit(true);
    } catch (error) {
      this.rollBack();
      throw error;
    }
    return cut < wanted;
  }

  close(): void {
    this.#anchor?.close();
    this.#anchor = null;
  }

  #firstSince(date: number): number {
    // The oldest come first: no more is read than will be removed.
    const row = this.#db.prepare('SELECT seq FROM link WHERE date >= ? ORDER BY seq LIMIT 1').get(date);
    return (row?.['seq'] as number | undefined) ?? this.#head.seq;
  }

  #attempts({ attempts }: Extract<Writing, { kind: 'attempt' }>, date: number): number[] {
    return attempts.map((made) => {
      const entry = attemptEntry(this.#head.seq + 1, date, made);
      this.#append(entry);
      this.#open.set(entry.seq, entry);
      if (this.#open.size > REMEMBERED) this.#open.delete(this.#open.keys().next().value!);
      return entry.seq;
    });
  }

  #outcomes({ outcomes }: Extract<Writing, { kind: 'outcome' }>, date: number): number[] {
    return outcomes.map((made) => {
      const entry = outcomeEntry(this.#head.seq + 1, date, this.#tried(made.attempt), made);
      this.#append(entry);
      this.#open.delete(made.attempt);
      return entry.seq;
    });
  }

  #tried(attempt: number): Tried {
    const known = this.#open.get(attempt);
    if (known !== undefined) return known;
    const row = Number.isSafeInteger(attempt) ? this.#at.get(attempt) : undefined;
    if (row?.['phase'] !== 'attempt' || this.#outcomeOf.get(attempt) !== undefined)
      throw new JournalError('unknown-attempt', `no open attempt has the number ${attempt}`);
    return JSON.parse(row['body'] as string) as Tried;
  }

  #append(fields: Omit<JournalEntry, 'hash'> | Omit<JournalNote, 'hash'>): void {
    const { seq, hash, body } = linkAfter(this.#head, fields);
    const { phase, date } = fields;
    if (phase === 'note') this.#insert.run(seq, date, phase, null, '', null, '', body, hash);
    else {
      const { attempt, target, origin, change } = fields;
      this.#insert.run(seq, date, phase, attempt, target, origin.operation ?? null, objectOf(change), body, hash);
    }
    this.#head = { seq, hash };
  }

  /** Whether a head is in the chain, or was and has been pruned. */
  #holds({ seq, hash }: Head): boolean {
    if (seq === 0) return true;
    const row = this.#at.get(seq);
    if (row !== undefined) return row['hash'] === hash;
    const first = this.#first.get() as { seq: number } | undefined;
    return first !== undefined && seq < first.seq;
  }

  #mismatch(kept: Head | null, { seq, hash }: Head): void {
    const was = kept === null ? 'no end was kept beside it' : `the end that was kept is ${kept.seq}:${kept.hash}`;
    this.note('mismatch', `the chain ends at ${seq === 0 ? 'nothing' : `${seq}:${hash}`}, but ${was}`);
  }
}

/** A failure that comes from what was to be written; null for one of the database. */
function wrongInItself(error: unknown): JournalError | null {
  if (error instanceof JournalError) return error;
  const { errcode, message } = error as { errcode?: number; message: string };
  return errcode === undefined ? new JournalError('too-large', `${message}: a record that cannot be written`) : null;
}

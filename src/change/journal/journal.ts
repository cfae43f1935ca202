import type { Change, Origin } from '../change.ts';
import type { JournalCode } from './error.ts';

/** A Change is recorded twice: that it will be tried, and what came of it. */
export type Phase = 'attempt' | 'outcome';

/** One link of the chain. */
export interface JournalEntry {
  /** From 1, without gaps. Notes that the journal makes of itself take numbers too. */
  readonly seq: number;
  /** ms since the epoch. */
  readonly date: number;
  readonly phase: Phase;
  /** Of an outcome: `seq` of its attempt. */
  readonly attempt: number | null;
  /** '' is the process that keeps the journal, else the name of the HAProxy that the Change was for. */
  readonly target: string;
  readonly origin: Origin;
  readonly change: Change;
  /** As `preview` tells them, '' when refused. */
  readonly before: string;
  readonly after: string;
  /** The Change that undoes it; of an outcome only. */
  readonly inverse: Change | null;
  readonly ok: boolean | null;
  readonly severity: number | null;
  readonly text: string;
  /** ms; of an outcome only. */
  readonly duration: number | null;
  /** SHA-256, in hex, over the hash before and this entry's canonical JSON without `hash`; '' in a journal that is in memory only. */
  readonly hash: string;
}

/** What the journal says of itself, a link of the chain like any entry. */
export interface JournalNote {
  readonly seq: number;
  readonly date: number;
  readonly phase: 'note';
  /**
   * `begin`: the first of a chain; `prune`: entries before `first` were removed by the retention limit; `gap`: for a time nothing
   * could be recorded; `mismatch`: the end of the chain is not the one that was kept beside it.
   */
  readonly note: 'begin' | 'prune' | 'gap' | 'mismatch';
  readonly text: string;
  /** Of `prune`: the first entry kept, and the hash of the one before it. */
  readonly first?: number;
  readonly firstHash?: string;
  readonly hash: string;
}

export type JournalRecord = JournalEntry | JournalNote;

/** A Change that is about to be tried. */
export interface Attempt {
  readonly target: string;
  readonly origin: Origin;
  readonly change: Change;
  readonly before: string;
  readonly after: string;
}

/** What came of an attempt. */
export interface OutcomeRecord {
  /** The number that `attempt()` gave. */
  readonly attempt: number;
  readonly ok: boolean;
  readonly severity: number;
  readonly text: string;
  /** ms. */
  readonly duration: number;
  readonly inverse: Change | null;
  readonly before: string;
  readonly after: string;
}

/** A durable Change in force over what the file says. */
export interface Override {
  readonly target: string;
  /** `server be_app/app1 weight`: object and attribute; one override a key. */
  readonly key: string;
  /** `be_app/app1` */
  readonly object: string;
  /** `weight` */
  readonly attribute: string;
  /** Makes it again. */
  readonly change: Change;
  /** As people read them: the value now, and what the file said when it was made. */
  readonly value: string;
  readonly file: string;
  readonly origin: Origin;
  readonly date: number;
  /** Date when it ends by itself, ms. */
  readonly until: number | null;
}

/** An operation that is taken back at a time: `expire` in any case, `confirm` unless it is confirmed before. */
export interface Lease {
  /** The operation's id: one lease a target. */
  readonly id: string;
  readonly target: string;
  readonly kind: 'expire' | 'confirm';
  readonly until: number;
  readonly date: number;
  readonly origin: Origin;
  /** In the order made. */
  readonly steps: readonly { readonly change: Change; readonly after: string; readonly inverse: Change }[];
}

/** What else is kept with outcomes, in the same transaction. */
export type StateEffect =
  | { readonly put: 'override'; readonly override: Override }
  | { readonly drop: 'override'; readonly target: string; readonly key: string }
  | { readonly put: 'lease'; readonly lease: Lease }
  | { readonly drop: 'lease'; readonly target: string; readonly id: string };

/** Which entries are wanted; all conditions must hold. Of those that match, the newest are given. */
export interface JournalQuery {
  /** At most so many, 1000 unless told. */
  readonly last?: number;
  readonly operation?: string;
  /** `be_app/app1`, or `be_app` with all that is in it. */
  readonly object?: string;
  readonly target?: string;
  readonly phase?: Phase;
  /** Account or socket name of the actor, or SUDO_USER. */
  readonly actor?: string;
  /** Dates, ms: from `since` on, before `until`. */
  readonly since?: number;
  readonly until?: number;
  /** Numbers below this one only: for the page before. */
  readonly before?: number;
  /** false: no attempts whose outcome is there. */
  readonly answered?: boolean;
}

/** Where Changes are recorded. No call ends the process or waits without end; what cannot be done rejects with JournalError. */
export interface Journal {
  /** Why nothing can be recorded now, for operators; null when all is well. */
  readonly trouble: string | null;
  readonly troubleCode: JournalCode | null;
  /** Written (survives the end of the process) when it resolves. One number for each attempt, in their order. */
  attempt(attempts: readonly Attempt[]): Promise<readonly number[]>;
  /** On disk when it resolves, outcomes and effects together. Concurrent calls share an fsync. */
  outcome(outcomes: readonly OutcomeRecord[], effects?: readonly StateEffect[]): Promise<void>;
  /** Oldest first. */
  entries(query?: JournalQuery): Promise<readonly JournalEntry[]>;
  /** By key. */
  overrides(target: string): Promise<readonly Override[]>;
  /** By the time they end. */
  leases(target: string): Promise<readonly Lease[]>;
  /** Writes what waits, then gives everything back. */
  close(): Promise<void>;
}

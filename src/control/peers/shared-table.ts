import type { Update, UpdateForm } from './codec/update.ts';

/** Entries one after the other. */
export interface Walk {
  /** Of changes: the number up to which there is nothing more to tell. */
  readonly reached: number;
  /**
   * Puts the next entry into `into`: its number, the time it has left, key and values, and the dictionary's text itself (the number is the
   * session's to give). False when there is none for now.
   */
  next(into: Update, now: number): boolean;
}

/** What sessions with peers need of a stick table. */
export interface SharedTable {
  /** The name that `show table` has, and the one that peers know. */
  readonly name: string;
  readonly wireName: string;
  /** What is taught. */
  readonly form: UpdateForm;
  /** Life of entries, ms; 0: no end. */
  readonly expire: number;
  /** The shard of a key, from 1 to `shards`. */
  shardOf(key: Uint8Array, shards: number): number;
  /** Number of the last update that was made here: 32 bits, one more for each. */
  localUpdate(): number;
  /** Updates made here after the one of this number, in order of their numbers; null: too many to be known one by one. */
  changesAfter(update: number): Walk | null;
  /** All entries, those that are learned too. What changes of them from now on gets a new number. */
  entries(): Walk;
  /** Puts in what a peer has taught; `form` is the sender's, with the key's type and length of this table. */
  learn(update: Update, form: UpdateForm, now: number): void;
}

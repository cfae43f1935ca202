/** How a stick table lies in its memory: offsets in words of 4 bytes. */

import { type DataKind, dataTypeOf, KIND_WORDS } from '../../config/tables/data-types.ts';
import type { StickTableConfig } from '../../config/types.ts';

/** The head of the memory. */
export const HEAD = {
  /** Words that are there: more are added as the table fills. */
  words: 0,
  /** Words that are taken. */
  top: 1,
  /** Entries. */
  used: 2,
  /** Most entries. */
  size: 3,
  /** Number of the last update that peers are to be taught, and of the last one that any of them was told of. */
  update: 4,
  told: 5,
  /** What the hash of keys begins with, and is multiplied by. */
  seed: 6,
  factor: 7,
  /** Where the list of updates begins, 0 without one, and its number of places less one. */
  updates: 8,
  updatesMask: 9,
  shardCount: 10,
  /** Date at which the table began, ms, in the form of a double: two words. */
  began: 12,
  /** When the clock was last found to go right, ms since the table began, in the form of a double; 0: nobody looks after it. */
  seen: 14,
  shards: 16,
} as const;

/**
 * A shard: the entries whose hashes end in the same bits, with a lock. Buckets are added one by one as entries come (linear hashing),
 * in segments, each twice as large as the one before.
 */
export const SHARD = {
  /** Number of the thread that holds it, 0 for none. */
  lock: 0,
  entries: 1,
  /** First of the entries that were freed. */
  free: 2,
  buckets: 3,
  /** An entry that is in no chain for now because it is being added or taken out. */
  loose: 4,
  /** An entry on its way from one bucket to another. */
  moving: 7,
  /** Slots of time: the latest that there is a list for, and the first whose list may have entries. */
  lastSlot: 5,
  firstSlot: 6,
  segments: 16,
  /** Lists of entries by slot, then that of older ones: two words each. */
  lists: 16 + 24,
} as const;

/** Lists of slots in a shard; a power of two. */
export const SLOTS = 256;
/** The list of entries that are older than all slots. */
export const OLD = SLOTS;
export const SHARD_WORDS: number = SHARD.lists + 2 * (SLOTS + 1);

/** Buckets of the first segment. */
export const FIRST_SEGMENT = 16;

/** An entry; its key and its data follow. */
export const ENTRY = {
  /** The next in its bucket, or in the list of free ones. */
  next: 0,
  hash: 1,
  /** Neighbours in the list of its slot. */
  older: 2,
  newer: 3,
  /** Until when it lasts, or when it was used in tables without `expire`: ms since the table began, the lowest 32 bits. */
  stamp: 4,
  /** How often it is in use; FREE when it is no entry. */
  uses: 5,
  /** Number of the last update that peers are to be taught. */
  update: 6,
  /** Strings: bytes of the key. */
  keyLength: 7,
} as const;

export const FREE = -1;

/** Where a stored data type is in an entry. */
export interface Column {
  readonly type: string;
  /** Number of the type in messages between peers. */
  readonly id: number;
  readonly kind: DataKind;
  /** Elements; 1 for what is no array. */
  readonly length: number;
  /** Rates: ms. */
  readonly period: number;
  /** Words from the beginning of the entry, and of an element. */
  readonly offset: number;
  readonly words: number;
}

/** The layout of a table's entries. */
export interface EntryLayout {
  readonly keyOffset: number;
  readonly keyWords: number;
  readonly words: number;
  /** In the order of the types' numbers. */
  readonly columns: readonly Column[];
}

/** Where everything is in the entries of a table. */
export function entryLayout({
  type,
  keyLength,
  data,
}: Pick<StickTableConfig, 'type' | 'keyLength' | 'data'>): EntryLayout {
  const keyOffset = type === 'string' ? ENTRY.keyLength + 1 : ENTRY.keyLength;
  const keyWords = (keyLength + 3) >>> 2;
  let words = keyOffset + keyWords;
  const columns = data.map((stored): Column => {
    const { name, id, kind } = dataTypeOf(stored.type)!;
    const column = { type: name, id, kind, length: stored.length, period: stored.period, offset: words };
    words += KIND_WORDS[kind] * stored.length;
    return { ...column, words: KIND_WORDS[kind] };
  });
  return { keyOffset, keyWords, words, columns };
}

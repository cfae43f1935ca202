/** How entries, versions and indexes lie in pattern memory: offsets in words from their address. */

/** A pattern; its bytes follow. */
export const ENTRY = {
  /** Counts up as entries are added to a reference: the earliest of several that match wins. */
  seq: 0,
  previous: 1,
  next: 2,
  keyLength: 3,
  /** Address of the value, 0 for an empty one: it is another one when the value is set. */
  value: 4,
  bytes: 5,
} as const;

/** A value. */
export const VALUE = { length: 0, bytes: 1 } as const;

/** What an index other than that of the texts leads to: an entry, and the key that it is found by there. */
export const NODE = { entry: 0, keyLength: 1, bytes: 2 } as const;

/** What stays where it is of a reference: the address of the current version, and how often what can be found has changed. */
export const HEADER = { version: 0, edits: 1, words: 2 } as const;

/** One version of a reference; its indexes follow. */
export const VERSION = { first: 0, last: 1, count: 2, indexes: 4 } as const;

/** An index of a version: the slot of its trie, and the address of the list of its classes (their number, then each). */
export const INDEX = { root: 0, classes: 1, words: 2 } as const;

/** Words that hold so many bytes. */
export function wordsFor(bytes: number): number {
  return (bytes + 3) >>> 2;
}

/** Layout of a cache in shared memory: a header, blocks, for each block the one that follows it, and the buckets of the index. */

/** Bytes of a block, and of what stands in the first block of an object before its bytes. */
export const BLOCK = 1024;
export const ENTRY_HEADER = 128;

/** Fields of the header. Blocks and objects are numbered from 0 and stored plus 1; 0 = none. */
export const H = {
  lock: 0,
  /** First block of those given back; blocks never used begin here. */
  free: 1,
  unused: 2,
  oldest: 3,
  newest: 4,
  /** Blocks of objects that are read or written now. */
  pinned: 5,
  /** Changes when all is thrown away: who holds an object sees that it is gone. */
  generation: 6,
} as const;
export const HEADER_INTS = 64;

/** Fields of an object, in its first block. */
export const F = {
  hash: 0,
  state: 5,
  /** Who reads it or writes it. */
  refs: 6,
  blocks: 7,
  /** Bytes of head and body; of the head. */
  length: 8,
  headLength: 9,
  /** Dates in seconds; age in seconds when it came. */
  expire: 10,
  validated: 11,
  age: 12,
  lastModified: 13,
  etagOffset: 14,
  etagLength: 15,
  /** What of the request it depends on (`vary.ts`). */
  signature: 16,
  secondary: 17,
  secondaryLength: 5,
  bucketNext: 22,
  older: 23,
  newer: 24,
  last: 25,
} as const;

export const State = { writing: 1, complete: 2, dropped: 3 } as const;

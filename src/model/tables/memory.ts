/*
 * The memory of one stick table: shared by all threads, each of which reads and writes it. It is reserved for as many entries as the table
 * may have and grows as they come. Whoever touches entries of a shard holds its lock, for a microsecond: nothing is waited for meanwhile.
 */

import { randomInt } from 'node:crypto';
import { HEAD, SHARD, SHARD_WORDS, SLOTS } from './layout.ts';

/** Entries of a shard of a full table, about: all of them are listed under its lock. */
const SHARD_ENTRIES = 4096;
const MAX_SHARDS = 1024;
/** Bytes by which memory grows, at most. */
const GROWTH = 4 * 1024 * 1024;
/** Addresses are 31 bits of words: 8 GB. */
const MAX_WORDS = 2 ** 31 - 2 ** 20;
/** Places of the list of updates, at most. */
const MAX_UPDATES = 2 ** 20;
/** How often a lock is asked for before the thread sleeps for a moment, and how long somebody may hold it, ms: then it is gone. */
const SPINS = 200;
const PATIENCE = 1000;

/** What the memory is made for. */
export interface MemoryPlan {
  /** Most entries, and words of each. */
  readonly size: number;
  readonly entryWords: number;
  /** A list of updates is kept for peers. */
  readonly updates: boolean;
}

/** Makes the memory of an empty table. */
export function newTableMemory({ size, entryWords, updates }: MemoryPlan): SharedArrayBuffer {
  const shards = Math.min(MAX_SHARDS, 2 ** Math.ceil(Math.log2(Math.max(1, size / SHARD_ENTRIES))));
  const places = updates ? Math.min(MAX_UPDATES, 2 ** Math.ceil(Math.log2(Math.max(1024, size)))) : 0;
  const fixed = HEAD.shards + shards * SHARD_WORDS + 2 * places;
  // Shards fill unevenly, and buckets are up to twice the entries.
  const most = Math.min(MAX_WORDS, fixed + Math.ceil(size * 1.1 + shards * 512) * (entryWords + 2) + 4096);
  const buffer = new SharedArrayBuffer(4 * (fixed + 1024), { maxByteLength: 4 * most });
  const words = new Int32Array(buffer, 0, fixed);
  words[HEAD.words] = fixed + 1024;
  words[HEAD.top] = fixed;
  words[HEAD.shardCount] = shards;
  new Float64Array(buffer, 4 * HEAD.began, 1)[0] = Date.now();
  words[HEAD.size] = Math.min(size, Math.floor((MAX_WORDS - fixed) / (entryWords + 2)));
  words[HEAD.seed] = randomInt(2 ** 32) | 0;
  words[HEAD.factor] = (randomInt(2 ** 29) * 8 + 5) | 0;
  if (updates) {
    words[HEAD.updates] = HEAD.shards + shards * SHARD_WORDS;
    words[HEAD.updatesMask] = places - 1;
  }
  for (let shard = 0; shard < shards; shard++) {
    const base = HEAD.shards + shard * SHARD_WORDS;
    for (let list = 0; list <= SLOTS; list++) {
      // An empty list is its own neighbour; see `listAt`.
      const at = base + SHARD.lists + 2 * list;
      words[at] = at - 2;
      words[at + 1] = at - 2;
    }
  }
  return buffer;
}

/** The memory as one thread sees it. */
export class TableMemory {
  readonly buffer: SharedArrayBuffer;
  words: Int32Array;
  bytes: Uint8Array;
  /** Number by which locks know the thread. */
  readonly #owner: number;
  /** What a thread that dies leaves behind of a shard is put right by this. */
  readonly #repair: (shard: number) => void;

  constructor(buffer: SharedArrayBuffer, owner: number, repair: (shard: number) => void) {
    this.buffer = buffer;
    this.#owner = owner;
    this.#repair = repair;
    const words = new Int32Array(buffer, 0, HEAD.shards)[HEAD.words]!;
    this.words = new Int32Array(buffer, 0, words);
    this.bytes = new Uint8Array(buffer, 0, 4 * words);
  }

  /** Takes the lock of the shard at `base`, and sees all memory that entries may be in. */
  lock(base: number): void {
    if (Atomics.compareExchange(this.words, base, 0, this.#owner) !== 0) this.#wait(base);
    if (this.words[HEAD.words] !== this.words.length) this.see();
  }

  /** Takes the lock unless somebody has it; says whether it did. */
  tryLock(base: number): boolean {
    if (Atomics.compareExchange(this.words, base, 0, this.#owner) !== 0) return false;
    if (this.words[HEAD.words] !== this.words.length) this.see();
    return true;
  }

  unlock(base: number): void {
    Atomics.store(this.words, base, 0);
  }

  /** The lock is held: by a thread that runs, or one that was stopped by the system for a while, or one that has died. */
  #wait(base: number): void {
    const { words } = this;
    let since = 0;
    let last = 0;
    for (let tries = 0; ; tries++) {
      const holder = Atomics.compareExchange(words, base, 0, this.#owner);
      if (holder === 0) return;
      if (tries < SPINS) continue;
      const now = Date.now();
      if (holder !== last) {
        last = holder;
        since = now;
      } else if (now - since > PATIENCE && Atomics.compareExchange(words, base, holder, this.#owner) === holder) {
        if (this.words[HEAD.words] !== this.words.length) this.see();
        this.#repair(base);
        return;
      }
      Atomics.wait(words, base, holder, 1);
    }
  }

  /** Takes the lock from a thread that has died, if it holds it, and puts right what it left. */
  takeOver(base: number, dead: number): void {
    if (Atomics.compareExchange(this.words, base, dead, this.#owner) !== dead) return;
    if (this.words[HEAD.words] !== this.words.length) this.see();
    this.#repair(base);
    this.unlock(base);
  }

  /** Takes in what other threads have added. */
  see(): void {
    const words = Atomics.load(this.words, HEAD.words);
    this.words = new Int32Array(this.buffer, 0, words);
    this.bytes = new Uint8Array(this.buffer, 0, 4 * words);
  }

  /** Takes words that nobody had, all 0; 0 when there is no room for them. */
  take(count: number): number {
    for (;;) {
      const at = Atomics.load(this.words, HEAD.top);
      if (at + count > this.words.length && !this.#grow(at + count)) return 0;
      if (Atomics.compareExchange(this.words, HEAD.top, at, at + count) === at) return at;
    }
  }

  /** Makes sure that there are so many words; another thread may be doing the same. */
  #grow(needed: number): boolean {
    const { buffer } = this;
    const wanted = 4 * needed;
    if (wanted > buffer.maxByteLength) return false;
    if (buffer.byteLength < wanted) {
      const step = Math.min(GROWTH, Math.max(16_384, buffer.byteLength));
      try {
        buffer.grow(Math.min(buffer.maxByteLength, wanted + step));
      } catch {
        // Another thread has grown it further, or there is no memory left.
        if (buffer.byteLength < wanted) return false;
      }
    }
    const words = Math.floor(buffer.byteLength / 4);
    for (let known = Atomics.load(this.words, HEAD.words); known < words; ) {
      const seen = Atomics.compareExchange(this.words, HEAD.words, known, words);
      if (seen === known) break;
      known = seen;
    }
    this.see();
    return true;
  }
}

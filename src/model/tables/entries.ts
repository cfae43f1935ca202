import { ENTRY, FIRST_SEGMENT, FREE, HEAD, OLD, SHARD, SHARD_WORDS, SLOTS } from './layout.ts';
import { type EntryRules, SlotLists } from './slot-lists.ts';

/** Entries that are looked at to find the one that was not used for longest, and those of one slot of time among them; in large tables. */
const EVICTION_LOOKS = 256;
const SLOT_LOOKS = 32;
const LARGE_SLOT_LOOKS = 3;
const LARGE = 4096;
/** Expired entries that are taken out of a full shard before something is added. */
const FULL_SWEEP = 32;

/** A key to be found: its words, filled up with zeros, its bytes and its hash. */
export interface Key {
  readonly words: Int32Array;
  length: number;
  hash: number;
}

/**
 * The entries of a table: in buckets by their hashes, and in lists by the slot of time in which they end. An entry that is used stays where it is; it is moved when its turn has come and it has time left.
 * Whoever calls holds the lock of the shard that begins at `base`.
 */
export class Entries extends SlotLists {
  readonly shards: number;
  readonly size: number;
  readonly #shardBits: number;

  constructor(buffer: SharedArrayBuffer, owner: number, rules: EntryRules) {
    super(buffer, owner, rules);
    const { words } = this.memory;
    this.shards = words[HEAD.shardCount]!;
    this.size = words[HEAD.size]!;
    this.#shardBits = 31 - Math.clz32(this.shards);
  }

  /** Number of the shard of a hash. */
  shardOf(hash: number): number {
    return hash & (this.shards - 1);
  }

  isExpired(entry: number, now: number): boolean {
    if (this.rules.expire === 0) return false;
    const { words } = this.memory;
    return words[entry + ENTRY.uses]! <= 0 && ((words[entry + ENTRY.stamp]! - this.at(now)) | 0) <= 0;
  }

  /** The entry of a key; 0 when there is none. One that has expired is taken out. */
  find(base: number, key: Key, now: number): number {
    const { words } = this.memory;
    if (words[base + SHARD.buckets] === 0) return 0;
    for (let entry = words[this.#bucketFor(base, key.hash)]!; entry !== 0; entry = words[entry]!) {
      if (words[entry + ENTRY.hash] !== key.hash || !this.#hasKey(entry, key)) continue;
      if (!this.isExpired(entry, now)) return entry;
      this.remove(base, entry);
      return 0;
    }
    return 0;
  }

  #hasKey(entry: number, key: Key): boolean {
    const { words } = this.memory;
    const at = entry + this.rules.layout.keyOffset;
    for (let i = 0; i < key.words.length; i++) if (words[at + i] !== key.words[i]) return false;
    return !this.rules.isString || words[entry + ENTRY.keyLength] === key.length;
  }

  /** A new entry for a key that has none; 0 when there is no room and none is made. */
  make(base: number, key: Key, now: number): number {
    if (!this.#takePlace(base, now)) return 0;
    const { layout, isString } = this.rules;
    const entry = this.#takeMemory(base);
    const { words } = this.memory;
    if (entry === 0) {
      Atomics.sub(words, HEAD.used, 1);
      return 0;
    }
    words.fill(0, entry, entry + layout.words);
    const stamp = this.stampAt(now);
    words[entry + ENTRY.hash] = key.hash;
    words[entry + ENTRY.stamp] = stamp;
    if (isString) words[entry + ENTRY.keyLength] = key.length;
    words.set(key.words, entry + layout.keyOffset);
    if (!this.#addBucket(base)) {
      this.#free(base, entry);
      words[base + SHARD.loose] = 0;
      Atomics.sub(words, HEAD.used, 1);
      return 0;
    }
    this.link(base, entry, this.slotOf(stamp, now));
    this.#chain(base, entry);
    this.memory.words[base + SHARD.entries]!++;
    this.memory.words[base + SHARD.loose] = 0;
    return entry;
  }

  /** Counts an entry that is about to be made, if there is or can be room for it. */
  #takePlace(base: number, now: number): boolean {
    const { words } = this.memory;
    for (let attempt = 0; attempt < 3; attempt++) {
      // The place is taken before it is filled, so that no two threads fill the last one.
      if (Atomics.load(words, HEAD.used) < this.size) {
        if (Atomics.add(words, HEAD.used, 1) < this.size) return true;
        Atomics.sub(words, HEAD.used, 1);
      }
      if (this.rules.nopurge) this.sweep(base, now, FULL_SWEEP);
      else if (!this.#evict(base, now) && !this.#evictElsewhere(base, now)) return false;
    }
    return false;
  }

  /** Memory for an entry, which is noted as loose; 0 when there is none. */
  #takeMemory(base: number): number {
    const { words } = this.memory;
    const freed = words[base + SHARD.free]!;
    if (freed !== 0) {
      words[base + SHARD.loose] = freed;
      words[base + SHARD.free] = words[freed]!;
      return freed;
    }
    const taken = this.memory.take(this.rules.layout.words);
    this.memory.words[base + SHARD.loose] = taken;
    return taken;
  }

  #free(base: number, entry: number): void {
    const { words } = this.memory;
    words[entry + ENTRY.uses] = FREE;
    words[entry + ENTRY.update] = 0;
    words[entry] = words[base + SHARD.free]!;
    words[base + SHARD.free] = entry;
  }

  /** Takes an entry out. */
  remove(base: number, entry: number): void {
    const { words } = this.memory;
    words[base + SHARD.loose] = entry;
    let at = this.#bucketFor(base, words[entry + ENTRY.hash]!);
    while (words[at] !== entry) at = words[at]!;
    words[at] = words[entry]!;
    this.unlink(entry);
    words[base + SHARD.entries]!--;
    Atomics.sub(words, HEAD.used, 1);
    this.#free(base, entry);
    words[base + SHARD.loose] = 0;
  }

  /** All entries of a shard. */
  list(base: number): number[] {
    const { words } = this.memory;
    const found: number[] = [];
    const buckets = words[base + SHARD.buckets]!;
    for (let bucket = 0; bucket < buckets; bucket++)
      for (let entry = words[this.#bucketAt(base, bucket)]!; entry !== 0; entry = words[entry]!) found.push(entry);
    return found;
  }

  // ---- buckets

  #bucketAt(base: number, bucket: number): number {
    const segment = segmentOf(bucket);
    const first = segment === 0 ? 0 : (FIRST_SEGMENT / 2) << segment;
    return this.memory.words[base + SHARD.segments + segment]! + bucket - first;
  }

  #bucketFor(base: number, hash: number): number {
    return this.#bucketAt(base, bucketOf(hash >>> this.#shardBits, this.memory.words[base + SHARD.buckets]!));
  }

  #chain(base: number, entry: number): void {
    const { words } = this.memory;
    const at = this.#bucketFor(base, words[entry + ENTRY.hash]!);
    words[entry] = words[at]!;
    words[at] = entry;
  }

  /** Adds a bucket when there are as many entries: one that is there already is shared out. False when there is none at all. */
  #addBucket(base: number): boolean {
    const buckets = this.memory.words[base + SHARD.buckets]!;
    if (this.memory.words[base + SHARD.entries]! < buckets) return true;
    const segment = segmentOf(buckets);
    if (this.memory.words[base + SHARD.segments + segment] === 0) {
      const at = this.memory.take(segment === 0 ? FIRST_SEGMENT : (FIRST_SEGMENT / 2) << segment);
      // Without memory chains grow longer instead.
      if (at === 0) return buckets > 0;
      this.memory.words[base + SHARD.segments + segment] = at;
    }
    this.memory.words[base + SHARD.buckets] = buckets + 1;
    if (buckets > 0) this.#share(base, buckets - (1 << (31 - Math.clz32(buckets))));
    return true;
  }

  /** Puts the entries of a bucket where they belong now. */
  #share(base: number, bucket: number): void {
    const { words } = this.memory;
    const at = this.#bucketAt(base, bucket);
    let before = at;
    for (let entry = words[at]!; entry !== 0; ) {
      const next = words[entry]!;
      const target = this.#bucketFor(base, words[entry + ENTRY.hash]!);
      if (target === at) before = entry;
      else {
        words[base + SHARD.moving] = entry;
        words[before] = next;
        words[entry] = words[target]!;
        words[target] = entry;
        words[base + SHARD.moving] = 0;
      }
      entry = next;
    }
  }

  // ---- expiry and eviction

  /** Takes expired entries out, about `budget` at most; says whether there may be more. */
  sweep(base: number, now: number, budget: number): boolean {
    if (this.rules.expire === 0) return false;
    const { words } = this.memory;
    let left = this.#sweepList(base, OLD, now, budget);
    const present = Math.floor(this.at(now) / this.granule) | 0;
    let slot = words[base + SHARD.firstSlot]!;
    for (let i = 0; i <= SLOTS && left > 0 && ((slot - present) | 0) <= 0; i++) {
      left = this.#sweepList(base, slot & (SLOTS - 1), now, left);
      if (left <= 0) break;
      slot = (slot + 1) | 0;
    }
    const last = words[base + SHARD.lastSlot]!;
    if (((slot - last) | 0) > 0) slot = last;
    // The slot of the present has entries to come.
    words[base + SHARD.firstSlot] = ((slot - present) | 0) > 0 ? present : slot;
    return left <= 0;
  }

  /** Sweeps one list; returns what is left of the budget. */
  #sweepList(base: number, list: number, now: number, budget: number): number {
    const { words } = this.memory;
    const at = this.listAt(base, list);
    const end = words[at + ENTRY.older]!;
    if (end === at) return budget;
    let left = budget;
    for (let entry = words[at + ENTRY.newer]!; left > 0; left--) {
      const next = words[entry + ENTRY.newer]!;
      if (words[entry + ENTRY.uses]! > 0) this.postpone(base, entry, now);
      else if (this.isExpired(entry, now)) this.remove(base, entry);
      else this.place(base, entry, now);
      if (entry === end) return left - 1;
      entry = next;
    }
    return 0;
  }

  /** Takes the entry out that was not used for longest; false when none can be. */
  #evict(base: number, now: number): boolean {
    const { words } = this.memory;
    const looks = { left: EVICTION_LOOKS };
    let victim = this.#oldestOf(base, OLD, null, now, looks);
    let slot = words[base + SHARD.firstSlot]!;
    const last = words[base + SHARD.lastSlot]!;
    while (victim === 0 && looks.left > 0 && ((slot - last) | 0) <= 0) {
      victim = this.#oldestOf(base, slot & (SLOTS - 1), slot, now, looks);
      if (victim === 0 && looks.left > 0 && slot !== last) {
        slot = (slot + 1) | 0;
        words[base + SHARD.firstSlot] = slot;
      } else break;
    }
    if (victim === 0) return false;
    this.remove(base, victim);
    return true;
  }

  /** The oldest of the first entries of a list that are not in use and have not been used since; those are moved on. 0: none. */
  #oldestOf(base: number, list: number, slot: number | null, now: number, looks: { left: number }): number {
    const { words } = this.memory;
    const at = this.listAt(base, list);
    const present = this.at(now);
    const end = words[at + ENTRY.older]!;
    let oldest = 0;
    let age = Number.POSITIVE_INFINITY;
    let found = 0;
    const most = this.size > LARGE ? LARGE_SLOT_LOOKS : SLOT_LOOKS;
    for (let entry = words[at + ENTRY.newer]!; entry !== at && looks.left > 0 && found < most; looks.left--) {
      const next = words[entry + ENTRY.newer]!;
      const stamp = words[entry + ENTRY.stamp]!;
      if (words[entry + ENTRY.uses]! > 0) this.postpone(base, entry, now);
      else if (this.belongs(base, this.slotOf(stamp, now), slot)) {
        found++;
        const ahead = this.ahead(stamp, present);
        if (ahead < age) {
          age = ahead;
          oldest = entry;
        }
      } else this.place(base, entry, now);
      if (entry === end) break;
      entry = next;
    }
    return oldest;
  }

  /** The same in another shard that nobody works in: this one has only entries that are in use. */
  #evictElsewhere(base: number, now: number): boolean {
    for (let shard = 0; shard < this.shards; shard++) {
      const other = HEAD.shards + shard * SHARD_WORDS;
      if (other === base || !this.memory.tryLock(other)) continue;
      const done = this.#evict(other, now);
      this.memory.unlock(other);
      if (done) return true;
    }
    return false;
  }

  // ---- threads that die

  /** Puts a shard together again from the entries that can be found: somebody died in the middle of changing it. */
  protected repair(base: number): void {
    const { words } = this.memory;
    const entries = new Set<number>();
    const add = (from: number) => {
      for (let entry = from; entry !== 0 && !entries.has(entry); entry = words[entry]!) entries.add(entry);
    };
    const buckets = words[base + SHARD.buckets]!;
    for (let bucket = 0; bucket < buckets; bucket++) {
      const at = this.#bucketAt(base, bucket);
      add(words[at]!);
      words[at] = 0;
    }
    const moving = words[base + SHARD.moving]!;
    if (moving !== 0) entries.add(moving);
    const loose = words[base + SHARD.loose]!;
    // It is not clear how much of it has been written.
    if (loose !== 0) {
      entries.delete(loose);
      if (words[base + SHARD.free] !== loose) this.#free(base, loose);
    }
    words[base + SHARD.loose] = 0;
    words[base + SHARD.moving] = 0;
    for (let list = 0; list <= SLOTS; list++) {
      const at = this.listAt(base, list);
      words[at + ENTRY.older] = at;
      words[at + ENTRY.newer] = at;
    }
    const now = Date.now();
    for (const entry of entries) {
      this.#chain(base, entry);
      this.link(base, entry, this.slotOf(words[entry + ENTRY.stamp]!, now));
    }
    Atomics.add(words, HEAD.used, entries.size - words[base + SHARD.entries]!);
    words[base + SHARD.entries] = entries.size;
  }

  /**
   * Counts the entries of all shards, as a thread that died may have counted one that it did not make, or have removed one that it still
   * counted. Whoever holds a lock waits for no other, so that all of them can be had.
   */
  recount(): void {
    const { memory } = this;
    let used = 0;
    for (let shard = 0; shard < this.shards; shard++) memory.lock(HEAD.shards + shard * SHARD_WORDS);
    for (let shard = 0; shard < this.shards; shard++)
      used += memory.words[HEAD.shards + shard * SHARD_WORDS + SHARD.entries]!;
    Atomics.store(memory.words, HEAD.used, used);
    for (let shard = 0; shard < this.shards; shard++) memory.unlock(HEAD.shards + shard * SHARD_WORDS);
  }
}

/** Segment of a bucket. */
function segmentOf(bucket: number): number {
  return bucket < FIRST_SEGMENT ? 0 : 28 - Math.clz32(bucket);
}

/** Bucket of a hash where there are so many: linear hashing. */
function bucketOf(hash: number, buckets: number): number {
  const half = 1 << (31 - Math.clz32(buckets));
  const bucket = hash & (2 * half - 1);
  return bucket < buckets ? bucket : bucket - half;
}

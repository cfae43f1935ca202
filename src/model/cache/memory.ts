import { BLOCK, ENTRY_HEADER, F, H, HEADER_INTS, State } from './layout.ts';

/** A cache as it is handed to the threads. */
export interface CacheView {
  readonly name: string;
  /** Bytes. */
  readonly totalMaxSize: number;
  readonly maxObjectSize: number;
  /** Seconds. */
  readonly maxAge: number;
  readonly processVary: boolean;
  readonly maxSecondaryEntries: number;
  readonly memory: SharedArrayBuffer;
}

/** What an object is stored under, and what it says of itself. Dates are seconds since the epoch. */
export interface ObjectFacts {
  /** 20 bytes. */
  readonly hash: Uint8Array;
  readonly expire: number;
  readonly validated: number;
  readonly age: number;
  readonly lastModified: number;
  readonly etagOffset: number;
  readonly etagLength: number;
  readonly headLength: number;
  /** Which request fields the object depends on, and what of them it is for. */
  readonly signature: number;
  readonly secondary: Int32Array;
}

/** An object that someone reads or writes: it is not dropped meanwhile. */
export interface Pin {
  readonly entry: number;
  readonly generation: number;
}

const MAX_SPINS = 200;
/** How long the lock may be waited for in all, ms. Its holder does a few memory accesses with it. */
const MAX_WAIT = 50;
/** Objects in use that are passed over in search of one to drop, at most. */
const MAX_PASSED = 64;

/** Bytes of shared memory for a cache of `size` bytes of objects. */
export function cacheMemorySize(size: number): number {
  const { bucketsAt, buckets } = sizes(size);
  return bucketsAt + buckets * 4;
}

function sizes(size: number): { blocks: number; nextAt: number; bucketsAt: number; buckets: number } {
  const blocks = Math.max(1, Math.floor(size / BLOCK));
  const nextAt = HEADER_INTS * 4 + blocks * BLOCK;
  const buckets = 2 ** Math.ceil(Math.log2(Math.max(64, blocks / 2)));
  return { blocks, nextAt, bucketsAt: nextAt + blocks * 4, buckets };
}

/**
 * Objects in one piece of shared memory: blocks of 1 kB, linked to objects, which an index of hashes leads to. The one that was
 * used least recently is dropped for a new one. All threads read and write; index and lists change under a lock that is held for some
 * hundred nanoseconds, bytes of objects are copied without it, since an object that is pinned is not dropped.
 */
export class CacheMemory {
  readonly view: CacheView;
  readonly #ints: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #next: Int32Array;
  readonly #buckets: Int32Array;
  readonly #blocks: number;
  /** Who locks: number of the thread + 1. */
  readonly #me: number;

  constructor(view: CacheView, thread: number) {
    const { blocks, nextAt, bucketsAt, buckets } = sizes(view.totalMaxSize);
    this.view = view;
    this.#me = thread + 1;
    this.#blocks = blocks;
    this.#ints = new Int32Array(view.memory, 0, HEADER_INTS + (blocks * BLOCK) / 4);
    this.#bytes = new Uint8Array(view.memory, HEADER_INTS * 4, blocks * BLOCK);
    this.#next = new Int32Array(view.memory, nextAt, blocks);
    this.#buckets = new Int32Array(view.memory, bucketsAt, buckets);
  }

  /** A thread that was lost held the lock: what it left half done is thrown away. Called by the thread that takes its place. */
  recover(): void {
    if (Atomics.load(this.#ints, H.lock) !== this.#me) return;
    const ints = this.#ints;
    for (const field of [H.free, H.unused, H.oldest, H.newest, H.pinned]) ints[field] = 0;
    this.#buckets.fill(0);
    Atomics.add(ints, H.generation, 1);
    this.#unlock();
  }

  /** Blocks that nobody reads or writes now. */
  get available(): number {
    return this.#blocks - Atomics.load(this.#ints, H.pinned);
  }

  // ---- the lock

  #lock(): boolean {
    const ints = this.#ints;
    for (let i = 0; i < MAX_SPINS; i++) if (Atomics.compareExchange(ints, H.lock, 0, this.#me) === 0) return true;
    const until = performance.now() + MAX_WAIT;
    do {
      const owner = Atomics.load(ints, H.lock);
      if (owner !== 0) Atomics.wait(ints, H.lock, owner, 1);
      if (Atomics.compareExchange(ints, H.lock, 0, this.#me) === 0) return true;
    } while (performance.now() < until);
    return false;
  }

  #unlock(): void {
    Atomics.store(this.#ints, H.lock, 0);
    Atomics.notify(this.#ints, H.lock, 1);
  }

  // ---- fields of entries

  #at(entry: number, field: number): number {
    return HEADER_INTS + (entry * BLOCK) / 4 + field;
  }

  /** A field of a pinned object. */
  get(pin: Pin, field: number): number {
    return this.#ints[this.#at(pin.entry, field)]!;
  }

  #field(entry: number, field: number): number {
    return this.#ints[this.#at(entry, field)]!;
  }

  #set(entry: number, field: number, value: number): void {
    this.#ints[this.#at(entry, field)] = value;
  }

  // ---- the index

  #bucketOf(hash: Uint8Array): number {
    return (hash[0]! | (hash[1]! << 8) | (hash[2]! << 16) | (hash[3]! << 24)) & (this.#buckets.length - 1);
  }

  #hasHash(entry: number, hash: Uint8Array): boolean {
    const at = entry * BLOCK + F.hash * 4;
    for (let i = 0; i < hash.length; i++) if (this.#bytes[at + i] !== hash[i]) return false;
    return true;
  }

  /** Calls `visit` with every indexed object of that hash that has not expired; what has is taken out. Stops when it returns true. */
  #each(hash: Uint8Array, now: number, visit: (entry: number) => boolean): void {
    let entry = this.#buckets[this.#bucketOf(hash)]! - 1;
    while (entry >= 0) {
      const following = this.#field(entry, F.bucketNext) - 1;
      if (this.#hasHash(entry, hash)) {
        if (this.#field(entry, F.expire) <= now) this.#drop(entry);
        else if (visit(entry)) return;
      }
      entry = following;
    }
  }

  /** Takes an object out of the index. Its blocks are used again when nobody reads it. */
  #drop(entry: number): void {
    const at = entry * BLOCK + F.hash * 4;
    const bucket = this.#bucketOf(this.#bytes.subarray(at, at + 20));
    let previous = -1;
    for (let one = this.#buckets[bucket]! - 1; one >= 0 && one !== entry; one = this.#field(one, F.bucketNext) - 1)
      previous = one;
    const following = this.#field(entry, F.bucketNext);
    if (previous >= 0) this.#set(previous, F.bucketNext, following);
    else this.#buckets[bucket] = following;
    const written = this.#field(entry, F.state) === State.complete;
    this.#set(entry, F.state, State.dropped);
    if (!written) return;
    this.#unlink(entry);
    this.#linkOldest(entry);
  }

  // ---- order of use

  #unlink(entry: number): void {
    const older = this.#field(entry, F.older);
    const newer = this.#field(entry, F.newer);
    if (older > 0) this.#set(older - 1, F.newer, newer);
    else this.#ints[H.oldest] = newer;
    if (newer > 0) this.#set(newer - 1, F.older, older);
    else this.#ints[H.newest] = older;
  }

  #linkNewest(entry: number): void {
    const newest = this.#ints[H.newest]!;
    this.#set(entry, F.older, newest);
    this.#set(entry, F.newer, 0);
    if (newest > 0) this.#set(newest - 1, F.newer, entry + 1);
    else this.#ints[H.oldest] = entry + 1;
    this.#ints[H.newest] = entry + 1;
  }

  #linkOldest(entry: number): void {
    const oldest = this.#ints[H.oldest]!;
    this.#set(entry, F.newer, oldest);
    this.#set(entry, F.older, 0);
    if (oldest > 0) this.#set(oldest - 1, F.older, entry + 1);
    else this.#ints[H.newest] = entry + 1;
    this.#ints[H.oldest] = entry + 1;
  }

  // ---- blocks

  /** Gives all blocks of an object back. */
  #free(entry: number): void {
    const last = this.#field(entry, F.last);
    this.#next[last] = this.#ints[H.free]!;
    this.#ints[H.free] = entry + 1;
  }

  /** A block, -1 when all are in use. */
  #take(): number {
    const ints = this.#ints;
    if (ints[H.free] === 0 && ints[H.unused] === this.#blocks && !this.#makeRoom()) return -1;
    let block = ints[H.free]! - 1;
    if (block >= 0) ints[H.free] = this.#next[block]!;
    else block = ints[H.unused]++;
    this.#next[block] = 0;
    return block;
  }

  /** Drops the object that was used least recently and is in use by nobody. */
  #makeRoom(): boolean {
    let entry = this.#ints[H.oldest]! - 1;
    for (let passed = 0; entry >= 0 && passed < MAX_PASSED; passed++) {
      if (Atomics.load(this.#ints, this.#at(entry, F.refs)) === 0) {
        if (this.#field(entry, F.state) === State.complete) this.#drop(entry);
        this.#unlink(entry);
        this.#free(entry);
        return true;
      }
      entry = this.#field(entry, F.newer) - 1;
    }
    return false;
  }

  // ---- reading

  /**
   * Finds an object for `hash`, pinned; null when there is none. `secondaryFor`: the part of the request that objects with such a
   * signature depend on, null when no such object may be used.
   */
  find(hash: Uint8Array, now: number, secondaryFor: (signature: number) => Int32Array | null): Pin | null {
    if (!this.#lock()) return null;
    let found = -1;
    this.#each(hash, now, (entry) => {
      if (this.#field(entry, F.state) !== State.complete) return false;
      const signature = this.#field(entry, F.signature);
      if (signature !== 0) {
        const wanted = secondaryFor(signature);
        if (wanted === null || !this.#serves(entry, wanted)) return false;
      }
      found = entry;
      return true;
    });
    if (found >= 0) {
      if (Atomics.add(this.#ints, this.#at(found, F.refs), 1) === 0)
        Atomics.add(this.#ints, H.pinned, this.#field(found, F.blocks));
      this.#unlink(found);
      this.#linkNewest(found);
    }
    const generation = this.#ints[H.generation]!;
    this.#unlock();
    return found < 0 ? null : { entry: found, generation };
  }

  /** The stored object's coding is among those accepted, and all else is the same. */
  #serves(entry: number, wanted: Int32Array): boolean {
    const coding = this.#field(entry, F.secondary);
    if ((coding & wanted[0]!) !== coding) return false;
    for (let i = 1; i < wanted.length; i++) if (this.#field(entry, F.secondary + i) !== wanted[i]) return false;
    return true;
  }

  /** Nobody has to do with the object any more. */
  release(pin: Pin): void {
    if (pin.generation === this.#ints[H.generation]) this.#unpin(pin.entry);
  }

  #unpin(entry: number): void {
    const blocks = this.#field(entry, F.blocks);
    if (Atomics.sub(this.#ints, this.#at(entry, F.refs), 1) === 1) Atomics.sub(this.#ints, H.pinned, blocks);
  }

  /**
   * Copies bytes [from, from + length) of a pinned object to `out` at `at`. `place`: block that `from` is in, -1 = not known. Returns the block
   * that the next bytes are in; -2 when the object is gone.
   */
  read(pin: Pin, from: number, length: number, out: Uint8Array, at: number, place = -1): number {
    let block = place;
    if (block < 0) {
      block = pin.entry;
      for (let i = Math.floor((ENTRY_HEADER + from) / BLOCK); i > 0; i--) block = this.#next[block]! - 1;
    }
    let offset = (ENTRY_HEADER + from) % BLOCK;
    for (let done = 0; done < length; ) {
      if (offset === BLOCK) {
        block = this.#next[block]! - 1;
        offset = 0;
        if (block < 0) return -2;
      }
      const size = Math.min(length - done, BLOCK - offset);
      const start = block * BLOCK + offset;
      out.set(this.#bytes.subarray(start, start + size), at + done);
      done += size;
      offset += size;
    }
    if (offset === BLOCK) block = this.#next[block]! - 1;
    return pin.generation === this.#ints[H.generation] ? block : -2;
  }

  // ---- writing

  /**
   * Begins an object, which is found only once it is complete; null when one of that key is being written already, when there are too many for
   * the hash, or when no room can be made. What was stored for the key is dropped.
   */
  begin(facts: ObjectFacts, now: number): Pin | null {
    if (!this.#lock()) return null;
    const entry = this.#mayStore(facts, now) ? this.#take() : -1;
    if (entry >= 0) {
      const start = this.#at(entry, 0);
      this.#ints.fill(0, start, start + ENTRY_HEADER / 4);
      this.#bytes.set(facts.hash, entry * BLOCK + F.hash * 4);
      this.#set(entry, F.state, State.writing);
      this.#set(entry, F.refs, 1);
      Atomics.add(this.#ints, H.pinned, 1);
      this.#set(entry, F.blocks, 1);
      this.#set(entry, F.last, entry);
      this.#set(entry, F.expire, facts.expire);
      this.#set(entry, F.validated, facts.validated);
      this.#set(entry, F.age, facts.age);
      this.#set(entry, F.lastModified, facts.lastModified);
      this.#set(entry, F.etagOffset, facts.etagOffset);
      this.#set(entry, F.etagLength, facts.etagLength);
      this.#set(entry, F.headLength, facts.headLength);
      this.#set(entry, F.signature, facts.signature);
      for (let i = 0; i < facts.secondary.length; i++) this.#set(entry, F.secondary + i, facts.secondary[i]!);
      const bucket = this.#bucketOf(facts.hash);
      this.#set(entry, F.bucketNext, this.#buckets[bucket]!);
      this.#buckets[bucket] = entry + 1;
    }
    const generation = this.#ints[H.generation]!;
    this.#unlock();
    return entry < 0 ? null : { entry, generation };
  }

  #mayStore(facts: ObjectFacts, now: number): boolean {
    let others = 0;
    let busy = false;
    const replaced: number[] = [];
    this.#each(facts.hash, now, (entry) => {
      const same =
        this.#field(entry, F.signature) === facts.signature &&
        facts.secondary.every((part, i) => part === this.#field(entry, F.secondary + i));
      if (!same && facts.signature !== 0 && this.#field(entry, F.signature) === facts.signature) others++;
      else if (this.#field(entry, F.state) === State.writing) busy = true;
      else replaced.push(entry);
      return false;
    });
    if (busy || others >= this.view.maxSecondaryEntries) return false;
    for (const entry of replaced) this.#drop(entry);
    return true;
  }

  /** Adds bytes to an object that is being written. False: no room could be made, or it is gone; `abort` it then. */
  append(pin: Pin, bytes: Uint8Array, start: number, end: number): boolean {
    const { entry } = pin;
    let length = this.#field(entry, F.length);
    let last = this.#field(entry, F.last);
    for (let from = start; from < end; ) {
      const offset = (ENTRY_HEADER + length) % BLOCK;
      if (offset === 0) {
        last = this.#extend(pin, last);
        if (last < 0) return false;
      }
      const size = Math.min(end - from, BLOCK - offset);
      this.#bytes.set(bytes.subarray(from, from + size), last * BLOCK + offset);
      from += size;
      length += size;
    }
    this.#set(entry, F.length, length);
    return true;
  }

  /** Another block behind `last`. */
  #extend({ entry, generation }: Pin, last: number): number {
    if (!this.#lock()) return -1;
    const block = generation === this.#ints[H.generation] ? this.#take() : -1;
    if (block >= 0) {
      this.#next[last] = block + 1;
      this.#set(entry, F.last, block);
      this.#set(entry, F.blocks, this.#field(entry, F.blocks) + 1);
      Atomics.add(this.#ints, H.pinned, 1);
    }
    this.#unlock();
    return block;
  }

  /** The object is whole: it can be found from now on. */
  complete(pin: Pin): void {
    this.#end(pin, State.complete);
  }

  /** The object will not become whole. */
  abort(pin: Pin): void {
    this.#end(pin, State.dropped);
  }

  #end({ entry, generation }: Pin, state: number): void {
    if (!this.#lock()) return;
    if (generation === this.#ints[H.generation]) {
      // It may have expired, and been taken out of the index, while it was written.
      if (this.#field(entry, F.state) === State.writing) {
        if (state === State.complete) this.#set(entry, F.state, State.complete);
        else this.#drop(entry);
      }
      if (this.#field(entry, F.state) === State.complete) this.#linkNewest(entry);
      else this.#linkOldest(entry);
      this.#unpin(entry);
    }
    this.#unlock();
  }

  /** Drops all objects of a hash. */
  remove(hash: Uint8Array, now: number): void {
    if (!this.#lock()) return;
    this.#each(hash, now, (entry) => {
      this.#drop(entry);
      return false;
    });
    this.#unlock();
  }

  // ---- listing

  get buckets(): number {
    return this.#buckets.length;
  }

  /** What `show cache` tells of the complete objects in buckets [from, to). */
  list(from: number, to: number, now: number): CacheListing[] {
    const found: CacheListing[] = [];
    if (!this.#lock()) return found;
    for (let bucket = from; bucket < Math.min(to, this.#buckets.length); bucket++) {
      for (let entry = this.#buckets[bucket]! - 1; entry >= 0; entry = this.#field(entry, F.bucketNext) - 1) {
        if (this.#field(entry, F.expire) <= now) continue;
        found.push({
          place: entry * BLOCK,
          hash: this.#field(entry, F.hash) >>> 0,
          signature: this.#field(entry, F.signature),
          secondary: Array.from({ length: F.secondaryLength }, (_, i) => this.#field(entry, F.secondary + i) >>> 0),
          size: this.#field(entry, F.length),
          blocks: this.#field(entry, F.blocks),
          refs: this.#field(entry, F.refs),
          expire: this.#field(entry, F.expire) - now,
        });
      }
    }
    this.#unlock();
    return found;
  }
}

/** An object as `show cache` tells it. `expire`: seconds left. */
export interface CacheListing {
  readonly place: number;
  readonly hash: number;
  readonly signature: number;
  readonly secondary: readonly number[];
  readonly size: number;
  readonly blocks: number;
  readonly refs: number;
  readonly expire: number;
}

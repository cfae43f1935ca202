import type { StickTableConfig } from '../../config/types.ts';
import { Entries, type Key } from './entries.ts';
import { type Column, ENTRY, type EntryLayout, entryLayout, FREE, HEAD, SHARD_WORDS } from './layout.ts';
import type { TableMemory } from './memory.ts';
import { addToRate, rateOf, spareOf } from './rates.ts';

/** No thread is held up for longer, ms: a stamp that is further behind is one of long ago, and has wrapped. */
const HELD_UP = 60_000;

/** What threads are given of a table. */
export interface TableView {
  /** Number of the memory: another one when the table is another one. */
  readonly id: number;
  readonly config: StickTableConfig;
  readonly buffer: SharedArrayBuffer;
}

/** An entry as it was at one moment. */
export interface EntryView {
  /** Where it is; good for as long as the entry is the same. */
  readonly entry: number;
  /** The bytes of the key as peers exchange them. */
  readonly key: Uint8Array;
  /** How often it is in use. */
  readonly uses: number;
  /** ms until it expires; 0 in tables without `expire`. */
  readonly expires: number;
  /** ms since it was used. */
  readonly idle: number;
  readonly shard: number;
  /** Number of its last update that peers are to be taught, 0 for none. */
  readonly update: number;
}

/** A rate as it is counted. */
export interface RateState {
  /** ms since the period began. */
  readonly age: number;
  readonly current: number;
  readonly previous: number;
}

/** What has changed here and peers are to be taught. */
export interface Updates {
  /** To be opened with `reopen`. */
  readonly updates: readonly { readonly entry: number; readonly shard: number; readonly update: number }[];
  /** Where to go on. */
  readonly next: number;
  /** There were more than are listed: all entries have to be looked at. */
  readonly lost: boolean;
}

/**
 * A stick table in shared memory as one thread uses it. Keys are bytes as peers exchange them. `open...` takes the lock of the shard that
 * an entry is in and `close` gives it back: what is done between must not wait, throw, or open another one of this table.
 */
export class StickTable {
  readonly id: number;
  readonly config: StickTableConfig;
  readonly layout: EntryLayout;
  readonly buffer: SharedArrayBuffer;
  readonly #entries: Entries;
  readonly #memory: TableMemory;
  readonly #columns: readonly (Column | null)[];
  readonly #seed: number;
  readonly #factor: number;
  /** The key that is looked for. */
  readonly #key: Key;
  readonly #keyBytes: Uint8Array;
  /** The shard that is open. */
  #base = 0;

  /** `owner`: the number by which the thread is known in locks, not 0. */
  constructor({ id, config, buffer }: TableView, owner: number) {
    this.id = id;
    this.config = config;
    this.buffer = buffer;
    this.layout = entryLayout(config);
    const { expire, nopurge, type } = config;
    this.#entries = new Entries(buffer, owner, { layout: this.layout, isString: type === 'string', expire, nopurge });
    this.#memory = this.#entries.memory;
    this.#seed = this.#memory.words[HEAD.seed]!;
    this.#factor = this.#memory.words[HEAD.factor]!;
    const columns: (Column | null)[] = [];
    for (const column of this.layout.columns) columns[column.id] = column;
    this.#columns = columns;
    const key = new ArrayBuffer(4 * this.layout.keyWords);
    this.#key = { words: new Int32Array(key), length: 0, hash: 0 };
    this.#keyBytes = new Uint8Array(key);
  }

  get name(): string {
    return this.config.name;
  }

  /** Where a type of data is kept, by its number; null when it is not. */
  column(type: number): Column | null {
    return this.#columns[type] ?? null;
  }

  /** Entries, expired ones that nobody has looked for included. */
  get used(): number {
    return Atomics.load(this.#memory.words, HEAD.used);
  }

  /** Most entries. */
  get size(): number {
    return this.#entries.size;
  }

  // ---- keys

  /** Says which key is meant from now on. One that is too long is cut, as HAProxy does; a binary one is filled up with zeros. */
  useKey(bytes: Uint8Array, length: number = bytes.length): void {
    const key = this.#keyBytes;
    const { type, keyLength } = this.config;
    let n = Math.min(length, keyLength);
    for (let i = 0; i < n; i++) {
      const byte = bytes[i]!;
      if (byte === 0 && type === 'string') n = i;
      else key[i] = byte;
    }
    this.#endKey(n);
  }

  /** The same with a text of one char a byte. */
  useKeyText(text: string): void {
    const key = this.#keyBytes;
    const { type, keyLength } = this.config;
    let n = Math.min(text.length, keyLength);
    for (let i = 0; i < n; i++) {
      const byte = text.charCodeAt(i);
      if (byte === 0 && type === 'string') n = i;
      else key[i] = byte;
    }
    this.#endKey(n);
  }

  /** The same with the four bytes of an IPv4 address or an integer, first byte highest. */
  useKeyNumber(value: number): void {
    const key = this.#keyBytes;
    key[0] = value >>> 24;
    key[1] = value >>> 16;
    key[2] = value >>> 8;
    key[3] = value;
    this.#endKey(4);
  }

  #endKey(length: number): void {
    const key = this.#key;
    const { words } = key;
    this.#keyBytes.fill(0, length);
    key.length = length;
    let hash = this.#seed ^ length;
    for (let i = 0; i < words.length; i++) {
      hash = Math.imul(hash ^ words[i]!, this.#factor);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash, 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    key.hash = hash ^ (hash >>> 16);
  }

  /** The bytes of an entry's key. */
  keyOf(entry: number): Uint8Array {
    const { words, bytes } = this.#memory;
    const length = this.config.type === 'string' ? words[entry + ENTRY.keyLength]! : this.config.keyLength;
    const from = 4 * (entry + this.layout.keyOffset);
    return bytes.slice(from, from + length);
  }

  // ---- opening and closing

  /** Opens the entry of the key in use: 0 when there is none. It must be closed in any case. */
  openKey(now: number): number {
    this.#open(this.#key.hash);
    return this.#entries.find(this.#base, this.#key, now);
  }

  /** Opens the entry of the key in use, which is made when there is none: 0 when the table is full. It must be closed in any case. */
  openOrMake(now: number): number {
    const entry = this.openKey(now);
    return entry !== 0 ? entry : this.#entries.make(this.#base, this.#key, now);
  }

  /** Opens an entry that is in use, so that it is still there. */
  openEntry(entry: number): void {
    this.#open(this.#memory.words[entry + ENTRY.hash]!);
  }

  #open(hash: number): void {
    this.#base = HEAD.shards + this.#entries.shardOf(hash) * SHARD_WORDS;
    this.#memory.lock(this.#base);
  }

  close(): void {
    this.#memory.unlock(this.#base);
  }

  // ---- an open entry

  /** Notes that it was used: it lasts for the time of the table from now on, and peers are told of what it says. */
  touch(entry: number, now: number): void {
    const stamp = this.#entries.stampAt(now);
    // A thread that was held up between reading the clock and this makes nothing older.
    const later = (stamp - this.#memory.words[entry + ENTRY.stamp]!) | 0;
    if (later > 0 || later < -HELD_UP) this.#memory.words[entry + ENTRY.stamp] = stamp;
    if (this.#memory.words[HEAD.updates] !== 0 && !this.config.recvOnly) this.#noteUpdate(entry);
  }

  /** Sets when it was used last, `idle` ms ago; peers are not told. */
  touchAsOf(entry: number, now: number, idle: number): void {
    this.#memory.words[entry + ENTRY.stamp] = this.#entries.stampAt(now) - Math.max(0, idle);
    this.#entries.place(this.#base, entry, now);
  }

  /** The value of a number, a counter or a rate (events of its period). */
  get(entry: number, column: Column, element: number, now: number): number {
    const { words } = this.#memory;
    const at = entry + column.offset + element * column.words;
    switch (column.kind) {
      case 'rate':
        return rateOf(words, at, this.#entries.at(now), column.period);
      case 'ull':
        return (words[at + 1]! >>> 0) * 2 ** 32 + (words[at]! >>> 0);
      case 'sint':
        return words[at]!;
      default:
        return words[at]! >>> 0;
    }
  }

  /** Adds to a counter or a rate. */
  add(entry: number, column: Column, element: number, n: number, now: number): void {
    const { words } = this.#memory;
    const at = entry + column.offset + element * column.words;
    if (column.kind === 'rate') addToRate(words, at, this.#entries.at(now), column.period, n);
    else if (column.kind === 'ull') this.set(entry, column, element, this.get(entry, column, element, now) + n);
    else words[at] = (words[at]! + n) | 0;
  }

  /** Sets a number or a counter; a rate is begun anew with so many events. */
  set(entry: number, column: Column, element: number, value: number): void {
    const { words } = this.#memory;
    const at = entry + column.offset + element * column.words;
    if (column.kind === 'ull') {
      words[at] = value | 0;
      words[at + 1] = Math.floor(value / 2 ** 32) | 0;
    } else words[column.kind === 'rate' ? at + 1 : at] = value | 0;
  }

  /** How a rate is counted. */
  rate(entry: number, column: Column, element: number, now: number): RateState {
    const { words } = this.#memory;
    const at = entry + column.offset + element * column.words;
    const empty = words[at + 1] === 0 && words[at + 2] === 0;
    return {
      age: empty ? 0 : Math.max(0, (this.#entries.at(now) - words[at]!) | 0),
      current: words[at + 1]! >>> 0,
      previous: words[at + 2]! >>> 0,
    };
  }

  /** Of a rate: see `spareOf`. */
  spare(entry: number, column: Column, now: number, limit: number, ahead: number, carry: number): number {
    const { words } = this.#memory;
    return spareOf(words, entry + column.offset, this.#entries.at(now), column.period, limit, ahead, carry);
  }

  setRate(entry: number, column: Column, element: number, { age, current, previous }: RateState, now: number): void {
    const { words } = this.#memory;
    const at = entry + column.offset + element * column.words;
    words[at] = (this.#entries.at(now) - age) | 0;
    words[at + 1] = current | 0;
    words[at + 2] = previous | 0;
  }

  /** Takes the open entry into use (`by` 1) or out of it (-1): one that is in use stays. */
  use(entry: number, by: 1 | -1): void {
    const { words } = this.#memory;
    words[entry + ENTRY.uses] = Math.max(0, words[entry + ENTRY.uses]! + by);
  }

  usesOf(entry: number): number {
    return this.#memory.words[entry + ENTRY.uses]!;
  }

  /** ms until the open entry expires; 0 in tables without `expire`. */
  expiresIn(entry: number, now: number): number {
    return this.config.expire === 0 ? 0 : Math.max(0, this.#left(entry, now));
  }

  /** ms since the open entry was used. */
  idleFor(entry: number, now: number): number {
    return Math.max(0, this.config.expire - this.#left(entry, now));
  }

  /** ms from now to the stamp of an entry. */
  #left(entry: number, now: number): number {
    return (this.#memory.words[entry + ENTRY.stamp]! - this.#entries.at(now)) | 0;
  }

  /** The open entry as it is. */
  view(entry: number, now: number): EntryView {
    const { words } = this.#memory;
    return {
      entry,
      key: this.keyOf(entry),
      uses: words[entry + ENTRY.uses]!,
      expires: this.expiresIn(entry, now),
      idle: this.idleFor(entry, now),
      shard: this.#entries.shardOf(words[entry + ENTRY.hash]!),
      update: words[entry + ENTRY.update]! >>> 0,
    };
  }

  /** Takes the open entry out unless it is in use; says whether it did. */
  remove(entry: number): boolean {
    const { words } = this.#memory;
    if (words[entry + ENTRY.uses]! > 0) return false;
    this.#entries.remove(this.#base, entry);
    return true;
  }

  // ---- all entries

  /** Number of shards: what is asked of all entries is asked of one shard after the other. */
  get shards(): number {
    return this.#entries.shards;
  }

  /** Entries of a shard, to be opened one by one with `reopen`. */
  entriesOf(shard: number): readonly number[] {
    const base = HEAD.shards + shard * SHARD_WORDS;
    this.#memory.lock(base);
    const found = this.#entries.list(base);
    this.#memory.unlock(base);
    return found;
  }

  /** Opens an entry of a shard that was found before: false, and nothing is open, when it is gone meanwhile. */
  reopen(shard: number, entry: number, now: number): boolean {
    const base = HEAD.shards + shard * SHARD_WORDS;
    this.#memory.lock(base);
    if (this.#memory.words[entry + ENTRY.uses] !== FREE && !this.#entries.isExpired(entry, now)) {
      this.#base = base;
      return true;
    }
    this.#memory.unlock(base);
    return false;
  }

  /** Takes expired entries of a shard out, at most about `budget`. Says whether there may be more. */
  sweep(shard: number, now: number, budget: number): boolean {
    const base = HEAD.shards + shard * SHARD_WORDS;
    this.#memory.lock(base);
    const more = this.#entries.sweep(base, now, budget);
    this.#memory.unlock(base);
    return more;
  }

  /** The clock goes right at `now`, after it was put forward by `jump` ms (or back). For the control thread alone. */
  tick(now: number, jump: number): void {
    this.#entries.tick(now, jump);
  }

  /** Takes the locks that a thread held when it died, and puts right what it left. */
  takeOver(dead: number): void {
    for (let shard = 0; shard < this.shards; shard++) this.#memory.takeOver(HEAD.shards + shard * SHARD_WORDS, dead);
    this.#entries.recount();
  }

  // ---- updates for peers

  /** Number of the last update. */
  get lastUpdate(): number {
    return Atomics.load(this.#memory.words, HEAD.update) >>> 0;
  }

  /** Entries that peers have been told of up to this update get a new number when they change again. */
  told(update: number): void {
    Atomics.store(this.#memory.words, HEAD.told, update | 0);
  }

  /** Entries with updates after `since`, `most` at most, oldest first. */
  updatesSince(since: number, most: number): Updates {
    const base = this.#memory.words[HEAD.updates]!;
    const mask = this.#memory.words[HEAD.updatesMask]!;
    const last = this.lastUpdate;
    const lost = (last - since) >>> 0 > mask;
    const updates: Updates['updates'][number][] = [];
    let next = lost ? (last - mask) >>> 0 : since;
    while (next !== last && updates.length < most) {
      const update = (next + 1) >>> 0;
      const at = base + 2 * (update & mask);
      // It was given its number, but has not been written yet.
      if (Atomics.load(this.#memory.words, at + 1) >>> 0 !== update) break;
      next = update;
      const entry = Atomics.load(this.#memory.words, at);
      if (entry + ENTRY.update >= this.#memory.words.length) this.#memory.see();
      const { words } = this.#memory;
      if (words[entry + ENTRY.update]! >>> 0 !== update) continue;
      updates.push({ entry, shard: this.#entries.shardOf(words[entry + ENTRY.hash]!), update });
    }
    return { updates, next, lost };
  }

  #noteUpdate(entry: number): void {
    const { words } = this.#memory;
    const before = words[entry + ENTRY.update]!;
    // It waits to be taught already.
    if (before !== 0 && ((before - words[HEAD.told]!) | 0) > 0) return;
    const update = (Atomics.add(words, HEAD.update, 1) + 1) | 0;
    words[entry + ENTRY.update] = update;
    const at = words[HEAD.updates]! + 2 * (update & words[HEAD.updatesMask]!);
    Atomics.store(words, at, entry);
    Atomics.store(words, at + 1, update);
  }
}

import { ENTRY, type EntryLayout, HEAD, OLD, SHARD, SLOTS } from './layout.ts';
import { TableMemory } from './memory.ts';

/** Tables without `expire` are kept in the order of use to so many ms. */
const ORDER_GRANULE = 1000;
/** A clock that is so far from where it was last seen, ms, has been put forward or back: the control thread looks several times a second. */
const SUSPICIOUS = 10_000;

/** What of a table's line its entries must know. */
export interface EntryRules {
  readonly layout: EntryLayout;
  readonly isString: boolean;
  readonly expire: number;
  readonly nopurge: boolean;
}

/**
 * The lists of a table's entries by the slot of time in which they end (or, in tables without `expire`, in which they were used last), and
 * the clock that slots are counted by. Whoever calls holds the lock of the shard that begins at `base`.
 */
export abstract class SlotLists {
  readonly memory: TableMemory;
  readonly rules: EntryRules;
  /** Date from which stamps count, and when the clock was last right: the control thread writes them. */
  readonly #clock: Float64Array;
  /** Length of a slot, ms. */
  protected readonly granule: number;

  constructor(buffer: SharedArrayBuffer, owner: number, rules: EntryRules) {
    this.memory = new TableMemory(buffer, owner, (base) => this.repair(base));
    this.rules = rules;
    this.#clock = new Float64Array(buffer, 4 * HEAD.began, 2);
    this.granule = rules.expire === 0 ? ORDER_GRANULE : Math.ceil((rules.expire + 1) / (SLOTS - 8));
  }

  /** Puts a shard together again: somebody died in the middle of changing it. */
  protected abstract repair(base: number): void;

  /** ms since the table began. While the clock is somewhere else than it was a moment ago, time stands still. */
  at(now: number): number {
    const seen = this.#clock[1]!;
    const at = now - this.#clock[0]!;
    return seen === 0 || Math.abs(at - seen) < SUSPICIOUS ? at : seen;
  }

  /** The clock goes right, after it was put forward by `jump` ms (or back, if that is negative). For one thread alone. */
  tick(now: number, jump: number): void {
    this.#clock[0]! += jump;
    // 0 would say that nobody looks after it.
    this.#clock[1] = now - this.#clock[0]! || 0.5;
  }

  /** The stamp of an entry that is used at `now`. */
  stampAt(now: number): number {
    return (this.at(now) + this.rules.expire) | 0;
  }

  /** A list as if it were an entry: its two words are those of the neighbours. */
  protected listAt(base: number, list: number): number {
    return base + SHARD.lists + 2 * list - ENTRY.older;
  }

  /** The slot that a stamp is in; numbers of slots wrap at 32 bits. */
  protected slotOf(stamp: number, now: number): number {
    const at = this.at(now);
    return Math.floor((at + this.ahead(stamp, at)) / this.granule) | 0;
  }

  /** ms from `at` to a stamp. */
  protected ahead(stamp: number, at: number): number {
    const ahead = (stamp - at) | 0;
    // In tables without `expire` nothing lies ahead: it is very old.
    return this.rules.expire === 0 && ahead > 60_000 ? ahead - 2 ** 32 : ahead;
  }

  /** Puts an entry into the list of the slot that its stamp is in. */
  place(base: number, entry: number, now: number): void {
    this.unlink(entry);
    this.link(base, entry, this.slotOf(this.memory.words[entry + ENTRY.stamp]!, now));
  }

  /** Puts an entry that is in use where it would be if it were used now: it is looked at again then. */
  protected postpone(base: number, entry: number, now: number): void {
    this.unlink(entry);
    this.link(base, entry, this.slotOf(this.stampAt(now), now));
  }

  protected link(base: number, entry: number, slot: number): void {
    const { words } = this.memory;
    const ahead = (slot - words[base + SHARD.lastSlot]!) | 0;
    if (ahead > 0) this.#advance(base, slot, ahead);
    let list = OLD;
    if (ahead > -SLOTS) {
      list = slot & (SLOTS - 1);
      if (((slot - words[base + SHARD.firstSlot]!) | 0) < 0) words[base + SHARD.firstSlot] = slot;
    }
    const at = this.listAt(base, list);
    const newest = words[at + ENTRY.older]!;
    words[entry + ENTRY.older] = newest;
    words[entry + ENTRY.newer] = at;
    words[newest + ENTRY.newer] = entry;
    words[at + ENTRY.older] = entry;
  }

  /** Goes on to a later slot: what lists still have that are used again goes to the older ones. */
  #advance(base: number, slot: number, ahead: number): void {
    const { words } = this.memory;
    const last = words[base + SHARD.lastSlot]!;
    for (let i = 1; i <= Math.min(ahead, SLOTS); i++) this.#makeOld(base, (last + i) & (SLOTS - 1));
    words[base + SHARD.lastSlot] = slot;
    const first = (slot - SLOTS + 1) | 0;
    if (((words[base + SHARD.firstSlot]! - first) | 0) < 0) words[base + SHARD.firstSlot] = first;
  }

  /** Moves all of a list to the older ones. */
  #makeOld(base: number, list: number): void {
    const { words } = this.memory;
    const at = this.listAt(base, list);
    const first = words[at + ENTRY.newer]!;
    if (first === at) return;
    const end = words[at + ENTRY.older]!;
    const old = this.listAt(base, OLD);
    const newest = words[old + ENTRY.older]!;
    words[newest + ENTRY.newer] = first;
    words[first + ENTRY.older] = newest;
    words[end + ENTRY.newer] = old;
    words[old + ENTRY.older] = end;
    words[at + ENTRY.older] = at;
    words[at + ENTRY.newer] = at;
  }

  protected unlink(entry: number): void {
    const { words } = this.memory;
    const older = words[entry + ENTRY.older]!;
    const newer = words[entry + ENTRY.newer]!;
    words[older + ENTRY.newer] = newer;
    words[newer + ENTRY.older] = older;
  }

  /** Whether an entry of a slot is in the right list. */
  protected belongs(base: number, slot: number, list: number | null): boolean {
    const ahead = (slot - this.memory.words[base + SHARD.lastSlot]!) | 0;
    return list === null ? ahead <= -SLOTS : slot === list;
  }
}

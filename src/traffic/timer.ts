/**
 * One coarse timer wheel per thread. An entry is armed by storing `expires`; refreshing a timeout is one assignment, since an entry
 * that comes up too early is put back into the slot of its new date.
 */

/** Milliseconds per slot: the precision of timeouts. */
const TICK = 10;
const SLOTS = 1024;
/** A timer that fires so much too late, ms, tells of a thread that could not look at anything. */
const HELD_UP = 20;

/** Something with a timeout. Embedded in its owner by extension. */
export interface Timed {
  /** Date in ms at which it fires; 0 = never. */
  expires: number;
  /** Slot it is linked in, -1 = none; and its neighbours there. Owned by the wheel. */
  timerSlot: number;
  timerNext: Timed | null;
  timerPrev: Timed | null;
  onTimeout(now: number): void;
}

/** Timers of a thread. */
export class TimerWheel {
  /** One list a slot, and a last one for the entries being fired. */
  readonly #heads: (Timed | null)[] = new Array(SLOTS + 1).fill(null);
  readonly #clock: () => number;
  readonly #setTimer: (ms: number, fire: () => void) => () => void;
  readonly #fire: () => void;
  #cursor: number;
  #count: number;
  #cancel: (() => void) | null;
  #wakeAt: number;

  /** `clock`: date in ms. `setTimer`: calls back once after ms and returns a canceller (the sim driver gives its own). */
  constructor(clock: () => number, setTimer: (ms: number, fire: () => void) => () => void = realTimer) {
    this.#clock = clock;
    this.#setTimer = setTimer;
    this.#fire = () => this.#run();
    this.#cursor = Math.floor(clock() / TICK);
    this.#count = 0;
    this.#cancel = null;
    this.#wakeAt = 0;
  }

  /** Entries linked now. */
  get count(): number {
    return this.#count;
  }

  /** Sets the date at which `entry` fires (0 = never). A later date than the one it has costs one assignment. */
  arm(entry: Timed, expires: number): void {
    const sooner = expires < entry.expires || entry.expires === 0;
    entry.expires = expires;
    if (expires === 0) return;
    if (entry.timerSlot >= 0) {
      if (!sooner) return;
      this.#unlink(entry);
    }
    this.#link(entry, expires);
    if (this.#cancel === null || expires < this.#wakeAt) this.#schedule(expires);
  }

  /** Takes `entry` out (its owner goes away). */
  disarm(entry: Timed): void {
    entry.expires = 0;
    if (entry.timerSlot >= 0) this.#unlink(entry);
  }

  #link(entry: Timed, expires: number): void {
    if (this.#count === 0 && this.#heads[SLOTS] === null) this.#cursor = Math.floor(this.#clock() / TICK);
    const tick = Math.min(Math.max(Math.ceil(expires / TICK), this.#cursor + 1), this.#cursor + SLOTS - 1);
    this.#push(entry, tick % SLOTS);
    this.#count++;
  }

  #push(entry: Timed, slot: number): void {
    const head = this.#heads[slot]!;
    entry.timerSlot = slot;
    entry.timerPrev = null;
    entry.timerNext = head;
    if (head !== null) head.timerPrev = entry;
    this.#heads[slot] = entry;
  }

  #unlink(entry: Timed): void {
    if (entry.timerPrev !== null) entry.timerPrev.timerNext = entry.timerNext;
    else this.#heads[entry.timerSlot] = entry.timerNext;
    if (entry.timerNext !== null) entry.timerNext.timerPrev = entry.timerPrev;
    entry.timerNext = null;
    entry.timerPrev = null;
    entry.timerSlot = -1;
    this.#count--;
  }

  #schedule(at: number): void {
    this.#cancel?.();
    this.#wakeAt = at;
    this.#cancel = this.#setTimer(Math.max(1, at - this.#clock()), this.#fire);
  }

  #run(): void {
    this.#cancel = null;
    const now = this.#clock();
    const target = Math.floor(now / TICK);
    if (target < this.#cursor) this.#putBack(target);
    // After a long rest one turn over all slots is enough.
    if (target - this.#cursor > SLOTS) this.#cursor = target - SLOTS;
    while (this.#cursor < target && this.#count > 0) this.#fireSlot(++this.#cursor % SLOTS, now);
    if (this.#count === 0) return;
    // A handler may have armed something, but for a later date than what was there.
    const soonest = this.#soonest();
    if (this.#cancel === null || soonest < this.#wakeAt) this.#schedule(soonest);
  }

  /** The system's clock was put back: nothing would fire until it is where it was. */
  #putBack(target: number): void {
    const entries: Timed[] = [];
    for (const head of this.#heads) for (let entry = head; entry !== null; entry = entry.timerNext) entries.push(entry);
    for (const entry of entries) this.#unlink(entry);
    this.#cursor = target;
    for (const entry of entries) if (entry.expires !== 0) this.#link(entry, entry.expires);
  }

  #fireSlot(slot: number, now: number): void {
    for (let entry = this.#heads[slot]!; entry !== null; ) {
      const next = entry.timerNext;
      this.#push(entry, SLOTS);
      entry = next!;
    }
    this.#heads[slot] = null;
    // Handlers may arm and disarm anything, entries of this list included.
    for (let entry = this.#heads[SLOTS]!; entry !== null; entry = this.#heads[SLOTS]!) {
      this.#unlink(entry);
      if (entry.expires === 0) continue;
      if (entry.expires > now) {
        this.#link(entry, entry.expires);
        continue;
      }
      entry.expires = 0;
      entry.onTimeout(now);
    }
  }

  /** Date of the next slot that holds something. */
  #soonest(): number {
    for (let i = 1; i < SLOTS; i++)
      if (this.#heads[(this.#cursor + i) % SLOTS] !== null) return (this.#cursor + i) * TICK;
    return (this.#cursor + SLOTS) * TICK;
  }
}

/**
 * Calls back once after `ms`. When the thread was held up meanwhile, what came in the time is handled first: its peers were not late.
 */
function realTimer(ms: number, fire: () => void): () => void {
  const due = performance.now() + ms;
  let soon: NodeJS.Immediate | null = null;
  const timer = setTimeout(() => {
    if (performance.now() - due > HELD_UP) soon = setImmediate(fire);
    else fire();
  }, ms);
  return () => {
    clearTimeout(timer);
    if (soon !== null) clearImmediate(soon);
  };
}

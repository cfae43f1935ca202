import {
  addressOf,
  type BufferRing,
  CQ_EVENTFD_DISABLED,
  CQE_WORDS,
  errnoName,
  LibcError,
  mapMemory,
  openUring,
  registerBuffers,
  SQ_CQ_OVERFLOW,
  SQ_TASKRUN,
  SQE_WORDS,
  type Uring,
} from '../../util/libc.ts';
import { pipeWrap, type StreamHandle } from '../bindings.ts';
import { eventClock } from '../event-clock.ts';
import type { ThreadResources } from './resources.ts';

/** Submission entries; a turn may need more and then enters more often. */
const ENTRIES = 1024;
/** Buffers that the kernel fills, shared by all connections. */
const BUFFERS = 128;
const BUFFER_SIZE = 16_384;
/** What is to be sent in a turn is put together here, bytes. */
const ARENA_SIZE = 1 << 20;
/** How often a full ring is entered before it counts as broken: the system has no memory for what is submitted. */
const TRIES = 1000;
/** Rounds of submitting and collecting before the event loop has its turn again. */
const ROUNDS = 16;

/** Operations (`enum io_uring_op`). */
export const Op = { accept: 13, asyncCancel: 14, connect: 16, close: 19, send: 26, recv: 27 } as const;

/** What an owner submits, told apart in completions; of `other` nothing is told. */
export const Kind = { recv: 0, send: 1, connect: 2, accept: 3, other: 7 } as const;

/** Flag of an entry (`IOSQE_CQE_SKIP_SUCCESS`), beside the operation. */
export const SKIP_SUCCESS = 1 << (6 + 8);

/** A `struct sockaddr` with its place in memory. */
export interface SocketAddress {
  readonly bytes: Uint8Array;
  readonly low: number;
  readonly high: number;
}

const CQE_F_BUFFER = 1;
const CQE_F_MORE = 2;
const EAGAIN = -11;
const EBUSY = -16;
const EINTR = -4;

/** One who is told how what it submitted went. */
export interface Completed {
  /** `buffer`: number of the buffer that was filled, -1 for none. `more`: the operation goes on. */
  complete(kind: number, result: number, buffer: number, more: boolean): void;
}

/**
 * The ring of this thread. What is submitted in a turn of the event loop leaves at its end in one system call; what is done is collected in the
 * same one.
 */
export class Ring {
  readonly sqes: Uint32Array;
  readonly buffers: BufferRing;
  /** Memory of `buffers`: number n begins at n * size. */
  readonly received: Buffer;
  /** What is sent at once. */
  readonly arena: Buffer;
  readonly arenaLow: number;
  readonly arenaHigh: number;
  arenaUsed = 0;
  /** Sends out of the arena whose outcome is not collected. */
  arenaSends = 0;
  /** Counts the calls that submitted: what was queued before it moved on is the kernel's. */
  batch = 0;
  /** What is open here beside Node's handles. */
  readonly resources: ThreadResources;
  readonly #uring: Uring;
  readonly #wake: StreamHandle;
  /** What the eventfd says; libuv holds a pointer only. */
  readonly #wakes = Buffer.allocUnsafeSlow(4096);
  readonly #owners: (Completed | null)[] = [];
  readonly #free: number[] = [];
  readonly #later: (() => void)[] = [];
  #tail = 0;
  #pending = 0;
  /** Entries are submitted, and work is done, before this turn is over. */
  #inTurn = false;
  #scheduled = false;
  /** Slots taken. */
  #used = 0;

  /** Throws LibcError where there is no io_uring, or none of this kind (Linux 6.1). */
  constructor(resources: ThreadResources) {
    this.resources = resources;
    this.#uring = openUring(ENTRIES);
    this.sqes = this.#uring.sqes;
    this.buffers = registerBuffers(this.#uring, BUFFERS, BUFFER_SIZE);
    this.received = Buffer.from(this.buffers.area.buffer);
    const arena = mapMemory(ARENA_SIZE, -1, 0);
    this.arena = Buffer.from(arena.buffer);
    this.arenaLow = Number(arena.address & 0xffffffffn);
    this.arenaHigh = Number(arena.address >> 32n);
    resources.addDescriptor(this.#uring.fd);
    for (const mapping of [...this.#uring.mappings, ...this.buffers.mappings, arena]) resources.addMapping(mapping);
    this.#wake = new pipeWrap.Pipe(pipeWrap.constants.SOCKET);
    this.#wake.open(this.#uring.eventFd);
    this.#wake.onread = () => {
      this.#turn();
      return undefined;
    };
    this.#wake.useUserBuffer(this.#wakes);
    this.#wake.readStart();
    this.#wake.unref();
  }

  /** A number for `owner`, by which it is told of completions until `leave`. Keeps the event loop alive. */
  join(owner: Completed): number {
    if (this.#used++ === 0) this.#wake.ref();
    const slot = this.#free.pop() ?? this.#owners.length;
    this.#owners[slot] = owner;
    return slot;
  }

  /** Nothing that was submitted under this number is under way any more. */
  leave(slot: number): void {
    this.#owners[slot] = null;
    this.#free.push(slot);
    if (--this.#used === 0) this.#wake.unref();
  }

  /** Begins a submission; returns where its 16 words lie in `sqes`, filled in but for what the operation needs beyond these. */
  submit(op: number, fd: number, slot: number, kind: number): number {
    for (let tries = 0; this.#pending === ENTRIES; tries++) {
      if (tries === TRIES) throw new LibcError('EBUSY', 'io_uring_enter', '');
      this.#enter();
    }
    const at = (this.#tail & (ENTRIES - 1)) * SQE_WORDS;
    this.#tail = (this.#tail + 1) | 0;
    this.#pending++;
    const { sqes } = this;
    sqes[at] = op;
    sqes[at + 1] = fd;
    for (let i = at + 2; i < at + SQE_WORDS; i++) sqes[i] = 0;
    sqes[at + 8] = (slot << 3) | kind;
    this.#schedule();
    return at;
  }

  /** Ends what `slot` has under way of this kind: it completes with ECANCELED, or as it would have. */
  cancel(slot: number, kind: number): void {
    const at = this.submit(Op.asyncCancel, -1, slot, Kind.other);
    this.sqes[at] = Op.asyncCancel | SKIP_SUCCESS;
    this.sqes[at + 4] = (slot << 3) | kind;
  }

  /** Calls `work` soon, never from inside this call. */
  soon(work: () => void): void {
    this.#later.push(work);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#inTurn || this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(runScheduled, this);
  }

  /** Room for so many bytes in the arena, or -1. */
  reserve(length: number): number {
    const at = this.arenaUsed;
    if (at + length > ARENA_SIZE) return -1;
    this.arenaUsed = at + length;
    return at;
  }

  scheduledTurn(): void {
    this.#scheduled = false;
    this.#turn();
  }

  #enter(): void {
    const { sqTail } = this.#uring;
    this.batch++;
    for (;;) {
      Atomics.store(sqTail, 0, this.#tail);
      const taken = this.#uring.enter(this.#pending);
      if (taken >= 0) this.#pending -= taken;
      // No memory, or no room for completions: what is there is collected first.
      else if (taken === EAGAIN || taken === EBUSY) return;
      else if (taken !== EINTR) throw new LibcError(errnoName(-taken), 'io_uring_enter', '');
      if (this.#pending === 0) return;
    }
  }

  #turn(): void {
    if (this.#inTurn) return;
    this.#inTurn = true;
    const { cqFlags } = this.#uring;
    Atomics.store(cqFlags, 0, CQ_EVENTFD_DISABLED);
    let rounds = 0;
    do {
      this.#enter();
      this.#collect();
      if (this.arenaSends === 0) this.arenaUsed = 0;
      if (this.#later.length > 0) for (const work of this.#later.splice(0)) work();
    } while (++rounds < ROUNDS && this.#busy());
    this.#inTurn = false;
    Atomics.store(cqFlags, 0, 0);
    // What came while the eventfd was silent, and what is left for the next turn.
    if (this.#busy()) setImmediate(runScheduled, this);
  }

  /** There is something to submit, to collect or to do. */
  #busy(): boolean {
    if (this.#pending > 0 || this.#later.length > 0) return true;
    const { sqFlags, cqHead, cqTail } = this.#uring;
    if (Atomics.load(cqHead, 0) !== Atomics.load(cqTail, 0)) return true;
    return (Atomics.load(sqFlags, 0) & (SQ_TASKRUN | SQ_CQ_OVERFLOW)) !== 0;
  }

  #collect(): void {
    const { cqes, cqHead, cqTail, cqEntries } = this.#uring;
    const mask = cqEntries - 1;
    let head = cqHead[0]!;
    let tail = Atomics.load(cqTail, 0);
    while (head !== tail) {
      const at = (head & mask) * CQE_WORDS;
      const data = cqes[at]!;
      const result = cqes[at + 2]!;
      const flags = cqes[at + 3]!;
      head = (head + 1) | 0;
      const buffer = (flags & CQE_F_BUFFER) === 0 ? -1 : flags >>> 16;
      eventClock.begin();
      this.#owners[data >>> 3]?.complete(data & 7, result, buffer, (flags & CQE_F_MORE) !== 0);
      if (buffer >= 0) this.buffers.giveBack(buffer);
      if (head === tail) {
        Atomics.store(cqHead, 0, head);
        this.buffers.publish();
        tail = Atomics.load(cqTail, 0);
      }
    }
    eventClock.end();
  }
}

function runScheduled(ring: Ring): void {
  ring.scheduledTurn();
}

/** The two halves of an address, as entries hold it. */
export function halvesOf(bytes: Uint8Array): { low: number; high: number } {
  const address = addressOf(bytes);
  return { low: Number(address & 0xffffffffn), high: Number(address >> 32n) };
}

import { errnoName } from './errno.ts';
import {
  addressOf,
  attempt,
  call,
  functionsOf,
  LibcError,
  lastErrno,
  libcProblem,
  type Mapping,
  mapMemory,
} from './native.ts';

/*
 * io_uring(7): setup, mapping and registration of a ring, and the one call that submits and collects. The layouts and numbers are those
 * of linux/io_uring.h, alike on x64 and arm64.
 */

const NR_SETUP = 425;
const NR_ENTER = 426;
const NR_REGISTER = 427;

const SETUP_CQSIZE = 1 << 3;
const SETUP_SUBMIT_ALL = 1 << 7;
const SETUP_TASKRUN_FLAG = 1 << 9;
const SETUP_SINGLE_ISSUER = 1 << 12;
const SETUP_DEFER_TASKRUN = 1 << 13;

const OFFSET_RINGS = 0;
const OFFSET_SQES = 0x10000000;

const ENTER_GETEVENTS = 1;
const REGISTER_EVENTFD = 4;
const REGISTER_PBUF_RING = 22;

const EFD_NONBLOCK_CLOEXEC = 0o2004000;

/** Words (32 bits) of a submission entry, and of a completion. */
export const SQE_WORDS = 16;
export const CQE_WORDS = 4;

/** Bits of `Uring.sqFlags`: completions that only `enter` can collect are waiting; completions did not fit. */
export const SQ_CQ_OVERFLOW = 1 << 1;
export const SQ_TASKRUN = 1 << 2;
/** Bit of `Uring.cqFlags`: the eventfd is not written to. */
export const CQ_EVENTFD_DISABLED = 1;

/** A ring of this thread: only the thread that opened it may enter it. The one-word arrays are shared with the kernel. */
export interface Uring {
  readonly fd: number;
  /** Becomes readable when there is something to collect. */
  readonly eventFd: number;
  /** What of its memory is mapped. */
  readonly mappings: readonly Mapping[];
  readonly entries: number;
  readonly sqes: Uint32Array;
  readonly sqTail: Int32Array;
  readonly sqFlags: Int32Array;
  readonly cqEntries: number;
  readonly cqes: Int32Array;
  readonly cqHead: Int32Array;
  readonly cqTail: Int32Array;
  readonly cqFlags: Int32Array;
  /** Submits so many entries and collects what is done, without waiting. Returns how many were taken, or a negative errno. */
  enter(submit: number): number;
}

const SETUP = SETUP_CQSIZE | SETUP_SUBMIT_ALL | SETUP_TASKRUN_FLAG | SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN;

/** Signature of `syscall` for calls that are seldom made. */
const CONTROL = {
  syscall: { arguments: ['int32', 'int32', 'int64', 'int64', 'int64'], return: 'int64' },
} as const;

/** Why this process cannot have a ring, or null when it can: asks the system. */
export function uringProblem(): string | null {
  const problem = libcProblem();
  if (problem !== null) return problem;
  try {
    attempt('close', setup(8).fd);
    return null;
  } catch (error) {
    if (!(error instanceof LibcError)) throw error;
    if (error.code === 'EINVAL') return 'it needs Linux 6.1 or newer';
    return error.code === 'ENOSYS' ? 'this kernel has none' : `${error.message}; is it allowed here?`;
  }
}

/** Sets up a ring of so many submission entries, and eight times as many completions. Returns its `struct io_uring_params`, too. */
function setup(entries: number): { fd: number; params: Uint32Array } {
  const { syscall } = functionsOf(CONTROL);
  const params = new Uint32Array(30);
  params[1] = entries * 8;
  params[2] = SETUP;
  const fd = checked('io_uring_setup', Number(syscall(NR_SETUP, entries, addressOf(bytesOf(params)), 0n, 0n)));
  return { fd, params };
}

/** io_uring_register(2). */
function register(fd: number, what: number, argument: ArrayBufferView<ArrayBuffer>): void {
  const { syscall } = functionsOf(CONTROL);
  const at = addressOf(bytesOf(argument));
  checked('io_uring_register', Number(syscall(NR_REGISTER, fd, BigInt(what), at, 1n)));
}

/**
 * Opens a ring of so many submission entries (a power of two), with work deferred to `enter`
 * (Linux 6.1). Throws LibcError: `ENOSYS`, `EPERM` or `EINVAL` where the system has none, allows none, or is too old.
 */
export function openUring(entries: number): Uring {
  const { fd, params } = setup(entries);
  const cqEntries = params[1]!;
  const rings = mapMemory(Math.max(params[16]! + entries * 4, params[25]! + cqEntries * 16), fd, OFFSET_RINGS);
  const sqes = mapMemory(entries * SQE_WORDS * 4, fd, OFFSET_SQES);
  const word = (offset: number) => new Int32Array(rings.buffer, offset, 1);
  // Entries are used in their order.
  const order = new Uint32Array(rings.buffer, params[16]!, entries);
  for (let i = 0; i < entries; i++) order[i] = i;
  const eventFd = call('', 'eventfd', 0, EFD_NONBLOCK_CLOEXEC);
  register(fd, REGISTER_EVENTFD, Int32Array.of(eventFd));
  const { syscall } = functionsOf({
    syscall: { arguments: ['int32', 'int32', 'int32', 'int32', 'int32', 'int32'], return: 'int32' },
  });
  return {
    fd,
    eventFd,
    mappings: [rings, sqes],
    entries,
    sqes: new Uint32Array(sqes.buffer),
    sqTail: word(params[11]!),
    sqFlags: word(params[14]!),
    cqEntries,
    cqes: new Int32Array(rings.buffer, params[25]!, cqEntries * CQE_WORDS),
    cqHead: word(params[20]!),
    cqTail: word(params[21]!),
    cqFlags: word(params[26]!),
    enter(submit) {
      const taken = syscall(NR_ENTER, fd, submit, 0, ENTER_GETEVENTS, 0);
      return taken === -1 ? -lastErrno() : taken;
    },
  };
}

/** Buffers from which the kernel takes one when something has come (`IOSQE_BUFFER_SELECT`, group 0). */
export interface BufferRing {
  readonly size: number;
  readonly area: Mapping;
  /** What of its memory is mapped, `area` included. */
  readonly mappings: readonly Mapping[];
  /** Gives buffer `id` back; in force with the next `publish`. */
  giveBack(id: number): void;
  publish(): void;
}

/** Registers `count` buffers (a power of two) of `size` bytes. Throws LibcError (`EINVAL` before Linux 5.19). */
export function registerBuffers(ring: Uring, count: number, size: number): BufferRing {
  const memory = mapMemory(count * 16, -1, 0);
  const area = mapMemory(count * size, -1, 0);
  register(ring.fd, REGISTER_PBUF_RING, new BigUint64Array([memory.address, BigInt(count), 0n, 0n, 0n]));
  const low = new Uint32Array(count);
  const high = new Uint32Array(count);
  for (let id = 0; id < count; id++) {
    const address = area.address + BigInt(id * size);
    low[id] = Number(address & 0xffffffffn);
    high[id] = Number(address >> 32n);
  }
  const words = new Uint32Array(memory.buffer);
  const halves = new Uint16Array(memory.buffer);
  // The tail lies in the first entry's reserved half-word; what is before it must be written first.
  const tailWord = new Int32Array(memory.buffer, 12, 1);
  let tail = 0;
  const buffers: BufferRing = {
    size,
    area,
    mappings: [memory, area],
    giveBack(id) {
      const at = tail & (count - 1);
      words[at * 4] = low[id]!;
      words[at * 4 + 1] = high[id]!;
      words[at * 4 + 2] = size;
      halves[at * 8 + 6] = id;
      tail = (tail + 1) & 0xffff;
    },
    publish() {
      Atomics.store(tailWord, 0, (tail << 16) | halves[6]!);
    },
  };
  for (let id = 0; id < count; id++) buffers.giveBack(id);
  buffers.publish();
  return buffers;
}

function bytesOf(view: ArrayBufferView<ArrayBuffer>): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function checked(what: string, result: number): number {
  if (result < 0) throw new LibcError(errnoName(lastErrno()), what, '');
  return result;
}

import { errnoName, errnoNumber, errnoText } from './errno.ts';

const EINTR = errnoNumber('EINTR');

/** What is called in the C library, with the C types of its arguments and result. */
const SIGNATURES = {
  __errno_location: { arguments: [], return: 'pointer' },
  bind: { arguments: ['int32', 'pointer', 'uint32'], return: 'int32' },
  capget: { arguments: ['pointer', 'pointer'], return: 'int32' },
  capset: { arguments: ['pointer', 'pointer'], return: 'int32' },
  chdir: { arguments: ['pointer'], return: 'int32' },
  chroot: { arguments: ['pointer'], return: 'int32' },
  close: { arguments: ['int32'], return: 'int32' },
  connect: { arguments: ['int32', 'pointer', 'uint32'], return: 'int32' },
  eventfd: { arguments: ['uint32', 'int32'], return: 'int32' },
  fcntl: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  getpeername: { arguments: ['int32', 'pointer', 'pointer'], return: 'int32' },
  getrlimit: { arguments: ['int32', 'pointer'], return: 'int32' },
  getsockname: { arguments: ['int32', 'pointer', 'pointer'], return: 'int32' },
  getsockopt: { arguments: ['int32', 'int32', 'int32', 'pointer', 'pointer'], return: 'int32' },
  listen: { arguments: ['int32', 'int32'], return: 'int32' },
  prctl: { arguments: ['int32', 'uint64', 'uint64', 'uint64', 'uint64'], return: 'int32' },
  recvmsg: { arguments: ['int32', 'pointer', 'int32'], return: 'int64' },
  sendmsg: { arguments: ['int32', 'pointer', 'int32'], return: 'int64' },
  sendto: { arguments: ['int32', 'pointer', 'uint64', 'int32', 'pointer', 'uint32'], return: 'int64' },
  setns: { arguments: ['int32', 'int32'], return: 'int32' },
  setrlimit: { arguments: ['int32', 'pointer'], return: 'int32' },
  setsockopt: { arguments: ['int32', 'int32', 'int32', 'pointer', 'uint32'], return: 'int32' },
  shutdown: { arguments: ['int32', 'int32'], return: 'int32' },
  socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  unshare: { arguments: ['int32'], return: 'int32' },
} as const;

const MMAP = {
  mmap: { arguments: ['pointer', 'uint64', 'int32', 'int32', 'int32', 'int64'], return: 'pointer' },
  munmap: { arguments: ['pointer', 'uint64'], return: 'int32' },
} as const;

type Ffi = typeof import('node:ffi');
type Functions = import('node:ffi').WrappedFunctionsFromDefinitions<typeof SIGNATURES>;
type Symbols = keyof typeof SIGNATURES;

interface Native {
  readonly ffi: Ffi;
  readonly functions: Functions;
  /** Address of this thread's `errno`. */
  readonly errnoAt: bigint;
}

/** A call of the C library that failed, or that cannot be made here (`code` is then `ENOSYS`). */
export class LibcError extends Error {
  readonly code: string;
  readonly syscall: string;

  constructor(code: string, syscall: string, subject: string, reason: string = errnoText(code)) {
    super(`${reason}: ${syscall}${subject === '' ? '' : ` ${subject}`}`);
    this.name = 'LibcError';
    this.code = code;
    this.syscall = syscall;
  }
}

let native: Native | null = null;
let problem: string | null = null;

/** Why the C library cannot be called in this process, or null when it can. Loads it on first use (about 2 ms a thread). */
export function libcProblem(): string | null {
  if (native === null && problem === null) load();
  return problem;
}

function load(): void {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) {
    // The structure layouts and constants in this folder are those of 64-bit Linux.
    problem = `the C library is called on linux x64 and arm64 only, this is ${process.platform} ${process.arch}`;
    return;
  }
  try {
    const ffi = withoutFfiWarning(() => process.getBuiltinModule('node:ffi') as Ffi | undefined);
    if (ffi === undefined) {
      problem = 'this node has no node:ffi module (needs version 26.1 or newer, without --no-experimental-ffi)';
      return;
    }
    const { functions } = ffi.dlopen(null, SIGNATURES);
    native = { ffi, functions, errnoAt: functions.__errno_location() };
  } catch (error) {
    problem = `node:ffi cannot load the C library: ${(error as Error).message}`;
  }
}

/**
 * Loading node:ffi warns that it is experimental, each time a process or thread starts, on the operator's terminal. That one
 * warning is emitted synchronously by `load`; all others pass.
 */
function withoutFfiWarning<T>(load: () => T): T {
  const emitWarning = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (typeof warning === 'string' && warning.startsWith('FFI is an experimental feature')) return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  }) as typeof process.emitWarning;
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/**
 * Calls a function of the C library that returns -1 on failure. Returns its result as a number.
 * Throws LibcError: on failure with the code from `errno`, and with `ENOSYS` and the reason where it cannot be called at all.
 */
export function call<S extends Symbols>(subject: string, symbol: S, ...args: Parameters<Functions[S]>): number {
  const result = attempt(symbol, ...args);
  if (result < 0) throw new LibcError(errnoName(-result), symbol, subject);
  return result;
}

/** As `call`, but a failure is returned as the negative error number. Throws only where the C library cannot be called. */
export function attempt<S extends Symbols>(symbol: S, ...args: Parameters<Functions[S]>): number {
  if (libcProblem() !== null) throw new LibcError('ENOSYS', symbol, '', problem!);
  const { functions, ffi, errnoAt } = native!;
  const result = Number(Reflect.apply(functions[symbol], null, args));
  // Nothing runs in this thread between the call and this look at errno.
  return result === -1 ? -ffi.getInt32(errnoAt) : result;
}

/** As `attempt`, started again when a signal interrupts it: for calls that wait. */
export function attemptUninterrupted<S extends Symbols>(symbol: S, ...args: Parameters<Functions[S]>): number {
  let result: number;
  do result = attempt(symbol, ...args);
  while (result === -EINTR);
  return result;
}

/** Functions of the C library with these C types, for callers that call them too often for `attempt`. Throws LibcError ENOSYS. */
export function functionsOf<D extends Record<string, import('node:ffi').FunctionSignature>>(
  signatures: D,
): import('node:ffi').WrappedFunctionsFromDefinitions<D> {
  if (libcProblem() !== null) throw new LibcError('ENOSYS', Object.keys(signatures).join(), '', problem!);
  return native!.ffi.dlopen(null, signatures).functions;
}

/** `errno` as the last call in this thread left it. */
export function lastErrno(): number {
  return native!.ffi.getInt32(native!.errnoAt);
}

/** Memory of the system: of a descriptor, or pages of nobody (`fd` -1). */
export interface Mapping {
  readonly address: bigint;
  readonly length: number;
  readonly buffer: ArrayBuffer;
}

const PROT_READ_WRITE = 3;
const MAP_SHARED_POPULATE = 0x8001;
const MAP_PRIVATE_ANONYMOUS = 0x22;

/** Maps memory, which stays until `unmapMemory`. Throws LibcError. */
export function mapMemory(length: number, fd: number, offset: number): Mapping {
  const { mmap } = functionsOf(MMAP);
  const flags = fd < 0 ? MAP_PRIVATE_ANONYMOUS : MAP_SHARED_POPULATE;
  const address = mmap(0n, BigInt(length), PROT_READ_WRITE, flags, fd, BigInt(offset));
  if (BigInt.asIntN(64, address) === -1n) throw new LibcError(errnoName(lastErrno()), 'mmap', `of ${length} bytes`);
  return { address, length, buffer: native!.ffi.toArrayBuffer(address, length, false) };
}

/** Gives mapped memory back, which nobody may look at any more. */
export function unmapMemory(address: bigint, length: number): void {
  functionsOf(MMAP).munmap(address, BigInt(length));
}

/**
 * Address of the memory of a buffer, for structures that hold pointers. Good for as long as the buffer is alive: pass it, or a
 * view of the same memory, to the call itself.
 */
export function addressOf(bytes: Uint8Array): bigint {
  if (libcProblem() !== null) throw new LibcError('ENOSYS', 'getRawPointer', '', problem!);
  // Small arrays live on the movable heap until their ArrayBuffer is asked for.
  return native!.ffi.getRawPointer(bytes.buffer as ArrayBuffer) + BigInt(bytes.byteOffset);
}

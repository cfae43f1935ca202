import { call } from './native.ts';

const RLIMIT_NOFILE = 7;
const PR_SET_DUMPABLE = 4;
const PR_SET_KEEPCAPS = 8;
const PR_SET_NO_NEW_PRIVS = 38;
const CAP_SYS_CHROOT = 18n;
const CLONE_FS = 0x200;
const UNLIMITED = 0xffff_ffff_ffff_ffffn;

/** Limit of open descriptors of this process; Infinity where there is none. */
export interface DescriptorLimit {
  readonly soft: number;
  readonly hard: number;
}

/** The limit of open descriptors. Throws LibcError. */
export function descriptorLimit(): DescriptorLimit {
  const rlimit = new BigUint64Array(2);
  call('RLIMIT_NOFILE', 'getrlimit', RLIMIT_NOFILE, rlimit);
  const number = (value: bigint) => (value === UNLIMITED ? Infinity : Number(value));
  return { soft: number(rlimit[0]!), hard: number(rlimit[1]!) };
}

/** Sets the limit of open descriptors. Throws LibcError, `EPERM` when the hard limit would grow without CAP_SYS_RESOURCE. */
export function setDescriptorLimit(limit: DescriptorLimit): void {
  const value = (n: number) => (n === Infinity ? UNLIMITED : BigInt(n));
  call(
    `RLIMIT_NOFILE ${limit.soft}`,
    'setrlimit',
    RLIMIT_NOFILE,
    BigUint64Array.of(value(limit.soft), value(limit.hard)),
  );
}

/**
 * Makes `folder` the root of the file system for the calling thread alone, and goes there. A thread that has no other rights left than
 * those of `keepChrootRight` is left without any. Throws LibcError, `EPERM` without CAP_SYS_CHROOT.
 */
export function changeRootOfThread(folder: string): void {
  const dropping = process.geteuid!() !== 0;
  if (dropping) setCapability('effective', CAP_SYS_CHROOT, true);
  call('CLONE_FS', 'unshare', CLONE_FS);
  call(`'${folder}'`, 'chroot', Buffer.from(`${folder}\0`, 'utf8'));
  call('/', 'chdir', Buffer.from('/\0'));
  if (!dropping) return;
  setCapability('effective', CAP_SYS_CHROOT, false);
  setCapability('permitted', CAP_SYS_CHROOT, false);
}

/**
 * Runs `changeUser`, which makes the process another user than root, and lets the calling thread keep one right over it: that of
 * changing the root of threads that it starts later. Nothing is in effect of it until `changeRootOfThread`. Throws LibcError.
 */
export function keepChrootRight(changeUser: () => void): void {
  call('PR_SET_KEEPCAPS', 'prctl', PR_SET_KEEPCAPS, 1n, 0n, 0n, 0n);
  try {
    changeUser();
    if (process.geteuid!() !== 0) setCapabilities({ effective: 0n, permitted: 1n << CAP_SYS_CHROOT, inheritable: 0n });
  } finally {
    call('PR_SET_KEEPCAPS', 'prctl', PR_SET_KEEPCAPS, 0n, 0n, 0n, 0n);
  }
}

/** Programs that are run from now on cannot gain rights by their owner's (set-user-id and file capabilities are not heeded). Throws LibcError. */
export function forbidNewPrivileges(): void {
  call('PR_SET_NO_NEW_PRIVS', 'prctl', PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n);
}

/** Capabilities of a thread: a bit each, numbered as in linux/capability.h. */
interface Capabilities {
  effective: bigint;
  permitted: bigint;
  inheritable: bigint;
}

/** `struct __user_cap_header_struct` for the calling thread. */
const CAPABILITY_HEADER = Uint32Array.of(0x2008_0522, 0);

function setCapability(set: keyof Capabilities, capability: bigint, on: boolean): void {
  const data = new Uint32Array(6);
  call('', 'capget', CAPABILITY_HEADER.slice(), data);
  const read = (at: number) => BigInt(data[at]!) | (BigInt(data[at + 3]!) << 32n);
  const now: Capabilities = { effective: read(0), permitted: read(1), inheritable: read(2) };
  const bit = 1n << capability;
  now[set] = on ? now[set] | bit : now[set] & ~bit;
  setCapabilities(now);
}

function setCapabilities({ effective, permitted, inheritable }: Capabilities): void {
  const sets = [effective, permitted, inheritable];
  const low = sets.map((set) => Number(set & 0xffff_ffffn));
  const high = sets.map((set) => Number(set >> 32n));
  call('', 'capset', CAPABILITY_HEADER.slice(), Uint32Array.of(...low, ...high));
}

/** Allows or forbids core dumps and tracing by others; changing the user id forbids them (`set-dumpable`). Throws LibcError. */
export function setDumpable(dumpable: boolean): void {
  call('PR_SET_DUMPABLE', 'prctl', PR_SET_DUMPABLE, dumpable ? 1n : 0n, 0n, 0n, 0n);
}

import { call, libcProblem } from './native.ts';

const RLIMIT_NOFILE = 7;
const PR_SET_DUMPABLE = 4;
const PR_SET_KEEPCAPS = 8;
const PR_SET_NO_NEW_PRIVS = 38;
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

/** Rights of root that can be kept one by one: bits of the kernel's capability sets (linux/capability.h). */
const CAPABILITIES = {
  /** To go through folders that are closed to the user. */
  cap_dac_read_search: 2n,
  cap_net_bind_service: 10n,
  cap_net_admin: 12n,
  cap_net_raw: 13n,
  cap_sys_chroot: 18n,
  cap_sys_admin: 21n,
} as const;
export type Capability = keyof typeof CAPABILITIES;

/** What a thread needs that is to be confined when the process is no longer root. */
const CONFINING_RIGHTS = ['cap_sys_chroot', 'cap_dac_read_search'] as const;

/**
 * Makes `folder` the root of the file system for the calling thread alone, and goes there. Who is not root gives up CONFINING_RIGHTS
 * with it. Throws LibcError: `EPERM` without CAP_SYS_CHROOT, `EACCES` for a folder that is closed to the user without
 * CAP_DAC_READ_SEARCH.
 */
export function changeRootOfThread(folder: string): void {
  const asRoot = process.geteuid!() === 0;
  const rights = bitsOf(CONFINING_RIGHTS);
  if (!asRoot) changeCapabilities((sets) => ({ ...sets, effective: sets.effective | (sets.permitted & rights) }));
  call('CLONE_FS', 'unshare', CLONE_FS);
  call(`'${folder}'`, 'chroot', Buffer.from(`${folder}\0`, 'utf8'));
  call('/', 'chdir', Buffer.from('/\0'));
  if (asRoot) return;
  changeCapabilities(({ effective, permitted, inheritable }) => ({
    effective: effective & ~rights,
    permitted: permitted & ~rights,
    inheritable,
  }));
}

/** Whether the calling thread's rights outlast the change from root to another user, until `limitCapabilities`. Throws LibcError. */
export function keepCapabilities(on: boolean): void {
  call('PR_SET_KEEPCAPS', 'prctl', PR_SET_KEEPCAPS, on ? 1n : 0n, 0n, 0n, 0n);
}

/**
 * Leaves the calling thread, which is no longer root, with these rights: `used` ones, and others that it, or a thread that it starts, may
 * take up later. Throws LibcError.
 */
export function limitCapabilities(used: readonly Capability[], others: readonly Capability[] = []): void {
  const effective = bitsOf(used);
  changeCapabilities(() => ({ effective, permitted: effective | bitsOf(others), inheritable: 0n }));
}

/** Whether the calling thread has a right; root has all. */
export function hasCapability(capability: Capability): boolean {
  if (process.geteuid!() === 0) return true;
  return libcProblem() === null && (capabilities().effective & bitsOf([capability])) !== 0n;
}

/** Programs that are run from now on cannot gain rights by their owner's (set-user-id and file capabilities are not heeded). Throws LibcError. */
export function forbidNewPrivileges(): void {
  call('PR_SET_NO_NEW_PRIVS', 'prctl', PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n);
}

/** The capability sets of a thread. */
interface CapabilitySets {
  readonly effective: bigint;
  readonly permitted: bigint;
  readonly inheritable: bigint;
}

/** `struct __user_cap_header_struct`: version 3, the calling thread. */
const CAPABILITY_HEADER = Uint32Array.of(0x2008_0522, 0);

function bitsOf(names: readonly Capability[]): bigint {
  return names.reduce((bits, name) => bits | (1n << CAPABILITIES[name]), 0n);
}

function capabilities(): CapabilitySets {
  const data = new Uint32Array(6);
  call('', 'capget', CAPABILITY_HEADER.slice(), data);
  const set = (at: number) => BigInt(data[at]!) | (BigInt(data[at + 3]!) << 32n);
  return { effective: set(0), permitted: set(1), inheritable: set(2) };
}

function changeCapabilities(change: (sets: CapabilitySets) => CapabilitySets): void {
  const { effective, permitted, inheritable } = change(capabilities());
  const sets = [effective, permitted, inheritable];
  const low = sets.map((set) => Number(set & 0xffff_ffffn));
  const high = sets.map((set) => Number(set >> 32n));
  call('', 'capset', CAPABILITY_HEADER.slice(), Uint32Array.of(...low, ...high));
}

/** Allows or forbids core dumps and tracing by others; changing the user id forbids them (`set-dumpable`). Throws LibcError. */
export function setDumpable(dumpable: boolean): void {
  call('PR_SET_DUMPABLE', 'prctl', PR_SET_DUMPABLE, dumpable ? 1n : 0n, 0n, 0n, 0n);
}

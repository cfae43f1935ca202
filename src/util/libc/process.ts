import { call } from './native.ts';

const RLIMIT_NOFILE = 7;
const PR_SET_DUMPABLE = 4;
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
 * Makes `folder` the root of the file system for this process, all its threads included, and goes there. Files that are still to
 * be read must be open or inside. Throws LibcError, `EPERM` without CAP_SYS_CHROOT.
 */
export function changeRoot(folder: string): void {
  call(`'${folder}'`, 'chroot', Buffer.from(`${folder}\0`, 'utf8'));
  process.chdir('/');
}

/** Allows or forbids core dumps and tracing by others; changing the user id forbids them (`set-dumpable`). Throws LibcError. */
export function setDumpable(dumpable: boolean): void {
  call('PR_SET_DUMPABLE', 'prctl', PR_SET_DUMPABLE, dumpable ? 1n : 0n, 0n, 0n, 0n);
}

import { closeSync, constants, openSync } from 'node:fs';
import { call } from './native.ts';

const RLIMIT_NOFILE = 7;
const PR_SET_DUMPABLE = 4;
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
 * Makes `folder` the root of the file system for this process, all its threads included, and goes there. Files that are still to
 * be read must be open or inside. Throws LibcError, `EPERM` without CAP_SYS_CHROOT.
 */
export function changeRoot(folder: string): void {
  call(`'${folder}'`, 'chroot', Buffer.from(`${folder}\0`, 'utf8'));
  process.chdir('/');
}

/**
 * Makes `folder` the root of the file system for all threads of this process but the calling one, which must be the main thread: it
 * keeps its root and folder. A thread that the calling one starts later has the root of the calling one. Throws LibcError, `EPERM`
 * without CAP_SYS_CHROOT; nothing has changed then.
 */
export function changeRootOfOthers(folder: string): void {
  const [root, current] = [openSync('/', constants.O_DIRECTORY), openSync('.', constants.O_DIRECTORY)];
  try {
    changeRoot(folder);
    // The root is shared by all threads until this one takes a copy; the copy is then led back out, as only root can.
    call('CLONE_FS', 'unshare', CLONE_FS);
    call('/', 'fchdir', root);
    call('/', 'chroot', Buffer.from('.\0'));
    call('', 'fchdir', current);
  } finally {
    closeSync(root);
    closeSync(current);
  }
}

/** Allows or forbids core dumps and tracing by others; changing the user id forbids them (`set-dumpable`). Throws LibcError. */
export function setDumpable(dumpable: boolean): void {
  call('PR_SET_DUMPABLE', 'prctl', PR_SET_DUMPABLE, dumpable ? 1n : 0n, 0n, 0n, 0n);
}

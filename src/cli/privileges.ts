/** `ulimit-n`, `chroot`, `group`, `user`: what a server does once its sockets are open (manual, section 3.1). */
import type { GlobalConfig } from '../config/types.ts';
import { changeRootOfOthers } from '../util/libc/process.ts';
import { descriptorLimit, libcProblem, setDescriptorLimit } from '../util/libc.ts';
import type { StartupMessages } from './messages.ts';

/** Raises the limit of open descriptors when `ulimit-n` asks for more. Returns a problem to tell, or null. */
export function raiseDescriptorLimit(wanted: number | null): string | null {
  if (wanted === null) return null;
  try {
    const { hard } = descriptorLimit();
    setDescriptorLimit({ soft: wanted, hard: Math.max(hard, wanted) });
    return null;
  } catch (error) {
    return `[haproxy.main()] Cannot raise FD limit to ${wanted}: ${(error as Error).message}.`;
  }
}

/**
 * `chroot`: puts the traffic threads into `folder`, so that nothing of the file system is within reach of what handles clients' bytes.
 * The control thread stays outside, as HAProxy's master process does: a reload reads the same files as the start. Where the platform
 * cannot, that is told and the start goes on. Returns a problem that ends the start, or null.
 */
export function confine(folder: string | null, messages: StartupMessages): string | null {
  if (folder === null) return null;
  const impossible = libcProblem();
  if (impossible !== null) {
    messages.notice(`chroot '${folder}' is not done: ${impossible}`);
    return null;
  }
  // The time zone is a file too: it is read at first use, and known to all threads from then on.
  new Date().getTimezoneOffset();
  try {
    changeRootOfOthers(folder);
    return null;
  } catch (error) {
    return `[haproxy.main()] Cannot chroot(${folder}) : ${(error as Error).message}.`;
  }
}

/** Becomes the user and group of the configuration, for all threads. Returns a problem that ends the start, or null. */
export function dropPrivileges({
  user,
  uid,
  group,
  gid,
}: Pick<GlobalConfig, 'user' | 'uid' | 'group' | 'gid'>): string | null {
  const newGroup = gid ?? group;
  const newUser = uid ?? user;
  try {
    if (newGroup !== null) {
      if (process.getuid!() === 0) process.setgroups!([newGroup]);
      process.setgid!(newGroup);
    }
  } catch (error) {
    return `[haproxy.main()] Cannot set gid ${newGroup}: ${(error as Error).message}.`;
  }
  try {
    if (newUser !== null) process.setuid!(newUser);
  } catch (error) {
    return `[haproxy.main()] Cannot set uid ${newUser}: ${(error as Error).message}.`;
  }
  return null;
}

/** `ulimit-n`, `group`, `user`: what a server does once its sockets are open (manual, section 3.1). */
import type { GlobalConfig } from '../config/types.ts';
import { descriptorLimit, setDescriptorLimit } from '../util/libc.ts';

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

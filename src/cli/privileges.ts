/** `ulimit-n`, `chroot`, `group`, `user`: what a server does once its sockets are open (manual, section 3.1). */
import { accessSync, constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { GlobalConfig } from '../config/types.ts';
import type { RunningControl } from '../control/types.ts';
import {
  type Capability,
  descriptorLimit,
  forbidNewPrivileges,
  keepCapabilities,
  libcProblem,
  limitCapabilities,
  setDescriptorLimit,
} from '../util/libc.ts';
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
 * cannot, that is told and the start goes on. Resolves to a problem that ends the start, or null.
 */
export async function confine(
  folder: string | null,
  control: Pick<RunningControl, 'confine'>,
  messages: StartupMessages,
): Promise<string | null> {
  if (folder === null) return null;
  const impossible = libcProblem();
  if (impossible !== null) {
    messages.warning(`[haproxy.main()] chroot '${folder}' is not done: ${impossible}`);
    return null;
  }
  // The time zone is a file too: it is read at first use, and known to all threads from then on.
  new Date().getTimezoneOffset();
  try {
    // libuv's helper threads look names up for the control thread: they are started by it, so that they see what it sees.
    await access('/');
    await control.confine(folder);
    return null;
  } catch (error) {
    return `[haproxy.main()] Cannot chroot(${folder}) : ${(error as Error).message}.`;
  }
}

/**
 * Becomes the user and group of the configuration, for all threads. What `setcap` names is kept in all of them; with a `chroot` the
 * control thread keeps the right of confining traffic threads that it starts later, too. Resolves to a problem that ends the start, or null.
 */
export async function dropPrivileges(
  { user, uid, group, gid, chroot, capabilities }: GlobalConfig,
  control: Pick<RunningControl, 'traffic'>,
  messages: StartupMessages,
): Promise<string | null> {
  const newGroup = gid ?? group;
  const newUser = uid ?? user;
  const asRoot = process.getuid!() === 0;
  try {
    if (newGroup !== null) {
      if (asRoot) process.setgroups!([newGroup]);
      process.setgid!(newGroup);
    }
  } catch (error) {
    return `[haproxy.main()] Cannot set gid ${newGroup}: ${(error as Error).message}.`;
  }
  if (newUser === null) return null;
  const impossible = libcProblem();
  const keeping = asRoot && newUser !== 0 && impossible === null;
  if (impossible !== null && capabilities.length > 0)
    messages.warning(`[haproxy.main()] setcap is not done: ${impossible}`);
  try {
    if (keeping && (capabilities.length > 0 || chroot !== null))
      await becomeWithRights(newUser, capabilities, chroot, control.traffic);
    else process.setuid!(newUser);
  } catch (error) {
    return `[haproxy.main()] Cannot set uid ${newUser}: ${(error as Error).message}.`;
  }
  return null;
}

/** The change from root to another user, where something of root is to stay. */
async function becomeWithRights(
  user: number | string,
  rights: GlobalConfig['capabilities'],
  chroot: string | null,
  traffic: RunningControl['traffic'],
): Promise<void> {
  if (rights.length > 0) await traffic.ask({ kind: 'rights', step: 'keep', rights });
  keepCapabilities(true);
  try {
    process.setuid!(user);
    limitCapabilities(rights, chroot === null ? [] : rightsToConfine(chroot));
  } finally {
    keepCapabilities(false);
  }
  if (rights.length > 0) await traffic.ask({ kind: 'rights', step: 'limit', rights });
}

/** What confining a thread takes for the user that the process is now: more where the folder is closed to that user. */
function rightsToConfine(chroot: string): readonly Capability[] {
  try {
    accessSync(chroot, constants.X_OK);
    return ['cap_sys_chroot'];
  } catch {
    return ['cap_sys_chroot', 'cap_dac_read_search'];
  }
}

/** No program that this process runs gains rights by its owner's. What the platform cannot is left. */
export function giveUpNewPrivileges(): void {
  if (libcProblem() === null) forbidNewPrivileges();
}

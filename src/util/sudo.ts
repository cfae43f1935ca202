import { readFileSync } from 'node:fs';
import { groupId, userId } from './accounts.ts';

/** Who made this process run as root by sudo(8), without being root otherwise. */
export interface SudoUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Where nobody is known: the account without rights. */
const NOBODY = 65_534;

/**
 * Who stands behind this process when it runs as root by sudo; null when nobody does, and in a shell of root that sudo has opened: who has
 * that may do anything as root. sudo(8) sets these variables, whatever the user has set.
 */
export function sudoUser(): SudoUser | null {
  const { SUDO_USER: name, SUDO_UID: uid, SUDO_GID: gid, SUDO_COMMAND: command } = process.env;
  if (process.getuid!() !== 0 || (name === undefined && uid === undefined)) return null;
  if (command !== undefined && shells().includes(command)) return null;
  const user = name ?? `uid ${uid}`;
  return { name: user, uid: number(uid) ?? userId(user) ?? NOBODY, gid: number(gid) ?? groupId(user) ?? NOBODY };
}

function number(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : null;
}

/** Shells that people may log in with (shells(5)). */
function shells(): string[] {
  try {
    return readFileSync('/etc/shells', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('/'));
  } catch {
    return [];
  }
}

/** Does `work` with the rights to files of `user`, groups included, and takes root's back. Nothing else of the process may run meanwhile: no awaiting. */
export function asUser<T>(user: SudoUser, work: () => T): T {
  const groups = process.getgroups!();
  const gid = process.getegid!();
  try {
    if (isAccount(user)) initgroups(user.name, user.gid);
    else process.setgroups!([user.gid]);
    process.setegid!(user.gid);
    process.seteuid!(user.uid);
    return work();
  } finally {
    process.seteuid!(0);
    process.setegid!(gid);
    process.setgroups!(groups);
  }
}

/** Puts the process into the groups of an account (initgroups(3)); the types of Node.js do not know it. */
function initgroups(name: string, gid: number): void {
  (process as unknown as { initgroups(user: string, extra: number): void }).initgroups(name, gid);
}

function isAccount({ name, uid }: SudoUser): boolean {
  return userId(name) === uid;
}

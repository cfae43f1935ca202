/** Userlists: users, their passwords and groups (HAProxy manual, section 3.4). */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { UserlistConfig } from '../config/types.ts';
import { checkCrypt, isCryptHash } from './crypt.ts';
import type { Userlist } from './row.ts';
import type { ExprError } from './sample.ts';

/** Outcomes remembered, as hashing a password on each request would hold up traffic. */
const REMEMBERED = 1024;

interface User {
  readonly password: string;
  readonly insecure: boolean;
  readonly groups: ReadonlySet<string>;
}

/** Compiles a `userlist` section; a password of a kind that cannot be checked is an error. */
export function compileUserlist(config: UserlistConfig): Userlist | ExprError {
  const users = new Map<string, User>();
  for (const { name, password, insecure, groups } of config.users) {
    if (!insecure && !isCryptHash(password)) {
      return {
        error:
          `password of user '${name}' in userlist '${config.name}' is not supported: ` +
          'use a hash of crypt(3) with $6$, $5$ or $1$ (at most 500000 rounds), or insecure-password',
      };
    }
    const named = config.groups.filter((group) => group.users.includes(name)).map((group) => group.name);
    users.set(name, { password, insecure, groups: new Set([...groups, ...named]) });
  }
  const remembered = new Map<string, boolean>();
  const key = randomBytes(32);
  return {
    groups: config.groups.map(({ name }) => name),
    isMember: (user, group) => users.get(user)?.groups.has(group) === true,
    check: (name, password) => {
      const user = users.get(name);
      if (user === undefined) return false;
      if (user.insecure) return isSame(user.password, password);
      // What is remembered is no use to whoever reads the memory later.
      const entry = createHash('sha256').update(key).update(`${name}\0${password}`, 'latin1').digest('latin1');
      let outcome = remembered.get(entry);
      if (outcome === undefined) {
        outcome = checkCrypt(password, user.password);
        if (remembered.size >= REMEMBERED) remembered.delete(remembered.keys().next().value!);
        remembered.set(entry, outcome);
      }
      return outcome;
    },
  };
}

function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text, 'latin1').digest();
  return timingSafeEqual(digest(a), digest(b));
}

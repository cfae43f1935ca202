/** What counts behind sudo, where the command line is not that of who has the rights. */
import { sudoUser } from '../util/sudo.ts';

/** Variables that are left: who it is, and how his terminal is. */
const KEPT = /^(SUDO_(USER|UID|GID|COMMAND)|PATH|TERM|NO_COLOR|LANG|LC_\w+)$/;

/** Forgets the environment where it may be a user's who is not root: places of files, targets, policies, flags of the engine. */
export function forgetEnvironment(): void {
  if (sudoUser() === null) return;
  for (const name of Object.keys(process.env)) if (!KEPT.test(name)) delete process.env[name];
}

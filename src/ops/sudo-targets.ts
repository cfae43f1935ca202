import { readFileSync, statSync } from 'node:fs';
import { type SudoUser, sudoUser } from '../util/sudo.ts';
import { OperationError } from './errors.ts';

/** Who set up the machine says here what may be worked on behind sudo. */
const FILE = '/etc/sluice/sudo.json';

/**
 * The target that is meant behind sudo: one that root has listed, the first where none is named; null: the one at a usual place, for there
 * is no list. Another one may be a program of the user's, which only says that it is a HAProxy. Throws OperationError.
 */
export function sudoTarget(given: string | null, { name }: SudoUser): string | null {
  const listed = targets();
  if (given === null) return listed[0] ?? null;
  if (listed.includes(given)) return given;
  throw new OperationError(
    'denied',
    `--target ${given} is not for ${name} behind sudo; ${FILE} lists what is: ${listed.join(', ') || 'nothing'}`,
  );
}

/** `{"targets": ["/run/haproxy/admin.sock", "lb2"]}`. */
function targets(): readonly string[] {
  let text: string;
  try {
    const { uid, mode } = statSync(FILE);
    if (uid !== 0 || (mode & 0o022) !== 0)
      throw new OperationError('failed', `${FILE} must belong to root, and nobody else may write to it`);
    text = readFileSync(FILE, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const list = listOf(text);
  if (list === null) throw new OperationError('failed', `${FILE} must be {"targets": ["SOCKET or name", ...]}`);
  return list;
}

function listOf(text: string): readonly string[] | null {
  try {
    const { targets: list, ...others } = JSON.parse(text) as { readonly targets?: unknown };
    const isList = Array.isArray(list) && list.every((one) => typeof one === 'string');
    return isList && Object.keys(others).length === 0 ? (list as string[]) : null;
  } catch {
    return null;
  }
}

/** Places where anybody can put a socket do not count behind sudo. */
export function isTrustedPlace(path: string): boolean {
  return sudoUser() === null || !path.startsWith('/tmp/');
}

/** Users and groups as the system knows them. */
import { readFileSync } from 'node:fs';

/** Longest wait for a directory service. */
const TIMEOUT_MS = 5000;

/** Loaded when a program is asked, which is seldom: it takes a fifth of what Node.js takes to start. */
const children = () => process.getBuiltinModule('node:child_process');

/** The id of a user, or null when there is none of that name. */
export function userId(name: string): number | null {
  return idOf('passwd', name);
}

/** The id of a group, or null when there is none of that name. */
export function groupId(name: string): number | null {
  return idOf('group', name);
}

/** Files first; then whatever else the system asks (LDAP, ...), by getent(1). */
function idOf(database: 'passwd' | 'group', name: string): number | null {
  return find(readOrEmpty(`/etc/${database}`), name) ?? find(getent(database, name), name);
}

/** Both databases have the name first and the id third in a line. */
function find(lines: string, name: string): number | null {
  for (const line of lines.split('\n')) {
    const fields = line.split(':');
    if (fields[0] === name && /^\d+$/.test(fields[2] ?? '')) return Number(fields[2]);
  }
  return null;
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function getent(database: string, name: string): string {
  if (name === '' || name.startsWith('-')) return '';
  try {
    return children().execFileSync('getent', [database, name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: TIMEOUT_MS,
    });
  } catch {
    return '';
  }
}

/** Names by number that getent(1) was asked for: when, and what it said. */
const asked = new Map<number, { readonly at: number; name: string | null }>();
/** How long an answer is believed, ms, and how many are kept. */
const BELIEVED = 300_000;
const KEPT = 1000;

/**
 * The name of a user by its number, or null. `/etc/passwd` is read; what else the system asks (LDAP, ...) may take its time: its answer
 * is known from the next call on.
 */
export function userName(uid: number): string | null {
  for (const line of readOrEmpty('/etc/passwd').split('\n')) {
    const fields = line.split(':');
    if (fields[2] === String(uid)) return fields[0]!;
  }
  const known = asked.get(uid);
  if (known !== undefined && Date.now() - known.at < BELIEVED) return known.name;
  if (asked.size >= KEPT) asked.clear();
  const answer: { readonly at: number; name: string | null } = { at: Date.now(), name: known?.name ?? null };
  asked.set(uid, answer);
  children().execFile('getent', ['passwd', String(uid)], { timeout: TIMEOUT_MS }, (error, output) => {
    answer.name = error ? null : (output.split(':')[0] ?? null);
  });
  return answer.name;
}

/**
 * Names of the groups that a user is in, the primary one included; none for a user that does not exist. Asks the system, by id(1):
 * some milliseconds, `TIMEOUT_MS` at most.
 */
export function groupsOf(user: string): Promise<readonly string[]> {
  return new Promise((resolve) => {
    children().execFile('id', ['-Gnz', '--', user], { encoding: 'utf8', timeout: TIMEOUT_MS }, (error, stdout) =>
      resolve(error ? [] : stdout.split('\0').filter((name) => name !== '')),
    );
  });
}

import { isDeepStrictEqual } from 'node:util';
import type { GlobalConfig } from '../config/types.ts';

/** A setting that is used once, when the process starts: its key, the keywords that set it, and why it cannot be changed later. */
type AtStart = readonly [key: keyof GlobalConfig, keywords: readonly string[], why: string];

const NO_RIGHT = 'the process has given up the right to do that again';

const AT_START: readonly AtStart[] = [
  [
    'nbthread',
    ['nbthread'],
    'counters in shared memory and listening sockets are laid out for the threads of the start',
  ],
  ['uid', ['user', 'uid'], NO_RIGHT],
  ['gid', ['group', 'gid'], NO_RIGHT],
  ['chroot', ['chroot'], NO_RIGHT],
  ['capabilities', ['setcap'], NO_RIGHT],
  ['ulimitN', ['ulimit-n'], NO_RIGHT],
  ['pidfile', ['pidfile'], 'it was written at the start'],
  ['daemon', ['daemon'], 'whoever started the process has gone on'],
  ['masterWorker', ['master-worker'], 'the master CLI is opened at the start'],
];

/** What a file sets otherwise than it was at the start, and only a restart puts in force: a line each, with its place in the file. */
export function restartNeeded(started: GlobalConfig, after: GlobalConfig, hardMaxconn: number): string[] {
  const lines = AT_START.flatMap(([key, keywords, why]) => {
    if (isDeepStrictEqual(started[key], after[key])) return [];
    const keyword = keywords.find((name) => name in after.at) ?? keywords.find((name) => name in started.at)!;
    return [restart(after, keyword, change(started[key], after[key]), why)];
  });
  const [cache, wanted] = [started.tls.cacheSize, after.tls.cacheSize];
  if (wanted !== cache)
    lines.push(restart(after, 'tune.ssl.cachesize', change(cache, wanted), 'sessions are kept in memory of the start'));
  if (after.maxconn !== null && after.maxconn > hardMaxconn) {
    const said = `${after.maxconn} is more than the ${hardMaxconn} of the start`;
    lines.push(restart(after, 'maxconn', said, 'it is the ceiling for the life of the process'));
  }
  return lines;
}

function restart({ at }: GlobalConfig, keyword: string, said: string, why: string): string {
  const place = at[keyword];
  const where = place === undefined ? '' : `parsing [${place.file}:${place.line}] : `;
  return `${where}'${keyword}' needs a restart: ${said}; ${why}.`;
}

function change(from: unknown, to: unknown): string {
  const text = (value: unknown) => (typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value));
  if (isUnset(to)) return `it is no longer set, ${text(from)} stays in force`;
  return isUnset(from) ? `${text(to)} is new` : `it was ${text(from)} at the start and is ${text(to)} now`;
}

function isUnset(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

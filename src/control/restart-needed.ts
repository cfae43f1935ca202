import { isDeepStrictEqual } from 'node:util';
import type { Config, GlobalConfig } from '../config/types.ts';

/** Settings of `global` that are used once, when the process starts, as the files name them. */
const AT_START: readonly (readonly [keyof GlobalConfig, string])[] = [
  ['nbthread', 'nbthread'],
  ['node', 'node'],
  ['user', 'user'],
  ['group', 'group'],
  ['uid', 'uid'],
  ['gid', 'gid'],
  ['chroot', 'chroot'],
  ['pidfile', 'pidfile'],
  ['ulimitN', 'ulimit-n'],
  ['daemon', 'daemon'],
  ['masterWorker', 'master-worker'],
  ['tune', 'tune'],
];

/** What a reload finds changed and only a restart puts in force, a line each. */
export function restartNeeded(before: Config, after: Config): string[] {
  const names = AT_START.filter(([key]) => !isDeepStrictEqual(before.global[key], after.global[key])).map(
    ([, name]) => `'${name}' of the global section`,
  );
  if (!isDeepStrictEqual(plain(before.userlists), plain(after.userlists))) names.push("'userlist' sections");
  if (!isDeepStrictEqual(plain(before.httpErrors), plain(after.httpErrors))) names.push("'http-errors' sections");
  const { hardMaxconn } = after.global;
  if (before.global.hardMaxconn !== hardMaxconn) names.push("'hard-maxconn' of the global section");
  return names.map((name) => `${name} changed: needs a restart, what was set at start stays in force.`);
}

/** Without where it is written. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner) => (key === 'at' ? undefined : inner)));
}

import { existsSync, renameSync } from 'node:fs';

/** Gives the files of a journal that cannot be used another name. Returns the database's. Throws the file system's error. */
export function setAside(path: string, anchor: string, date: number): string {
  const suffix = `.damaged-${new Date(date).toISOString().replace(/[-:]|\.\d+/g, '')}`;
  let free = `${path}${suffix}`;
  for (let n = 2; existsSync(free); n++) free = `${path}${suffix}-${n}`;
  // The database last: while it is there, a start finds it and sets it aside again.
  for (const [from, to] of [
    [anchor, `${free}.head`],
    [`${path}-wal`, `${free}-wal`],
    [`${path}-shm`, `${free}-shm`],
    [path, free],
  ] as const)
    if (existsSync(from)) renameSync(from, to);
  return free;
}

import { isCandidate, type Target } from './types.ts';

/** The servers of a backend that take new requests now (manual, "backup" and "option allbackups"). */
export interface Pool<T extends Target> {
  /** In configuration order. */
  readonly active: readonly T[];
  /** Backup servers that are balanced over when no active one is left; empty without `option allbackups`. */
  readonly backups: readonly T[];
  /** The backup server that takes everything when no active one is left, without `option allbackups`. */
  readonly onlyBackup: T | null;
}

/** Sorts the servers of a backend into those to balance over and those to fall back to. */
export function poolOf<T extends Target>(servers: readonly T[], allBackups: boolean): Pool<T> {
  const active: T[] = [];
  const backups: T[] = [];
  for (const server of servers) {
    if (!isCandidate(server)) continue;
    if (server.backup) backups.push(server);
    else active.push(server);
  }
  return allBackups ? { active, backups, onlyBackup: null } : { active, backups: [], onlyBackup: backups[0] ?? null };
}

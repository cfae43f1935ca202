import { readFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { makeFile, type Owner } from './database.ts';
import { JournalError } from './error.ts';

/**
 * Holds the lock of a state folder until the returned function is called or the process ends. It is SQLite's lock on an empty file: the
 * system gives it back whatever happens to us. Throws JournalError `in-use` with the process that has it.
 */
export function takeLock(path: string, owner: Owner = null): () => void {
  makeFile(path, owner);
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    db.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if ((error as { errcode?: number }).errcode !== 5) throw error;
    throw new JournalError(
      'in-use',
      `in use by ${holder(path)}: journal '${path.replace(/\.lock$/, '')}'; give each its own state folder`,
    );
  }
  return () => db.close();
}

/** Who has a lock on a file, as far as the kernel tells (proc(5), /proc/locks): `process 123`. */
export function holder(path: string): string {
  try {
    const { ino } = statSync(path);
    const line = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .find((one) => one.includes(`:${ino} `) && !one.includes('->'));
    const pid = Number(line?.trim().split(/\s+/)[4]);
    return pid > 0 ? `process ${pid}` : 'another process';
  } catch {
    return 'another process';
  }
}

import { closeSync, existsSync, lchownSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { JournalError } from './error.ts';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';

/** How long a write waits for another process that writes, ms. */
const BUSY_TIMEOUT = 2000;

/**
 * Opens the journal's database, makes or migrates its tables. Throws SQLite's error, or JournalError `foreign` for the file of another
 * program or of a newer Sluice.
 */
export function openDatabase(path: string, owner: Owner): DatabaseSync {
  makeFile(path, owner);
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT });
  try {
    checkSchema(db, path);
    db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=2000');
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function migrate(db: DatabaseSync): void {
  if (pragma(db, 'user_version') === MIGRATIONS.length) return;
  db.exec('BEGIN IMMEDIATE');
  // Another process may have been faster.
  const version = pragma(db, 'user_version');
  for (const step of MIGRATIONS.slice(version)) db.exec(step);
  db.exec(`PRAGMA application_id=${APPLICATION_ID}; PRAGMA user_version=${MIGRATIONS.length}; COMMIT`);
}

/** Throws JournalError `foreign` when the file is not ours to read. */
function checkSchema(db: DatabaseSync, path: string): void {
  const application = pragma(db, 'application_id');
  const version = pragma(db, 'user_version');
  const empty =
    application === 0 && version === 0 && db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  if (empty) return;
  if (application !== APPLICATION_ID)
    throw new JournalError('foreign', `the database of another program: journal '${path}'; name another state folder`);
  if (version > MIGRATIONS.length)
    throw new JournalError(
      'foreign',
      `written by a newer Sluice (schema ${version}, this one knows ${MIGRATIONS.length}): journal '${path}'; use that version, or name another state folder`,
    );
}

function pragma(db: DatabaseSync, name: string): number {
  return Object.values(db.prepare(`PRAGMA ${name}`).get() as Record<string, number>)[0]!;
}

/** Opens the journal's database for reading, also where nothing can be written. Throws as `openDatabase`. */
export function openReadOnly(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT });
  try {
    checkSchema(db, path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The user that a process becomes: what is made before belongs to him, too. Null: it stays who it is. */
export type Owner = { readonly uid: number; readonly gid: number } | null;

/** Makes an empty file for its owner alone, unless it is there. What SQLite makes beside it has the same owner and mode. */
export function makeFile(path: string, owner: Owner): void {
  if (existsSync(path)) return;
  closeSync(openSync(path, 'wx', 0o600));
  if (owner !== null && process.geteuid!() === 0) lchownSync(path, owner.uid, owner.gid);
}

import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoText } from '../../util/libc/errno.ts';
import { type JournalCode, JournalError } from './error.ts';

/** Primary result codes of SQLite (sqlite.org/rescode.html); those not named are `io`. */
const CODES: Readonly<Record<number, JournalCode>> = {
  3: 'denied', // PERM
  5: 'in-use', // BUSY
  6: 'in-use', // LOCKED
  8: 'denied', // READONLY
  11: 'damaged', // CORRUPT
  13: 'full', // FULL
  14: 'denied', // CANTOPEN
  24: 'damaged', // FORMAT
  26: 'damaged', // NOTADB
};

/** ERROR: a mistake of ours, unless it is the tables that are not as they were made. */
const ERROR = 1;
const NOT_OUR_TABLES = /^(no such (table|column)|table .* has |malformed )/;
/** IOERR_SHORT_READ: a part of the file is not there. */
const SHORT_READ = 522;

const ERRNO_CODES: Readonly<Record<string, JournalCode>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ENOENT: 'denied',
  EEXIST: 'denied',
  EISDIR: 'denied',
  ENOTDIR: 'denied',
};

/** What operators can do about it. */
const ADVICE: Readonly<Partial<Record<JournalCode, string>>> = {
  full: 'make room; it goes on by itself',
  denied: 'the folder must be there and belong to the user that this runs as; it goes on by itself',
  'in-use': 'end the other program; it goes on by itself',
  io: 'look at the disk; it goes on by itself',
};

/** What went wrong with the journal at `path`, as a JournalError for operators. */
export function journalFailure(error: unknown, path: string): JournalError {
  if (error instanceof JournalError) return error;
  const { errcode, errstr, code, message } = error as {
    errcode?: number;
    errstr?: string;
    code?: string;
    message?: string;
  };
  const sqlite = typeof errcode === 'number';
  const known = sqlite ? sqliteCode(errcode, message ?? '') : (ERRNO_CODES[code ?? ''] ?? 'io');
  const found = known === 'io' && isFull(path) ? 'full' : known;
  const reason = sqlite
    ? String((errcode === ERROR ? message : errstr) ?? message)
    : code
      ? errnoText(code)
      : String(message ?? error);
  return new JournalError(found, `${reason}: journal '${path}'${ADVICE[found] ? `; ${ADVICE[found]}` : ''}`);
}

function sqliteCode(errcode: number, message: string): JournalCode {
  const damaged = errcode === SHORT_READ || (errcode === ERROR && NOT_OUR_TABLES.test(message));
  return damaged ? 'damaged' : (CODES[errcode & 0xff] ?? 'io');
}

/** SQLite tells some failures for want of space as errors of the disk. */
function isFull(path: string): boolean {
  try {
    return statfsSync(dirname(path)).bavail === 0;
  } catch {
    return false;
  }
}

import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { readAnchor } from './anchor.ts';
import { openReadOnly } from './database.ts';
import { JournalError } from './error.ts';
import { journalFailure } from './failure.ts';
import type { JournalNote, JournalQuery, JournalRecord } from './journal.ts';
import type { Head } from './links.ts';
import { type LinkRow, recordOf, recordsOf } from './queries.ts';
import { type KnownHead, type Verdict, verifyChain } from './verify.ts';

/** A journal that is looked at, also while a process writes to it. All throw JournalError. */
export interface JournalReader {
  /** Oldest first, a record at a time. */
  records(query: JournalQuery): Generator<JournalRecord>;
  /** The record with this number, or null. */
  record(seq: number): JournalRecord | null;
  /** Whether the chain is whole: by itself, by the end that is kept beside it, and by `heads` that were kept elsewhere. */
  verify(heads: readonly KnownHead[]): Verdict;
  close(): void;
}

/** Opens the journal at `path` for reading. Throws JournalError. */
export function openReader(path: string, anchorPath = `${path}.head`): JournalReader {
  if (!existsSync(path)) throw new JournalError('denied', `there is no journal: '${path}'`);
  const guard = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw journalFailure(error, path);
    }
  };
  const db = guard(() => openReadOnly(path));
  return {
    *records(query) {
      try {
        yield* recordsOf(db, query);
      } catch (error) {
        throw journalFailure(error, path);
      }
    },
    record: (seq) =>
      guard(() => {
        const row = db.prepare('SELECT seq, body, hash FROM link WHERE seq = ?').get(seq) as LinkRow | undefined;
        return row === undefined ? null : recordOf(row);
      }),
    verify: (heads) => guard(() => verify(db, anchorPath, heads)),
    close: () => db.close(),
  };
}

function verify(db: DatabaseSync, anchorPath: string, heads: readonly KnownHead[]): Verdict {
  // Before the transaction begins, so that what it says is in what is seen.
  const anchor = readAnchor(anchorPath);
  db.exec('BEGIN');
  try {
    const rows = db.prepare('SELECT * FROM link ORDER BY seq').iterate() as Iterable<unknown> as Iterable<LinkRow>;
    const known = anchor === null ? heads : [{ ...anchor, from: `file '${anchorPath}'` }, ...heads];
    const verdict = verifyChain(rows, jointOf(db), known);
    if (!verdict.intact || anchor !== null || verdict.head.seq === 1) return verdict;
    const text = `the end cannot be vouched for: file '${anchorPath}', which keeps it, is missing or damaged`;
    return { ...verdict, intact: false, problem: { seq: verdict.head.seq + 1, text } };
  } finally {
    db.exec('COMMIT');
  }
}

/** What the newest note about removed links says; null when none were removed, or no note tells. */
function jointOf(db: DatabaseSync): Head | null {
  const first = db.prepare('SELECT min(seq) AS seq FROM link').get() as { seq: number | null };
  if (first.seq === null || first.seq === 1) return null;
  const notes = db.prepare("SELECT seq, body, hash FROM link WHERE phase = 'note' ORDER BY seq DESC").iterate();
  for (const row of notes as Iterable<unknown>) {
    const note = noteOf(row as LinkRow);
    if (note?.note === 'prune') return { seq: note.first!, hash: note.firstHash! };
  }
  return null;
}

function noteOf(row: LinkRow): JournalNote | null {
  try {
    return recordOf(row) as JournalNote;
  } catch {
    return null;
  }
}

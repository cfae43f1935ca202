import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { JournalError } from './error.ts';
import type { JournalQuery, JournalRecord } from './journal.ts';
import { DEFAULT_LAST } from './matches.ts';

const ACTOR = "body ->> '$.origin.actor";

/** A row of the table `link`. */
export interface LinkRow {
  readonly seq: number;
  readonly date: number;
  readonly phase: string;
  readonly attempt: number | null;
  readonly target: string;
  readonly operation: string | null;
  readonly object: string;
  readonly body: string;
  readonly hash: string;
}

/** A stored link as it is given out. Throws JournalError `damaged` when its text is not what was written. */
export function recordOf({ seq, body, hash }: Pick<LinkRow, 'seq' | 'body' | 'hash'>): JournalRecord {
  try {
    return { ...JSON.parse(body), hash };
  } catch {
    throw new JournalError('damaged', `entry ${seq} of the journal cannot be read; see: sluice audit verify`);
  }
}

/** The newest entries that fulfil a query, oldest first. */
export function entryRows(db: DatabaseSync, query: JournalQuery): LinkRow[] {
  const { text, values } = conditions(query);
  const statement = db.prepare(
    `SELECT seq, body, hash FROM link WHERE phase <> 'note'${text} ORDER BY seq DESC LIMIT ?`,
  );
  return (statement.all(...values, query.last ?? DEFAULT_LAST) as unknown as LinkRow[]).reverse();
}

/** Rows that are read at once: between two pages nothing is held, so that a slow reader does not keep the log of the database from being emptied. */
const PAGE = 1000;

/** All records from the oldest on that fulfil a query, notes too when nothing but dates is asked for. */
export function* recordsOf(db: DatabaseSync, query: JournalQuery): Generator<JournalRecord> {
  const { text, values } = conditions(query);
  const asked = query.operation ?? query.object ?? query.target ?? query.phase ?? query.actor;
  const where = `${asked === undefined ? '1' : "phase <> 'note'"}${text}`;
  let after = query.last === undefined ? 0 : beforeNewest(db, where, values, query.last);
  const page = db.prepare(`SELECT seq, body, hash FROM link WHERE ${where} AND seq > ? ORDER BY seq LIMIT ${PAGE}`);
  for (;;) {
    const rows = page.all(...values, after) as unknown as LinkRow[];
    for (const row of rows) yield recordOf(row);
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.seq;
  }
}

/** The number before the first of the newest `many` that fulfil a condition. */
function beforeNewest(db: DatabaseSync, where: string, values: SQLInputValue[], many: number): number {
  const newest = `SELECT seq FROM link WHERE ${where} ORDER BY seq DESC LIMIT ?`;
  const row = db.prepare(`SELECT min(seq) AS first FROM (${newest})`).get(...values, many);
  return ((row?.['first'] as number | null | undefined) ?? 1) - 1;
}

/** A query in SQL: conditions that begin with AND, and their values. The same as `matches`. */
function conditions(query: JournalQuery): { text: string; values: SQLInputValue[] } {
  const { operation, object, target, phase, actor, since, until, before } = query;
  const parts: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (condition: string, ...given: (SQLInputValue | undefined)[]): void => {
    if (given.includes(undefined)) return;
    parts.push(` AND ${condition}`);
    values.push(...(given as SQLInputValue[]));
  };
  add('operation = ?', operation);
  // '0' is the character after '/'.
  if (object !== undefined) add('(object = ? OR object > ? AND object < ?)', object, `${object}/`, `${object}0`);
  add('target = ?', target);
  add('phase = ?', phase);
  add(`CASE WHEN json_valid(body) THEN ? IN (${ACTOR}.name', ${ACTOR}.sudoUser') END`, actor);
  add('date >= ?', since);
  add('date < ?', until);
  add('seq < ?', before);
  if (query.answered === false)
    add("(phase <> 'attempt' OR NOT EXISTS (SELECT 1 FROM link AS later WHERE later.attempt = link.seq))");
  return { text: parts.join(''), values };
}

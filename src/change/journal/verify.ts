import type { JournalRecord } from './journal.ts';
import { type Head, linkHash, NO_HEAD } from './links.ts';
import { objectOf } from './object-of.ts';
import { type LinkRow, recordOf } from './queries.ts';

/** A head that the chain must reach, and where it was kept. */
export interface KnownHead extends Head {
  /** `file /var/lib/sluice/journal.db.head`, `--head`. */
  readonly from: string;
}

/** What a look at the whole chain found. */
export interface Verdict {
  readonly intact: boolean;
  /** Links that are there; the first one's number (0: none), and the last one. */
  readonly links: number;
  readonly first: number;
  readonly head: Head;
  /** The first number that is wrong, and why; null when the chain is intact. */
  readonly problem: { readonly seq: number; readonly text: string } | null;
}

/** Where the first link that is kept joins the pruned ones: number of that link, hash before it. */
export type Joint = Head;

/**
 * Looks at all links, in the order of their numbers. `joint`: what the chain's own note says about the links before the first one, which
 * the retention limit removed; null when there is no such note. Finds links that were edited, removed, added or moved, and a chain that
 * does not reach one of `heads`.
 */
export function verifyChain(rows: Iterable<LinkRow>, joint: Joint | null, heads: readonly KnownHead[]): Verdict {
  let head: Head = NO_HEAD;
  let first = 0;
  let links = 0;
  const passed = new Map<number, string>();
  const wanted = new Set(heads.map(({ seq }) => seq));
  const verdict = (problem: Verdict['problem']): Verdict => ({ intact: problem === null, links, first, head, problem });
  for (const row of rows) {
    if (first === 0) {
      first = row.seq;
      if (row.seq > 1) {
        if (joint?.seq !== row.seq)
          return verdict({ seq: 1, text: `${missing(1, row.seq - 1)}: no note of the chain says why` });
        head = { seq: row.seq - 1, hash: joint.hash };
        passed.set(head.seq, head.hash);
      }
    }
    const text = linkProblem(row, head);
    if (text !== null) return verdict({ seq: Math.min(row.seq, head.seq + 1), text });
    links++;
    head = { seq: row.seq, hash: row.hash };
    if (wanted.has(row.seq)) passed.set(row.seq, row.hash);
  }
  for (const { seq, hash, from } of heads) {
    if (seq > head.seq)
      return verdict({ seq: head.seq + 1, text: `${missing(head.seq + 1, seq)}: ${from} tells of them` });
    const found = passed.get(seq);
    if (found !== undefined && found !== hash)
      return verdict({ seq, text: `another chain: ${from} has another hash for ${seq}` });
  }
  return verdict(null);
}

/** What is wrong with a link that is to follow `before`, or null. */
function linkProblem(row: LinkRow, before: Head): string | null {
  if (row.seq !== before.seq + 1) return `${missing(before.seq + 1, row.seq - 1)} from the middle of the chain`;
  if (linkHash(before.hash, row.body) !== row.hash)
    return `entry ${row.seq} is not the one that was recorded, or the one before it is not: the hash does not fit`;
  let record: JournalRecord;
  try {
    record = recordOf(row);
  } catch {
    return `entry ${row.seq} is not JSON`;
  }
  const column = wrongColumn(row, record);
  if (column !== null) return `the column '${column}' of entry ${row.seq} was edited: it is not what the entry says`;
  return record.phase === 'note' && record.note === 'mismatch' ? record.text : null;
}

/** The first column that does not repeat what the body says, or null. */
function wrongColumn(row: LinkRow, record: JournalRecord): string | null {
  const entry = record.phase === 'note' ? null : record;
  const expected: Omit<LinkRow, 'body' | 'hash'> = {
    seq: record.seq,
    date: record.date,
    phase: record.phase,
    attempt: entry?.attempt ?? null,
    target: entry?.target ?? '',
    operation: entry?.origin.operation ?? null,
    object: entry === null ? '' : objectOf(entry.change),
  };
  const names = Object.keys(expected) as (keyof typeof expected)[];
  return names.find((name) => row[name] !== expected[name]) ?? null;
}

function missing(from: number, to: number): string {
  return from === to ? `entry ${from} is missing` : `entries ${from} to ${to} are missing`;
}

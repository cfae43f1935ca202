import { hash as digest } from 'node:crypto';
import type { Change } from '../change.ts';
import { canonicalJson } from './canonical.ts';
import { JournalError } from './error.ts';
import type { Attempt, JournalEntry, JournalNote, OutcomeRecord } from './journal.ts';
import { keptChange } from './kept-change.ts';

/** The end of a chain: what the next link is hashed onto. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

/** Before the first link. */
export const NO_HEAD: Head = { seq: 0, hash: '' };

/** Largest text of a link, bytes: bounds what one record costs to write and read. */
const MAX_BODY = 16 * 1024 * 1024;

/** A link as it is stored: `body` is its canonical JSON without `hash`. */
export interface Link extends Head {
  readonly body: string;
}

/** The hash of a link whose text is `body`, after the link whose hash is `before`. */
export function linkHash(before: string, body: string): string {
  return digest('sha256', `${before}\n${body}`, 'hex');
}

/** The text of a record. Throws JournalError `too-large`. */
export function withinBounds(body: string): string {
  if (body.length > MAX_BODY)
    throw new JournalError('too-large', `record of ${body.length} characters: the journal takes ${MAX_BODY} at most`);
  return body;
}

/** The next link after `head`. Throws JournalError `too-large`. */
export function linkAfter(head: Head, fields: Omit<JournalEntry, 'hash'> | Omit<JournalNote, 'hash'>): Link {
  const body = withinBounds(canonicalJson(fields));
  return { seq: fields.seq, hash: linkHash(head.hash, body), body };
}

/** An attempt as an entry. */
export function attemptEntry(seq: number, date: number, made: Attempt): Omit<JournalEntry, 'hash'> {
  return {
    seq,
    date,
    phase: 'attempt',
    attempt: null,
    target: made.target,
    origin: made.origin,
    change: keptChange(made.change),
    before: made.before,
    after: made.after,
    inverse: null,
    ok: null,
    severity: null,
    text: '',
    duration: null,
  };
}

/** What an outcome repeats of its attempt, so that each can be read alone. */
export type Tried = Pick<JournalEntry, 'target' | 'origin' | 'change'>;

/** An outcome as an entry. */
export function outcomeEntry(
  seq: number,
  date: number,
  { target, origin, change }: Tried,
  made: OutcomeRecord,
): Omit<JournalEntry, 'hash'> {
  const { attempt, before, after, ok, severity, text, duration } = made;
  const inverse: Change | null = made.inverse === null ? null : keptChange(made.inverse);
  return {
    seq,
    date,
    phase: 'outcome',
    attempt,
    target,
    origin,
    change,
    before,
    after,
    inverse,
    ok,
    severity,
    text,
    duration,
  };
}

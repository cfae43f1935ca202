import { shown } from '../../util/shown.ts';
import type { JournalRecord } from './journal.ts';
import { objectOf } from './object-of.ts';
import { textLine } from './text-line.ts';

/** Log audit (RFC 5424, 6.2.1). */
const FACILITY = 13;
const INFO = 6;
const NOTICE = 5;
const WARNING = 4;

/** Longest value of a parameter, characters: a line has to pass through receivers that take 2 KiB (RFC 5424, 6.1) or little more. */
const MAX_VALUE = 200;

/** Who writes the lines. */
export interface Sender {
  readonly host: string;
  readonly pid: number;
}

/**
 * A record as a line of syslog (RFC 5424), without a newline: its facts as structured data (`audit@32473`, the enterprise number that is
 * kept for examples), then the text for people. Attempts are `info`, outcomes `notice`, failures and notes `warning`.
 */
export function syslogLine(record: JournalRecord, { host, pid }: Sender): string {
  const severity = record.phase === 'attempt' ? INFO : record.phase === 'outcome' && record.ok ? NOTICE : WARNING;
  const date = new Date(record.date).toISOString();
  const name = shown(host).replace(/[^!-~]/g, '') || '-';
  const data = Object.entries(facts(record))
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([key, value]) => ` ${key}="${parameter(String(value))}"`);
  return `<${FACILITY * 8 + severity}>1 ${date} ${name} sluice ${pid} ${record.phase} [audit@32473${data.join('')}] ${cut(textLine(record), 800)}`;
}

function facts(record: JournalRecord): Readonly<Record<string, unknown>> {
  const { seq, hash } = record;
  if (record.phase === 'note') return { seq, note: record.note, hash };
  const { origin, change, target, attempt, ok, before, after, duration } = record;
  const { actor, surface, from, level, operation, ticket, reason, title, undoes } = origin;
  return {
    seq,
    attempt,
    kind: change.kind,
    object: objectOf(change),
    target,
    ok,
    actor: actor?.name,
    uid: actor?.uid,
    pid: actor?.pid,
    sudoUser: actor?.sudoUser,
    surface,
    from,
    level,
    operation,
    title,
    ticket,
    reason,
    undoes,
    before,
    after,
    duration,
    hash,
  };
}

/** A value of a parameter: what could end it, or the line, is escaped (RFC 5424, 6.3.3). */
function parameter(value: string): string {
  return shown(cut(value, MAX_VALUE)).replace(/["\]\\]/g, '\\$&');
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}...`;
}

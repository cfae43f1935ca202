import { shown } from '../../util/shown.ts';
import type { Actor, Change, Origin } from '../change.ts';
import type { JournalEntry, JournalRecord } from './journal.ts';
import { objectOf } from './object-of.ts';

/**
 * A record as a line for people, without a newline:
 * `2026-11-21 10:02:03 anna drain be_app/app1: ready -> drain (ticket OPS-1 "canary") ok`. Dates are local.
 */
export function textLine(record: JournalRecord): string {
  const date = dateText(record.date);
  if (record.phase === 'note') return `${date} journal: ${shown(record.text)}`;
  const { origin, change } = record;
  const target = record.target === '' ? '' : ` on ${shown(record.target)}`;
  const move = moveText(record);
  return `${date} ${whoText(origin)} ${whatText(change)}${target}${move === '' ? '' : `: ${move}`}${whyText(origin)} ${endText(record)}`;
}

/** `2026-11-21 10:02:03`, local. */
function dateText(ms: number): string {
  const date = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Who made it: `anna`, `anna as root`, or where it came from. */
function whoText({ actor, from, surface }: Origin): string {
  return shown(actor === undefined ? from || surface : nameText(actor));
}

function nameText({ name, sudoUser }: Actor): string {
  return sudoUser === null || sudoUser === name ? name : `${sudoUser} as ${name}`;
}

/** `drain be_app/app1`, `weight be_app/app1`, `map set /etc/hosts.map`. */
function whatText(change: Change): string {
  const [subject = '', action = ''] = change.kind.split('.');
  const to = (change as { to?: unknown }).to;
  const verb = change.kind === 'server.state' ? String(to) : subject === 'server' ? action : `${subject} ${action}`;
  return shown(`${verb} ${objectOf(change)}`.trim());
}

function moveText({ before, after }: JournalEntry): string {
  if (before === after) return shown(after);
  return `${shown(before) || '(none)'} -> ${shown(after) || '(none)'}`;
}

/** ` (ticket OPS-1 "canary")`, or ''. */
function whyText({ ticket, reason, undoes, surface }: Origin): string {
  const parts: string[] = [];
  if (surface === 'roll-back') parts.push('rolled back');
  if (undoes !== undefined) parts.push(`undoes ${shown(undoes)}`);
  if (ticket !== undefined) parts.push(`ticket ${shown(ticket)}`);
  if (reason !== undefined) parts.push(`"${shown(reason).replaceAll('"', '\\"')}"`);
  return parts.length === 0 ? '' : ` (${parts.join(' ')})`;
}

function endText({ phase, ok, text }: JournalEntry): string {
  if (phase === 'attempt') return 'tried';
  return ok ? 'ok' : `failed: ${shown(text.trim())}`;
}

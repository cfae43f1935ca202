import type { BatchOutcome } from '../../change/apply.ts';
import type { Origin } from '../../change/change.ts';
import type { Conflict } from '../../change/conflicts.ts';
import type { JournalEntry, Lease, Override } from '../../change/journal/journal.ts';
import { objectOf } from '../../change/journal/object-of.ts';
import type { Judged } from '../../change/judge.ts';
import type { Provenance } from '../../change/operations.ts';
import type { PendingRequest } from '../../change/policy/pending.ts';
import { shown } from '../../util/shown.ts';

const UNITS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
];

/** `3 h`, `40 s`. */
function duration(ms: number): string {
  const rounded = Math.max(0, Math.round(ms / 1000)) * 1000;
  const [size, unit] = UNITS.find(([least]) => rounded >= least) ?? [1000, 's'];
  return `${Math.round(rounded / size)} ${unit}`;
}

/** Who it was: the account behind sudo, else the account, else the surface. */
function who({ actor, surface }: Origin): string {
  return shown(actor?.sudoUser ?? actor?.name ?? surface);
}

/** `anna, 3 h ago, "canary"` */
function byWhom(origin: Origin, date: number, now: number): string {
  const reason = [origin.ticket, origin.reason].filter(Boolean).join(' ');
  return [who(origin), `${duration(now - date)} ago`, ...(reason === '' ? [] : [`"${shown(reason)}"`])].join(', ');
}

/** `server be_app/app1 weight 20 (override by anna, 3 h ago, "canary"; file says 100; ends in 20 min)` */
export function overrideLine(override: Override, now: number): string {
  return `${override.key} ${overrideText(override, now)}\n`;
}

function overrideText({ value, file, origin, date, until }: Override, now: number): string {
  const end = until === null ? '' : `; ends in ${duration(until - now)}`;
  return `${shown(value)} (override by ${byWhom(origin, date, now)}; file says ${shown(file)}${end})`;
}

/** `weight 20 (override by ...)`, `weight 100 (file)`, `state drain (live; file says ready)`. */
export function provenanceLine({ attribute, live, file, same, override }: Provenance, now: number): string {
  if (override) return `${attribute} ${overrideText({ ...override, value: live, file }, now)}\n`;
  return `${attribute} ${shown(live)} (${same ? 'file' : `live; file says ${shown(file)}`})\n`;
}

export function leaseLine({ id, kind, until, date, origin }: Lease, now: number): string {
  const end = kind === 'expire' ? 'taken back' : 'taken back unless confirmed';
  const title = origin.title === undefined ? '' : ` ${shown(origin.title)}`;
  return `${id}${title} (by ${byWhom(origin, date, now)}; ${end} in ${duration(until - now)})\n`;
}

/** `op-... drain be_app/app1 (by anna, 3 min ago, "canary"; waits 57 min more): server.state be_app/app1` */
export function requestLine({ operation, origin, changes, date, until }: PendingRequest, now: number): string {
  const title = origin.title === undefined ? '' : ` ${shown(origin.title)}`;
  const list = changes.map((change) => [change.kind, shown(objectOf(change))].filter(Boolean).join(' ')).join(', ');
  return `${operation}${title} (by ${byWhom(origin, date, now)}; waits ${duration(until - now)} more): ${list}\n`;
}

export function conflictLine({ date, kind, text }: Conflict, now: number): string {
  return `${kind}: ${shown(text)} (${duration(now - date)} ago)\n`;
}

/** `12 op-... ok server.weight be_app/app1: 100 -> 20 (anna, 3 h ago, "canary")` */
export function entryLine(entry: JournalEntry, now: number): string {
  const { seq, origin, ok, text, date } = entry;
  const result = ok === null ? 'tried' : ok ? 'ok' : 'refused';
  const undoes = origin.undoes === undefined ? '' : `, undoes ${origin.undoes}`;
  const why = ok === false ? ` ${shown(text)}` : '';
  return `${seq} ${origin.operation ?? '-'} ${result} ${what(entry)}${why} (${byWhom(origin, date, now)}${undoes})\n`;
}

function what({ change, before, after }: Pick<Judged, 'change' | 'before' | 'after'>): string {
  const subject = [change.kind, shown(objectOf(change))].filter(Boolean).join(' ');
  return before === '' && after === '' ? `${subject}:` : `${subject}: ${shown(before)} -> ${shown(after)}`;
}

/** `1 server.weight be_app/app1: 100 -> 20 (live)`, with what is wrong and what is to be known below. */
export function judgedLines(judged: Judged, position: number): string {
  const { problems, warnings, effect } = judged;
  return [
    `${position + 1} ${what(judged)}${problems.length > 0 ? '' : ` (${effect})`}\n`,
    ...problems.map(({ text }) => `  problem: ${shown(text)}\n`),
    ...warnings.map((text) => `  warning: ${shown(text)}\n`),
  ].join('');
}

/** What became of an operation, in one line, with what its Changes had to say below. */
export function outcomeText({ ok, operation, judged, outcomes, failedAt, warnings, lease }: BatchOutcome): string {
  const told = warnings.map((text) => `warning: ${shown(text)}\n`).join('');
  if (!ok) {
    const { change } = judged[failedAt]!;
    const where =
      judged.length > 1
        ? `, change ${failedAt + 1} (${[change.kind, objectOf(change)].filter(Boolean).join(' ')})`
        : '';
    return `Nothing was changed${shown(where)}: ${shown(outcomes[failedAt]!.text)}\n${told}`;
  }
  const end =
    lease === null
      ? ''
      : `, taken back in ${duration(lease.until - lease.date)}${lease.kind === 'confirm' ? ' unless confirmed' : ''}`;
  const count = judged.length === 1 ? '1 change' : `${judged.length} changes`;
  return `${operation}: ${count} made${end}\n${told}`;
}

import type { Origin } from '../../change/change.ts';
import type { JournalEntry } from '../../change/journal/journal.ts';
import { objectOf } from '../../change/journal/object-of.ts';

/** A row of the history: when, who, what, from what to what, why, id. */
export function entryRow({ date, origin, change, before, after, ok, text }: JournalEntry): string[] {
  const object = `${objectOf(change)} ${change.kind.slice(change.kind.indexOf('.') + 1)}`.trim();
  const what = ok === false ? `refused: ${text.split('\n', 1)[0]}` : `${before} -> ${after}`;
  return [dateText(date), whoText(origin), object, what, whyText(origin), origin.operation ?? ''];
}

/** Who it was: the account behind sudo, else the account, else the surface. */
export function whoText({ actor, surface }: Origin): string {
  return actor?.sudoUser ?? actor?.name ?? surface;
}

/** Ticket, reason, and what it takes back. */
export function whyText({ reason, ticket, undoes }: Origin): string {
  return [ticket, reason, undoes === undefined ? undefined : `undoes ${undoes}`]
    .filter((part) => part !== undefined && part !== '')
    .join('; ');
}

/** `2026-11-21 09:30:05`, of this machine's time zone. */
export function dateText(date: number): string {
  const local = new Date(date - new Date(date).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace('T', ' ');
}

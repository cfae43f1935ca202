import type { Change, ChangeOf, Origin } from '../../change/change.ts';
import type { Override, StateEffect } from '../../change/journal/journal.ts';
import type { Made } from '../../change/remote/make.ts';
import { CONTENT } from '../../change/remote/row.ts';
import type { Meta } from '../target.ts';

/** Overrides in force on a target, by key; `overrideEffects` keeps them up to date. */
export type Overrides = Map<string, Override>;

/**
 * What a Change that was made does to the overrides of its target: it puts one in force over what the file says, or drops it when the value is the
 * file's again. What the file says is what HAProxy tells of it, else what was there before the first override.
 */
export function overrideEffects(
  known: Overrides,
  target: string,
  origin: Origin,
  change: Change,
  made: Made,
  meta: Meta,
): StateEffect[] {
  if (!made.outcome.ok) return [];
  if (change.kind === 'server.del') return forget(known, target, `${change.backend}/${change.server}`);
  if (change.kind === 'table.clear') return forgetEntries(known, target, change);
  if (made.durable === null) return [];
  const { object, attribute, file: told } = made.durable;
  const key = `${change.kind.slice(0, change.kind.indexOf('.'))} ${object} ${attribute}`;
  // With single edits before it, what the file says as a whole is not known: '' is put in force again whatever the file says.
  const isEdited = attribute === CONTENT && [...known.values()].some((one) => one.object === object && one.key !== key);
  const file = told || known.get(key)?.file || (isEdited ? '' : made.before);
  // What stood before the whole was replaced is gone with it; an agent puts it in force again, whole first.
  const gone = attribute === CONTENT && origin.surface !== 'agent' ? forget(known, target, object) : [];
  if (made.after === file) return known.delete(key) ? [...gone, { drop: 'override', target, key }] : gone;
  const date = Date.now();
  const until = meta.for === undefined ? null : date + meta.for;
  const again = made.durable.make?.(file) ?? change;
  const override = { target, key, object, attribute, change: again, value: made.after, file, origin, date, until };
  known.set(key, override);
  return [...gone, { put: 'override', override }];
}

/** What was set of entries of a stick table that are cleared; which ones a condition fits is not known. */
function forgetEntries(
  known: Overrides,
  target: string,
  { table, key, where }: ChangeOf<'table.clear'>,
): StateEffect[] {
  if (where !== undefined) return [];
  const isOf = ({ change }: Override) =>
    change.kind === 'table.set' && change.table === table && (key === null || change.key === key);
  const keys = [...known.values()].filter(isOf).map((override) => override.key);
  for (const one of keys) known.delete(one);
  return keys.map((one) => ({ drop: 'override', target, key: one }));
}

function forget(known: Overrides, target: string, object: string): StateEffect[] {
  const keys = [...known.values()].filter((override) => override.object === object).map(({ key }) => key);
  for (const key of keys) known.delete(key);
  return keys.map((key) => ({ drop: 'override', target, key }));
}

import type { Change, Origin } from '../../change/change.ts';
import type { StateEffect } from '../../change/journal/journal.ts';
import type { Made } from '../../change/remote/make.ts';
import type { Meta } from '../target.ts';
import type { Desk } from './haproxy-desk.ts';

/**
 * What a Change that was made does to the overrides of its target: it puts one in force over what the file says, or drops it when the value is the
 * file's again. What the file says is what HAProxy tells of it, else what was there before the first override.
 */
export async function overrideEffects(
  desk: Desk,
  origin: Origin,
  change: Change,
  made: Made,
  meta: Meta,
): Promise<StateEffect[]> {
  if (!made.outcome.ok) return [];
  if (change.kind === 'server.del') return forgetServer(desk, `${change.backend}/${change.server}`);
  if (made.durable === null) return [];
  const { object, attribute, file: told } = made.durable;
  const { target } = desk;
  const key = `${change.kind.slice(0, change.kind.indexOf('.'))} ${object} ${attribute}`;
  const known = (await desk.journal.overrides(target)).find((override) => override.key === key);
  const file = told || known?.file || made.before;
  if (made.after === file) return known ? [{ drop: 'override', target, key }] : [];
  const date = Date.now();
  const until = meta.for === undefined ? null : date + meta.for;
  const override = { target, key, object, attribute, change, value: made.after, file, origin, date, until };
  return [{ put: 'override', override }];
}

async function forgetServer({ journal, target }: Desk, object: string): Promise<StateEffect[]> {
  const own = (await journal.overrides(target)).filter((override) => override.object === object);
  return own.map(({ key }) => ({ drop: 'override', target, key }));
}

import type { Edit } from '../../config/edit/edit.ts';
import type { Files } from '../../config/edit/places.ts';
import type { Change } from '../change.ts';
import type { Keeping, KeptRow } from '../kept.ts';

/** A Change that is kept by edits of the configuration. */
export function edited(...edits: Edit[]): Keeping {
  return { in: 'configuration', edits, notes: [] };
}

/** A Change that cannot be written although its kind can. */
export function notKept(text: string): Keeping {
  return { in: 'no file', problem: { at: null, text } };
}

/** A row of the configuration. `how` says what is written. */
export function inConfiguration<C extends Change>(
  how: string,
  keep: (change: C, files: Files, running: Files) => Keeping,
): KeptRow<C> {
  return { where: 'configuration', how, keep };
}

/** A row of what no file has. `why` is said to operators. */
export function inMemory(why: string): KeptRow<Change> {
  return { where: 'memory', how: why, keep: () => ({ in: 'memory', why }) };
}

/** A row of what is over when it is done. */
export function onceOnly(why: string): KeptRow<Change> {
  return { where: 'nothing to keep', how: why, keep: () => ({ in: 'nothing to keep', why }) };
}

import { isAbsolute } from 'node:path';
import type { Change, ChangeOf } from '../../../change/change.ts';
import type { Override } from '../../../change/journal/journal.ts';
import type { Document } from '../../../config/document.ts';
import type { Target } from '../../target.ts';
import type { Drafts } from './drafts.ts';
import { isOwnWriting } from './written.ts';

/** An override that is to be kept in a file of its own. */
export interface Item<C extends Change = Change> {
  readonly override: Override;
  /** What it makes again, with everything in it. */
  readonly change: C;
  readonly around: Around;
}

/** What all of them are kept with. */
export interface Around {
  readonly target: Target;
  readonly drafts: Drafts;
  readonly documents: readonly Document[];
  /** When the process began that has read the files, ms since the epoch. */
  readonly startedAt: number;
  /** Tells operators of what will be done. */
  note(text: string): void;
}

export type ItemOf<K extends Change['kind']> = Item<ChangeOf<K>>;

/** Why a file of this name cannot be found from here; null when it can. */
export function unnamed(file: string): string | null {
  return isAbsolute(file) ? null : `'${file}' is not named by its whole path`;
}

/**
 * Why a file is no longer as the load balancer has read it, or null. `said`: what it says now, in the words of overrides: what one knows of the
 * file is compared with that, else the date of the file counts.
 */
export function changedSince({ override, around }: Item, file: string, said: string | null): string | null {
  const known = override.file !== '' && override.file !== '(not told)' && said !== null;
  if (!known) return changedByDate(file, around);
  return said === override.file || isOwnWriting(file, around.drafts.onDisk(file)) ? null : changedText(file);
}

/** The same where nothing but the date of the file tells. */
export function changedByDate(file: string, { drafts, startedAt }: Around): string | null {
  return drafts.changed(file) <= startedAt || isOwnWriting(file, drafts.onDisk(file)) ? null : changedText(file);
}

function changedText(file: string): string {
  return `${file} was changed on the disk since it was read; it is left as it is`;
}

import type { Document } from '../config/document.ts';
import { applyEdits, type EditedLine } from '../config/edit/apply-edits.ts';
import { problemText } from '../config/edit/edit.ts';
import type { Change } from './change.ts';
import { editsFor, type Keeping } from './kept.ts';

/** What became of Changes that were to be kept. */
export interface KeptChanges {
  /** The files with all edits that could be made; those without one are the same objects. */
  readonly documents: readonly Document[];
  readonly lines: readonly EditedLine[];
  /** What operators should know of what was written. */
  readonly notes: readonly string[];
  /** Changes that are kept in other files. */
  readonly elsewhere: readonly {
    readonly change: Change;
    readonly keeping: Extract<Keeping, { readonly file: unknown }>;
  }[];
  /** Changes that are not kept, and why: what no file has, and what these files cannot have as they are. */
  readonly left: readonly { readonly change: Change; readonly why: string; readonly failed: boolean }[];
}

/**
 * Works the edits of Changes into the files, one Change after the other, as they were made. One that cannot be kept does not hinder
 * the others. `running`: the files as the process has read them, where they are others by now.
 */
export function keepChanges(
  changes: readonly Change[],
  documents: readonly Document[],
  running = documents,
): KeptChanges {
  let current = documents;
  const lines: EditedLine[] = [];
  const notes: string[] = [];
  const elsewhere: KeptChanges['elsewhere'][number][] = [];
  const left: KeptChanges['left'][number][] = [];
  for (const change of changes) {
    const keeping = editsFor(change, current, running);
    if ('file' in keeping) elsewhere.push({ change, keeping });
    else if (keeping.in === 'no file') left.push({ change, why: problemText(keeping.problem), failed: true });
    else if (keeping.in !== 'configuration') left.push({ change, why: keeping.why, failed: false });
    else {
      const result = applyEdits(current, keeping.edits);
      if ('problems' in result) left.push({ change, why: result.problems.map(problemText).join('; '), failed: true });
      else {
        current = result.documents;
        lines.push(...result.lines);
        notes.push(...keeping.notes);
      }
    }
  }
  return { documents: current, lines, notes, elsewhere, left };
}

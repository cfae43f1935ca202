import type { Change } from '../../../src/change/change.ts';
import type { KeptChanges } from '../../../src/change/keep-changes.ts';
import type { Document } from '../../../src/config/document.ts';
import { differenceText } from '../../config/edit/outcome.ts';

/** A Change a line, as JSON. */
export function changesOf(script: string): Change[] {
  return script
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Change);
}

/** What keeping Changes came to: the lines that differ, then what is to be known, what goes elsewhere, and what is left. */
export function keptText(before: readonly Document[], kept: KeptChanges): string {
  const notes = kept.notes.map((note) => `note: ${note}\n`);
  const elsewhere = kept.elsewhere.map(
    ({ change, keeping }) => `${change.kind}: ${keeping.in} ${keeping.file ?? ''}\n`,
  );
  const left = kept.left.map(
    ({ change, why, failed }) => `${change.kind}: ${failed ? 'failed' : 'not kept'}: ${why}\n`,
  );
  return differenceText(before, kept.documents) + [...notes, ...elsewhere, ...left].join('');
}

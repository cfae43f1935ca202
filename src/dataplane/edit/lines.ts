/** Lines put into documents, taken out, and written anew. */

import { endsOpen, usualIndent } from '../../config/edit/places.ts';
import type { Documents, Found } from './sections.ts';

/** `remove` lines from index `at` on give way to these. */
export interface LineSplice {
  readonly document: number;
  readonly at: number;
  readonly remove: number;
  readonly insert: readonly string[];
}

/** Documents with all splices made; none may be inside another. Those at one place are put in their order. */
export function spliced(documents: Documents, splices: readonly LineSplice[]): Documents {
  const later = [...splices.entries()].sort(([i, a], [j, b]) => b.at - a.at || j - i).map(([, splice]) => splice);
  return later.reduce<Documents>(
    (current, { document, at, remove, insert }) =>
      remove === 0 && insert.length === 0
        ? current
        : current.with(document, current[document]!.spliced(at, remove, insert)),
    documents,
  );
}

/** The indentation of a new statement of a section: that of its other statements. */
export function indentIn(documents: Documents, { place }: Found): string {
  const document = documents[place.document]!;
  const own = document.lines.slice(place.section.start + 1, place.section.end).find(({ words }) => words.length > 0);
  return own?.indent || usualIndent(document);
}

/** Where a statement begins with the comments that are written above it. */
export function leadOf(documents: Documents, { place }: Found, index: number): number {
  const { lines } = documents[place.document]!;
  let at = index;
  while (at - 1 > place.section.start && lines[at - 1]!.words.length === 0 && lines[at - 1]!.raw.trim() !== '') at--;
  return at;
}

/** Whether something put behind the line would be part of it: it ends with a backslash. */
export function isOpen(documents: Documents, document: number, index: number): boolean {
  const line = documents[document]!.lines[index];
  return line !== undefined && endsOpen(line);
}

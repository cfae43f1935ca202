/** What `-dC` and `-dL` print. */
import type { Document } from '../config/document.ts';

/** A configuration file without comments, sections at the margin and their lines indented by a tab. */
export function normalised(document: Document): string {
  const titles = new Set(document.sections().map(({ start }) => start));
  const lines = document.lines.flatMap(({ words, raw, indent, comment }, index) => {
    if (words.length === 0) return [];
    const text = raw.slice(indent.length, raw.length - comment.length).trimEnd();
    return [`${titles.has(index) ? '' : '\t'}${text}\n`];
  });
  return lines.join('');
}

/** Files of the program that are loaded: the executable and its libraries, one a line. */
export function libraries(): string {
  Object.assign(process.report, { excludeNetwork: true }); // It would look up names.

  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] };
  return `# List of loaded object files:\n${sharedObjects.map((path) => `${path}\n`).join('')}`;
}

import { isAbsolute } from 'node:path';
import type { KeptChanges } from '../../change/keep-changes.ts';
import { editPatternFile } from '../../change/kept/pattern-file.ts';
import { parseDocument } from '../../config/document.ts';
import { readFiles } from './files.ts';
import { lineDifference } from './line-difference.ts';
import type { Rewrite } from './steps.ts';

/**
 * What is kept in files of maps and ACLs as edits of them. What cannot be written stays among what is kept elsewhere: a file that is not named by its whole
 * path, or cannot be read, and entries that are kept apart.
 */
export async function patternFiles(
  kept: KeptChanges,
): Promise<{ readonly kept: KeptChanges; readonly rewrites: readonly Rewrite[] }> {
  const inFile = kept.elsewhere.filter(({ keeping: { in: where, file } }) => isPatternFile(where) && file !== null);
  const rewrites: Rewrite[] = [];
  const lines = [...kept.lines];
  const written = new Set<string>();
  for (const [file, all] of Map.groupBy(inFile, ({ keeping }) => keeping.file!)) {
    const [source] = isAbsolute(file) ? await readFiles([file]).catch(() => []) : [];
    if (source === undefined) continue;
    const changes = all.map(({ change }) => change);
    const text = editPatternFile(source.document.print(), changes);
    if (text === null) continue;
    written.add(file);
    rewrites.push({ source, document: parseDocument(source.document.name, text) });
    lines.push(...lineDifference(file, source.document.print(), text));
  }
  const elsewhere = kept.elsewhere.filter(
    ({ keeping }) => !(isPatternFile(keeping.in) && written.has(keeping.file ?? '')),
  );
  return { kept: { ...kept, lines, elsewhere }, rewrites };
}

function isPatternFile(where: string): boolean {
  return where === 'map file' || where === 'ACL file';
}

/**
 * Writes what the golden cases of edits expect (test/config/edit/*.case), from what the program does now: for a new case, or where
 * behaviour changed on purpose. Read what it wrote before it is committed. Arguments: files, default all.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from '../src/config/document.ts';
import { applyEdits } from '../src/config/edit/apply-edits.ts';
import { problemText } from '../src/config/edit/edit.ts';
import { readSource, writeSources } from '../src/config/edit/write.ts';
import { outcomeText } from '../test/config/edit/outcome.ts';
import { editsOf } from '../test/config/edit/script.ts';
import { filesOfCase, type GoldenCase, readGoldenCase, withPart } from '../test/config/golden.ts';

const root = join(import.meta.dirname, '..');
const given = process.argv.slice(2);

for (const file of given.length > 0 ? given : globSync(`${root}/test/config/edit/*.case`).sort()) {
  const golden = readGoldenCase(file);
  const files = filesOfCase(golden);
  if (files === null) {
    console.error(`${file}: a file that it needs is not on this machine; left as it was`);
    continue;
  }
  const documents = files.map(({ name, text }) => parseDocument(name, text));
  await record(golden, 'outcome', outcomeText(documents, applyEdits(documents, editsOf(golden.part('edits')))));
}

async function record(golden: GoldenCase, head: string, text: string): Promise<void> {
  const source = await readSource(golden.file);
  if ('text' in source) throw new Error(problemText(source));
  const document = parseDocument(golden.file, withPart(golden, head, text));
  const written = await writeSources([{ source, document }], { backup: 'none', now: new Date() });
  if ('text' in written) throw new Error(problemText(written));
}

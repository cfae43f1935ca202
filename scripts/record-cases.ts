/**
 * Writes what the golden cases of edits, differences and kept changes expect, from what the program does now: for a new case, or where
 * behaviour changed on purpose. Read what it wrote before it is committed. Arguments: files, default all.
 */
import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { keepChanges } from '../src/change/keep-changes.ts';
import { planChanges } from '../src/config/diff/plan-changes.ts';
import { planText } from '../src/config/diff/text.ts';
import { type Document, parseDocument } from '../src/config/document.ts';
import { applyEdits } from '../src/config/edit/apply-edits.ts';
import { problemText } from '../src/config/edit/edit.ts';
import { readSources } from '../src/config/edit/source.ts';
import { writeSources } from '../src/config/edit/write.ts';
import { changesOf, keptText } from '../test/change/kept/outcome.ts';
import { sidesOfCase } from '../test/config/diff/sides.ts';
import { outcomeText } from '../test/config/edit/outcome.ts';
import { editsOf } from '../test/config/edit/script.ts';
import { filesOfCase, type GoldenCase, readGoldenCase, withPart } from '../test/config/golden.ts';

const root = join(import.meta.dirname, '..');
const given = process.argv.slice(2);

/** Folder of cases -> the text of `=== outcome` for one of them. */
const OUTCOMES: Readonly<Record<string, (documents: readonly Document[], golden: GoldenCase) => string>> = {
  'test/config/edit': (documents, golden) =>
    outcomeText(documents, applyEdits(documents, editsOf(golden.part('edits')))),
  'test/config/diff': (_documents, golden) => planText(planChanges(...sidesOfCase(golden))),
  'test/change/kept': (documents, golden) =>
    keptText(documents, keepChanges(changesOf(golden.part('changes')), documents)),
};

for (const [folder, outcome] of Object.entries(OUTCOMES)) {
  for (const file of globSync(`${root}/${folder}/*.case`).sort()) {
    if (given.length > 0 && !given.some((one) => resolve(one) === file)) continue;
    const golden = readGoldenCase(file);
    const files = filesOfCase(golden);
    if (files === null) console.error(`${file}: a file that it needs is not on this machine; left as it was`);
    else
      await record(
        golden,
        'outcome',
        outcome(
          files.map(({ name, text }) => parseDocument(name, text)),
          golden,
        ),
      );
  }
}

async function record(golden: GoldenCase, head: string, text: string): Promise<void> {
  const sources = await readSources([golden.file]);
  if ('text' in sources) throw new Error(problemText(sources));
  const source = sources[0]!;
  const document = parseDocument(golden.file, withPart(golden, head, text));
  const written = await writeSources([{ source, document }], { backup: 'none', now: new Date() });
  if ('text' in written) throw new Error(problemText(written));
}

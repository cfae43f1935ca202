import type { PlanOptions } from '../../../src/config/diff/difference.ts';
import { type Document, parseDocument } from '../../../src/config/document.ts';
import { applyEdits } from '../../../src/config/edit/apply-edits.ts';
import { editsOf } from '../edit/script.ts';
import { filesOfCase, type GoldenCase } from '../golden.ts';

/** The two configurations of a golden case, and for what they are compared. */
export function sidesOfCase(golden: GoldenCase): [readonly Document[], readonly Document[], PlanOptions] {
  const [before, after] = ['old ', 'new '].map((prefix) =>
    filesOfCase(golden, prefix)!.map(({ name, text }) => parseDocument(name, text)),
  );
  const edited = applyEdits(before!, editsOf(golden.part('edits')));
  if ('problems' in edited) throw new Error(edited.problems.map(({ text }) => text).join('\n'));
  const on = golden.parts.some(({ head }) => head === 'on haproxy') ? 'haproxy' : 'sluice';
  return [before!, after!.length > 0 ? after! : edited.documents, { on }];
}

import { objectOf } from '../../change/journal/object-of.ts';
import { type KeptChanges, keepChanges } from '../../change/keep-changes.ts';
import { planChanges } from '../../config/diff/plan-changes.ts';
import { planText } from '../../config/diff/text.ts';
import { parseDocument } from '../../config/document.ts';
import { shown } from '../../util/shown.ts';
import { OperationError } from '../errors.ts';
import type { Plan, Situation, Step, View } from '../operation.ts';
import { count } from '../text.ts';
import { installationOf, readFiles } from './files.ts';
import { patternFiles } from './pattern-files.ts';
import { checkStep, type Rewrite, reloadStep, writeStep } from './steps.ts';

/** The lines that `save` would write. */
export async function showKept(situation: Situation): Promise<View> {
  const { kept } = await toKeep(situation);
  const lines = [...diffLines(kept), ...restLines(kept)];
  return { records: kept.lines.map((line) => ({ type: 'line', ...line })), lines: lines.map(shown) };
}

/** Writes what is set into the files. */
export async function planSave(situation: Situation): Promise<Plan> {
  const { kept, rewrites } = await toKeep(situation);
  const notes = [...diffLines(kept), ...restLines(kept)];
  if (rewrites.length === 0)
    return { steps: [], notes: notes.length > 0 ? notes : ['nothing is set that the files do not say'] };
  const installation = await installationOf(situation.target);
  return { steps: [writeStep(rewrites), checkStep(installation)], notes };
}

/** What it takes to get to other files. */
export async function showPlan(files: readonly string[], situation: Situation): Promise<View> {
  const { difference } = await compared(situation, files);
  const records = difference.differences.map((one) => ({ type: 'difference', ...one }));
  return {
    records: [...records, { type: 'plan', effect: difference.effect }],
    lines: planText(difference).trimEnd().split('\n').map(shown),
  };
}

/** Puts other files in force. */
export async function planApply(files: readonly string[], situation: Situation): Promise<Plan> {
  const { difference, rewrites } = await compared(situation, files);
  const notes = planText(difference).trimEnd().split('\n');
  if (rewrites.length === 0) return { steps: [], notes };
  if (difference.effect === 'restart')
    throw new OperationError('refused', `this needs a restart:\n${planText(difference).trimEnd()}`);
  const installation = await installationOf(situation.target);
  const steps: Step[] = [checkStep(installation, files), writeStep(rewrites)];
  if (difference.effect === 'live') steps.push({ do: 'change', changes: difference.changes });
  if (difference.effect === 'reload') steps.push(reloadStep(situation.target, installation));
  return { steps, notes: difference.effect === 'reload' ? [...notes, ...(await lostNotes(situation))] : notes };
}

/** Puts the files as they are now in force. */
export async function planReload(situation: Situation): Promise<Plan> {
  const installation = await installationOf(situation.target);
  const steps = [checkStep(installation), reloadStep(situation.target, installation)];
  return { steps, notes: await lostNotes(situation) };
}

/** What the overrides in force come to in the files. */
async function toKeep({ target }: Situation): Promise<{ kept: KeptChanges; rewrites: readonly Rewrite[] }> {
  const { files } = await installationOf(target);
  const sources = await readFiles(files);
  const overrides = await target.ledger.overrides();
  const documents = sources.map(({ document }) => document);
  const kept = keepChanges(
    overrides.map(({ change }) => change),
    documents,
  );
  const patterns = await patternFiles(kept);
  const own = sources.map((source, i) => ({ source, document: kept.documents[i]! }));
  return { kept: patterns.kept, rewrites: rewritesOf([...own, ...patterns.rewrites]) };
}

function rewritesOf(pairs: readonly Rewrite[]): readonly Rewrite[] {
  return pairs.filter(({ source, document }) => source.document.print() !== document.print());
}

function diffLines({ lines }: KeptChanges): string[] {
  return lines.flatMap(({ file, line, before, after }) => [
    `${file}:${line}`,
    ...(before === null ? [] : [`- ${before.trim()}`]),
    ...(after === null ? [] : [`+ ${after.trim()}`]),
  ]);
}

/** What is not written, and why. */
function restLines({ notes, elsewhere, left }: KeptChanges): string[] {
  return [
    ...notes,
    ...elsewhere.map(
      ({ change, keeping }) =>
        `${change.kind} ${objectOf(change)} is kept in a ${keeping.in}: ${keeping.file ?? 'not known'}`,
    ),
    ...left.map(({ change, why }) => `${change.kind} ${objectOf(change)} is not kept: ${why}`),
  ];
}

async function compared({ target }: Situation, paths: readonly string[]) {
  const { files } = await installationOf(target);
  const [sources, others] = [await readFiles(files), await readFiles(paths)];
  if (sources.length !== others.length)
    throw new OperationError(
      'usage',
      `${count(others.length, 'file')} cannot take the place of ${sources.length}: ${files.join(', ')}`,
    );
  // As they will be when they are in place.
  const documents = sources.map((source, i) => parseDocument(source.document.name, others[i]!.document.print()));
  const difference = planChanges(
    sources.map(({ document }) => document),
    documents,
    { on: target.product },
  );
  return { difference, rewrites: rewritesOf(sources.map((source, i) => ({ source, document: documents[i]! }))) };
}

/** What a HAProxy forgets when another process takes over. */
async function lostNotes({ target }: Situation): Promise<string[]> {
  if (target.product === 'sluice') return [];
  const overrides = await target.ledger.overrides();
  return overrides.map(
    ({ object, attribute, value, file }) =>
      `${object} ${attribute} ${value} is lost: the file says ${file} (sluice save keeps it)`,
  );
}

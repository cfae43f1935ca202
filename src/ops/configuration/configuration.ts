import { objectOf } from '../../change/journal/object-of.ts';
import { type KeptChanges, keepChanges } from '../../change/keep-changes.ts';
import { planChanges } from '../../config/diff/plan-changes.ts';
import { planText } from '../../config/diff/text.ts';
import { parseDocument } from '../../config/document.ts';
import { shown } from '../../util/shown.ts';
import { OperationError } from '../errors.ts';
import type { Plan, Situation, Step, View } from '../operation.ts';
import type { KeptStores } from '../target.ts';
import { count } from '../text.ts';
import { currentFiles, installationOf, isKept, readFiles } from './files.ts';
import { checkStep, type Rewrite, reloadStep, replaceStep, writeStep } from './steps.ts';
import { storeEdits } from './stores/store-edits.ts';
import { tableSteps } from './stores/tables.ts';

/** The lines that `save` would write. */
export async function showKept(situation: Situation): Promise<View> {
  const { kept } = await toKeep(situation);
  const lines = [...diffLines(kept), ...restLines(kept)];
  return { records: kept.lines.map((line) => ({ type: 'line', ...line })), lines: lines.map(shown) };
}

/** Writes what is set into the files. */
export async function planSave(snapshot: string | null, situation: Situation): Promise<Plan> {
  const { kept, rewrites, edits, elsewhere, current } = await toKeep(situation);
  const documents = current.sources.map(({ document }) => document);
  const tables = await tableSteps(situation, documents, snapshot);
  const notes = [...diffLines(kept), ...restLines(kept), ...(tables.notes ?? [])];
  if (rewrites.length === 0 && edits.length === 0 && elsewhere.length === 0) {
    const nothing = tables.steps.length === 0 && notes.length === (tables.notes ?? []).length;
    return { steps: tables.steps, notes: nothing ? ['nothing is set that the files do not say', ...notes] : notes };
  }
  if (isKept(current)) return { steps: [replaceStep(current, rewrites, [], elsewhere), ...tables.steps], notes };
  const installation = await installationOf(situation.target);
  return { steps: [writeStep(rewrites, edits), checkStep(installation), ...tables.steps], notes };
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
  const { difference, rewrites, current } = await compared(situation, files);
  const notes = planText(difference).trimEnd().split('\n');
  if (rewrites.length === 0) return { steps: [], notes };
  if (difference.effect === 'restart')
    throw new OperationError('refused', `this needs a restart:\n${planText(difference).trimEnd()}`);
  if (isKept(current)) {
    const step = replaceStep(current, rewrites, difference.effect === 'live' ? difference.changes : []);
    return { steps: [step], notes };
  }
  const installation = await installationOf(situation.target);
  const steps: Step[] = [checkStep(installation, files), writeStep(rewrites)];
  if (difference.effect === 'live') steps.push({ do: 'change', changes: difference.changes });
  if (difference.effect === 'reload') steps.push(reloadStep(situation.target, installation));
  return { steps, notes: difference.effect === 'reload' ? [...notes, ...(await lostNotes(situation))] : notes };
}

/** Puts the files as they are now in force. */
export async function planReload(situation: Situation): Promise<Plan> {
  const { files } = situation.target;
  if (files !== undefined) {
    const step: Step = { do: 'act', what: 'check the files and load them', perform: () => files.reload() };
    return { steps: [step], notes: await lostNotes(situation) };
  }
  const installation = await installationOf(situation.target);
  const steps = [checkStep(installation), reloadStep(situation.target, installation)];
  return { steps, notes: await lostNotes(situation) };
}

/** What the overrides in force come to in the files. */
async function toKeep(situation: Situation) {
  const { target } = situation;
  const current = await currentFiles(target);
  const { sources } = current;
  const overrides = await target.ledger.overrides();
  const documents = sources.map(({ document }) => document);
  const kept = keepChanges(
    overrides.map(({ change }) => change),
    documents,
  );
  const own = sources.map((source, i) => ({ source, document: kept.documents[i]! }));
  const rewrites = rewritesOf(own);
  if (isKept(current)) {
    const { files, ...stores } = await current.keeper.files.stores();
    return { kept: together(kept, stores), rewrites, edits: [], elsewhere: files, current };
  }
  const stores = await storeEdits(kept, overrides, documents, situation);
  return { kept: stores.kept, rewrites, edits: stores.edits, elsewhere: [], current };
}

/** What is kept, with what another machine would write in files that are its own. */
function together(kept: KeptChanges, { lines, notes, elsewhere, left }: Omit<KeptStores, 'files'>): KeptChanges {
  return {
    documents: kept.documents,
    lines: [...kept.lines, ...lines],
    notes: [...kept.notes, ...notes],
    elsewhere,
    left: [...kept.left, ...left],
  };
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
    // Of stick tables the steps tell.
    ...elsewhere
      .filter(({ keeping }) => keeping.in !== 'table snapshot')
      .map(
        ({ change, keeping }) =>
          `${change.kind} ${objectOf(change)} is kept in a ${keeping.in}: ${keeping.file ?? 'not known'}`,
      ),
    ...left.map(({ change, why }) => `${change.kind} ${objectOf(change)} is not kept: ${why}`),
  ];
}

async function compared({ target }: Situation, paths: readonly string[]) {
  const current = await currentFiles(target);
  const { sources } = current;
  const others = await readFiles(paths);
  if (sources.length !== others.length)
    throw new OperationError(
      'usage',
      `${count(others.length, 'file')} cannot take the place of ${sources.length}: ${sources.map(({ document }) => document.name).join(', ')}`,
    );
  // As they will be when they are in place.
  const documents = sources.map(({ document }, i) =>
    parseDocument(document.name, versioned(document.print(), others[i]!.document.print())),
  );
  const difference = planChanges(
    sources.map(({ document }) => document),
    documents,
    { on: target.product },
  );
  const rewrites = rewritesOf(sources.map((source, i) => ({ source, document: documents[i]! })));
  return { difference, rewrites, current };
}

/** The new text with the version that a Data Plane API counts in the old one, unless it has one itself. */
function versioned(old: string, text: string): string {
  const line = /^# _version=\d+\r?\n/.exec(old)?.[0];
  return line === undefined || /^# _version=\d+\r?$/m.test(text) ? text : line + text;
}

/** What a HAProxy forgets when another process takes over. */
async function lostNotes({ target }: Situation): Promise<string[]> {
  if (target.product === 'sluice') return [];
  const overrides = await target.ledger.overrides();
  return overrides.map(({ object, attribute, value, file, change }) =>
    change.kind === 'table.set'
      ? `${object} ${attribute} ${value} is lost, unless a peer knows it (sluice save --tables keeps it)`
      : `${object} ${attribute} ${value} is lost: the file says ${file} (sluice save keeps it)`,
  );
}

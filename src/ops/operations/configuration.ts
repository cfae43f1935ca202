import { objectOf } from '../../change/journal/object-of.ts';
import { type KeptChanges, keepChanges } from '../../change/keep-changes.ts';
import { planChanges } from '../../config/diff/plan-changes.ts';
import { planText } from '../../config/diff/text.ts';
import { parseDocument } from '../../config/document.ts';
import { installationOf, readFiles } from '../configuration-files.ts';
import { OperationError } from '../errors.ts';
import { CAPACITY_GUARDS } from '../guards/guards.ts';
import { textKind } from '../kinds.ts';
import { changing, reading, type Situation, type Step } from '../operation.ts';
import { count, visible } from '../text.ts';
import { checkStep, type Rewrite, reloadStep, writeStep } from './configuration-steps.ts';

const PAGE = { page: 'keep.md', group: 'configuration' } as const;
const FILES = {
  kind: textKind('FILE', 'a configuration file', 'files'),
  about: 'the new configuration',
  many: true,
} as const;

export const diff = reading({
  ...PAGE,
  name: 'diff',
  summary: 'what is set now and not in the configuration files: the lines that `save` would write',
  parameters: {},
  options: {},
  about: [
    '`-` is what the file says, `+` what it would say. What no file can keep is listed after that, with the reason.',
  ],
  examples: [{ command: 'diff', about: 'what a restart would forget' }],
  async show(_, situation) {
    const { kept } = await toKeep(situation);
    return {
      records: kept.lines.map((line) => ({ type: 'line', ...line })),
      lines: [...diffLines(kept), ...restLines(kept)].map(visible),
    };
  },
});

export const save = changing({
  ...PAGE,
  name: 'save',
  summary: 'write what is set now into the configuration files',
  parameters: {},
  options: {},
  danger: 'changes',
  guards: [],
  inverse: 'the files of before are kept beside them; `undo` does not touch files',
  about: [
    'Only the words that differ are edited: comments, order and everything else stay. The files are checked by the program itself afterwards; when they are not valid, the old ones are put back.',
    'What is written is what `overrides` lists. What no file can keep (draining, what checks are to have found) is told.',
  ],
  examples: [
    { command: 'save --dry-run', about: 'the lines that would change' },
    { command: 'save --reason "weights of the new machines"', about: 'so that a restart does not forget' },
  ],
  async plan(_, situation) {
    const { kept, rewrites } = await toKeep(situation);
    const notes = [...diffLines(kept), ...restLines(kept)];
    if (rewrites.length === 0)
      return { steps: [], notes: notes.length > 0 ? notes : ['nothing is set that the files do not say'] };
    const installation = await installationOf(situation.target);
    return { steps: [writeStep(rewrites), checkStep(installation)], notes };
  },
});

export const planFile = reading({
  ...PAGE,
  name: 'plan',
  summary: 'what it takes to get from the configuration files in use to other ones',
  parameters: { file: FILES },
  options: {},
  about: ['Each difference with its places, and whether it can be made live, needs a reload, or (Sluice) a restart.'],
  examples: [{ command: 'plan ./haproxy.cfg.new', about: 'before `apply`' }],
  async show({ file }, situation) {
    const { difference } = await compared(situation, file);
    const records = difference.differences.map((one) => ({ type: 'difference', ...one }));
    return {
      records: [...records, { type: 'plan', effect: difference.effect }],
      lines: planText(difference).trimEnd().split('\n').map(visible),
    };
  },
});

export const applyFile = changing({
  ...PAGE,
  name: 'apply',
  summary: 'put other configuration files in force: live where that is possible, else by a reload',
  parameters: { file: FILES },
  options: {},
  danger: 'dangerous',
  guards: CAPACITY_GUARDS,
  inverse: 'live changes are taken back; the files of before are kept beside the new ones',
  about: [
    'The new files are checked by the program itself, written over the ones in use (the old content is kept beside), and put in force. When that fails the old files are put back.',
    'When every difference can be made live, nothing is reloaded: connections, counters and states stay. As many files as are in use, in their order.',
  ],
  examples: [
    { command: 'apply ./haproxy.cfg.new --dry-run', about: 'differences, steps, guards' },
    { command: 'apply ./haproxy.cfg.new --yes --reason "release 41"', about: 'from a pipeline' },
  ],
  async plan({ file }, situation) {
    const { difference, rewrites } = await compared(situation, file);
    const notes = planText(difference).trimEnd().split('\n');
    if (rewrites.length === 0) return { steps: [], notes };
    if (difference.effect === 'restart')
      throw new OperationError('refused', `this needs a restart:\n${planText(difference).trimEnd()}`);
    const installation = await installationOf(situation.target);
    const steps: Step[] = [checkStep(installation, file), writeStep(rewrites)];
    if (difference.effect === 'live') steps.push({ do: 'change', changes: difference.changes });
    if (difference.effect === 'reload') steps.push(reloadStep(situation.target, installation));
    return { steps, notes: difference.effect === 'reload' ? [...notes, ...(await lostNotes(situation))] : notes };
  },
});

export const reload = changing({
  ...PAGE,
  name: 'reload',
  summary: 'check the configuration files and put them in force',
  parameters: {},
  options: {},
  danger: 'changes',
  guards: [],
  inverse: 'nothing: write the files of before and reload again',
  about: [
    'Files that are not valid change nothing. On Sluice only the difference is applied; on HAProxy a new process takes over, and what was set at run time is lost unless it was saved: a note lists it.',
  ],
  examples: [{ command: 'reload', about: 'after an edit' }],
  async plan(_, situation) {
    const installation = await installationOf(situation.target);
    return {
      steps: [checkStep(installation), reloadStep(situation.target, installation)],
      notes: await lostNotes(situation),
    };
  },
});

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
  return { kept, rewrites: rewritesOf(sources.map((source, i) => ({ source, document: kept.documents[i]! }))) };
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

import type { JournalEntry } from '../../change/journal/journal.ts';
import { objectOf } from '../../change/journal/object-of.ts';
import type { PendingRequest } from '../../change/policy/pending.ts';
import { shown } from '../../util/shown.ts';
import { OperationError } from '../errors.ts';
import { numberKind, spanKind, textKind } from '../kinds.ts';
import { changing, reading } from '../operation.ts';
import { table } from '../text.ts';
import { dateText, entryRow, whoText, whyText } from './journal-text.ts';

/** Outcomes that are listed when nothing else is asked for. */
const LISTED = 20;

const operationKind = {
  ...textKind('OPERATION', 'an id, `op-...`'),
  parse(word: string) {
    if (/^op-[0-9a-z]+$/.test(word)) return word;
    throw new OperationError(
      'usage',
      `'${word}' is no id of an operation; they begin with op-, and 'sluice history' lists them`,
    );
  },
};

export const undo = changing({
  name: 'undo',
  group: 'journal',
  summary: 'take an operation back',
  parameters: { operation: { kind: operationKind, about: 'which; default: the last one that can be', optional: true } },
  options: {},
  danger: 'changes',
  together: true,
  guards: [],
  makes: [],
  inverse: 'what was taken back is done again',
  about: [
    'All of its changes, last first, if everything is as the operation left it; else nothing, and the answer says what somebody changed since.',
    'An undo is an operation: it can be taken back itself.',
  ],
  examples: [
    { command: 'undo', about: 'the last one' },
    { command: 'undo op-mg1x2k9f0a1b2c3d4e --dry-run', about: 'what it would do' },
  ],
  page: 'undo.md',
  async plan({ operation }, { target }) {
    const entries = await target.ledger.history(
      operation === null ? { last: 200, phase: 'outcome' } : { operation, phase: 'outcome' },
    );
    const id = operation ?? lastUndoable(entries);
    if (id === null) throw new OperationError('unknown', 'the journal has no operation that can be taken back');
    const own = entries.filter((entry) => entry.origin.operation === id && entry.ok === true);
    if (own.length === 0)
      throw new OperationError('unknown', `the journal has no operation '${id}' that changed something`);
    const notes = own.toReversed().map((entry) => takenBackText(entry));
    return { steps: [{ do: 'undo', operation: id }], notes };
  },
});

/** The last operation that changed something, has a way back, and was not taken back. */
function lastUndoable(entries: readonly JournalEntry[]): string | null {
  const undone = new Set(
    entries.flatMap(({ origin, ok }) => (ok === true && origin.undoes !== undefined ? [origin.undoes] : [])),
  );
  const last = entries.findLast(
    ({ ok, inverse, origin }) =>
      ok === true &&
      inverse !== null &&
      origin.operation !== undefined &&
      origin.undoes === undefined &&
      !undone.has(origin.operation),
  );
  return last?.origin.operation ?? null;
}

function takenBackText({ change, before, after, inverse }: JournalEntry): string {
  const object = `${objectOf(change)} ${change.kind.slice(change.kind.indexOf('.') + 1)}`.trim();
  return inverse === null ? `${object} cannot be taken back` : `${object}: ${after} -> ${before}`;
}

export const confirm = changing({
  name: 'confirm',
  group: 'journal',
  summary: 'keep what would be taken back for want of a confirmation',
  parameters: { operation: { kind: operationKind, about: 'which; default: the only one that waits', optional: true } },
  options: {},
  danger: 'changes',
  together: true,
  guards: [],
  makes: [],
  inverse: 'undo of the operation itself',
  about: ['For operations made with `--confirm-within`. What was made with `--for` is taken back in any case.'],
  examples: [{ command: 'confirm', about: 'the only one that waits' }],
  page: 'undo.md',
  async plan({ operation }, { target }) {
    const waiting = (await target.ledger.leases()).filter(({ kind }) => kind === 'confirm');
    if (operation !== null) return { steps: [{ do: 'confirm', operation }] };
    if (waiting.length === 1) return { steps: [{ do: 'confirm', operation: waiting[0]!.id }] };
    const list = waiting.map(({ id, origin }) => `${id} (${origin.title ?? ''})`).join(', ');
    throw new OperationError(
      'unknown',
      waiting.length === 0 ? 'no operation waits for a confirmation' : `several operations wait: ${list}; say which`,
    );
  },
});

export const approve = changing({
  name: 'approve',
  group: 'journal',
  summary: 'agree to what somebody else asks for, and make it',
  parameters: { operation: { kind: operationKind, about: 'which; `requests` lists those that wait' } },
  options: {},
  danger: 'changes',
  together: true,
  guards: [],
  makes: [],
  inverse: 'undo of the operation itself',
  about: [
    'For operations that the policy lets somebody do only when a second person agrees. It is made as it was asked for, if that is still possible; both people are recorded.',
    'An operation of several steps, waits and checks is done here as a whole, from its own words; on several load balancers in its own waves.',
  ],
  examples: [{ command: 'approve op-mg1x2k9f0a1b2c3d4e', about: 'agree to this one' }],
  page: 'policy.md',
  async plan({ operation }, { target }) {
    const found = (await target.ledger.requests()).find((request) => request.operation === operation);
    if (found === undefined) throw new OperationError('unknown', `no request '${operation}' waits for approval`);
    return { steps: [{ do: 'approve', operation }], notes: [requestText(found)] };
  },
});

export const requests = reading({
  name: 'requests',
  group: 'journal',
  summary: 'what waits for a second person',
  parameters: {},
  options: {},
  about: ['`approve` makes one of them.'],
  examples: [{ command: 'requests', about: 'all of them' }],
  page: 'policy.md',
  async show(_, { target }) {
    const found = await target.ledger.requests();
    return {
      records: found.map((request) => ({ type: 'request', ...request })),
      lines: found.length === 0 ? ['none'] : found.map((request) => shown(requestText(request))),
    };
  },
});

function requestText({ operation, origin, changes, until }: PendingRequest): string {
  const what = changes.map((change) => `${change.kind} ${objectOf(change)}`.trim()).join(', ');
  const title = origin.title === undefined ? '' : ` '${origin.title}'`;
  return `${operation}${title} by ${whoText(origin)}${whyText(origin)}: ${what}; waits until ${dateText(until)}`;
}

export const history = reading({
  name: 'history',
  group: 'journal',
  summary: 'what was changed, by whom and why',
  parameters: {
    what: {
      kind: textKind('OBJECT|OPERATION', 'a backend, a server, a frontend, ..., or an id `op-...`', 'servers'),
      about: 'only of this one',
      optional: true,
    },
  },
  options: {
    last: { kind: numberKind('N', 1, 10_000), about: 'how many; default 20' },
    since: { kind: spanKind, about: 'only what is younger than this' },
  },
  about: [
    'Oldest first. On Sluice these are all changes whoever made them; on HAProxy those that were made with Sluice from this machine.',
  ],
  examples: [
    { command: 'history be_app/app1 --since 1d', about: 'what happened to a server since yesterday' },
    { command: 'history op-mg1x2k9f0a1b2c3d4e --json', about: 'all of one operation, for programs' },
  ],
  page: 'undo.md',
  async show({ what, last, since }, { target }) {
    const which = what === null ? {} : what.startsWith('op-') ? { operation: what } : { object: what };
    const from = since === null ? {} : { since: Date.now() - since };
    const entries = await target.ledger.history({ ...which, ...from, last: last ?? LISTED, phase: 'outcome' });
    return {
      records: entries.map((entry) => ({ type: 'change', ...entry })),
      lines: entries.length === 0 ? ['nothing was changed'] : table(entries.map((entry) => entryRow(entry).map(shown))),
    };
  },
});

export const overrides = reading({
  name: 'overrides',
  group: 'journal',
  summary: 'what is set now against what the configuration says, who did it, and until when',
  parameters: {},
  options: {},
  about: ['These are lost at a restart unless they are written into the configuration file.'],
  examples: [{ command: 'overrides', about: 'all of them' }],
  page: 'undo.md',
  async show(_, { target }) {
    const found = await target.ledger.overrides();
    const rows = found.map(({ object, attribute, value, file, origin, date, until }) => [
      `${object} ${attribute}`.trim(),
      `${value} (file ${file})`,
      whoText(origin),
      dateText(date),
      until === null ? '' : `until ${dateText(until)}`,
      whyText(origin),
    ]);
    const lines = table(rows.map((row) => row.map(shown)));
    return {
      records: found.map((override) => ({ type: 'override', ...override })),
      lines: found.length === 0 ? ['none'] : lines,
    };
  },
});

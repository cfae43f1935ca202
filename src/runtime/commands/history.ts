import type { BatchOutcome } from '../../change/apply.ts';
import { shown } from '../../util/shown.ts';
import { type Answer, dump, error, notice } from '../answer.ts';
import { entryJson, json, leaseJson, outcomeJson, overrideJson, provenanceJson } from '../changes/json.ts';
import { readOptions } from '../changes/options.ts';
import {
  conflictLine,
  entryLine,
  leaseLine,
  outcomeText,
  overrideLine,
  provenanceLine,
  requestLine,
} from '../changes/text.ts';
import type { Call, Command } from '../registry.ts';

/** How many entries `show changes` tells unless a number is given, and at most. */
const ENTRIES = 20;
const MOST = 10_000;

/** Rows as lines or as one JSON list. */
function listing<T>(
  rows: readonly T[],
  args: readonly string[],
  line: (row: T, now: number) => string,
  toJson: (row: T) => unknown,
): Answer {
  const now = Date.now();
  return args.includes('json') ? json(rows.map(toJson)) : dump(rows.map((row) => line(row, now)));
}

async function showChanges({ control, args }: Call): Promise<Answer> {
  const [subject = ''] = args.filter((word) => word !== 'json');
  const { journal } = control.operations;
  const last = /^\d+$/.test(subject) ? Math.min(Number(subject), MOST) : ENTRIES;
  const which = /^\d*$/.test(subject) ? {} : subject.startsWith('op-') ? { operation: subject } : { object: subject };
  const phase = args.includes('json') ? {} : { phase: 'outcome' as const };
  if (last === 0) return error("'show changes' expects a number above 0, an operation or an object");
  const entries = await journal.entries({ target: '', last, ...which, ...phase });
  return listing(entries, args, entryLine, entryJson);
}

function showProvenance({ control, args }: Call): Answer {
  const [object, form] = args;
  if (!object) return error('Require an object: <backend>/<server>, <backend>, <frontend>, global or proc.<name>.');
  const found = control.operations.provenance(object);
  if (found.length === 0)
    return error(`no object '${object}'; give <backend>/<server>, <backend>, <frontend>, global or proc.<name>`);
  return listing(found, [form ?? ''], provenanceLine, provenanceJson);
}

function answer(outcome: BatchOutcome, asJson: boolean): Answer {
  if (asJson) return json(outcomeJson(outcome));
  return outcome.ok ? notice(outcomeText(outcome)) : error(outcomeText(outcome));
}

async function undo({ control, session, args }: Call): Promise<Answer> {
  if (session.transaction) return error("'undo' is a transaction of its own; commit or abort the one that is open.");
  const operation = args[0]?.startsWith('op-') ? args[0] : null;
  const meta = readOptions(operation === null ? args : args.slice(1));
  if (typeof meta === 'string') return error(meta);
  if (meta.term.for !== undefined || meta.term.confirmWithin !== undefined)
    return error("'undo' lasts; there are ticket, json, reason");
  return answer(await control.operations.undo(operation, { ...session.origin, ...meta.origin }), meta.json);
}

async function confirm({ control, session, args }: Call): Promise<Answer> {
  const [operation, form] = args;
  if (!operation) return error("Require an operation; 'show leases' lists those that wait.");
  return answer(await control.operations.confirm(operation, session.origin), form === 'json');
}

async function showRequests({ control, args }: Call): Promise<Answer> {
  return listing(await control.operations.requests(), args, requestLine, (request) => request);
}

async function approve({ control, session, args }: Call): Promise<Answer> {
  const [operation, form] = args;
  if (!operation) return error("Require an operation; 'show requests' lists those that wait.");
  return answer(await control.operations.approve(operation, session.origin), form === 'json');
}

async function showKept({ control, args }: Call): Promise<Answer> {
  const [digest = ''] = args;
  const text = await control.operations.kept(digest);
  return text === null
    ? error(`nothing is kept as '${digest}'; 'show overrides json' names what is`)
    : dump(`${text}\n`);
}

/** `key: value` lines as in `show info`. */
function showJournal({ control, args }: Call): Answer {
  const { journal, goOn, standing, conflicts } = control.operations;
  const facts = {
    Trouble: journal.trouble ?? 'none',
    OnTrouble: goOn ? 'go-on' : 'refuse',
    Overrides: standing.overrides().length,
    Leases: standing.leases().length,
    Conflicts: conflicts.length,
  };
  if (args.includes('json')) return json(facts);
  return dump(Object.entries(facts).map(([name, value]) => `${name}: ${shown(String(value))}\n`));
}

/** What was changed, what stands over the file, and taking it back. */
export const historyCommands: readonly Command[] = [
  {
    words: 'show changes',
    args: '[<n>|op-..|<object>] [json]',
    help: 'list what was changed, by whom and why',
    level: 'operator',
    where: 'worker',
    own: true,
    about: `The last ${ENTRIES} unless told; of an operation or an object. JSON has the attempts too.`,
    run: showChanges,
  },
  {
    words: 'show overrides',
    args: '[json]',
    help: 'list what was set over the file',
    level: 'operator',
    where: 'worker',
    own: true,
    run: ({ control, args }) => listing(control.operations.standing.overrides(), args, overrideLine, overrideJson),
  },
  {
    words: 'show kept',
    args: '<digest>',
    help: 'print a key that an override refers to by its digest',
    level: 'admin',
    where: 'worker',
    own: true,
    about: 'As JSON. Whoever may set a private key or a ticket key may see it: `sluice save` writes it into its file.',
    run: showKept,
  },
  {
    words: 'show conflicts',
    args: '[json]',
    help: 'list overrides that gave way, and leases that could not be taken back',
    level: 'operator',
    where: 'worker',
    own: true,
    about: 'Since the start.',
    run: ({ control, args }) => listing(control.operations.conflicts, args, conflictLine, (conflict) => conflict),
  },
  {
    words: 'show leases',
    args: '[json]',
    help: 'list operations that will be taken back',
    level: 'operator',
    where: 'worker',
    own: true,
    run: ({ control, args }) => listing(control.operations.standing.leases(), args, leaseLine, leaseJson),
  },
  {
    words: 'show journal',
    args: '[json]',
    help: 'tell whether changes can be recorded, and what stands',
    level: 'operator',
    where: 'worker',
    own: true,
    about: '`OnTrouble` is what becomes of changes while they cannot be recorded (`--journal-trouble`).',
    run: showJournal,
  },
  {
    words: 'show provenance',
    args: '<object> [json]',
    help: 'tell where the attributes of an object come from',
    level: 'operator',
    where: 'worker',
    own: true,
    about:
      'What is live, what the file says, and who set it over the file. An object is `<backend>/<server>`, `<backend>`, `<frontend>`, `global` or `proc.<name>`.',
    run: showProvenance,
  },
  {
    words: 'undo',
    args: '[op-..] [ticket <id>] [json] [reason <text>]',
    help: 'take the last operation back, or the one named',
    level: 'admin',
    where: 'worker',
    own: true,
    about:
      'All of its steps, last first, if everything is as it left it; else nothing. An undo is an operation that can be undone.',
    run: undo,
  },
  {
    words: 'confirm',
    args: 'op-.. [json]',
    help: 'let an operation stay that waits for confirmation',
    level: 'admin',
    where: 'worker',
    own: true,
    run: confirm,
  },
  {
    words: 'show requests',
    args: '[json]',
    help: 'list what waits for a second person',
    level: 'operator',
    where: 'worker',
    own: true,
    about: 'What a policy (`--policy`) lets somebody do only when somebody else agrees.',
    run: showRequests,
  },
  {
    words: 'approve',
    args: 'op-.. [json]',
    help: 'agree to what somebody asks for, and make it',
    level: 'operator',
    where: 'worker',
    own: true,
    about: 'It is made as it was asked for, if that is still possible; both people are recorded.',
    run: approve,
  },
];

import { MAX_CHANGES } from '../../change/apply.ts';
import type { Change } from '../../change/change.ts';
import { rememberedChange } from '../../change/journal/kept-change.ts';
import { readChange } from '../../change/shape.ts';
import { shown } from '../../util/shown.ts';
import { type Answer, dump, error, notice } from '../answer.ts';
import { json, jsonError, outcomeJson, previewJson } from '../changes/json.ts';
import { readMeta, readOptions } from '../changes/options.ts';
import { judgedLines, outcomeText } from '../changes/text.ts';
import { hasLevel, type Level } from '../levels.ts';
import type { Call, Command } from '../registry.ts';
import { beginTransaction } from '../transaction.ts';

const NO_TRANSACTION = "No transaction is open on this connection; 'begin' opens one.";

function begin({ control, session, args }: Call): Answer {
  if (session.transaction) return error("A transaction is open on this connection; 'commit' or 'abort' ends it.");
  session.transaction = beginTransaction(control, args.join(' '));
  return notice("Transaction open: changes are collected until 'commit' makes them or 'abort' drops them.");
}

async function preview({ control, session, args }: Call): Promise<Answer> {
  if (!session.transaction) return error(NO_TRANSACTION);
  const judged = await control.operations.preview(session.transaction.changes);
  if (args[0] === 'json') return json(previewJson(judged));
  return dump(judged.length === 0 ? 'No changes yet.\n' : judged.map(judgedLines));
}

async function commit({ control, session, args }: Call): Promise<Answer> {
  const { transaction } = session;
  if (!transaction) return error(NO_TRANSACTION);
  const meta = readOptions(args);
  if (typeof meta === 'string') return error(`${meta}; the transaction is still open`);
  session.transaction = null;
  const { refused } = transaction;
  if (refused !== null) {
    const text = `Nothing was changed: '${shown(refused.command)}' was refused: ${shown(refused.text.trim().split('\n', 1)[0]!)}`;
    return meta.json ? jsonError(text) : error(text);
  }
  const title = transaction.title === '' ? {} : { title: transaction.title };
  const outcome = await control.operations.apply(
    transaction.changes,
    { ...session.origin, ...title, ...meta.origin },
    meta.term,
  );
  if (meta.json) return json(outcomeJson(outcome));
  return outcome.ok ? notice(outcomeText(outcome)) : error(outcomeText(outcome));
}

function abort({ session }: Call): Answer {
  if (!session.transaction) return error(NO_TRANSACTION);
  const { length } = session.transaction.changes;
  session.transaction = null;
  return notice(`Transaction dropped; ${length === 1 ? '1 change was' : `${length} changes were`} not made.`);
}

/** `change`: any Changes in one request, and all that is known of them in the answer. */
async function change({ control, session, payload }: Call): Promise<Answer> {
  if (session.transaction) return jsonError('a transaction is open on this connection; commit or abort it first');
  if (payload === null) return jsonError("a payload is expected: 'change <<', a line of JSON, an empty line");
  const request = readRequest(payload);
  if (typeof request === 'string') return jsonError(request);
  const { changes, mode, meta } = request;
  const denied = changes.find((one) => !hasLevel(session.level, levelFor(one)));
  if (denied) return jsonError(`${denied.kind} needs level ${levelFor(denied)}; this connection has ${session.level}`);
  const { operations } = control;
  if (mode === 'preview') return json(previewJson(await operations.preview(changes)));
  const origin = { ...session.origin, ...meta.origin };
  if (mode === 'permit') return json(outcomeJson(await operations.permit(changes, meta.steps ?? 1, origin, meta.term)));
  const { operation } = meta.origin;
  if (meta.approves && operation !== undefined)
    return json(outcomeJson(await operations.approve(operation, session.origin, changes)));
  return json(outcomeJson(await operations.apply(changes, origin, meta.term)));
}

/** `permit`: only whether the policy lets it be done, step by step; what needs a second person waits as a request. */
type Mode = 'apply' | 'preview' | 'permit';

interface Request {
  readonly changes: readonly Change[];
  readonly mode: Mode;
  readonly meta: Exclude<ReturnType<typeof readMeta>, string>;
}

/** The request of a payload, or what is wrong with it. */
function readRequest(payload: string): Request | string {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch (problem) {
    return `the payload is no JSON: ${(problem as Error).message}`;
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return 'a request is an object with "changes"';
  const { changes, mode = 'apply', meta, ...rest } = value as Readonly<Record<string, unknown>>;
  const [strange] = Object.keys(rest);
  if (strange !== undefined) return `unknown member '${strange.slice(0, 100)}'; there are changes, mode, meta`;
  if (mode !== 'apply' && mode !== 'preview' && mode !== 'permit')
    return "'mode' must be 'apply', 'preview' or 'permit'";
  if (!Array.isArray(changes) || changes.length === 0) return "'changes' must be a list of at least one change";
  if (changes.length > MAX_CHANGES) return `too many changes: ${changes.length}; a request takes ${MAX_CHANGES}`;
  const read: Change[] = [];
  for (const [i, one] of changes.entries()) {
    // What was answered without its secret may come back to be made again.
    const found = readChange(
      one !== null && typeof one === 'object' && !Array.isArray(one) ? rememberedChange(one) : one,
    );
    if ('problem' in found) return `change ${i + 1}: ${found.problem}`;
    read.push(found);
  }
  const options = readMeta(meta);
  return typeof options === 'string' ? options : { changes: read, mode, meta: options };
}

/** Lowest level that may make a Change: that of the command that makes the same. */
function levelFor(one: Change): Level {
  if (one.kind === 'var.set') return 'operator';
  return one.kind === 'counters.clear' && one.scope === 'maxima' ? 'operator' : 'admin';
}

/** Several Changes at once, all or none. */
export const transactionCommands: readonly Command[] = [
  {
    words: 'begin',
    args: '[<title>]',
    help: 'collect changes until commit',
    level: 'operator',
    where: 'worker',
    own: true,
    about: `Commands that change something are collected from now on and answer so; all others work as ever. At most ${MAX_CHANGES} changes. A connection that ends drops them.`,
    run: begin,
  },
  {
    words: 'preview',
    args: '[json]',
    help: 'show what commit would do',
    level: 'operator',
    where: 'worker',
    own: true,
    run: preview,
  },
  {
    words: 'commit',
    args: '[for <time>|confirm-within <time>] [ticket <id>] [json] [reason <text>]',
    help: 'make all collected changes, or none',
    level: 'operator',
    where: 'worker',
    own: true,
    about:
      'Traffic sees all of them at once. `for`: they are taken back after that time; `confirm-within`: unless `confirm` comes first.',
    run: commit,
  },
  {
    words: 'abort',
    args: '',
    help: 'drop the collected changes',
    level: 'operator',
    where: 'worker',
    own: true,
    run: abort,
  },
  {
    words: 'change',
    args: '<<',
    help: 'make changes given as JSON, all or none',
    level: 'operator',
    where: 'worker',
    own: true,
    about:
      'The payload is `{"changes": [...], "mode": "apply", "preview" or "permit", "meta": {"reason", "ticket", "title", "operation", "for", "confirmWithin", "force", "steps", "approves"}}`, times in ms; the answer is JSON. A change needs the level of the command that does the same. `permit` asks the policy about all changes of an operation that is made in several steps, before the first; with `approves` a step of an operation is made that somebody else asked for.',
    run: change,
  },
];

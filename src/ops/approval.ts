import { canonicalJson } from '../change/journal/canonical.ts';
import { keptChange } from '../change/journal/kept-change.ts';
import type { PendingRequest } from '../change/policy/pending.ts';
import { OperationError } from './errors.ts';
import type { Plan } from './operation.ts';
import { type CommonValues, commonValues } from './options.ts';
import { parseWords } from './parse.ts';
import { metaOf, type Request } from './prepare.ts';
import { refusal, refusalError } from './refusal.ts';
import { findOperation } from './registry.ts';
import type { Meta, Target } from './target.ts';

/**
 * Asks whether all steps of a plan may be made, before the first is: one that a second person must agree to waits as a whole. A single step is
 * asked about when it is made, unless `least` is 1. Throws OperationError `denied` or `waiting`.
 */
export async function askForAll(plan: Plan, meta: Meta, target: Target, least = 2): Promise<void> {
  const steps = batches(plan);
  const changes = steps.flat();
  if (meta.approves || steps.length < least || changes.length > MOST) return;
  const found = await target.permit(changes, steps.length, meta);
  if (!found.ok) throw refusalError(refusal(found, changes), meta);
}

/** As many Changes are asked about together (what a payload takes); steps of more are asked about one by one. */
const MOST = 500;

function batches({ steps }: Plan) {
  return steps.flatMap((step) => (step.do === 'change' && step.changes.length > 0 ? [step.changes] : []));
}

/** An operation that somebody else asked for, as it is made now that one agrees. */
export interface Agreed {
  readonly request: Request;
  readonly common: CommonValues;
  readonly meta: Meta;
}

/**
 * What `approve` is about where that has more to it than Changes that are made at once: steps, waits, pauses, checks. It is what was asked for: the same words
 * give the same Changes, else it is refused. Null: it has less than `least` steps, which the load balancer makes by itself, or
 * nothing waits.
 */
export async function agreedTo({ operation, values }: Request, target: Target, least = 2): Promise<Agreed | null> {
  if (operation.name !== 'approve') return null;
  const id = String(values['operation']);
  const asked = (await target.ledger.requests()).find((one) => one.operation === id);
  const request = asked?.origin.title === undefined ? null : readTitle(asked.origin.title);
  if (asked === undefined || request === null) return null;
  const plan = await planOf(request, target);
  const isAct = plan?.steps.some(({ do: what }) => !['change', 'wait', 'pause', 'check'].includes(what));
  if (plan === null || isAct || !isSame(plan, asked)) {
    if ((asked.origin.steps ?? 1) === 1) return null;
    throw new OperationError(
      'refused',
      `what ${id} would do now is not what was asked for any more: ask for it again ('${request.title}')`,
    );
  }
  if (plan.steps.length < least) return null;
  const { dryRun, target: names, allowUnreachable } = commonValues(values);
  const common = { ...commonValues(request.values), yes: true, dryRun, target: names, allowUnreachable };
  return { request, common, meta: { ...metaOf(request, id, common), approves: true } };
}

/** The operation that a title tells, as it was written; null when it is none. */
function readTitle(title: string): Request | null {
  const words = title.match(/(?:'[^']*'|\\'|[^\s'\\])+/g) ?? [];
  const plain = words.map((word) =>
    word.replace(/'([^']*)'|\\(')/g, (_, quoted = '', escaped = '') => quoted + escaped),
  );
  const found = findOperation(plain);
  if (found === null) return null;
  try {
    return { operation: found.operation, values: parseWords(found.operation, found.args).values, title };
  } catch {
    return null;
  }
}

async function planOf({ operation, values }: Request, target: Target): Promise<Plan | null> {
  try {
    return await operation.plan(values, { target, state: await target.state() });
  } catch (error) {
    if (error instanceof OperationError) return null;
    throw error;
  }
}

function isSame(plan: Plan, { changes }: PendingRequest): boolean {
  const text = (list: PendingRequest['changes']) => canonicalJson(list.map((change) => keptChange(change)));
  return text(batches(plan).flat()) === text(changes);
}

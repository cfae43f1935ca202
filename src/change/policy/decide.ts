import type { Change } from '../change.ts';
import { objectOf } from '../journal/object-of.ts';
import { actionOf } from './actions.ts';
import { inSpan } from './hours.ts';
import { fits, type Policy, type Rule, type Who } from './policy.ts';

/** Somebody, as the system knows him. */
export interface Person {
  readonly name: string;
  readonly groups: readonly string[];
}

/** What somebody wants to do. */
export interface Request {
  readonly person: Person;
  readonly changes: readonly Change[];
  /** Guards are to be overridden. */
  readonly force: boolean;
  readonly at: Date;
}

/** What a policy says of a request. */
export type Decision =
  | { readonly kind: 'allow' }
  | { readonly kind: 'deny'; readonly text: string }
  /** Somebody else of these people must agree. */
  | { readonly kind: 'approval'; readonly set: string; readonly text: string };

/** How the answers begin that a policy gives. */
export const NOT_ALLOWED = 'Not allowed';
export const APPROVAL_NEEDED = 'Approval needed';
export const GUARDED = 'Guarded';

const allowed: Decision = { kind: 'allow' };

/**
 * Decides over all Changes of a request: one that is denied denies all, one that needs approval makes all wait for it. For each
 * action and object the first rule that fits decides; what none fits is denied.
 */
export function decide(policy: Policy, request: Request): Decision {
  let waiting: Decision = allowed;
  for (const change of request.changes) {
    const decision = decideOne(policy, request, actionOf(change), subjectOf(change));
    if (decision.kind === 'deny') return decision;
    if (decision.kind === 'approval') waiting = decision;
  }
  return waiting;
}

/** The object of a Change as policies name it: what concerns the process is `global`. */
function subjectOf(change: Change): string {
  return objectOf(change) || 'global';
}

/** What the policy says of one action on one object. */
export function decideOne(
  policy: Policy,
  { person, force, at }: Pick<Request, 'person' | 'force' | 'at'>,
  action: string,
  object: string,
): Decision {
  const concerned = policy.rules.filter(
    (rule) => fits(rule.actions, action) && fits(rule.on, object) && isOneOf(person, rule.who),
  );
  const rule = concerned.find((candidate) => inHours(candidate, at, policy));
  const subject = `'${action}' on '${object}' by ${person.name}`;
  if (rule === undefined) {
    const later = concerned.find((candidate) => candidate.effect === 'allow');
    const why =
      later === undefined ? `no rule of ${policy.file} allows it` : `${later.at} allows it only ${later.hoursText}`;
    return { kind: 'deny', text: `${NOT_ALLOWED}: ${subject}: ${why}` };
  }
  if (rule.effect === 'deny')
    return { kind: 'deny', text: `${NOT_ALLOWED}: ${subject}: ${rule.reason ?? 'denied'} (${rule.at})` };
  if (force && !rule.force)
    return {
      kind: 'deny',
      text: `${NOT_ALLOWED}: ${subject}: guards may not be overridden (${rule.at} has no 'force: true')`,
    };
  if (rule.approval === null) return allowed;
  return {
    kind: 'approval',
    set: rule.approval.set,
    text: `${APPROVAL_NEEDED}: ${subject}: one of '${rule.approval.set}' must agree (${rule.at})`,
  };
}

/** Why `person` may not approve what `requester` asks for, or null when he may. */
export function approvalProblem(policy: Policy, request: Request, approver: Person): string | null {
  if (approver.name === request.person.name)
    return `A second person must approve, not ${approver.name}, who asked for it`;
  for (const change of request.changes) {
    const [action, object] = [actionOf(change), subjectOf(change)];
    const decision = decideOne(policy, request, action, object);
    if (decision.kind === 'deny') return decision.text;
    if (decision.kind === 'allow') continue;
    const rule = policy.rules.find(
      (candidate) => candidate.approval?.set === decision.set && isOneOf(approver, candidate.approval.who),
    );
    if (rule === undefined) return `${NOT_ALLOWED}: approval by ${approver.name}, who is not one of '${decision.set}'`;
  }
  return null;
}

/** What a backend must keep, as the first guard that names it says. */
export function keptBy(policy: Policy, backend: string): { minUsable: number | null; minShare: number | null } {
  const guard = policy.guards.find(({ on }) => fits(on, backend));
  return { minUsable: guard?.minUsable ?? null, minShare: guard?.minShare ?? null };
}

function inHours(rule: Rule, at: Date, policy: Policy): boolean {
  return rule.hours.length === 0 || rule.hours.some((span) => inSpan(span, at, policy.timezone));
}

function isOneOf(person: Person, who: readonly Who[]): boolean {
  return who.some((one) => {
    if (one.kind === 'everybody') return true;
    if (one.kind === 'user') return one.name.regex.test(person.name);
    return person.groups.some((group) => one.name.regex.test(group));
  });
}

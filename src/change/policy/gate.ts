import type { Change, Origin } from '../change.ts';
import { approvalProblem, type Decision, decide, type Person } from './decide.ts';
import type { Policy } from './policy.ts';

/** Applies a policy to Changes that people make. */
export interface Gate {
  readonly policy: Policy;
  /** Whether it is about who is behind an origin: not what the process does by itself. */
  concerns(origin: Origin): boolean;
  /** What the policy says of Changes that somebody is about to make. */
  decide(changes: readonly Change[], origin: Origin, at: Date): Promise<Decision>;
  /** Why `approver` may not agree to Changes that `requester` asked for; null when he may. */
  approval(changes: readonly Change[], requester: Origin, approver: Origin, at: Date): Promise<string | null>;
}

/** What the process does by itself, and what was decided before: a policy is about what people ask for. */
const OWN_SURFACES: ReadonlySet<string> = new Set([
  'lease',
  'roll-back',
  'start',
  'signal',
  'health',
  'agent',
  'commit',
]);

/** How long the groups of a user are remembered, ms. */
const REMEMBERED = 60_000;
/** How many users are remembered. */
const MOST_USERS = 1000;

/** A gate for one policy. `groupsOf`: names of the groups of a user. */
export function policyGate(policy: Policy, groupsOf: (user: string) => Promise<readonly string[]>): Gate {
  const known = new Map<string, { readonly groups: Promise<readonly string[]>; readonly until: number }>();
  const groups = (user: string): Promise<readonly string[]> => {
    const now = performance.now();
    const found = known.get(user);
    if (found !== undefined && found.until > now) return found.groups;
    if (known.size >= MOST_USERS) known.clear();
    const asked = groupsOf(user);
    known.set(user, { groups: asked, until: now + REMEMBERED });
    return asked;
  };
  const person = async (origin: Origin): Promise<Person> => {
    const name = personName(origin);
    return { name, groups: isAccount(origin) ? await groups(name) : [] };
  };
  return {
    policy,
    concerns,
    async decide(changes, origin, at) {
      if (!concerns(origin) || origin.approvedBy !== undefined) return { kind: 'allow' };
      return decide(policy, { person: await person(origin), changes, force: origin.force ?? false, at });
    },
    async approval(changes, requester, approver, at) {
      const request = { person: await person(requester), changes, force: requester.force ?? false, at };
      return approvalProblem(policy, request, await person(approver));
    },
  };
}

function concerns({ surface }: Origin): boolean {
  return !OWN_SURFACES.has(surface);
}

/** Who stands behind an origin: the account, behind sudo the one that used it, else the socket or surface. */
export function personName({ actor, surface }: Origin): string {
  return actor?.sudoUser ?? actor?.name ?? surface;
}

function isAccount({ actor }: Origin): boolean {
  return actor !== undefined && actor.uid !== null;
}

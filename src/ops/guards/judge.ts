import type { Change } from '../../change/change.ts';
import type { TargetState } from '../state.ts';
import type { Guard, Policy } from './guard.ts';
import { simulate } from './simulate.ts';

/** What a guard said against an operation. */
export interface Objection {
  readonly guard: string;
  readonly text: string;
}

/**
 * What speaks against Changes that are made one group after the other: each group is judged on what the ones before it leave, and
 * nothing is said twice.
 */
export function objections(
  guards: readonly Guard[],
  state: TargetState,
  groups: readonly (readonly Change[])[],
  policy: Policy,
): readonly Objection[] {
  const found = new Map<string, Objection>();
  let before = state;
  for (const changes of groups) {
    const after = simulate(before, changes);
    for (const guard of guards)
      for (const text of guard.judge(before, after, policy))
        found.set(`${guard.name} ${text}`, { guard: guard.name, text });
    before = after;
  }
  return [...found.values()];
}

import { type Gate, policyGate } from './gate.ts';
import { loadPolicy } from './load.ts';

/** The policy that is in force, and another one that may take its place. */
export interface PolicyInForce {
  readonly gate: Gate;
  /** Reads the file again. What is wrong with it, a line each; or a function that puts it in force. */
  reread(): { readonly problems: readonly string[] } | { readonly take: () => void };
}

/** The policy of a file. What is wrong with it, a line each, when it cannot be used. */
export function policyInForce(
  file: string,
  groupsOf: (user: string) => Promise<readonly string[]>,
): PolicyInForce | { readonly problems: readonly string[] } {
  const loaded = loadPolicy(file);
  if ('problems' in loaded) return loaded;
  let gate = policyGate(loaded.policy, groupsOf);
  return {
    get gate() {
      return gate;
    },
    reread() {
      const again = loadPolicy(file);
      if ('problems' in again) return again;
      const next = policyGate(again.policy, groupsOf);
      return {
        take: () => {
          gate = next;
        },
      };
    },
  };
}

import type { Least } from '../kinds.ts';
import type { BackendState, TargetState } from '../state.ts';
import type { Kept } from '../target.ts';

/** A reason not to do what was asked, found before anything is changed. */
export interface Guard {
  /** Stable name for programs: `last-server`. */
  readonly name: string;
  /** When it refuses. */
  readonly about: string;
  /** Why it refuses, one text for each backend or frontend that is concerned, with the numbers; none when all is well. */
  judge(before: TargetState, after: TargetState, policy: Policy): readonly string[];
}

/** What an operator asks for beyond what guards always look at. */
export interface Policy {
  /** `--min-usable`. */
  readonly least: Least | null;
  /** What the policy of the target asks for. */
  kept(backend: string): Kept;
}

/** A backend before and after, where fewer of its servers take traffic than before, or with less room. */
interface Shrunk {
  readonly before: BackendState;
  readonly after: BackendState;
}

/** Backends of which servers stop taking traffic. */
export function shrunk(before: TargetState, after: TargetState): readonly Shrunk[] {
  return before.backends.flatMap((backend) => {
    const same = after.backends.find(({ name }) => name === backend.name);
    return same && usable(same) < usable(backend) ? [{ before: backend, after: same }] : [];
  });
}

/** Servers that take traffic, of either kind. */
export function usable(backend: BackendState): number {
  return backend.servers.filter((server) => server.usable).length;
}

/** Names of the servers that took traffic before and do not after. */
export function lost({ before, after }: Shrunk): string {
  return before.servers
    .filter(({ name, usable }) => usable && !after.servers.some((other) => other.name === name && other.usable))
    .map(({ name }) => `${before.name}/${name}`)
    .join(', ');
}

import type { Emit, FleetResult } from '../events.ts';
import type { View } from '../operation.ts';
import type { CommonValues } from '../options.ts';
import type { Prepared, Request } from '../prepare.ts';
import { failure } from '../runner.ts';
import type { Made } from '../steps.ts';
import type { Target } from '../target.ts';
import type { FleetRecord } from './record.ts';

/** One load balancer of a fleet, and how far the operation has come there. */
export interface Member {
  /** As it was named. */
  readonly name: string;
  readonly target: Target;
  readonly emit: Emit;
  prepared: Prepared | null;
  readonly made: Made;
  result: Omit<FleetResult, 'target'>;
  /** Somebody else asked for it there: who runs this agrees to it. */
  approves: boolean;
  /** Something there is taken back by itself. */
  leased: boolean;
}

/** What the surface brings that runs an operation on several load balancers. */
export interface FleetSurroundings {
  /** Each once. */
  readonly names: readonly string[];
  readonly open: (name: string) => Promise<Target>;
  readonly emit: Emit;
  readonly show: (view: View, target: string) => void;
  readonly ask: ((question: string) => Promise<boolean>) | null;
  readonly signal: AbortSignal;
  /** Sees to leases on a load balancer that does not do so itself. */
  readonly keepLeases: (target: string) => Promise<void>;
  /** Where the whole is recorded. Throws when it cannot be. */
  readonly record: FleetRecord;
}

/** An operation on a fleet under way. */
export interface FleetCourse {
  readonly request: Request;
  readonly common: CommonValues;
  /** Its id, the same everywhere. */
  readonly id: string;
  readonly around: FleetSurroundings;
  readonly members: readonly Member[];
  readonly waves: readonly (readonly Member[])[];
}

export const UNTOUCHED = { ok: true, ended: 'untouched', text: '' } as const;

/** The result of an exception. */
export function failed(error: unknown, target: Target | null): Omit<FleetResult, 'target'> {
  const { ended, text } = failure(error, [], target);
  return { ok: false, ended, text };
}

/** How it ended on each, with what is in force where that is not what was asked for. */
export function resultOf({ name, made, result }: Member): FleetResult {
  const inForce = result.ok || made.length === 0 ? '' : `; in force: ${made.join(', ')}`;
  return { target: name, ...result, text: `${result.text}${inForce}` };
}

/** `lb1: reason; lb2: reason`. */
export function listed(results: readonly FleetResult[]): string {
  return results.map(({ target, ended, text }) => `${target}: ${text || ended}`).join('; ');
}

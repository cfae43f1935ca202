import type { Change } from '../../change/change.ts';
import type { Location } from '../types.ts';

/**
 * What it takes to put a difference in force: Changes made to the running process; reading the files again; another process. On a real
 * HAProxy a reload starts new processes, so that nothing there needs a restart.
 */
export type Effect = 'live' | 'reload' | 'restart';

/** One side of a difference. */
export interface Side {
  readonly at: Location;
  /** The statement or the parameter as words; empty for a parameter that a server has not: then `at` is the server's line. */
  readonly text: string;
}

/** Something that two configurations say differently. */
export interface Difference {
  /** `backend app`, `global`. */
  readonly section: string;
  /** The server that it is about, or null. */
  readonly server: string | null;
  /** Null where it is not there. */
  readonly before: Side | null;
  readonly after: Side | null;
  readonly effect: Effect;
  /** What makes it live, in this order; empty where it is not, or where others say it all. */
  readonly changes: readonly Change[];
  /** Why it cannot be done live, or on what condition it can; may be empty for what is live. */
  readonly reason: string;
}

/** How to get from one configuration to another. */
export interface Plan {
  readonly differences: readonly Difference[];
  /** All Changes of what is live: what is added first, what is removed last. */
  readonly changes: readonly Change[];
  /** What all differences together take; `none` when there is no difference. */
  readonly effect: Effect | 'none';
}

export interface PlanOptions {
  /** The program that runs the configuration. */
  readonly on: 'sluice' | 'haproxy';
}

/** Difference that needs the files to be read again. */
export function reload(
  difference: Pick<Difference, 'section' | 'server' | 'before' | 'after'>,
  reason: string,
): Difference {
  return { ...difference, effect: 'reload', changes: [], reason };
}

/** Difference that Changes make. */
export function live(
  difference: Pick<Difference, 'section' | 'server' | 'before' | 'after'>,
  changes: readonly Change[],
  reason = '',
): Difference {
  return { ...difference, effect: 'live', changes, reason };
}

/** The stronger of two. */
export function worse<E extends Effect | 'none'>(a: E, b: E): E {
  const order = ['none', 'live', 'reload', 'restart'];
  return order.indexOf(a) >= order.indexOf(b) ? a : b;
}

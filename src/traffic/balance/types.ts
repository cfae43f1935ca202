import type { ServerView } from '../../model/messages.ts';

/**
 * Effective weight of a server of the greatest weight: 256 x 16 (manual, "weight"; the lower 4 bits are for slow
 * starts).
 */
export const WEIGHT_MAX = 4096;

/** Passed to `pick` for the key of a request that has none: hashing then falls back to a round robin, as in HAProxy. */
export const NO_KEY = -1;

/**
 * What a balancer must know of a server. The objects are the caller's; a balancer keeps references and compares them by
 * identity.
 */
export interface Target {
  readonly id: number;
  /** Effective weight in 1/16 units of the user's, 0..4096. */
  readonly weight: number;
  /** Up, if only for persistent requests. */
  readonly usable: boolean;
  readonly draining: boolean;
  readonly backup: boolean;
  readonly view: Pick<ServerView, 'host' | 'family' | 'port' | 'maxqueue'>;
  readonly config: { readonly hashKey: 'id' | 'addr' | 'addr-port' };
  /** Streams on it now and streams waiting for it, over all threads. */
  served(): number;
  queued(): number;
  /** Streams it may have now; 0 = no limit. */
  limit(): number;
}

/**
 * A balancing algorithm with the state that one traffic thread has of it. `pick` allocates nothing; `update` may.
 * Which servers are candidates is the same in all: active servers that take new requests; when none is left, the first
 * backup server that does, or all of them with `option allbackups`.
 */
export interface Balancer<T extends Target = Target> {
  /**
   * The server for the next request, null when there is none or when all that the algorithm may choose are full (the
   * request then waits in the backend's queue). Hashing ignores fullness: its server's own queue is where the request
   * belongs. `hash`: of the key as an unsigned 32-bit number, or NO_KEY; only hashing reads it. `avoid`: the server on
   * which the request has just failed; it is returned only where nothing else is left, and by map-based hashing.
   */
  pick(hash: number, avoid: T | null): T | null;
  /**
   * Takes over what the servers are now: called once at first, then after any of them was changed, added or removed. In
   * configuration order.
   */
  update(servers: readonly T[]): void;
  /** The number of streams on `server`, or waiting for it, was changed by this thread. */
  changed(server: T): void;
  /**
   * A waiting stream in the backend's queue means that no server has a place: there is no need to ask. (While nothing
   * is served at all, it must be asked even so: else nothing would ever empty the queue.)
   */
  readonly queueMeansFull: boolean;
}

/**
 * `hash-preserve-affinity`: whether a key stays with its server when that is full (`maxconn`), or has a full queue
 * (`maxqueue`).
 */
export type Preserve = 'always' | 'maxconn' | 'maxqueue';

/** Whether a key may stay with its server. */
export function affords(target: Target, preserve: Preserve): boolean {
  if (preserve === 'always') return true;
  if (preserve === 'maxconn') return !isFull(target);
  const { maxqueue } = target.view;
  return maxqueue === 0 || !isFull(target) || target.queued() < maxqueue;
}

/** Takes new requests. */
export function isCandidate(target: Target): boolean {
  return target.usable && !target.draining && target.weight > 0;
}

/** Has as many streams as it may have, or others wait for it already. */
export function isFull(target: Target): boolean {
  const limit = target.limit();
  return limit > 0 && (target.queued() > 0 || target.served() >= limit);
}

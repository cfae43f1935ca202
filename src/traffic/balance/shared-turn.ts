import { Rotation } from './rotation.ts';
import { isFull, type Target } from './types.ts';

/** Count of turns in memory that all threads share: row and field. */
export type Turns = readonly [Int32Array, number];

/** Longest period that is laid out; with more, each thread goes round by itself. */
const PERIOD_MAX = 4096;

/**
 * Round robin over all threads: the turns of one period, laid out in the order in which `Rotation` gives them, and one
 * shared count of the turns taken. Threads that know the same servers with the same weights go round together.
 */
export class SharedTurn<T extends Target> {
  readonly #count: Turns;
  #turns: readonly T[] = [];

  constructor(count: Turns) {
    this.#count = count;
  }

  /** Whether there is an order to follow. */
  get active(): boolean {
    return this.#turns.length > 0;
  }

  /** Lays out the period for these candidates; none when it would be too long. */
  update(candidates: readonly T[]): void {
    const period = periodOf(candidates);
    if (period === 0 || period > PERIOD_MAX) {
      this.#turns = [];
      return;
    }
    const rotation = new Rotation<Unloaded<T>>();
    rotation.update(candidates.map((server) => unloaded(server)));
    this.#turns = Array.from({ length: period }, () => rotation.pick(null)!.of);
  }

  /** The next server in turn that is not full and not `avoid`; null when there is none. */
  pick(avoid: T | null): T | null {
    return nextTurn(this.#turns, this.#count, avoid);
  }
}

/** The server of the next turn of a period that is not full; `avoid` only if it is the last one, null when all are full. */
export function nextTurn<T extends Target>(period: readonly T[], [count, field]: Turns, avoid: T | null): T | null {
  let avoided: T | null = null;
  for (let i = 0; i < period.length; i++) {
    const server = period[(Atomics.add(count, field, 1) >>> 0) % period.length]!;
    if (isFull(server)) continue;
    if (server !== avoid) return server;
    avoided = server;
  }
  return avoided;
}

/** Turns until the order repeats: the sum of the weights without their common divisor. */
function periodOf(candidates: readonly Target[]): number {
  let divisor = 0;
  let sum = 0;
  for (const { weight } of candidates) {
    divisor = gcd(divisor, weight);
    sum += weight;
  }
  return divisor === 0 ? 0 : sum / divisor;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** A candidate as it would be if nothing were full. */
interface Unloaded<T extends Target> extends Target {
  readonly of: T;
}

function unloaded<T extends Target>(server: T): Unloaded<T> {
  const { id, weight, backup, view, config } = server;
  return {
    of: server,
    id,
    weight,
    backup,
    view,
    config,
    usable: true,
    draining: false,
    served: none,
    queued: none,
    limit: none,
  };
}

function none(): number {
  return 0;
}

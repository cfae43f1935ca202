import { Rotation } from './rotation.ts';
import { isFull, type Target } from './types.ts';

/** Longest period that is laid out; with more, each thread goes round by itself. */
const PERIOD_MAX = 4096;

/**
 * Round robin over all threads: the turns of one period, laid out in the order in which `Rotation` gives them, and one
 * shared count of the turns taken. Threads that know the same servers with the same weights go round together.
 */
export class SharedTurn<T extends Target> {
  readonly #count: Int32Array;
  readonly #field: number;
  #turns: readonly T[] = [];

  /** `count[field]` is shared by all threads. */
  constructor(count: Int32Array, field: number) {
    this.#count = count;
    this.#field = field;
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
    const turns = this.#turns;
    let avoided: T | null = null;
    for (let i = 0; i < turns.length; i++) {
      const server = turns[(Atomics.add(this.#count, this.#field, 1) >>> 0) % turns.length]!;
      if (isFull(server)) continue;
      if (server !== avoid) return server;
      avoided = server;
    }
    return avoided;
  }
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

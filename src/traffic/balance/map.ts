import { IndexHeap } from './heap.ts';
import { poolOf } from './pool.ts';
import { nextTurn, type Turns } from './shared-turn.ts';
import { affords, type Balancer, isFull, NO_KEY, type Preserve, type Target } from './types.ts';

/**
 * Map of servers for static weights: as many entries as the sum of the weights (divided by their greatest common
 * divisor), each server spread evenly over it, ties going to the one written first. `servers` have weights above 0.
 *
 * Every server earns its weight at each entry and pays the sum of all for an entry that it gets. An entry goes to the
 * first server, in order, of those with the most whole entries' worth; the heap holds those with any, and `due` tells
 * when each earns the next.
 */
export function serverMap<T extends Target>(servers: readonly T[]): T[] {
  const divisor = servers.reduce((d, server) => gcd(d, server.weight), 0);
  const weights = servers.map((server) => server.weight / divisor);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const rich = new IndexHeap(servers.length);
  const due = new IndexHeap(servers.length);
  const worth = new Int32Array(servers.length);
  const taken = new Float64Array(servers.length);
  const map: T[] = [];
  const settle = (i: number) => {
    if (worth[i] === 0) rich.remove(i);
    else rich.put(i, i - worth[i]! * servers.length);
    due.put(i, Math.ceil((total * (taken[i]! + worth[i]!)) / weights[i]!));
  };
  for (let i = 0; i < servers.length; i++) due.put(i, 0);
  for (let entry = 1; entry <= total; entry++) {
    for (let i = due.first(); due.keyOf(i) <= entry; i = due.first()) {
      worth[i]!++;
      settle(i);
    }
    const best = rich.first();
    map.push(servers[best]!);
    taken[best]!++;
    worth[best]!--;
    settle(best);
  }
  return map;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** A map over the servers that take requests now, built again when it is next needed after an update. */
class LazyMap<T extends Target> {
  readonly #allBackups: boolean;
  /** What the map is to be built over, null when it is. */
  #servers: readonly T[] | null;
  #map: T[];
  /** One server has all entries. */
  single: boolean;

  constructor(allBackups: boolean) {
    this.#allBackups = allBackups;
    this.#servers = null;
    this.#map = [];
    this.single = false;
  }

  update(servers: readonly T[]): void {
    const pool = poolOf(servers, this.#allBackups);
    if (pool.active.length > 0) this.#servers = pool.active;
    else this.#servers = pool.onlyBackup === null ? pool.backups : [pool.onlyBackup];
    this.single = this.#servers.length === 1;
  }

  entries(): readonly T[] {
    if (this.#servers === null) return this.#map;
    this.#map = serverMap(this.#servers);
    this.#servers = null;
    return this.#map;
  }
}

/** `balance static-rr`, and what map-based hashing does with requests that have no key: entry by entry. */
export class StaticRoundRobin<T extends Target> implements Balancer<T> {
  readonly queueMeansFull = true;
  readonly #map: LazyMap<T>;
  readonly #turns: Turns | null;
  #next: number;

  /** `turns`: the count of turns that all threads share, null with one thread. */
  constructor(allBackups: boolean, turns: Turns | null = null) {
    this.#map = new LazyMap(allBackups);
    this.#turns = turns;
    this.#next = 0;
  }

  pick(_hash: number, avoid: T | null): T | null {
    const entries = this.#map.entries();
    if (this.#turns !== null && entries.length > 0) return nextTurn(entries, this.#turns, avoid);
    let avoidedNext = -1;
    let i = this.#next;
    for (let left = entries.length; left > 0; left--) {
      // Only now, not when it was set: in a map that has grown meanwhile it is a place like any other.
      if (i >= entries.length) i = 0;
      const server = entries[i++]!;
      if (isFull(server)) continue;
      if (server !== avoid) {
        this.#next = i;
        return server;
      }
      avoidedNext = i;
    }
    if (avoidedNext < 0) return null;
    this.#next = avoidedNext;
    return avoid;
  }

  /** One server has all entries. */
  get single(): boolean {
    return this.#map.single;
  }

  /** The entry of a hash. */
  at(hash: number, preserve: Preserve): T | null {
    const entries = this.#map.entries();
    if (entries.length === 0) return null;
    const start = hash % entries.length;
    if (preserve === 'always') return entries[start]!;
    for (let i = start; ; ) {
      if (affords(entries[i]!, preserve)) return entries[i]!;
      i = i + 1 < entries.length ? i + 1 : 0;
      if (i === start) return entries[start]!;
    }
  }

  update(servers: readonly T[]): void {
    this.#map.update(servers);
  }

  changed(): void {}
}

/**
 * Hashing with `hash-type map-based`: the entry that the hash leaves as a remainder; any change of the servers moves
 * most keys.
 */
export class MapHash<T extends Target> implements Balancer<T> {
  readonly queueMeansFull = false;
  readonly #preserve: Preserve;
  readonly #entries: StaticRoundRobin<T>;

  /** `turns`: as for `StaticRoundRobin`. */
  constructor(allBackups: boolean, preserve: Preserve, turns: Turns | null = null) {
    this.#preserve = preserve;
    this.#entries = new StaticRoundRobin(allBackups, turns);
  }

  pick(hash: number, avoid: T | null): T | null {
    if (hash !== NO_KEY) return this.#entries.at(hash, this.#preserve);
    return this.#entries.single ? this.#entries.at(0, 'always') : this.#entries.pick(hash, avoid);
  }

  update(servers: readonly T[]): void {
    this.#entries.update(servers);
  }

  changed(): void {}
}

import { IndexHeap } from './heap.ts';
import { poolOf } from './pool.ts';
import { type Balancer, isCandidate, type Target, WEIGHT_MAX } from './types.ts';

/** Servers whose counts are read again at each pick, where other threads may have changed them. */
const REFRESHED = 8;

/**
 * `balance leastconn`: the server with the fewest streams, running and waiting, for its weight; the one that has been
 * so for the longest among equals, so that equally loaded servers are taken in turn.
 *
 * A heap orders the servers by the load last read. What this thread changes it is told at once (`changed`); loads that
 * other threads have raised are found when the server comes first, and those that they have lowered by reading some
 * servers again at each pick, in rotation: up to 8 servers the order is exact, with more it is late by at most n / 8
 * picks.
 */
export class LeastConn<T extends Target> implements Balancer<T> {
  readonly queueMeansFull = false;
  readonly #allBackups: boolean;
  readonly #refreshed: number;
  #members: readonly T[];
  #weights: readonly number[];
  #onlyBackup: T | null;
  readonly #index: Map<T, number>;
  #heap: IndexHeap;
  #cursor: number;

  /** `shared`: other threads send traffic to the same servers. */
  constructor(allBackups: boolean, shared: boolean) {
    this.#allBackups = allBackups;
    this.#refreshed = shared ? REFRESHED : 0;
    this.#members = [];
    this.#weights = [];
    this.#onlyBackup = null;
    this.#index = new Map();
    this.#heap = new IndexHeap(0);
    this.#cursor = 0;
  }

  pick(_hash: number, avoid: T | null): T | null {
    const members = this.#members;
    if (members.length === 0) return this.#onlyBackup;
    for (let n = Math.min(this.#refreshed, members.length); n > 0; n--) {
      this.#cursor = this.#cursor + 1 < members.length ? this.#cursor + 1 : 0;
      this.#read(this.#cursor);
    }
    let first = this.#heap.first();
    while (this.#read(first)) first = this.#heap.first();
    const best = members[first]!;
    return best !== avoid && hasRoom(best) ? best : this.#search(avoid);
  }

  /** Keeps the order among servers that stay as they were, as far as loads leave it; behind those of the same load come those with another weight. */
  update(servers: readonly T[]): void {
    const pool = poolOf(servers, this.#allBackups);
    const members = pool.active.length > 0 ? pool.active : pool.backups;
    const before = this.#heap;
    const known: number[] = [];
    for (let i = before.first(); i >= 0; i = before.first()) {
      known.push(i);
      before.remove(i);
    }
    const was = this.#members;
    const weights = this.#weights;
    this.#index.clear();
    for (let i = 0; i < members.length; i++) this.#index.set(members[i]!, i);
    this.#members = members;
    this.#weights = members.map(({ weight }) => weight);
    this.#onlyBackup = members.length > 0 ? null : pool.onlyBackup;
    this.#heap = new IndexHeap(members.length);
    for (const k of known) {
      const i = this.#index.get(was[k]!);
      if (i !== undefined && weights[k] === members[i]!.weight) this.#heap.put(i, load(members[i]!));
    }
    for (let i = 0; i < members.length; i++) if (!this.#heap.has(i)) this.#heap.put(i, load(members[i]!));
    this.#cursor = 0;
  }

  changed(server: T): void {
    const i = this.#index.get(server);
    if (i !== undefined) this.#read(i);
  }

  /** Reads a load again; true when it was not what the heap had. */
  #read(i: number): boolean {
    const now = load(this.#members[i]!);
    if (now === this.#heap.keyOf(i)) return false;
    this.#heap.put(i, now);
    return true;
  }

  /** The first server in order that has room; `avoid` only if it is the last one. */
  #search(avoid: T | null): T | null {
    let best = -1;
    for (let i = 0; i < this.#members.length; i++) {
      this.#read(i);
      if (this.#members[i] === avoid || !hasRoom(this.#members[i]!)) continue;
      if (best < 0 || this.#heap.precedes(i, best)) best = i;
    }
    if (best >= 0) return this.#members[best]!;
    return avoid !== null && this.#index.has(avoid) && hasRoom(avoid) ? avoid : null;
  }
}

/** Streams for the weight; an idle server is first whatever it weighs. */
function load(server: Target): number {
  const streams = server.served() + server.queued();
  return streams === 0 || !isCandidate(server) ? 0 : Math.floor(((streams + 1) * WEIGHT_MAX) / server.weight);
}

/**
 * A server may take as many as run and wait on it: unlike other algorithms, this one fills the servers' queues up to
 * `maxqueue`.
 */
function hasRoom(server: Target): boolean {
  const limit = server.limit();
  return limit === 0 || server.served() + server.queued() < limit + server.view.maxqueue;
}

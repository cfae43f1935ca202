import { type Pool, poolOf } from './pool.ts';
import { Ring } from './ring.ts';
import { affords, type Balancer, isFull, NO_KEY, type Preserve, type Target } from './types.ts';

/** The rings of a backend: of its active servers and, with `allbackups`, of its backups. */
export class Rings<T extends Target> {
  readonly #allBackups: boolean;
  readonly #active: Ring<T>;
  readonly #backups: Ring<T>;
  #pool: Pool<T>;

  constructor(allBackups: boolean) {
    this.#allBackups = allBackups;
    this.#active = new Ring();
    this.#backups = new Ring();
    this.#pool = poolOf<T>([], allBackups);
  }

  /** The ring to choose from now; empty when only `onlyBackup` is left. */
  get ring(): Ring<T> {
    return this.#pool.active.length > 0 ? this.#active : this.#backups;
  }

  /** Servers on that ring, in configuration order. */
  get members(): readonly T[] {
    return this.#pool.active.length > 0 ? this.#pool.active : this.#pool.backups;
  }

  get onlyBackup(): T | null {
    return this.#pool.onlyBackup;
  }

  update(servers: readonly T[]): void {
    this.#pool = poolOf(servers, this.#allBackups);
    this.#active.update(this.#pool.active);
    this.#backups.update(this.#pool.backups);
  }
}

/**
 * Hashing with `hash-type consistent`: the server of the nearest point; a change of the servers moves only the keys
 * that must move.
 *
 * With a balance factor (percent, 0 = none) a server that has more than that share of the streams now served, by
 * weight, is passed over for the one behind it on the ring (bounded loads: Mirrokni, Thorup, Zadimoghaddam,
 * arXiv:1608.01350).
 */
export class ConsistentHash<T extends Target> implements Balancer<T> {
  readonly queueMeansFull = false;
  readonly #rings: Rings<T>;
  readonly #factor: number;
  readonly #preserve: Preserve;
  /** Streams now served by all servers of the backend. */
  readonly #served: () => number;
  /** Sum of the weights of the members, and of those before each. */
  #total: number;
  readonly #before: Map<T, number>;

  constructor(allBackups: boolean, preserve: Preserve, factor: number, served: () => number) {
    this.#rings = new Rings(allBackups);
    this.#factor = factor;
    this.#preserve = preserve;
    this.#served = served;
    this.#total = 0;
    this.#before = new Map();
  }

  pick(hash: number, avoid: T | null): T | null {
    if (hash === NO_KEY && this.#rings.members.length > 1) return this.#inTurn(avoid);
    const { ring } = this.#rings;
    const start = ring.nearest(hash);
    if (start < 0) return this.#rings.onlyBackup;
    const slots = this.#factor === 0 ? 0 : Math.ceil(((this.#served() + 1) * this.#factor) / 100);
    let fallback = start;
    for (let point = start; ; ) {
      const server = ring.server(point);
      if (server !== avoid) {
        if ((slots === 0 || this.#hasShare(server, slots)) && affords(server, this.#preserve)) return server;
        if (ring.server(fallback) === avoid) fallback = point;
      }
      point = ring.next(point);
      if (point === start) return ring.server(fallback);
    }
  }

  update(servers: readonly T[]): void {
    this.#rings.update(servers);
    this.#before.clear();
    this.#total = 0;
    if (this.#factor === 0) return;
    for (const member of this.#rings.members) {
      this.#before.set(member, this.#total);
      this.#total += member.weight;
    }
  }

  changed(): void {}

  /**
   * Whole slots for each unit of weight, and the rest of the slots dealt out along the sum of the weights; one at
   * least.
   */
  #hasShare(server: T, slots: number): boolean {
    const before = this.#before.get(server)!;
    const rest = slots % this.#total;
    const dealt =
      Math.floor(((before + server.weight) * rest) / this.#total) - Math.floor((before * rest) / this.#total);
    const share = server.weight * Math.floor(slots / this.#total) + dealt;
    return server.served() < Math.max(1, share);
  }

  /** The server of the next point in turn that is not full; `avoid` only if it is the last one. */
  #inTurn(avoid: T | null): T | null {
    const { ring } = this.#rings;
    let avoidedAt = -1;
    for (let left = ring.size; left > 0; left--) {
      const point = ring.advance();
      const server = ring.server(point);
      if (isFull(server)) continue;
      if (server !== avoid) return server;
      avoidedAt = point;
    }
    if (avoidedAt < 0) return this.#rings.onlyBackup;
    ring.seek(avoidedAt);
    return avoid;
  }
}

/**
 * `balance random`: the best of `draws` servers drawn by weight, by streams for their weight. None when it is full: the
 * request then waits in the backend's queue.
 */
export class RandomDraws<T extends Target> implements Balancer<T> {
  readonly queueMeansFull = false;
  readonly #rings: Rings<T>;
  readonly #draws: number;
  #state: number;

  /** `seed`: 32 bits, not 0. */
  constructor(allBackups: boolean, draws: number, seed: number) {
    this.#rings = new Rings(allBackups);
    this.#draws = draws;
    this.#state = seed | 0 || 1;
  }

  pick(_hash: number, avoid: T | null): T | null {
    let best: T | null = null;
    for (let draw = 0; draw < this.#draws; draw++) {
      const drawn = this.#draw(avoid);
      if (drawn === null) break;
      if (best === null || best === drawn || drawn.served() * best.weight <= best.served() * drawn.weight) best = drawn;
    }
    return best === null || isFull(best) ? null : best;
  }

  update(servers: readonly T[]): void {
    this.#rings.update(servers);
  }

  changed(): void {}

  #draw(avoid: T | null): T | null {
    const { ring } = this.#rings;
    const start = ring.nearest(this.#random());
    if (start < 0) return this.#rings.onlyBackup;
    let point = start;
    while (ring.server(point) === avoid) {
      point = ring.next(point);
      if (point === start) break;
    }
    return ring.server(point);
  }

  /** Marsaglia's xorshift32. */
  #random(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }
}

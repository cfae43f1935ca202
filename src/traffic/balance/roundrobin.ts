import { type Pool, poolOf } from './pool.ts';
import { Rotation } from './rotation.ts';
import type { SharedTurn } from './shared-turn.ts';
import type { Balancer, Target } from './types.ts';

/** `balance roundrobin`: in turn, by weight, smoothly; weights may change at any time. */
export class RoundRobin<T extends Target> implements Balancer<T> {
  readonly queueMeansFull = true;
  readonly #allBackups: boolean;
  readonly #active: Rotation<T>;
  readonly #backups: Rotation<T>;
  readonly #turn: SharedTurn<T> | null;
  #pool: Pool<T>;

  /** `turn`: the count of turns that all threads share, null with one thread. */
  constructor(allBackups: boolean, turn: SharedTurn<T> | null = null) {
    this.#turn = turn;
    this.#allBackups = allBackups;
    this.#active = new Rotation();
    this.#backups = new Rotation();
    this.#pool = poolOf<T>([], allBackups);
  }

  pick(_hash: number, avoid: T | null): T | null {
    const { active, onlyBackup } = this.#pool;
    if (active.length === 0 && onlyBackup !== null) return onlyBackup;
    if (this.#turn?.active === true) return this.#turn.pick(avoid);
    return active.length > 0 ? this.#active.pick(avoid) : this.#backups.pick(avoid);
  }

  update(servers: readonly T[]): void {
    this.#pool = poolOf(servers, this.#allBackups);
    this.#turn?.update(this.#pool.active.length > 0 ? this.#pool.active : this.#pool.backups);
    this.#active.update(this.#pool.active);
    this.#backups.update(this.#pool.backups);
  }

  changed(): void {}
}

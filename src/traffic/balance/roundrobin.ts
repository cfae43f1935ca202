import { type Pool, poolOf } from './pool.ts';
import { Rotation } from './rotation.ts';
import type { Balancer, Target } from './types.ts';

/** `balance roundrobin`: in turn, by weight, smoothly; weights may change at any time. */
export class RoundRobin<T extends Target> implements Balancer<T> {
  readonly queueMeansFull = true;
  readonly #allBackups: boolean;
  readonly #active: Rotation<T>;
  readonly #backups: Rotation<T>;
  #pool: Pool<T>;

  constructor(allBackups: boolean) {
    this.#allBackups = allBackups;
    this.#active = new Rotation();
    this.#backups = new Rotation();
    this.#pool = poolOf<T>([], allBackups);
  }

  pick(_hash: number, avoid: T | null): T | null {
    if (this.#pool.active.length > 0) return this.#active.pick(avoid);
    return this.#pool.onlyBackup ?? this.#backups.pick(avoid);
  }

  update(servers: readonly T[]): void {
    this.#pool = poolOf(servers, this.#allBackups);
    this.#active.update(this.#pool.active);
    this.#backups.update(this.#pool.backups);
  }

  changed(): void {}
}

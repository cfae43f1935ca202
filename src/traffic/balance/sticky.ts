import { poolOf } from './pool.ts';
import type { Balancer, Target } from './types.ts';

/**
 * `balance sticky`: always the same server, for as long as it takes requests; it is not left for one that comes back.
 */
export class Sticky<T extends Target> implements Balancer<T> {
  readonly queueMeansFull = false;
  readonly #allBackups: boolean;
  #server: T | null;

  constructor(allBackups: boolean) {
    this.#allBackups = allBackups;
    this.#server = null;
  }

  pick(): T | null {
    return this.#server;
  }

  update(servers: readonly T[]): void {
    const pool = poolOf(servers, this.#allBackups);
    const members = pool.active.length > 0 ? pool.active : pool.backups;
    if (this.#server !== null && members.includes(this.#server)) return;
    this.#server = members[0] ?? pool.onlyBackup;
  }

  changed(): void {}
}

import { poolOf } from './pool.ts';
import { type Balancer, isFull, type Target } from './types.ts';

/** `balance first`: the server with the lowest id that is not full. */
export class First<T extends Target> implements Balancer<T> {
  readonly queueMeansFull = true;
  readonly #allBackups: boolean;
  #members: readonly T[];
  #onlyBackup: T | null;

  constructor(allBackups: boolean) {
    this.#allBackups = allBackups;
    this.#members = [];
    this.#onlyBackup = null;
  }

  pick(_hash: number, avoid: T | null): T | null {
    const members = this.#members;
    let avoided: T | null = this.#onlyBackup;
    for (let i = 0; i < members.length; i++) {
      const server = members[i]!;
      if (isFull(server)) continue;
      if (server !== avoid) return server;
      avoided = server;
    }
    return avoided;
  }

  update(servers: readonly T[]): void {
    const pool = poolOf(servers, this.#allBackups);
    const members = pool.active.length > 0 ? pool.active : pool.backups;
    this.#members = members.toSorted((a, b) => a.id - b.id);
    this.#onlyBackup = members.length > 0 ? null : pool.onlyBackup;
  }

  changed(): void {}
}

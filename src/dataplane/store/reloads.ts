/** Reloads of a process that needs them: one for all that wait, and what became of each. */

import type { Balancer, Requester } from '../balancer/balancer.ts';

export interface Reload {
  readonly id: string;
  readonly status: 'in_progress' | 'succeeded' | 'failed';
  readonly response?: string;
  /** Seconds since the epoch. */
  readonly reload_timestamp?: number;
}

export interface ReloadOptions {
  /** How long one waits for more to come, ms. */
  readonly delay: number;
  /** How long failed ones are told, ms. */
  readonly retention: number;
  /** Told when the files were loaded; `more`: another reload waits. */
  readonly loaded?: (more: boolean) => void;
}

export class Reloads {
  readonly #balancer: Pick<Balancer, 'reload'>;
  readonly #options: ReloadOptions;
  readonly #done: Reload[] = [];
  #pending: { readonly id: string; readonly requester: Requester; readonly ended: Promise<Reload> } | null = null;
  #fire: (() => void) | null = null;
  #running: string | null = null;
  /** The reload before: they never overlap. */
  #tail: Promise<unknown> = Promise.resolve();
  #count = 0;

  constructor(balancer: Pick<Balancer, 'reload'>, options: ReloadOptions) {
    this.#balancer = balancer;
    this.#options = options;
  }

  /** Asks for a reload; the id of the one that will do it. */
  schedule(requester: Requester): string {
    if (this.#pending === null) {
      const id = this.#newId();
      const waited = new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#options.delay);
        this.#fire = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#pending = { id, requester, ended: Promise.all([waited, this.#tail]).then(() => this.#run(id, requester)) };
      this.#tail = this.#pending.ended;
    }
    return this.#pending.id;
  }

  /** Reloads now, with all that waits; resolves when it is over. */
  async now(requester: Requester): Promise<Reload> {
    this.schedule(requester);
    const { ended } = this.#pending!;
    this.#fire?.();
    return ended;
  }

  list(): readonly Reload[] {
    const since = Date.now() - this.#options.retention;
    const failed = this.#done.filter(({ status, reload_timestamp: at }) => status === 'failed' && at! * 1000 >= since);
    const last = this.#done.findLast(({ status }) => status === 'succeeded');
    const pending = [this.#running, this.#pending?.id ?? null]
      .filter((id) => id !== null)
      .map((id): Reload => ({ id, status: 'in_progress' }));
    return [...failed, ...(last === undefined ? [] : [last]), ...pending];
  }

  find(id: string): Reload | null {
    if (this.#pending?.id === id || this.#running === id) return { id, status: 'in_progress' };
    return this.#done.find((reload) => reload.id === id) ?? null;
  }

  /** Reloads what still waits. */
  async close(): Promise<void> {
    this.#fire?.();
    await this.#tail;
  }

  async #run(id: string, requester: Requester): Promise<Reload> {
    // What is written from here on needs the next one.
    this.#pending = null;
    this.#running = id;
    const { ok, text } = await this.#balancer
      .reload(requester)
      .catch((error: Error) => ({ ok: false, text: error.message }));
    const reload: Reload = {
      id,
      status: ok ? 'succeeded' : 'failed',
      response: text,
      reload_timestamp: Math.floor(Date.now() / 1000),
    };
    this.#running = null;
    if (ok) this.#options.loaded?.(this.#pending !== null);
    this.#done.push(reload);
    if (this.#done.length > MOST) this.#done.shift();
    return reload;
  }

  #newId(): string {
    return `${new Date().toISOString().slice(0, 10)}-${++this.#count}`;
  }
}

/** Reloads that are remembered. */
const MOST = 1000;

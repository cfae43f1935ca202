/** How a source stands: what is told of it is what has happened. */

export interface SourceStatus {
  /** `starting`: no answer yet; `working`: the last answer to everything that is asked was good; `failing`: one was not, and it is tried again. */
  readonly state: 'starting' | 'working' | 'failing' | 'stopped';
  /** When it came to that state; of the last good answer; of the next try. ISO 8601. */
  readonly since: string;
  readonly last_success: string | null;
  readonly next_try: string | null;
  /** What went wrong last, while it is failing. */
  readonly error: string | null;
  /** Tries in a row without a good answer. */
  readonly failures: number;
}

interface Failure {
  readonly text: string;
  readonly failures: number;
  readonly next: number;
}

/** Collects how the questions go that are asked of one source, each by its key. */
export class Standing {
  readonly #failing = new Map<string, Failure>();
  #state: SourceStatus['state'] = 'starting';
  #since = Date.now();
  #lastSuccess: number | null = null;

  good(key: string): void {
    this.#failing.delete(key);
    this.#lastSuccess = Date.now();
    this.#turn();
  }

  /** `next`: when it is asked again, ms since the epoch. */
  failed(key: string, text: string, failures: number, next: number): void {
    this.#failing.set(key, { text, failures, next });
    this.#turn();
  }

  /** It is not asked any more. */
  forget(key: string): void {
    this.#failing.delete(key);
    this.#turn();
  }

  stop(): void {
    this.#failing.clear();
    this.#to('stopped');
  }

  get status(): SourceStatus {
    const [first] = this.#failing.values();
    const next = Math.min(...this.#failing.values().map((failure) => failure.next));
    return {
      state: this.#state,
      since: new Date(this.#since).toISOString(),
      last_success: this.#lastSuccess === null ? null : new Date(this.#lastSuccess).toISOString(),
      next_try: first === undefined ? null : new Date(next).toISOString(),
      error: first?.text ?? null,
      failures: Math.max(0, ...this.#failing.values().map(({ failures }) => failures)),
    };
  }

  #turn(): void {
    if (this.#state === 'stopped') return;
    this.#to(this.#failing.size > 0 ? 'failing' : this.#lastSuccess === null ? 'starting' : 'working');
  }

  #to(state: SourceStatus['state']): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#since = Date.now();
  }
}

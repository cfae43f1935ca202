/** Runs works one after the other in the order in which they came, with no more than `most` under way or waiting. */
export class Lane {
  readonly #most: number;
  #count: number;
  #last: Promise<unknown>;

  constructor(most: number) {
    this.#most = most;
    this.#count = 0;
    this.#last = Promise.resolve();
  }

  /** No further work is taken now. */
  get full(): boolean {
    return this.#count >= this.#most;
  }

  /** Runs `work` when its turn comes; settles as it does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#count++;
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    try {
      return await done;
    } finally {
      this.#count--;
    }
  }
}

import type { Proxy } from '../../model/proxy.ts';

/** How long lines wait for traffic threads that are held up, ms. */
const PATIENCE = 1000;

type Send = (proxy: Proxy, level: number, text: string) => void;

/** Log lines of what has become of servers. They are sent once it is so: when all traffic threads know it. */
export class StateLines {
  readonly #known: () => Promise<void>;
  readonly #send: Send;
  #lines: Parameters<Send>[] = [];

  /** `known` resolves when all traffic threads know the states as they are now. */
  constructor(known: () => Promise<void>, send: Send) {
    this.#known = known;
    this.#send = send;
  }

  add(...line: Parameters<Send>): void {
    this.#lines.push(line);
    // What is told of is not so before the end of this turn.
    if (this.#lines.length === 1) setImmediate(() => void this.#tell());
  }

  async #tell(): Promise<void> {
    const lines = this.#lines;
    this.#lines = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, PATIENCE);
    this.#known().then(resolve, resolve);
    await promise;
    clearTimeout(timer);
    for (const line of lines) this.#send(...line);
  }
}

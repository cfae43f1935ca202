import { type Origin, origin } from './origin.ts';
import { type Scope, until } from './wait.ts';

/** Servers that answer a request when the test releases its path. */
export class Held {
  readonly #waiting = new Map<string, () => void>();

  /** One of them; it answers with `body`, or with the path. */
  server(scope: Scope, body?: string): Promise<Origin> {
    return origin(scope, ({ target }) => {
      return new Promise((resolve) => this.#waiting.set(target, () => resolve({ body: body ?? target })));
    });
  }

  /** Whether a request for the path has reached a server. */
  has(path: string): boolean {
    return this.#waiting.has(path);
  }

  async arrived(path: string): Promise<void> {
    await until(`${path} to reach a server`, () => this.has(path));
  }

  /** Lets a server answer the request, once it has come. */
  async release(path: string): Promise<void> {
    await this.arrived(path);
    this.#waiting.get(path)!();
  }
}

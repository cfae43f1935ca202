import type { ServerContext } from './server-context.ts';

/** The contexts of one `bind` line that are ready, by the ids of their entries. */
export type Contexts = Map<number, ServerContext>;

/**
 * Which contexts of a thread were used last. The library takes some 20 kB for each, and a sixth of a millisecond to make one: where
 * there are many certificates those that are asked for are ready, and the others are made again when somebody asks.
 */
export class RecentContexts {
  readonly #limit: () => number;
  /** The one that was not used for longest first. */
  readonly #homes = new Map<ServerContext, Contexts>();
  #weight = 0;

  /** `limit`: how many are kept (`tune.ssl.ssl-ctx-cache-size`), at the time; the one that is used is always kept. */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** `context` of `home` is used now. */
  use(context: ServerContext, home: Contexts): void {
    if (!this.#homes.delete(context)) this.#weight += context.weight;
    this.#homes.set(context, home);
    for (const oldest of this.#homes.keys()) {
      if (this.#weight <= this.#limit() || oldest === context) break;
      this.forget(oldest);
    }
  }

  /** What has to go for another context of `home`, when it is one of those: for the caller to make that of it, or to close. */
  giveUp(home: Contexts): ServerContext | null {
    const [oldest] = this.#homes.keys();
    if (oldest === undefined || this.#weight + 1 <= this.#limit() || this.#homes.get(oldest) !== home) return null;
    this.#drop(oldest, home);
    return oldest;
  }

  #drop(context: ServerContext, home: Contexts): void {
    this.#homes.delete(context);
    this.#weight -= context.weight;
    if (home.get(context.entry.id) === context) home.delete(context.entry.id);
  }

  /** `context` is not used for further handshakes; connections go on with it. */
  forget(context: ServerContext): void {
    const home = this.#homes.get(context);
    if (home === undefined) return;
    this.#drop(context, home);
    // What it holds is freed with its last connection, and not when the engine next looks for garbage: it does not know how much that is.
    context.native.close();
  }
}

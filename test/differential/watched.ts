import type { Socket } from 'node:net';

/** A connection of a client that plays: whether it is over, and waiting for what comes. */
export class Watched {
  ended = false;
  /** Nobody listened. */
  refused = false;
  #wake = (): void => {};

  constructor(socket: Socket) {
    const end = (): void => {
      this.ended = true;
      this.#wake();
    };
    socket
      .on('end', end)
      .on('close', end)
      .on('error', (error: NodeJS.ErrnoException) => {
        this.refused ||= error.code === 'ECONNREFUSED';
        end();
      });
  }

  /** Something came: who waits for a change goes on. */
  readonly wake = (): void => this.#wake();

  /** Waits for a change; false when none comes for `ms`. */
  change(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  /** Waits for the end of the connection, at most `ms`. */
  async end(ms: number): Promise<void> {
    if (!this.ended) await this.change(ms);
  }
}

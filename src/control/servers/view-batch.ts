import type { TrafficLink } from '../../model/messages.ts';
import type { Server } from '../../model/server.ts';
import { serverView } from './view.ts';

/**
 * Servers whose views are stale in the traffic threads. All that change in one turn of the event loop go out in one message,
 * and messages go out in order.
 */
export class ViewBatch {
  readonly #traffic: TrafficLink;
  readonly #onError: (error: unknown) => void;
  readonly #stale = new Set<Server>();
  #sending: Promise<void> = Promise.resolve();
  #scheduled = false;

  /** `onError` is told of failures of messages that nobody waits for. */
  constructor(traffic: TrafficLink, onError: (error: unknown) => void) {
    this.#traffic = traffic;
    this.#onError = onError;
  }

  /** Marks a view as stale; it is sent at the end of this turn at the latest. */
  add(server: Server): void {
    this.#stale.add(server);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush().catch(this.#onError);
    });
  }

  /** A server that is gone has no view to send. */
  drop(server: Server): void {
    this.#stale.delete(server);
  }

  /** Sends what is stale now. Resolves when every thread has all that was marked before; rejects when a thread refuses it. */
  flush(): Promise<void> {
    if (this.#stale.size > 0) {
      const views = Array.from(this.#stale, serverView);
      this.#stale.clear();
      const sent = this.#traffic.ask({ kind: 'servers', views }).then(() => undefined);
      const sending = this.#sending.then(() => sent);
      this.#sending = sending;
      sending.catch(() => {
        if (this.#sending === sending) this.#sending = Promise.resolve();
      });
    }
    return this.#sending;
  }
}

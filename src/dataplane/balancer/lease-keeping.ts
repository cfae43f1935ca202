/** Takes back what was lent on a load balancer that does not do that itself. */

import { hasAgent } from '../../ops/agent/lock.ts';
import { keepLeases } from '../../ops/due-leases.ts';
import type { Target } from '../../ops/target.ts';

export interface LeaseKeeping {
  /** There may be leases. */
  wake(): void;
  close(): Promise<void>;
}

export interface LeaseKeepingOptions {
  readonly target: () => Promise<Target>;
  readonly stateDir: string;
  /** As the journal calls the load balancer. */
  readonly name: string;
  readonly note: (text: string) => void;
}

/** Keeps them while there are some, unless an agent does. */
export function leaseKeeping({ target, stateDir, name, note }: LeaseKeepingOptions): LeaseKeeping {
  const stop = new AbortController();
  let running: Promise<void> | null = null;
  let again = false;
  const keep = async () => {
    do {
      again = false;
      if (hasAgent(stateDir, name)) return;
      await keepLeases(await target(), stop.signal, note);
    } while (again && !stop.signal.aborted);
  };
  return {
    wake() {
      again = true;
      running ??= keep()
        .catch((error: Error) => note(`leases cannot be kept: ${error.message}`))
        .finally(() => (running = null));
    },
    async close() {
      stop.abort();
      await running;
    },
  };
}

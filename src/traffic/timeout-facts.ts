import type { ProxyConfig } from '../config/types.ts';
import type { TimeoutName } from '../expr/types.ts';

type Timeouts = Readonly<Record<TimeoutName, number>>;

const known = new WeakMap<ProxyConfig, Timeouts>();

/** The timeouts of a section as they work, ms, 0 = none: those of queues and tarpits are that of connecting where they are not set. */
export function timeoutFacts(config: ProxyConfig): Timeouts {
  let facts = known.get(config);
  if (facts === undefined) {
    const { client, server, connect, queue, tarpit, tunnel } = config.timeouts;
    facts = {
      client: client ?? 0,
      server: server ?? 0,
      connect: connect ?? 0,
      queue: queue ?? connect ?? 0,
      tarpit: tarpit ?? connect ?? 0,
      tunnel: tunnel ?? 0,
    };
    known.set(config, facts);
  }
  return facts;
}

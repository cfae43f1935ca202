import type { ProxyConfig } from '../config/types.ts';
import type { TimeoutName } from '../expr/types.ts';

type Timeouts = Readonly<Record<TimeoutName, number>>;

const known = new WeakMap<ProxyConfig, Timeouts>();

/**
 * The timeouts of a section as they work, ms, 0 = none: those of queues and tarpits are that of connecting where they are not set. A
 * frontend has none towards servers, whatever its defaults say.
 */
export function timeoutFacts(config: ProxyConfig): Timeouts {
  let facts = known.get(config);
  if (facts === undefined) {
    const { client, server, connect, queue, tarpit, tunnel } = config.timeouts;
    const serves = config.kind !== 'frontend';
    facts = {
      client: client ?? 0,
      server: (serves && server) || 0,
      connect: (serves && connect) || 0,
      queue: (serves && (queue ?? connect)) || 0,
      tarpit: tarpit ?? connect ?? 0,
      tunnel: (serves && tunnel) || 0,
    };
    known.set(config, facts);
  }
  return facts;
}

import { G } from '../model/counters.ts';
import type { GaugeCount } from '../model/messages.ts';
import type { Env } from './env.ts';
import { HttpClient } from './http-client.ts';
import { connectionsOf } from './listeners.ts';

/**
 * What this thread contributes to the shared gauges now: after another thread was lost with its connections, the gauges are set to the
 * sum of what the threads that are left count.
 */
export function recount(env: Env, processSlot: number): GaugeCount[] {
  const counts = new Map<string, GaugeCount>();
  const add = (slot: number, field: number, count: number) => {
    const key = `${slot} ${field}`;
    const known = counts.get(key);
    counts.set(key, { slot, field, count: (known?.count ?? 0) + count });
  };
  for (const frontend of env.frontends.values()) {
    const clients = connectionsOf(frontend);
    const h1 = [...clients].filter((client) => client instanceof HttpClient).length;
    add(frontend.slot, G.current, clients.size);
    add(frontend.slot, G.h1Open, h1);
    add(frontend.slot, G.h2Open, frontend.http ? clients.size - h1 : 0);
    add(frontend.slot, G.h2OpenStreams, 0);
    add(processSlot, G.current, clients.size);
  }
  for (const backend of env.backends.values()) {
    add(backend.slot, G.current, 0);
    add(backend.slot, G.queued, backend.queue.length);
    add(backend.slot, G.h2Open, 0);
    add(backend.slot, G.h2OpenStreams, 0);
    for (const server of backend.servers) {
      add(server.slot, G.current, 0);
      add(server.slot, G.queued, server.queue.length);
      add(server.slot, G.opening, 0);
      const multiplexed = [...server.pool.muxes].filter((conn) => conn.framing.streams.size > 0);
      add(server.slot, G.used, server.pool.size + multiplexed.length);
      add(backend.slot, G.h2Open, server.pool.muxes.size);
      for (const { framing } of server.pool.muxes) add(backend.slot, G.h2OpenStreams, framing.streams.size);
    }
  }
  for (const stream of env.streams) {
    if (stream.client?.proto === 'h2') add(stream.frontend.slot, G.h2OpenStreams, 1);
    if (stream.backendHeld) add(stream.backend!.slot, G.current, 1);
    if (stream.serverHeld) add(stream.server!.slot, G.current, 1);
    if (stream.serverConn?.opening === true) add(stream.serverConn.server.slot, G.opening, 1);
    if (stream.serverConn?.established === true && stream.serverConn.mux === null)
      add(stream.serverConn.server.slot, G.used, 1);
  }
  return [...counts.values()];
}

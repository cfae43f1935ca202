import type { ProxyFacts, ServerFacts } from '../expr/types.ts';
import { C, G } from '../model/counters.ts';
import type { Model } from '../model/model.ts';
import type { Proxy } from '../model/proxy.ts';
import { isUsable, type Server } from '../model/server.ts';
import { effectiveWeight } from './servers/weight.ts';

/** What expressions that are evaluated in the control thread see of a server. */
export function serverFacts(model: Model, server: Server): ServerFacts {
  const { counters } = model;
  const gauges = counters.gauges(server.slot);
  return {
    id: server.id,
    name: server.name,
    usable: isUsable(server),
    weight: effectiveWeight(server),
    maxconn: server.maxconn,
    maxqueue: server.config.maxqueue,
    initialWeight: server.initialWeight,
    userWeight: server.userWeight,
    connections: () => Atomics.load(gauges, G.current),
    queued: () => Atomics.load(gauges, G.queued),
    sessionRate: () => counters.rate(server.slot, C.sessRate, Date.now()),
  };
}

/** What they see of a proxy. */
export function proxyFacts(model: Model, proxy: Proxy): ProxyFacts {
  const slotOf = (side: 'frontend' | 'backend') => (side === 'frontend' ? proxy.frontendSlot : proxy.backendSlot);
  const gauge = (slot: number, field: number) => (slot < 0 ? 0 : Atomics.load(model.counters.gauges(slot), field));
  const rate = (slot: number, field: number) => (slot < 0 ? 0 : model.counters.rate(slot, field, Date.now()));
  return {
    id: proxy.id,
    name: proxy.name,
    get servers() {
      return proxy.servers.map((server) => serverFacts(model, server));
    },
    usableServers: () =>
      proxy.usableActive ||
      (proxy.config.options.includes('allbackups') ? proxy.usableBackup : Math.min(1, proxy.usableBackup)),
    connections: (side) => gauge(slotOf(side), G.current),
    queued: () =>
      proxy.servers.reduce((sum, { slot }) => sum + gauge(slot, G.queued), gauge(proxy.backendSlot, G.queued)),
    sessionRate: (side) => rate(slotOf(side), C.sessRate),
    requestRate: () => rate(proxy.frontendSlot, C.reqRate),
  };
}

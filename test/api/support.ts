import type { Change, Outcome } from '../../src/change/change.ts';
import type { ProxyConfig } from '../../src/config/types.ts';
import type { Control } from '../../src/control/types.ts';
import { findProxy, findServer, type Model } from '../../src/model/model.ts';
import { Admin } from '../../src/model/server.ts';
import { modelOf } from '../control/fixture.ts';

/** A control thread without threads: a model, and Changes that are noted and, for states of servers, carried out. */
export function controlOf(
  configs: readonly ProxyConfig[],
): Control & { readonly changes: Change[]; readonly model: Model; lines: string[] } {
  const model = modelOf(configs, Date.now() - 60_000);
  Object.assign(model.config, { global: { node: 'here', description: null, tls: { maxConn: 0 } } });
  const changes: Change[] = [];
  const lines: string[] = [];
  return {
    model,
    changes,
    lines,
    traffic: {
      threads: 1,
      ask: async () => [
        { thread: 0, connections: 0, streams: 0, loops: 1, idlePercent: 90, bytesOut: 1234, timers: 2 },
      ],
    },
    logs: { send: (_proxy, _level, text) => lines.push(text), rings: new Map(), dropped: 0 },
    ocsp: { states: () => [], fetch: () => Promise.reject(new Error('nobody answers')), refresh() {}, close() {} },
    resolvers: {
      statistics: () => [{ section: 'dns', nameserver: 'n1', pid: 1, counters: { sent: 3, snd_error: 1 } }],
      sections: ['dns'],
      watch: () => {},
      unwatch: () => {},
    },
    peers: { sections: [] },
    logForwards: { received: 0 },
    health: { start: () => {}, stop: () => {}, report: () => {} },
    operations: undefined as never,
    renewals: { list: () => [], renew: () => 'unknown', challengeReady: () => null },
    saveTables: async () => [],
    reloads: { done: 0, failed: 0 },
    idlePercent: 95,
    async apply(change): Promise<Outcome> {
      changes.push(change);
      if (change.kind === 'server.state') {
        const server = findServer(findProxy(model, change.backend, 'backend')!, change.server)!;
        server.admin = change.to === 'ready' ? 0 : change.to === 'drain' ? Admin.forcedDrain : Admin.forcedMaint;
      }
      return { ok: true, severity: 6, text: '', inverse: null };
    },
    reload: async () => ({ ok: true, text: '' }),
    stop: async () => {},
  };
}

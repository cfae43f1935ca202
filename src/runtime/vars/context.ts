import { NO_STREAM } from '../../control/no-stream.ts';
import { proxyFacts } from '../../control/proxy-facts.ts';
import type { ExprContext, ProxyFacts, Vars } from '../../expr/types.ts';
import { findProxy, type Model } from '../../model/model.ts';

/**
 * What expressions see when they are evaluated for a command: the process and its proxies, but no stream. Fetches that need one are
 * refused before (`place.cli`).
 */
export function commandContext(model: Model): ExprContext {
  const nowhere = { host: '', port: 0 };
  const find = (name: string, side: 'frontend' | 'backend') => {
    const proxy = findProxy(model, name, side);
    return proxy && proxyFacts(model, proxy);
  };
  return {
    now: Date.now(),
    source: nowhere,
    destination: nowhere,
    requestHead: null,
    responseHead: null,
    frontend: noProxy,
    backend: null,
    server: null,
    listenerId: 0,
    listenerName: '',
    findBackend: (name) => find(name, 'backend'),
    findFrontend: (name) => find(name, 'frontend'),
    vars: (scope) => (scope === 'proc' ? (model.procVars as unknown as Vars) : new Map()),
    requestPayload: () => '',
    responsePayload: () => '',
    uniqueId: '',
    log: NO_STREAM,
  };
}

const noProxy: ProxyFacts = {
  id: 0,
  name: 'CLI',
  servers: [],
  usableServers: () => 0,
  connections: () => 0,
  queued: () => 0,
  sessionRate: () => 0,
  requestRate: () => 0,
};

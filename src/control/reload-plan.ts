import { isDeepStrictEqual } from 'node:util';
import type { BindConfig, Config, ProxyConfig } from '../config/types.ts';
import type { Model } from '../model/model.ts';
import type { Listener, Proxy } from '../model/proxy.ts';
import { withoutPlaces } from './reload-global.ts';

/** Settings of a `bind` line that a socket is told before it listens, and its owner. */
const SOCKET_SETTINGS = [
  'interface',
  'v6only',
  'v4v6',
  'transparent',
  'deferAccept',
  'mss',
  'tfo',
  'congestion',
  'tcpUserTimeout',
  'mode',
  'uid',
  'gid',
] as const satisfies readonly (keyof BindConfig)[];

/** How a proxy of the running model changes. */
export interface ProxyChange {
  readonly proxy: Proxy;
  readonly to: ProxyConfig;
  readonly addedBinds: readonly BindConfig[];
  readonly removedListeners: readonly Listener[];
  readonly keptListeners: readonly { readonly listener: Listener; readonly to: BindConfig }[];
}

/** The difference between the running model and a configuration. */
export interface ReloadPlan {
  readonly added: readonly ProxyConfig[];
  readonly changed: readonly ProxyChange[];
  readonly removed: readonly Proxy[];
}

/** The same but for where it is written. */
export function same(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(withoutPlaces(a), withoutPlaces(b));
}

/** Finds what differs: proxies are known by name and kind, listeners by address and what their sockets are told. */
export function makePlan(model: Model, config: Config): ReloadPlan {
  const added: ProxyConfig[] = [];
  const changed: ProxyChange[] = [];
  const kept = new Set<Proxy>();
  const ids = new Set(model.proxies.map((proxy) => proxy.id));
  for (const wanted of config.proxies) {
    const proxy = model.proxies.find((p) => p.name === wanted.name && p.config.kind === wanted.kind && !kept.has(p));
    if (proxy === undefined) {
      const id = wanted.idForced || !ids.has(wanted.id) ? wanted.id : freeId(ids);
      ids.add(id);
      added.push({ ...wanted, id });
      continue;
    }
    kept.add(proxy);
    const to = { ...wanted, id: proxy.id };
    if (!same(to, proxy.config) || proxy.dynamic) changed.push(proxyChange(proxy, to));
  }
  return { added, changed, removed: model.proxies.filter((proxy) => !kept.has(proxy) && !proxy.dynamic) };
}

function freeId(used: ReadonlySet<number>): number {
  let id = 1;
  while (used.has(id)) id++;
  return id;
}

function proxyChange(proxy: Proxy, to: ProxyConfig): ProxyChange {
  const left = new Set(proxy.listeners);
  const keptListeners: { listener: Listener; to: BindConfig }[] = [];
  const addedBinds: BindConfig[] = [];
  for (const bind of to.binds) {
    const listener = [...left].find((l) => same(l.config.address, bind.address) && isSameSocket(l.config, bind));
    if (listener === undefined) addedBinds.push(bind);
    else {
      left.delete(listener);
      keptListeners.push({ listener, to: bind });
    }
  }
  return { proxy, to, addedBinds, removedListeners: [...left], keptListeners };
}

/** With other words it is another socket. */
export function isSameSocket(a: BindConfig, b: BindConfig): boolean {
  return SOCKET_SETTINGS.every((key) => a[key] === b[key]);
}

import { isDeepStrictEqual } from 'node:util';
import type { BindConfig, Config, ProxyConfig } from '../config/types.ts';
import type { Model } from '../model/model.ts';
import type { Listener, Proxy } from '../model/proxy.ts';

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
  'saveSyn',
  'namespace',
  'md5Key',
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

/** The same but for where it is written. Compares without copying: thousands of servers are compared at each reload. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((element, i) => same(element, b[i]));
  if (Object.getPrototypeOf(a) !== Object.prototype) return isDeepStrictEqual(a, b);
  const keys = Object.keys(a).filter(isSaid);
  return keys.length === Object.keys(b).filter(isSaid).length && keys.every((key) => hasSame(a, b, key));
}

function isSaid(key: string): boolean {
  return key !== 'at';
}

function hasSame(a: object, b: object, key: string): boolean {
  return Object.hasOwn(b, key) && same(a[key as keyof object], b[key as keyof object]);
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

import type { TrafficLink } from '../model/messages.ts';
import type { Model } from '../model/model.ts';
import type { Listener, Proxy } from '../model/proxy.ts';
import { formatAddress } from './address.ts';
import { listenerKey } from './passed-listeners.ts';

/** A bound address that could not be had, as an operator is told. */
export interface BindFailure {
  readonly proxy: Proxy;
  readonly listener: Listener;
  readonly reason: string;
}

/** What errors of listening mean. */
const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'cannot bind socket (Address already in use)',
  EACCES: 'cannot bind socket (Permission denied)',
  EADDRNOTAVAIL: 'cannot bind socket (Cannot assign requested address)',
  ENOENT: 'cannot bind socket (No such file or directory)',
  EAFNOSUPPORT: 'cannot create receiving socket (Address family not supported by protocol)',
  EINVAL: 'cannot bind socket (Invalid argument)',
  EBADF: 'cannot bind socket (Bad file descriptor)',
};

/** Makes all traffic threads listen. All or none: what was bound is released when something fails. */
export async function startListeners(
  traffic: TrafficLink,
  listeners: readonly { proxy: Proxy; listener: Listener }[],
  inherited: ReadonlyMap<string, readonly number[]> = new Map(),
): Promise<BindFailure[]> {
  if (listeners.length === 0) return [];
  const refs = listeners.map(({ proxy, listener }) => {
    const sockets = inherited.get(listenerKey(listener.config.address));
    return { proxy: proxy.id, id: listener.id, ...(sockets === undefined ? {} : { inherited: sockets }) };
  });
  const answers = (await traffic.ask({ kind: 'listeners', op: 'start', listeners: refs })) as [
    number,
    number,
    string,
  ][][];
  const failures = new Map<Listener, BindFailure>();
  for (const [proxyId, id, code] of answers.flat()) {
    const found = listeners.find(({ proxy, listener }) => proxy.id === proxyId && listener.id === id);
    if (found === undefined) continue;
    const address = formatAddress(found.listener.config.address);
    failures.set(found.listener, {
      ...found,
      reason: `${REASONS[code] ?? `cannot bind socket (${code})`} for [${address}]`,
    });
  }
  if (failures.size > 0) await traffic.ask({ kind: 'listeners', op: 'pause', listeners: refs });
  else for (const { listener } of listeners) listener.state = 'listening';
  return [...failures.values()];
}

/** Releases ports; `stop` for good, `pause` until `startListeners`. */
export async function releaseListeners(
  traffic: TrafficLink,
  proxy: Proxy,
  op: 'pause' | 'stop',
  listeners: readonly Listener[] = proxy.listeners,
): Promise<void> {
  if (listeners.length === 0) return;
  await traffic.ask({ kind: 'listeners', op, listeners: listeners.map(({ id }) => ({ proxy: proxy.id, id })) });
  for (const listener of listeners) listener.state = op === 'pause' ? 'paused' : 'stopped';
}

/** All listeners of proxies that are not disabled. */
export function configuredListeners(model: Model): { proxy: Proxy; listener: Listener }[] {
  return model.proxies
    .filter((proxy) => proxy.state === 'ready')
    .flatMap((proxy) => proxy.listeners.map((listener) => ({ proxy, listener })));
}

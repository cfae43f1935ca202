import type { ListenerRef, TrafficLink } from '../model/messages.ts';
import type { Model } from '../model/model.ts';
import type { Listener, Proxy } from '../model/proxy.ts';
import { errnoText, libcProblem, listenUnix } from '../util/libc.ts';
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
  const failures = new Map<Listener, BindFailure>();
  const refs = listeners.flatMap(({ proxy, listener }): ListenerRef[] => {
    try {
      return [listenerRef(proxy, listener, inherited.get(listenerKey(listener.config.address)))];
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      failures.set(listener, { proxy, listener, reason: unixReason(code, formatAddress(listener.config.address)) });
      return [];
    }
  });
  const answers = (await traffic.ask({ kind: 'listeners', op: 'start', listeners: refs })) as [
    number,
    number,
    string,
  ][][];
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

/**
 * Names a listener to traffic threads, with the sockets that they are to accept from, where there are any already. The socket of a
 * path is opened here: this thread sees the whole file system (traffic threads may be in a `chroot`), and owner and mode are right
 * before anybody can connect. Throws an Error with `code`.
 */
export function listenerRef(proxy: Proxy, listener: Listener, inherited?: readonly number[]): ListenerRef {
  const { id, config } = listener;
  const ref = { proxy: proxy.id, id };
  if (inherited !== undefined) return { ...ref, inherited };
  const owned = config.mode !== null || config.uid !== null || config.gid !== null;
  // Without the C library a plain socket is opened by the thread; one with an owner is refused rather than open to all at first.
  if (config.address.family !== 'unix' || (!owned && libcProblem() !== null)) return ref;
  return { ...ref, inherited: [listenUnix(config.address.path, config, backlogOf(proxy, listener))] };
}

/** Connections that may wait in the kernel. */
function backlogOf({ config, maxconn }: Proxy, listener: Listener): number {
  return listener.config.backlog ?? config.backlog ?? (maxconn || 1024);
}

function unixReason(code: string, path: string): string {
  return `cannot bind UNIX socket (${code === 'EEXIST' ? 'a file that is no socket is in the way' : errnoText(code)}) [${path}]`;
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

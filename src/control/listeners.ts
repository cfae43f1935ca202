import type { ListenerRef, TrafficLink } from '../model/messages.ts';
import type { Model } from '../model/model.ts';
import type { Listener, Proxy } from '../model/proxy.ts';
import { duplicateDescriptor, errnoText, libcProblem, listenUnix } from '../util/libc.ts';
import { formatAddress } from './address.ts';
import { closeKept, copiesOf, keepSockets, resumeKept, suspendKept } from './kept-sockets.ts';
import { listenerKey } from './passed-listeners.ts';
import type { Threads } from './threads.ts';

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
  ENODEV: 'cannot bind listener to device (No such device)',
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
      return [startRef(proxy, listener, traffic.threads, inherited.get(listenerKey(listener.config.address)))];
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      failures.set(listener, { proxy, listener, reason: bindReason(listener, code) });
      return [];
    }
  });
  const answers = await traffic.ask({ kind: 'listeners', op: 'start', listeners: refs });
  for (const [proxyId, id, code] of startFailures(answers)) {
    const found = listeners.find(({ proxy, listener }) => proxy.id === proxyId && listener.id === id);
    if (found !== undefined) failures.set(found.listener, { ...found, reason: bindReason(found.listener, code) });
  }
  if (failures.size > 0) {
    await traffic.ask({ kind: 'listeners', op: 'pause', listeners: refs });
    for (const { listener } of listeners) suspendKept(listener);
  } else {
    await keepSockets(traffic, listeners);
    for (const { listener } of listeners) listener.state = 'listening';
  }
  return [...failures.values()];
}

/** What threads could not listen on: proxy, listener, name of the error. */
function startFailures(answers: readonly unknown[]): [number, number, string][] {
  return answers.flatMap((answer) => (Array.isArray(answer) ? (answer as [number, number, string][]) : []));
}

/**
 * Names a listener to traffic threads, with the sockets that they are to accept from, where there are any already: suspended ones,
 * `inherited` ones, or that of a path. Throws an Error with `code`.
 */
function startRef(proxy: Proxy, listener: Listener, threads: number, inherited?: readonly number[]): ListenerRef {
  const ref = { proxy: proxy.id, id: listener.id };
  if (listener.kept.length > 0) {
    resumeKept(listener, backlogOf(proxy, listener));
    return { ...ref, sockets: copiesOf(listener.kept) };
  }
  if (inherited !== undefined) return { ...ref, sockets: byThread(inherited, listener, threads) };
  return newRef(proxy, listener);
}

/** A socket for each thread; the first one takes those that are left over, and all that cannot be shared by port. */
function byThread(fds: readonly number[], { config }: Listener, threads: number): number[][] {
  const shared = config.address.family === 'inet' || config.address.family === 'inet6';
  const sockets: number[][] = [];
  for (const [i, fd] of fds.entries()) (sockets[shared && i < threads ? i : 0] ??= []).push(fd);
  return sockets;
}

/**
 * The socket of a path is opened here: this thread sees the whole file system (traffic threads may be in a `chroot`), and owner and
 * mode are right before anybody can connect. Throws an Error with `code`.
 */
function newRef(proxy: Proxy, listener: Listener): ListenerRef {
  const { id, config } = listener;
  const ref = { proxy: proxy.id, id };
  const owned = config.mode !== null || config.uid !== null || config.gid !== null;
  // Without the C library a plain socket is opened by the thread; one with an owner is refused rather than open to all at first.
  if (config.address.family !== 'unix' || (!owned && libcProblem() !== null)) return ref;
  return { ...ref, sockets: [[listenUnix(config.address.path, config, backlogOf(proxy, listener))]] };
}

/**
 * Makes the successor of a lost traffic thread listen as that one did: on the sockets of that one where they are kept, with the
 * connections that wait in them. Returns what it does not listen on.
 */
export async function restoreListeners(
  traffic: Pick<Threads, 'askOne'>,
  model: Model,
  thread: number,
): Promise<string[]> {
  const listening = model.proxies.flatMap((proxy) =>
    proxy.listeners.filter(({ state }) => state === 'listening').map((listener) => ({ proxy, listener })),
  );
  const failed: [number, number, string][] = [];
  const refs = listening.flatMap(({ proxy, listener }): ListenerRef[] => {
    try {
      const own = listener.kept[thread];
      if (own !== undefined) {
        const sockets: number[][] = [];
        sockets[thread] = own.map(duplicateDescriptor);
        return [{ proxy: proxy.id, id: listener.id, sockets }];
      }
      return [thread === 0 ? newRef(proxy, listener) : { proxy: proxy.id, id: listener.id }];
    } catch (error) {
      failed.push([proxy.id, listener.id, (error as NodeJS.ErrnoException).code ?? String(error)]);
      return [];
    }
  });
  failed.push(...startFailures([await traffic.askOne(thread, { kind: 'listeners', op: 'start', listeners: refs })]));
  return failed.flatMap(([proxyId, id, code]) => {
    const found = listening.find(({ proxy, listener }) => proxy.id === proxyId && listener.id === id);
    return found === undefined ? [] : [`proxy ${found.proxy.name}: ${bindReason(found.listener, code)}`];
  });
}

/** Tells the sockets of listeners how many connections may wait in them now, where a reload has changed that. */
export function adjustBacklog(proxy: Proxy, listener: Listener, before: number): void {
  const now = backlogOf(proxy, listener);
  if (now !== before && listener.state === 'listening') resumeKept(listener, now);
}

/** Connections that may wait in the kernel. */
export function backlogOf({ config, maxconn }: Proxy, listener: Listener): number {
  return listener.config.backlog ?? config.backlog ?? (maxconn || 1024);
}

/** Why an address is not listened on, for operators. */
function bindReason({ config }: Listener, code: string): string {
  const address = formatAddress(config.address);
  if (config.address.family === 'unix') return unixReason(code, address);
  return `${REASONS[code] ?? `cannot bind socket (${errnoText(code)})`} for [${address}]`;
}

function unixReason(code: string, path: string): string {
  return `cannot bind UNIX socket (${code === 'EEXIST' ? 'a file that is no socket is in the way' : errnoText(code)}) [${path}]`;
}

/** No longer listens: `stop` for good, `pause` until `startListeners`, which a TCP port stays taken for. */
export async function releaseListeners(
  traffic: TrafficLink,
  proxy: Proxy,
  op: 'pause' | 'stop',
  listeners: readonly Listener[] = proxy.listeners,
): Promise<void> {
  if (listeners.length === 0) return;
  await traffic.ask({ kind: 'listeners', op, listeners: listeners.map(({ id }) => ({ proxy: proxy.id, id })) });
  for (const listener of listeners) {
    if (op === 'pause') suspendKept(listener);
    else closeKept(listener);
    listener.state = op === 'pause' ? 'paused' : 'stopped';
  }
}

/** All listeners of proxies that are not disabled. */
export function configuredListeners(model: Model): { proxy: Proxy; listener: Listener }[] {
  return model.proxies
    .filter((proxy) => proxy.state === 'ready')
    .flatMap((proxy) => proxy.listeners.map((listener) => ({ proxy, listener })));
}

import type { TrafficLink } from '../model/messages.ts';
import type { Listener, Proxy } from '../model/proxy.ts';
import { closeDescriptor, hasCapability } from '../util/libc.ts';
import { copiesOf, takeKept } from './kept-sockets.ts';
import { type BindFailure, releaseListeners, startListeners } from './listeners.ts';
import { listenerKey } from './passed-listeners.ts';
import { isSameSocket, same } from './reload-plan.ts';

/** Ports below are root's (`net.ipv4.ip_unprivileged_port_start`, as it is everywhere unless somebody changed it). */
const FIRST_FREE_PORT = 1024;

/** A listener and whose it is. */
export interface OwnedListener {
  readonly proxy: Proxy;
  readonly listener: Listener;
}

/**
 * Makes listeners listen where others of those that are `going` may do so now. All or none: when something fails, these listen again.
 * Sockets that stay as they are change hands, with the connections that wait in them.
 */
export async function moveListeners(
  traffic: TrafficLink,
  going: readonly OwnedListener[],
  starting: readonly OwnedListener[],
): Promise<BindFailure[]> {
  const moved = going.filter(
    ({ listener }) =>
      listener.state === 'listening' &&
      starting.some((other) => same(other.listener.config.address, listener.config.address)),
  );
  const handed = handedSockets(moved, starting);
  for (const { proxy, listener } of moved)
    await releaseListeners(traffic, proxy, handed.has(listener) || mayBind(listener) ? 'stop' : 'pause', [listener]);
  const failures = await startListeners(traffic, starting, copiesByAddress(handed));
  if (failures.length > 0) {
    for (const [listener, kept] of handed) listener.kept = kept;
    await startListeners(traffic, moved);
  } else for (const kept of handed.values()) for (const fd of kept.flat()) closeDescriptor(fd);
  return failures;
}

/** Sockets that go on listening for another frontend, with the connections that wait in them: taken away from the listeners that go. */
function handedSockets(
  moved: readonly { readonly listener: Listener }[],
  starting: readonly { readonly listener: Listener }[],
): Map<Listener, Listener['kept']> {
  const handed = new Map<Listener, Listener['kept']>();
  for (const { listener: old } of moved) {
    const heir = starting.find(({ listener }) => same(listener.config.address, old.config.address))!.listener;
    if (old.kept.length > 0 && isSameSocket(old.config, heir.config)) handed.set(old, takeKept(old));
  }
  return handed;
}

/** Whether the address could be taken again, would a reload fail; else it is not let go. */
function mayBind({ config: { address } }: Listener): boolean {
  return !('port' in address) || address.port >= FIRST_FREE_PORT || hasCapability('cap_net_bind_service');
}

function copiesByAddress(handed: ReadonlyMap<Listener, Listener['kept']>): Map<string, number[]> {
  return new Map([...handed].map(([{ config }, kept]) => [listenerKey(config.address), copiesOf(kept).flat()]));
}

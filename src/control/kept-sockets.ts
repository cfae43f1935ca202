import type { TrafficLink } from '../model/messages.ts';
import type { Listener, Proxy } from '../model/proxy.ts';
import {
  closeDescriptor,
  duplicateDescriptor,
  LibcError,
  libcProblem,
  listenOn,
  localName,
  suspendListening,
} from '../util/libc.ts';

/*
 * The control thread keeps a descriptor of each socket that a traffic thread listens on. When the thread is lost its successor takes
 * the sockets over, with the connections that wait in them; a paused frontend comes back; an address moves from one frontend to
 * another: all of that also for ports that this process, no longer root, could not bind again. Without the C library nothing is
 * kept, and addresses are bound anew.
 */

/** Keeps descriptors of all sockets of listeners that have just been started, or started again. */
export async function keepSockets(
  traffic: TrafficLink,
  listeners: readonly { readonly proxy: Proxy; readonly listener: Listener }[],
): Promise<void> {
  if (libcProblem() !== null) return;
  const answers = (await traffic.ask({ kind: 'listeners.fds' })) as ([number, number, number][] | null)[];
  const byId = new Map(listeners.map(({ proxy, listener }) => [`${proxy.id} ${listener.id}`, listener]));
  const fresh = new Set(byId.values());
  for (const [thread, sockets] of answers.entries()) {
    // A thread that is just being replaced says nothing: its successor will need what is kept.
    if (sockets === null) continue;
    for (const listener of fresh) {
      for (const fd of listener.kept[thread] ?? []) closeDescriptor(fd);
      delete listener.kept[thread];
    }
    for (const [proxy, id, fd] of sockets) {
      const listener = byId.get(`${proxy} ${id}`);
      if (listener !== undefined && fd >= 0) keep(listener, thread, fd);
    }
  }
}

function keep(listener: Listener, thread: number, fd: number): void {
  try {
    listener.kept[thread] = [...(listener.kept[thread] ?? []), duplicateDescriptor(fd)];
  } catch (error) {
    // The thread is gone since it answered, or there are no descriptors left: its address will be bound anew.
    if (!(error instanceof LibcError)) throw error;
  }
}

/** Descriptors for traffic threads to own, of what is kept. Throws LibcError. */
export function copiesOf(kept: Listener['kept']): number[][] {
  return Array.from(kept, (fds = []) => fds.map(duplicateDescriptor));
}

/** What is kept is no longer: sockets that no thread has are closed. */
export function closeKept(listener: Listener): void {
  for (const fds of takeKept(listener)) for (const fd of fds ?? []) closeDescriptor(fd);
}

/** Takes what is kept away from a listener: the caller owns it. */
export function takeKept(listener: Listener): Listener['kept'] {
  const { kept } = listener;
  listener.kept = [];
  return kept;
}

/**
 * Nobody is accepted from now on, the address stays taken: connections to TCP ports are refused, those to unix sockets, which cannot be
 * suspended, wait. Abstract sockets are closed: anybody may open them again.
 */
export function suspendKept(listener: Listener): void {
  if (listener.config.address.family === 'abns') {
    closeKept(listener);
    return;
  }
  for (const fd of listener.kept.flat()) if (localName(fd).family !== 'unix') suspendListening(fd);
}

/** What was suspended listens again. Throws LibcError. */
export function resumeKept(listener: Listener, backlog: number): void {
  for (const fd of listener.kept.flat()) listenOn(fd, backlog);
}

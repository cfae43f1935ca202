import type { Socket } from 'node:net';
import type { Actor } from '../change/change.ts';
import { peerActor, peerOf } from '../change/journal/actor.ts';
import type { StreamHandle } from '../net/bindings.ts';
import { certificateName } from './secure-front.ts';

/**
 * Who is at the other end of a control socket: the name of the certificate that was shown, the account of the process that connected, or, where the system does not tell (TCP, no C
 * library), the socket or address with its level. Asked of the system now, and found out when the returned function is called.
 */
export function actorOf(socket: Socket, from: string, level: string): () => Actor {
  const certified = certificateName(socket);
  if (certified !== null) return () => ({ name: certified, uid: null, pid: null, sudoUser: null });
  const { _handle: handle } = socket as unknown as { readonly _handle: StreamHandle | null };
  const peer = socket.remoteAddress === undefined && handle ? peerOf(handle.fd) : null;
  let actor: Actor | null = null;
  return () => {
    actor ??= peer === null ? { name: `${from} (${level})`, uid: null, pid: null, sudoUser: null } : peerActor(peer);
    return actor;
  };
}

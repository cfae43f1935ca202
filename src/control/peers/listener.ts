import { listenOptions } from '../../config/listen-options.ts';
import type { BindConfig } from '../../config/types.ts';
import { tcpTransport } from '../../net/tcp.ts';
import type { Conn, ListenSocket, ListenSpec } from '../../net/transport.ts';

const BACKLOG = 64;

/** A listening socket for peers; who takes its connections may change. */
export interface PeersListener {
  readonly host: string;
  readonly port: number;
  /** Takes connections from now on; null: they are closed. */
  take: ((conn: Conn) => void) | null;
  close(): void;
}

/** Listens as a `bind` line says; a process that is being replaced may do so on the same address. Rejects with the system's reason. */
export async function listenForPeers(bind: BindConfig): Promise<PeersListener> {
  const { address, backlog } = bind;
  const place = placeOf(address);
  if (place === null) throw new Error('cannot bind socket (peers listen on an IP address and port)');
  const { host, port } = place;
  const spec = { ...listenOptions(bind), ...place, backlog: backlog ?? BACKLOG, wrapped: true };
  let socket: ListenSocket;
  const listener: PeersListener = { host, port, take: null, close: () => void socket.close() };
  try {
    socket = await tcpTransport.listen(spec, (conn) => {
      if (listener.take === null) conn.destroy();
      else listener.take(conn);
    });
  } catch (error) {
    throw new Error(`cannot bind socket (${(error as Error).message}) for [${host}:${port}]`);
  }
  return listener;
}

/** Where a section listens, as the system is asked for it; null: peers do not listen there. */
export function placeOf(address: BindConfig['address']): Pick<ListenSpec, 'family' | 'host' | 'port' | 'fd'> | null {
  if (address.family === 'fd') return { family: 'fd', host: `fd@${address.fd}`, port: 0, fd: address.fd };
  if (address.family !== 'inet' && address.family !== 'inet6') return null;
  return { family: address.family, host: address.host, port: address.port, fd: -1 };
}

import { createSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import type { BindConfig } from '../../config/types.ts';
import { listenOnOwnSocket, needsOwnSocket } from '../../net/sockets.ts';
import { LibcError } from '../../util/libc.ts';

/** A socket that logs come in by; what becomes of them may change (a reload). */
export interface LogSocket<Take> {
  take: Take | null;
  close(): void;
}

/** What is done with a connection, and with a datagram and its sender's address. */
export type TakeConnection = (socket: Socket) => void;
export type TakeDatagram = (bytes: Buffer, from: string) => void;

type InetBind = BindConfig & { readonly address: { readonly host: string; readonly port: number } };

const BACKLOG = 128;

/** Listens for connections with logs; a process that is being replaced may do so on the same address. Rejects with the system's reason. */
export function listenForLogs(bind: InetBind, backlog: number | null): Promise<LogSocket<TakeConnection>> {
  const { host, port } = bind.address;
  return new Promise((resolve, reject) => {
    const server: Server = createServer({ pauseOnConnect: true }, (connection) => {
      if (socket.take === null) connection.destroy();
      else socket.take(connection);
    });
    const socket: LogSocket<TakeConnection> = { take: null, close: () => void server.close() };
    const failed = (error: Error) => reject(new Error(`cannot bind socket (${error.message}) for [${host}:${port}]`));
    const listening = () => {
      server.unref();
      server.off('error', failed);
      server.on('error', () => {});
      resolve(socket);
    };
    server.once('error', failed);
    const queue = bind.backlog ?? backlog ?? BACKLOG;
    const spec = {
      ...{ family: host.includes(':') ? ('inet6' as const) : ('inet' as const), host, port, fd: -1, share: true },
      ...{ backlog: queue, v6only: bind.v6only, device: bind.interface, transparent: bind.transparent },
      ...{ deferAccept: bind.deferAccept, mss: bind.mss, fastOpen: bind.tfo, congestion: bind.congestion },
      userTimeout: bind.tcpUserTimeout,
    };
    if (!needsOwnSocket(spec)) {
      server.listen({ host, port, backlog: queue, ipv6Only: bind.v6only, reusePort: true }, listening);
      return;
    }
    try {
      server.listen({ fd: listenOnOwnSocket(spec) }, listening);
    } catch (error) {
      if (!(error instanceof LibcError)) throw error;
      failed(error);
    }
  });
}

/** Waits for datagrams with logs, likewise. */
export function receiveLogs(bind: InetBind): Promise<LogSocket<TakeDatagram>> {
  const { host, port } = bind.address;
  return new Promise((resolve, reject) => {
    const udp = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', reusePort: true, ipv6Only: bind.v6only });
    const socket: LogSocket<TakeDatagram> = { take: null, close: () => udp.close() };
    const failed = (error: Error) => reject(new Error(`cannot bind socket (${error.message}) for [${host}:${port}]`));
    udp.once('error', failed);
    udp.on('message', (bytes, { address }) => socket.take?.(bytes, address));
    udp.bind({ address: host, port }, () => {
      udp.unref();
      udp.off('error', failed);
      udp.on('error', () => {});
      resolve(socket);
    });
  });
}

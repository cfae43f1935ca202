import { createServer, type Server, type Socket } from 'node:net';

const BACKLOG = 64;

/** A listening socket for peers; who takes its connections may change. */
export interface PeersListener {
  readonly host: string;
  readonly port: number;
  /** Takes connections from now on; null: they are closed. */
  take: ((socket: Socket) => void) | null;
  close(): void;
}

/** Listens; a process that is being replaced may do so on the same address. Rejects with the system's reason. */
export function listenForPeers(host: string, port: number): Promise<PeersListener> {
  return new Promise((resolve, reject) => {
    const server: Server = createServer((socket) => {
      if (listener.take === null) socket.destroy();
      else listener.take(socket);
    });
    const listener: PeersListener = { host, port, take: null, close: () => void server.close() };
    server.once('error', (error) => reject(new Error(`cannot bind socket (${error.message}) for [${host}:${port}]`)));
    server.listen({ host, port, backlog: BACKLOG, reusePort: true }, () => {
      server.unref();
      server.on('error', () => {});
      resolve(listener);
    });
  });
}

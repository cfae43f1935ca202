import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A TCP server on a port of the system's choice, that is gone at the end of the test. */
export interface Origin {
  readonly port: number;
  readonly received: string[];
  readonly open: Set<Socket>;
  close(): Promise<void>;
}

/** What an origin does with a connection: talks first, or answers what it got first, then closes unless told to stay. */
export interface Manner {
  readonly greeting?: string;
  readonly answer?: string;
  /** Leaves the connection open after the answer. */
  readonly stay?: boolean;
  /** Takes over altogether. */
  readonly handle?: (socket: Socket) => void;
}

export async function origin(
  t: TestContext,
  manner: Manner | ((port: number) => Manner) = {},
  port = 0,
): Promise<Origin> {
  const received: string[] = [];
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => undefined);
    const { greeting, answer, stay, handle } = typeof manner === 'function' ? manner(portOf(server)) : manner;
    if (handle) return handle(socket);
    if (greeting !== undefined) socket.write(greeting, 'latin1');
    socket.once('data', (bytes) => {
      received.push(bytes.toString('latin1'));
      if (answer !== undefined) socket.write(answer, 'latin1');
      if (!stay) socket.end();
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of open) socket.destroy();
    await closed;
  };
  t.after(close);
  return { port: portOf(server), received, open, close };
}

function portOf(server: Server): number {
  return (server.address() as { port: number }).port;
}

/** A port of 127.0.0.1 where nobody listens. */
export async function deadPort(t: TestContext): Promise<number> {
  const { port, close } = await origin(t);
  await close();
  return port;
}

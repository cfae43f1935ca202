import { createServer, type Socket } from 'node:net';
import { pause, type Scope } from '../support/wait.ts';

/** What a client of TCP says to a server to have an answer, behind anything else. */
export const want = (answer: string): string => `want:${answer};`;

/** The end of each whole answer. */
export const END = '\n.\n';

export type Act = (socket: Socket, name: string, got: string) => unknown;

/** What a server does when it is asked to, by name. */
export const ACTS: Readonly<Record<string, Act>> = {
  echo: (socket, name, got) => socket.write(`${name} got ${got}${END}`, 'latin1'),
  size: (socket, name, got) => socket.write(`${name} got ${got.length} bytes${END}`),
  big: (socket, name) => socket.write(`${name} ${'0123456789'.repeat(6000)}${END}`),
  pieces: async (socket, name) => {
    for (const piece of [name, ' one', ' two', END]) {
      socket.write(piece);
      await pause(15);
    }
  },
  late: async (socket, name) => {
    await pause(30);
    socket.write(`${name} late${END}`);
  },
  value: (socket, name) => socket.write(`\0\x02${name}\x00\x03val${END}`),
  end: (socket, name) => socket.end(`${name} bye${END}`),
  quit: (socket) => socket.destroy(),
  reset: (socket) => socket.resetAndDestroy(),
  partReset: async (socket, name) => {
    socket.write(`${name} part`);
    await pause(20);
    socket.resetAndDestroy();
  },
};

/** Servers of TCP that keep what arrives over a connection until it ends. */
export interface TcpServers {
  readonly ports: Record<string, number>;
  /** Waits until all connections have ended, `ms` at most; tells `saw` of all of them in the order in which they came. */
  settle(ms: number): Promise<void>;
  /** Waits until those that reset have done so, and everybody has heard of it. */
  calm(): Promise<void>;
}

interface Visit {
  readonly name: string;
  got: string;
  how: 'end' | 'reset' | 'open' | 'left';
  readonly done: Promise<unknown>;
  over: boolean;
}

/** Starts servers by their names; what is called `banner` talks first, `closing` and `resetting` do so at once. */
export async function tcpServers(
  scope: Scope,
  names: readonly string[],
  saw: (what: string) => void,
  acts: Readonly<Record<string, Act>> = ACTS,
): Promise<TcpServers> {
  const visits: Visit[] = [];
  const ports: Record<string, number> = {};
  for (const name of names) ports[name] = await listen(scope, name, visits, acts);
  return {
    ports,
    async settle(ms) {
      // What the program has just opened may not have been seen here.
      await pause(10);
      await Promise.race([Promise.all(visits.map(({ done }) => done)), pause(ms)]);
      for (const { name, got, how } of visits.splice(0)) saw(`${name}: ${got}<${how}>`);
    },
    async calm() {
      const resets = visits.filter(({ name, over }) => name === 'resetting' && !over);
      if (resets.length === 0) return;
      await Promise.all(resets.map(({ done }) => done));
      await pause(10);
    },
  };
}

async function listen(
  scope: Scope,
  name: string,
  visits: Visit[],
  acts: Readonly<Record<string, Act>>,
): Promise<number> {
  const sockets = new Set<Socket>();
  const listener = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    const { promise, resolve } = Promise.withResolvers<void>();
    const visit: Visit = { name, got: '', how: 'open', done: promise, over: false };
    visits.push(visit);
    socket.on('close', () => {
      sockets.delete(socket);
      visit.over = true;
      resolve();
    });
    serve(socket, visit, acts);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  scope.after(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return (listener.address() as { port: number }).port;
}

function serve(socket: Socket, visit: Visit, acts: Readonly<Record<string, Act>>): void {
  const { name } = visit;
  let buffer = '';
  socket.on('error', () => {
    if (visit.how !== 'left') visit.how = 'reset';
  });
  socket.on('end', () => {
    if (visit.how !== 'left') visit.how = 'end';
    socket.end();
  });
  socket.on('data', (bytes) => {
    visit.got += bytes.toString('latin1');
    buffer += bytes.toString('latin1');
    for (;;) {
      const asked = /want:(\w+);/.exec(buffer);
      if (asked === null || socket.writableEnded) return;
      const got = buffer.slice(0, asked.index);
      buffer = buffer.slice(asked.index + asked[0].length);
      if (/quit|reset/i.test(asked[1]!)) visit.how = 'left';
      acts[asked[1]!]?.(socket, name, got);
    }
  });
  if (name === 'banner') socket.write(`220 ${name}\n`);
  if (name === 'closing') socket.end();
  if (name === 'closing' || name === 'resetting') visit.how = 'left';
  // Whether a reset finds a connection that is established would be a matter of luck.
  if (name === 'resetting') setTimeout(() => socket.resetAndDestroy(), 15);
}

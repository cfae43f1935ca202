import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from '../support/wait.ts';

/** What a scripted server does with a line; `text` is sent with the line end and the prompt behind it. */
export type Reply = string | ((socket: net.Socket) => void);

/** A server that does as it is told. */
export interface Scripted {
  readonly path: string;
  /** Lines received after the greeting, of all connections. */
  readonly lines: string[];
  /** Connections that were accepted. */
  connections: number;
  /** Bytes given to the sockets of all connections. */
  written(): number;
  /** Stops listening, connections stay; `listen` starts again. */
  unlisten(): Promise<void>;
  listen(): Promise<void>;
}

const info = 'Name: HAProxy\nVersion: 3.2.1\nPid: 4711\nUptime_sec: 5\n';

/** A Runtime API in interactive mode whose answers to all but `show info` come from `reply(line, connection number from 1)`. */
export function scriptedApi(scope: Scope, reply: (line: string, connection: number) => Reply): Promise<Scripted> {
  return scripted(scope, (socket, connection, line) => {
    const said = line.endsWith('prompt') ? '\n\n' : line === 'show info' ? info : reply(line, connection);
    if (typeof said === 'string') socket.write(`${said}\n> `);
    else said(socket);
  });
}

/** A server that calls `onLine` for each line, and `onConnect` for each connection. */
export async function scripted(
  scope: Scope,
  onLine: (socket: net.Socket, connection: number, line: string) => void,
  onConnect: (socket: net.Socket) => void = () => {},
): Promise<Scripted> {
  const folder = mkdtempSync(join(tmpdir(), 'client-'));
  const path = join(folder, 'api.sock');
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    const connection = ++state.connections;
    sockets.add(socket);
    socket.on('error', () => {});
    let rest = '';
    socket.on('data', (bytes) => {
      const lines = (rest + bytes.toString()).split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        if (!line.endsWith('prompt') && line !== 'show info') state.lines.push(line);
        onLine(socket, connection, line);
      }
    });
    onConnect(socket);
  });
  const state: Scripted = {
    path,
    lines: [],
    connections: 0,
    written: () => [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0),
    unlisten: () =>
      new Promise((resolve) => {
        server.close();
        setImmediate(resolve);
      }),
    listen: () => new Promise((resolve) => server.listen(path, resolve)),
  };
  await state.listen();
  scope.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
    rmSync(folder, { recursive: true, force: true });
  });
  return state;
}

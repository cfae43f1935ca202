/** Servers of the soak: what they do is said in the request. */

import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcp, type Socket, type Server as TcpServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Scope } from '../support/wait.ts';
import { matches, PIECE, piece } from './pattern.ts';

/** How a response goes: whole with its length, in chunks, up to the end of the connection, in small pieces, or not to its end. */
export type How = 'length' | 'chunked' | 'close' | 'slow' | 'cut' | 'reset';

/** Target of a request for so many bytes of the text of `seed`. */
export function target(seed: number, length: number, how: How): string {
  return `/${how}/${seed}/${length}`;
}

export interface Servers {
  readonly http: readonly number[];
  readonly tcp: number;
}

/** Two HTTP servers that do the same, and one that sends all back. */
export async function startServers(scope: Scope): Promise<Servers> {
  const http = [httpServer(scope), httpServer(scope)];
  const tcp = createTcp({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  return { http: await Promise.all(http.map(listening)), tcp: await listening(closing(scope, tcp)) };
}

function httpServer(scope: Scope): Server {
  const server = createHttp({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  server.on('upgrade', (_request, socket: Socket, head) => {
    socket.on('error', () => socket.destroy());
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: soak\r\n\r\n');
    if (head.length > 0) socket.write(head);
    socket.pipe(socket);
  });
  closing(scope, server);
  return server;
}

function closing<S extends TcpServer>(scope: Scope, server: S): S {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  scope.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return server;
}

function listening(server: TcpServer): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', 1024, () => resolve((server.address() as AddressInfo).port));
  });
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, how, ...numbers] = request.url!.split('/');
  const [seed, length] = numbers.map(Number) as [number, number];
  // A body is the text of the same seed.
  let read = 0;
  const closed = new Promise((resolve) => response.once('close', resolve));
  for await (const bytes of request as AsyncIterable<Buffer>) {
    if (!matches(seed, read, bytes)) throw new Error('other bytes than were sent');
    read += bytes.length;
  }
  response.setHeader('x-read', read);
  if (how === 'close') {
    response.useChunkedEncodingByDefault = false;
    response.setHeader('connection', 'close');
  } else if (how !== 'chunked') response.setHeader('content-length', length);
  const end = how === 'cut' || how === 'reset' ? Math.floor(length / 2) : length;
  const most = how === 'slow' ? Math.max(1, Math.ceil(length / 10)) : 16_384;
  for (let sent = 0; sent < end; ) {
    const bytes = piece(seed, sent, Math.min(most, PIECE, end - sent));
    sent += bytes.length;
    if (!response.write(bytes)) await Promise.race([new Promise((resolve) => response.once('drain', resolve)), closed]);
    if (response.destroyed) return;
    if (how === 'slow') await delay(5);
  }
  if (how === 'cut') response.destroy();
  else if (how === 'reset') response.socket?.resetAndDestroy();
  else response.end();
}

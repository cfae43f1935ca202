import { createServer, type Server as NetServer, type Socket } from 'node:net';
import type { Scope } from '../support/wait.ts';
import { answerTo } from './answers.ts';

/** A server that answers as it is asked to, and remembers what came. */
export interface Server {
  readonly port: number;
}

/** Starts server `name`; each request that arrives is told to `saw` as its raw head and body. */
export async function server(scope: Scope, name: string, saw: (request: string) => void): Promise<Server> {
  return await listen(
    scope,
    createServer({ noDelay: true }, (socket) => answerOver(socket, name, saw)),
    'connection',
  );
}

/** Answers the requests of HTTP/1 that come over a connection. */
export function answerOver(socket: Socket, name: string, saw: (request: string) => void): void {
  let buffer = '';
  socket.on('data', (bytes) => {
    buffer += bytes.toString('latin1');
    for (;;) {
      const request = take(buffer);
      if (request === null || socket.writableEnded) return;
      buffer = buffer.slice(request.length);
      saw(`${name}: ${request.head}${request.body}`);
      const answer = answerTo(request.head, request.body, name);
      const bodyless = /^HEAD /.test(request.head) && answer.text.includes('\r\n\r\n');
      const text = bodyless
        ? answer.text.slice(0, answer.text.lastIndexOf('\r\n\r\n', headEnd(answer.text)) + 4)
        : answer.text;
      socket.write(text, 'latin1');
      if (answer.close) socket.end();
    }
  });
}

/** Lets `listener` listen, and ends it and what `event` has told of at the end of `scope`. */
export async function listen(
  scope: Scope,
  listener: NetServer,
  event: 'connection' | 'secureConnection',
): Promise<Server> {
  const sockets = new Set<Socket>();
  listener.on(event, (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  scope.after(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return { port: (listener.address() as { port: number }).port };
}

/** Where the head of the final response ends. */
function headEnd(text: string): number {
  let at = 0;
  while (/^HTTP\/1\.1 10[0-9]/.test(text.slice(at, at + 12)) && text.indexOf('HTTP/1.1 2', at + 1) > 0)
    at = text.indexOf('\r\n\r\n', at) + 4;
  return text.indexOf('\r\n\r\n', at);
}

/** The first request of the buffer, once it is whole; a body in chunks is given as its content and trailers. */
function take(buffer: string): { head: string; body: string; length: number } | null {
  const end = buffer.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const head = buffer.slice(0, end + 4);
  if (/^transfer-encoding:.*chunked *\r$/im.test(head)) {
    const body = takeChunks(buffer, end + 4);
    return body === null ? null : { head, body: body.text, length: body.end };
  }
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  if (buffer.length < end + 4 + length) return null;
  return { head, body: buffer.slice(end + 4, end + 4 + length), length: end + 4 + length };
}

function takeChunks(buffer: string, from: number): { text: string; end: number } | null {
  let at = from;
  let text = '';
  for (;;) {
    const line = buffer.indexOf('\r\n', at);
    if (line < 0) return null;
    const size = Number.parseInt(buffer.slice(at, line), 16);
    if (size === 0 || Number.isNaN(size)) {
      if (buffer.startsWith('\r\n', line + 2)) return { text, end: line + 4 };
      const end = buffer.indexOf('\r\n\r\n', line + 2);
      return end < 0 ? null : { text: `${text}[${buffer.slice(line + 2, end)}]`, end: end + 4 };
    }
    if (buffer.length < line + 2 + size + 2) return null;
    text += buffer.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

import { connect as netConnect, type Socket } from 'node:net';
import { ByteQueue, show } from './bytes.ts';
import { type Request, type Response, readRequest, readRequestBody, readRequestHead, readResponse } from './http.ts';
import { patience, pause, type Scope, within } from './wait.ts';

/** Where to connect: a port of 127.0.0.1, a unix socket's path, or both spelled out. */
export type Target = number | string | { host?: string; port: number; localAddress?: string };

/**
 * One raw connection, of a client or accepted by an origin: bytes go out as they are given, what comes in is read
 * strictly. Nothing is ever sent or closed behind the test's back.
 */
export class Connection {
  readonly socket: Socket;
  readonly input = new ByteQueue();
  /** Resolves with null on an orderly close in both directions, with the error after a reset. */
  readonly closed: Promise<Error | null>;
  /** Bytes received so far. */
  received = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    let failure: Error | null = null;
    this.closed = new Promise((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        this.received += chunk.length;
        this.input.push(chunk);
      });
      socket.on('end', () => this.input.end());
      socket.on('error', (error) => {
        failure = error;
        this.input.end(error);
      });
      socket.on('close', () => {
        this.input.end(failure);
        resolve(failure);
      });
    });
  }

  /** Local port of this connection, as the program sees it (`src_port`). */
  get port(): number {
    return this.socket.localPort ?? 0;
  }

  /**
   * Writes bytes (strings are latin1). Resolves when the system has taken them, which a full peer may delay forever;
   * rejects when the other side has gone, which a caller that does not wait need not care about.
   */
  send(bytes: string | Uint8Array): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => {
      const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
      this.socket.write(data, (error) => (error ? reject(error) : resolve()));
    });
    sent.catch(() => {});
    return sent;
  }

  /** Reads one response; `method` is that of its request. */
  response(method?: string): Promise<Response> {
    return this.#wait(readResponse(this.input, method === undefined ? {} : { method }), 'a response');
  }

  /** Sends a request and reads its response. Line ends may be written as `\n`. */
  async exchange(request: string): Promise<Response> {
    const bytes = crlf(request);
    this.send(bytes); // a failed write shows as the missing response
    return this.response(bytes.slice(0, bytes.indexOf(' ')));
  }

  request(): Promise<Request> {
    return this.#wait(readRequest(this.input), 'a request');
  }

  /** Reads the head of a request and leaves its body unread, for `requestBody`. */
  requestHead(): Promise<Request> {
    return this.#wait(readRequestHead(this.input), 'a request head');
  }

  requestBody(request: Request): Promise<Request> {
    return this.#wait(readRequestBody(this.input, request), 'a request body');
  }

  /** Exactly `n` bytes, as they come. */
  bytes(n: number): Promise<Buffer> {
    return this.#wait(this.input.take(n), `${n} bytes`);
  }

  /** Bytes up to and including `mark`, as latin1. */
  async through(mark: string): Promise<string> {
    return (await this.#wait(this.input.takeThrough(mark), JSON.stringify(mark))).toString('latin1');
  }

  /** All bytes up to the other side's end, as latin1. A reset rejects unless `tolerateReset`. */
  async rest({ tolerateReset = false }: { tolerateReset?: boolean } = {}): Promise<string> {
    return (await this.#wait(this.input.takeRest(tolerateReset), 'the end')).toString('latin1');
  }

  /** True when the other side still has the connection open after `ms` and has sent nothing. */
  async silent(ms: number): Promise<boolean> {
    const readable = this.input.readable().then(() => 'readable');
    const timer = new Promise<string>((resolve) => setTimeout(resolve, ms, 'silent'));
    return (await Promise.race([readable, timer])) === 'silent';
  }

  /** Half-closes: no more bytes will be sent, reading goes on. */
  end(): void {
    this.socket.end();
  }

  /** Closes with a reset (RST); a unix socket, which has none, at once. */
  reset(): void {
    if (this.socket.remotePort === undefined) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /** Closes at once, without a reset when nothing is unread. */
  close(): void {
    this.socket.destroy();
  }

  /** Stops reading: the window fills and the other side must wait. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  #wait<T>(promise: Promise<T>, what: string): Promise<T> {
    return within(
      promise,
      () => `${what} on port ${this.socket.remotePort}; unread: ${show(this.input.peek())}`,
      patience,
    );
  }
}

/** Opens a connection that is closed at the end of `scope`. */
export async function connect(scope: Scope, target: Target): Promise<Connection> {
  const giveUp = performance.now() + patience;
  for (;;) {
    const socket = netConnect({ ...address(target), allowHalfOpen: true, noDelay: true });
    const connection = new Connection(socket);
    const opened = new Promise<NodeJS.ErrnoException | null>((resolve) => {
      socket.once('connect', () => resolve(null));
      socket.once('error', resolve);
    });
    const error = await within(opened, `a connection to ${JSON.stringify(target)}`);
    if (error === null) {
      scope.after(() => socket.destroy());
      return connection;
    }
    socket.destroy();
    // The queue of a unix socket is full: a connect that blocks would wait.
    if (error.code !== 'EAGAIN' || performance.now() > giveUp) throw error;
    await pause(10);
  }
}

/** One request over a connection of its own; `\n` line ends allowed. The connection is closed after the response. */
export async function request(target: Target, text: string): Promise<Response> {
  const cleanUps: (() => unknown)[] = [];
  const connection = await connect({ after: (cleanUp) => cleanUps.push(cleanUp) }, target);
  try {
    return await connection.exchange(text);
  } finally {
    for (const cleanUp of cleanUps) cleanUp();
  }
}

/** `GET path` over a connection of its own, with `Connection: close` and the header lines given. */
export function get(target: Target, path = '/', ...lines: string[]): Promise<Response> {
  return request(
    target,
    ['GET ' + path + ' HTTP/1.1', 'Host: sluice.test', ...lines, 'Connection: close', '', ''].join('\n'),
  );
}

/** The text with `\n` turned into CRLF where it is not already. */
export function crlf(text: string): string {
  return text.replace(/\r?\n/g, '\r\n');
}

/** What node:net wants for a target. */
export function address(target: Target): { path: string } | { host: string; port: number; localAddress?: string } {
  if (typeof target === 'string') return { path: target };
  if (typeof target === 'number') return { host: '127.0.0.1', port: target };
  return { host: '127.0.0.1', ...target };
}

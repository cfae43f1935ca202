import { createServer, type Server } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { Connection } from './connection.ts';
import { type Fields, MalformedError, type Request } from './http.ts';
import { patience, type Scope, within } from './wait.ts';

/** A response to be sent. Without `chunks` the body goes with a Content-Length, unless `framing` says otherwise. */
export interface Answer {
  status?: number;
  reason?: string;
  headers?: Record<string, string>;
  /** A number stands for that many bytes of filler. */
  body?: string | Buffer | number;
  /** The body in chunks of these contents (a number: that many bytes of filler). */
  chunks?: (string | Buffer | number)[];
  trailers?: Fields;
  /** `close`: no length at all, the end of the connection ends the body. `none`: neither length nor close. */
  framing?: 'length' | 'close' | 'none';
  version?: '1.0' | '1.1';
  /** ms before the first byte. */
  delay?: number;
  /** Closes the connection after this many bytes of the whole response. */
  closeAt?: number;
  /** Closes the connection after the response (no header says so; add `connection: close` to `headers` for that). */
  close?: boolean;
}

/** A request as an origin saw it. */
export interface SeenRequest extends Request {
  /** Which connection of the origin it came on, counted from 0. */
  connection: number;
}

/**
 * What an origin does with a request: an `Answer`, raw bytes as a string, or null for no answer (ever, or because the
 * script has written to the connection itself).
 */
export type Script = (
  request: SeenRequest,
  connection: Connection,
) => Answer | string | null | Promise<Answer | string | null>;

/** A scripted HTTP/1 server on 127.0.0.1. */
export interface Origin {
  port: number;
  /** Requests in the order in which their heads (and bodies, unless left unread) arrived. */
  requests: SeenRequest[];
  /** All connections accepted so far. */
  connections: Connection[];
  /** What the program sent that is not valid HTTP/1; each fails the test unless `lenient`. */
  malformed: Error[];
  /** Connections open now. */
  readonly open: number;
  /** What to do with requests from now on. */
  script: Script;
  /** The next request that no earlier call has given, or will come. */
  nextRequest(): Promise<SeenRequest>;
  /** The next connection that no earlier call has given, or will come. */
  nextConnection(): Promise<Connection>;
  /** Stops listening: connections are refused from now on. Open ones stay. */
  close(): Promise<void>;
  /** Listens again on the same port. */
  listen(): Promise<void>;
}

export interface OriginOptions {
  /** Leaves request bodies unread; the script reads them with `connection.requestBody(request)`. */
  unread?: boolean;
  /** Does not fail the test when a request is malformed. */
  lenient?: boolean;
  /** Accepts connections but reads nothing from them. */
  deaf?: boolean;
  /** Instead of speaking HTTP: gets each connection. */
  raw?: (connection: Connection) => unknown;
}

/**
 * Starts an origin. `what` is its script, an answer given to every request, or a text used as body of a 200.
 * At the end of `scope` all is closed, and the test fails if the program ever sent a malformed request.
 */
export async function origin(
  scope: Scope,
  what: Script | Answer | string = {},
  options: OriginOptions = {},
): Promise<Origin> {
  const requests = new Feed<SeenRequest>();
  const connections = new Feed<Connection>();
  const malformed: Error[] = [];
  let open = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: options.deaf === true });
  const self: Origin = {
    port: 0,
    requests: requests.items,
    connections: connections.items,
    malformed,
    get open() {
      return open;
    },
    script: toScript(what),
    nextRequest: () => requests.next(() => `a request to the origin on port ${self.port}`),
    nextConnection: () => connections.next(() => `a connection to the origin on port ${self.port}`),
    close: async () => {
      server.close(); // open connections stay
    },
    listen: () => listening(server, self.port),
  };
  server.on('connection', (socket) => {
    const connection = new Connection(socket);
    const index = connections.items.length;
    open++;
    connection.closed.then(() => open--);
    connections.add(connection);
    Promise.resolve(options.raw?.(connection)).catch(() => {}); // the program hung up on the script
    if (options.deaf || options.raw) return;
    serve(self, connection, index, requests, options.unread === true).catch((error: Error) => {
      if (error instanceof MalformedError) malformed.push(error);
      connection.close();
    });
  });
  await listening(server, 0);
  self.port = (server.address() as { port: number }).port;
  scope.after(async () => {
    for (const connection of connections.items) connection.close();
    await closed(server);
    if (malformed.length > 0 && !options.lenient)
      throw new AggregateError(malformed, `origin: ${malformed[0]?.message}`);
  });
  return self;
}

/** A server of raw connections: `onConnection` gets each one. */
export async function tcpOrigin(scope: Scope, onConnection: (c: Connection) => unknown = () => {}): Promise<Origin> {
  return await origin(scope, {}, { raw: onConnection });
}

/** The bytes of an answer. */
export function render(answer: Answer): Buffer {
  const status = answer.status ?? 200;
  const chunks = answer.chunks?.map(filled);
  const body = chunks ? Buffer.concat(chunks.map(chunk)) : filled(answer.body ?? '');
  const framing = answer.framing ?? (chunks || status < 200 || status === 204 || status === 304 ? 'none' : 'length');
  const lines = [`HTTP/${answer.version ?? '1.1'} ${status} ${answer.reason ?? (status === 200 ? 'OK' : 'Scripted')}`];
  for (const [name, value] of Object.entries(answer.headers ?? {})) lines.push(`${name}: ${value}`);
  if (chunks) lines.push('transfer-encoding: chunked');
  else if (framing === 'length') lines.push(`content-length: ${body.length}`);
  const parts = [Buffer.from(lines.join('\r\n') + '\r\n\r\n', 'latin1'), body];
  if (chunks) {
    const trailers = (answer.trailers ?? []).map(([name, value]) => `${name}: ${value}\r\n`);
    parts.push(Buffer.from(`0\r\n${trailers.join('')}\r\n`, 'latin1'));
  }
  return Buffer.concat(parts);
}

async function serve(
  self: Origin,
  connection: Connection,
  index: number,
  requests: Feed<SeenRequest>,
  unread: boolean,
): Promise<void> {
  while (await connection.input.readable()) {
    const read = unread ? await connection.requestHead() : await connection.request();
    const request = Object.assign(read, { connection: index });
    requests.add(request);
    const answer = await self.script(request, connection);
    if (answer === null) continue;
    if (typeof answer === 'string') await connection.send(answer);
    else if (await sendAnswer(connection, request, answer)) return;
  }
  connection.end();
}

/** Sends; true when the connection has been closed. */
async function sendAnswer(connection: Connection, request: Request, answer: Answer): Promise<boolean> {
  // What is still to be answered does not keep the process of a test that is over.
  if (answer.delay) await setTimeout(answer.delay, undefined, { ref: false });
  let bytes = render(answer);
  if (request.method === 'HEAD') bytes = bytes.subarray(0, bytes.indexOf('\r\n\r\n') + 4);
  if (answer.closeAt !== undefined) bytes = bytes.subarray(0, answer.closeAt);
  if (bytes.length > 0) await connection.send(bytes);
  if (answer.closeAt === undefined && !answer.close && answer.framing !== 'close') return false;
  connection.end();
  return true;
}

function toScript(what: Script | Answer | string): Script {
  if (typeof what === 'function') return what;
  const answer = typeof what === 'string' ? { body: what } : what;
  return () => answer;
}

function filled(content: string | Buffer | number): Buffer {
  return typeof content === 'number' ? Buffer.alloc(content, 'x') : Buffer.from(content);
}

function chunk(content: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${content.length.toString(16)}\r\n`), content, Buffer.from('\r\n')]);
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', 1024, resolve);
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** A list that can be waited on. */
class Feed<T> {
  readonly items: T[] = [];
  #given = 0;
  #wake: (() => void)[] = [];

  add(item: T): void {
    this.items.push(item);
    const wake = this.#wake;
    this.#wake = [];
    for (const resume of wake) resume();
  }

  async next(describe: () => string): Promise<T> {
    const index = this.#given++;
    const arrived = async (): Promise<T> => {
      while (this.items.length <= index) await new Promise<void>((resolve) => this.#wake.push(resolve));
      return this.items[index] as T;
    };
    return within(arrived(), describe, patience);
  }
}

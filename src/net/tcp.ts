import net from 'node:net';
import { abstractName } from '../util/libc/sockaddr.ts';
import { LibcError, resetOnClose } from '../util/libc.ts';
import {
  type ConnectRequest,
  errorName,
  pipeWrap,
  type StreamHandle,
  streamWrap,
  tcpWrap,
  UV_EOF,
  type WriteRequest,
} from './bindings.ts';
import { eventClock } from './event-clock.ts';
import { noHandler } from './no-handler.ts';
import { replaceScratch, scratchBuffer, scratchSize } from './scratch.ts';
import {
  labelPackets,
  listenOnOwnSocket,
  needsOwnSocket,
  openOutgoingSocket,
  setOptions,
  tieToDevice,
} from './sockets.ts';
import type { Conn, ConnectSpec, ConnHandler, ListenSocket, ListenSpec, Transport } from './transport.ts';

/*
 * The driver over libuv handles. One read buffer serves all connections of a thread, since its bytes are valid only during `onData`;
 * connections that move bulk data get one of their own. What must be copied to be written goes through one scratch buffer, which is
 * replaced when the kernel did not take all of it at once (libuv then still refers to it).
 */

const READ_SIZE = 65536;
const BULK_SIZE = 131072;
/** How long a peer may take for the last bytes of a connection that is being closed, ms. */
const CLOSE_PATIENCE = 60_000;
/** Bulk buffers kept for reuse, at most. */
const BULK_KEPT = 64;

const { streamBaseState, kReadBytesOrError, kLastWriteWasAsync, WriteWrap, ShutdownWrap } = streamWrap;
const sharedRead = Buffer.allocUnsafeSlow(READ_SIZE);
const bulkPool: Buffer[] = [];
let spareWrite: WriteRequest = new WriteWrap();

/** A connection over a libuv stream. */
export class HandleConn implements Conn {
  handler: ConnHandler;
  readonly handle: StreamHandle;
  closed: boolean;
  blocked: boolean;
  bulk: boolean;
  bulkBuffer: Buffer | null;
  reading: boolean;
  ending: boolean;
  writesPending: number;
  names: { address?: string; port?: number } | null;
  localNames: { address?: string; port?: number } | null;
  /** What was put on top of it (TLS). libuv keeps the handle from the collector while it is open, and nothing else on top of it. */
  upper: Conn | null;

  constructor(handle: StreamHandle, handler: ConnHandler) {
    this.handler = handler;
    this.handle = handle;
    this.closed = false;
    this.blocked = false;
    this.bulk = false;
    this.bulkBuffer = null;
    this.reading = false;
    this.ending = false;
    this.writesPending = 0;
    this.names = null;
    this.localNames = null;
    this.upper = null;
    handle.conn = this;
  }

  start(): void {
    this.handle.onread = onRead;
    this.handle.useUserBuffer(sharedRead);
    this.resume();
  }

  get fd(): number {
    return this.closed ? -1 : this.handle.fd;
  }

  get remoteHost(): string {
    return plainHost((this.names ??= this.#ask('getpeername')).address);
  }

  get remotePort(): number {
    return (this.names ??= this.#ask('getpeername')).port ?? 0;
  }

  get localHost(): string {
    return plainHost((this.localNames ??= this.#ask('getsockname')).address);
  }

  get localPort(): number {
    return (this.localNames ??= this.#ask('getsockname')).port ?? 0;
  }

  #ask(what: 'getpeername' | 'getsockname'): { address?: string; port?: number } {
    const out: { address?: string; port?: number } = {};
    if (!this.closed) this.handle[what]?.(out);
    return out;
  }

  write(buffer: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (length > scratchSize) return this.writeStable(Buffer.from(buffer.subarray(start, end)), 0, length);
    scratchBuffer().set(buffer.subarray(start, end), 0);
    return this.flushScratch(length);
  }

  flushScratch(length: number): boolean {
    const ok = this.writeStable(scratchBuffer(), 0, length);
    if (!ok) replaceScratch();
    return ok;
  }

  writeStable(buffer: Uint8Array, start: number, end: number): boolean {
    if (this.closed || start === end) return !this.blocked;
    const request = spareWrite;
    const bytes = buffer.subarray(start, end);
    return this.#written(request, this.handle.writeBuffer(request, bytes), bytes);
  }

  writeLatin1(text: string): boolean {
    if (this.closed || text.length === 0) return !this.blocked;
    const request = spareWrite;
    return this.#written(request, this.handle.writeLatin1String(request, text), null);
  }

  #written(request: WriteRequest, code: number, bytes: Uint8Array | null): boolean {
    if (code !== 0) {
      process.nextTick(failLater, this, code);
      return true;
    }
    if (streamBaseState[kLastWriteWasAsync] === 0) return !this.blocked;
    request.handle = this.handle;
    request.conn = this;
    request.oncomplete = onWritten;
    request.buffer = bytes;
    spareWrite = new WriteWrap();
    this.writesPending++;
    this.blocked = true;
    return false;
  }

  readBulk(on: boolean): void {
    this.bulk = on;
  }

  pause(): void {
    if (!this.reading || this.closed) return;
    this.reading = false;
    this.handle.readStop();
  }

  resume(): void {
    if (this.reading || this.closed) return;
    this.reading = true;
    this.handle.readStart();
  }

  end(): void {
    if (this.ending || this.closed) return;
    this.ending = true;
    const request = new ShutdownWrap();
    request.handle = this.handle;
    request.oncomplete = ignore;
    this.handle.shutdown(request);
  }

  destroy(reset = false): void {
    if (this.closed) return;
    this.closed = true;
    this.reading = false;
    this.handler = noHandler;
    const { handle } = this;
    if (!reset || handle.reset === undefined) handle.close();
    else if (handle.reset() !== 0) {
      // An end that was asked for waits for its turn.
      resetOnClose(handle.fd);
      handle.close();
    }
    // Not given back to the pool: the other side may still be writing from it.
    this.bulkBuffer = null;
  }

  /** The buffer for the next read, when it is not the one in use. */
  nextBuffer(): Uint8Array | undefined {
    if (this.bulk === (this.bulkBuffer !== null)) return undefined;
    if (this.bulk) {
      this.bulkBuffer = bulkPool.pop() ?? Buffer.allocUnsafeSlow(BULK_SIZE);
      return this.bulkBuffer;
    }
    // Reading goes on only after what was written from the buffer is out, so nothing refers to it any more.
    if (bulkPool.length < BULK_KEPT) bulkPool.push(this.bulkBuffer!);
    this.bulkBuffer = null;
    return sharedRead;
  }

  closeGently(): void {
    if (this.closed) return;
    if (!this.blocked) {
      this.end();
      this.destroy();
      return;
    }
    this.handler = { ...noHandler, onDrain: () => this.destroy() };
    this.end();
    setTimeout(() => this.destroy(), CLOSE_PATIENCE).unref();
  }

  ownsBuffer(buffer: Uint8Array): boolean {
    return buffer === this.bulkBuffer;
  }

  /** Ends the connection for an error and tells the handler. */
  fail(code: string): void {
    if (this.closed) return;
    const handler = this.handler;
    // Logs tell it of a connection that failed, too.
    this.localNames ??= this.#ask('getsockname');
    this.destroy();
    handler.onError(code);
  }
}

function ignore(): void {}

function failLater(conn: HandleConn, code: number): void {
  conn.fail(errorName(code));
}

function failNamed(conn: HandleConn, code: string): void {
  conn.fail(code);
}

function plainHost(address: string | undefined): string {
  return address === undefined ? '' : address.startsWith('::ffff:') ? address.slice(7) : address;
}

function onRead(this: StreamHandle): Uint8Array | undefined {
  const conn = this.conn as HandleConn;
  const count = streamBaseState[kReadBytesOrError]!;
  if (conn.closed) return undefined;
  if (count > 0) {
    eventClock.begin();
    conn.handler.onData(conn.bulkBuffer ?? sharedRead, 0, count);
    eventClock.end();
    return conn.closed ? undefined : conn.nextBuffer();
  }
  if (count === UV_EOF) {
    conn.reading = false;
    this.readStop();
    conn.handler.onEnd();
  } else if (count < 0) {
    conn.fail(errorName(count));
  }
  return undefined;
}

function onWritten(this: WriteRequest, status: number): void {
  const conn = this.conn as HandleConn;
  conn.writesPending--;
  if (conn.closed) return;
  if (status < 0) conn.fail(errorName(status));
  else if (conn.writesPending === 0) {
    conn.blocked = false;
    conn.handler.onDrain();
  }
}

function onConnected(this: ConnectRequest, status: number): void {
  const conn = this.conn as HandleConn;
  if (conn.closed) return;
  if (status < 0) {
    conn.fail(errorName(status));
    return;
  }
  conn.start();
  conn.handler.onConnect();
}

/** What the system knows a unix or abstract socket by; null for others. */
function localName({ family, host }: ConnectSpec | ListenSpec): string | null {
  if (family === 'unix') return host;
  return family === 'abns' || family === 'abnsz' ? abstractName(family, host) : null;
}

/** Node cannot open the socket as it is wanted. */
const needsOwn = ({ foreign, namespace, md5Key }: ConnectSpec) =>
  foreign === true || Boolean(namespace) || Boolean(md5Key);

/** Gives the handle a socket of our own making; the name of what is wrong, or null. */
function openOwn(handle: StreamHandle, spec: ConnectSpec): string | null {
  try {
    handle.open(openOutgoingSocket(spec));
    return null;
  } catch (error) {
    if (error instanceof LibcError) return error.code;
    throw error;
  }
}

function connect(spec: ConnectSpec, handler: ConnHandler): Conn {
  const local = localName(spec);
  const handle =
    local !== null ? new pipeWrap.Pipe(pipeWrap.constants.SOCKET) : new tcpWrap.TCP(tcpWrap.constants.SOCKET);
  const conn = new HandleConn(handle, handler);
  const request = local !== null ? new pipeWrap.PipeConnectWrap() : new tcpWrap.TCPConnectWrap();
  request.oncomplete = onConnected;
  request.conn = conn;
  let code = 0;
  const device = spec.device ?? null;
  // The socket exists from `bind` on: it is tied to an interface, and labelled, before it connects.
  const ipv6 = spec.family === 'inet6';
  const early = device !== null || spec.mark !== undefined || spec.tos !== undefined;
  const source = spec.sourceHost ?? (!early ? null : ipv6 ? '::' : '0.0.0.0');
  if (local === null && needsOwn(spec)) {
    const problem = openOwn(handle, spec);
    if (problem !== null) {
      process.nextTick(failNamed, conn, problem);
      return conn;
    }
  } else if (source !== null && local === null) {
    code = source.includes(':') ? handle.bind6!(source, spec.sourcePort) : handle.bind!(source, spec.sourcePort);
    const refused = code === 0 && device !== null ? tieToDevice(handle.fd, device) : null;
    if (refused !== null) {
      process.nextTick(failNamed, conn, refused);
      return conn;
    }
    if (code === 0 && spec.mark !== undefined) labelPackets(handle.fd, ipv6, 'mark', spec.mark);
    if (code === 0 && spec.tos !== undefined) labelPackets(handle.fd, ipv6, 'tos', spec.tos);
  }
  if (code === 0) {
    if (local !== null) code = handle.connect(request, local);
    else if (ipv6) code = handle.connect6!(request, spec.host, spec.port);
    else code = handle.connect(request, spec.host, spec.port);
    if (code === 0 && local === null) {
      handle.setNoDelay!(true);
      if (spec.options) setOptions(handle.fd, spec.options);
    }
  }
  if (code !== 0) process.nextTick(failLater, conn, code);
  return conn;
}

/** Listens through node:net (which knows about descriptors, names of errors, abstract sockets) and takes its connections as handles. */
function listen(spec: ListenSpec, onConnection: (conn: Conn) => void): Promise<ListenSocket> {
  let own = -1;
  try {
    if (needsOwnSocket(spec)) own = listenOnOwnSocket(spec);
  } catch (error) {
    return Promise.reject(error);
  }
  const server = net.createServer();
  const local = localName(spec);
  const options =
    own >= 0 || spec.family === 'fd'
      ? { fd: own >= 0 ? own : spec.fd }
      : local !== null
        ? { path: local, backlog: spec.backlog }
        : {
            host: spec.host,
            port: spec.port,
            backlog: spec.backlog,
            ipv6Only: spec.v6only,
            reusePort: spec.share,
            exclusive: true,
          };
  const noDelay = local === null;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // With a descriptor, Node takes the backlog from the second argument only.
    server.listen(options, spec.backlog, () => {
      server.off('error', reject);
      const handle = (server as unknown as { _handle: StreamHandle })._handle;
      handle.onconnection = (status, client) => {
        if (status < 0 || client === undefined) return;
        if (noDelay && client.setNoDelay !== undefined) client.setNoDelay(true);
        const told = noDelay && spec.options !== undefined ? spec.options() : null;
        if (told !== null) setOptions(client.fd, told);
        const conn = new HandleConn(client, noHandler);
        eventClock.begin();
        onConnection(conn);
        eventClock.end();
      };
      const address = server.address();
      resolve({
        port: address !== null && typeof address === 'object' ? address.port : 0,
        get fd() {
          return handle.fd;
        },
        close: () => new Promise<void>((done) => server.close(() => done())),
      });
    });
  });
}

/** The driver for TCP and unix sockets. */
export const tcpTransport: Transport = { listen, connect };

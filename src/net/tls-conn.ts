import { errorName, type StreamHandle, streamWrap, type TlsHandle, UV_EOF, type WriteRequest } from './bindings.ts';
import { eventClock } from './event-clock.ts';
import { noHandler } from './no-handler.ts';
import { scratchBuffer, scratchSize } from './scratch.ts';
import type { HandleConn } from './tcp.ts';
import type { Conn, ConnHandler } from './transport.ts';
import type { WatchedStream } from './watched-stream.ts';

/*
 * Connections over TLS: Node's TLSWrap directly on the libuv handle. What is written is encrypted before the call returns, so nobody
 * has to keep it; the wrap takes one write at a time, so what comes meanwhile is put together and leaves with the next one.
 */

/** A record holds no more. */
const READ_SIZE = 16_384;
/** What may wait behind a write before the writer is told to stop; a single write of this size makes it stop, too. */
const QUEUE_MAX = 65_536;
const LARGE_WRITE = 16_384;
/** How long a peer may take for the last bytes of a connection that is being closed, ms. */
const CLOSE_PATIENCE = 60_000;
/** Buffers for what waits, kept for reuse. */
const QUEUES_KEPT = 64;

const { streamBaseState, kReadBytesOrError, WriteWrap, ShutdownWrap } = streamWrap;
const plainRead = Buffer.allocUnsafeSlow(READ_SIZE);
const spareQueues: Buffer[] = [];
let fresh: TlsConn[] = [];

/** Why TLS failed: `code` is OpenSSL's number (`ssl_fc_err`), 0 when there is none. */
export interface TlsFailure {
  readonly code: number;
  readonly reason: string;
  /** The version that the handshake had come to; '' where it was done. */
  readonly protocol: string;
}

/** A connection over TLS, either side. `onConnect` of its handler tells that the handshake is done; before, nothing may be written. */
export class TlsConn implements Conn {
  handler: ConnHandler;
  readonly raw: HandleConn;
  readonly tls: TlsHandle;
  /** What lies between, where the hellos are read; null: nothing. */
  readonly watched: WatchedStream | null;
  closed: boolean;
  blocked: boolean;
  /** The handshake is done. */
  established: boolean;
  failure: TlsFailure | null;
  onSession: ((id: Buffer, session: Buffer) => void) | null;
  onKeylog: ((line: string) => void) | null;
  onClosed: (() => void) | null;
  /** Server side: asked before the client is told that the handshake is done; gives the alert that it is told instead, null for none. */
  onJudge: (() => Uint8Array | null) | null;
  #told: boolean;
  #reading: boolean;
  #writing: boolean;
  #ending: boolean;
  #shut: boolean;
  #leaving: boolean;
  #gone: boolean;
  /** Two write requests take turns: the one that completes is still in use while the next write begins. */
  #request: WriteRequest | null;
  #spare: WriteRequest | null;
  /** What waits for the write under way. */
  #queue: Buffer | null;
  #queued: number;
  /** Decrypted while the reader pauses; ended meanwhile. */
  #held: Buffer[] | null;
  #heldEnd: boolean;

  constructor(raw: HandleConn, tls: TlsHandle, watched: WatchedStream | null, handler: ConnHandler) {
    this.handler = handler;
    this.raw = raw;
    this.tls = tls;
    this.watched = watched;
    this.closed = false;
    this.blocked = false;
    this.established = false;
    this.failure = null;
    this.onSession = null;
    this.onKeylog = null;
    this.onClosed = null;
    this.onJudge = null;
    this.#told = false;
    this.#reading = true;
    this.#writing = false;
    this.#ending = false;
    this.#shut = false;
    this.#leaving = false;
    this.#gone = false;
    this.#request = null;
    this.#spare = null;
    this.#queue = null;
    this.#queued = 0;
    this.#held = null;
    this.#heldEnd = false;
    raw.upper = this;
    watched?.serve(this);
    tls.conn = this;
    tls.onread = onRead;
    tls.onerror = onError;
    tls.onhandshakedone = onHandshakeDone;
    tls.useUserBuffer(plainRead);
  }

  get fd(): number {
    return this.closed ? -1 : this.raw.handle.fd;
  }

  get remoteHost(): string {
    return this.raw.remoteHost;
  }

  get remotePort(): number {
    return this.raw.remotePort;
  }

  get localHost(): string {
    return this.raw.localHost;
  }

  get localPort(): number {
    return this.raw.localPort;
  }

  /** Facts of the handshake can still be asked of `tls`. */
  get known(): boolean {
    return this.established && !this.#gone;
  }

  start(): void {}

  /** Server side: takes all that was read of the connection so far, from the client's hello on. */
  begin(bytes: Uint8Array): void {
    this.watched?.received.push(bytes);
    this.tls.receive(bytes);
  }

  /** Client side: sends the hello. */
  hello(): void {
    this.raw.resume();
    this.tls.start();
  }

  write(buffer: Uint8Array, start: number, end: number): boolean {
    if (this.closed || this.#ending || start === end) return !this.blocked;
    return this.#writing ? this.#enqueue(buffer, start, end) : this.#send(buffer.subarray(start, end));
  }

  writeStable(buffer: Uint8Array, start: number, end: number): boolean {
    return this.write(buffer, start, end);
  }

  flushScratch(length: number): boolean {
    return this.write(scratchBuffer(), 0, length);
  }

  writeLatin1(text: string): boolean {
    if (text.length > scratchSize) return this.write(Buffer.from(text, 'latin1'), 0, text.length);
    const buffer = scratchBuffer();
    return this.write(buffer, 0, buffer.latin1Write(text, 0));
  }

  /** Encrypts and sends; the wrap is free. */
  #send(bytes: Uint8Array): boolean {
    const request = this.#spare ?? new WriteWrap();
    this.#spare = this.#request;
    this.#request = request;
    request.conn = this;
    request.oncomplete = onWritten;
    const code = this.tls.writeBuffer(request, bytes);
    if (code !== 0) {
      process.nextTick(failLater, this, code);
      return true;
    }
    this.#writing = true;
    if (bytes.length >= LARGE_WRITE) this.blocked = true;
    return !this.blocked;
  }

  #enqueue(buffer: Uint8Array, start: number, end: number): boolean {
    const length = this.#queued + end - start;
    let queue = this.#queue ?? spareQueues.pop() ?? Buffer.allocUnsafeSlow(LARGE_WRITE);
    if (queue.length < length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, queue.length * 2));
      grown.set(queue.subarray(0, this.#queued), 0);
      queue = grown;
    }
    queue.set(buffer.subarray(start, end), this.#queued);
    this.#queue = queue;
    this.#queued = length;
    if (length >= QUEUE_MAX) this.blocked = true;
    return !this.blocked;
  }

  /** The write under way is out: goes on with what waits for it. */
  written(): void {
    this.#writing = false;
    if (this.#queue !== null) {
      const queue = this.#queue;
      const length = this.#queued;
      this.#queue = null;
      this.#queued = 0;
      const blocked = this.blocked;
      this.#send(queue.subarray(0, length));
      if (queue.length <= QUEUE_MAX && spareQueues.length < QUEUES_KEPT) spareQueues.push(queue);
      this.blocked ||= blocked;
      return;
    }
    if (this.#ending) this.#shutdown();
    if (this.#leaving) {
      this.#close(false);
      return;
    }
    if (!this.blocked) return;
    this.blocked = false;
    this.handler.onDrain();
  }

  readBulk(): void {}

  get bulk(): boolean {
    return false;
  }

  ownsBuffer(): boolean {
    return false;
  }

  pause(): void {
    if (!this.#reading || this.closed) return;
    this.#reading = false;
    this.tls.readStop();
  }

  resume(): void {
    if (this.#reading || this.closed) return;
    this.#reading = true;
    if (this.#held !== null || this.#heldEnd) process.nextTick(releaseHeld, this);
    else this.tls.readStart();
  }

  end(): void {
    if (this.#ending || this.closed) return;
    this.#ending = true;
    if (!this.#writing) this.#shutdown();
  }

  /** close_notify, then FIN. */
  #shutdown(): void {
    if (this.#shut || this.#gone) return;
    this.#shut = true;
    const request = new ShutdownWrap();
    request.handle = this.tls;
    request.oncomplete = ignore;
    this.tls.shutdown(request);
  }

  destroy(reset = false): void {
    if (this.closed) return;
    this.closed = true;
    this.#reading = false;
    this.#held = null;
    this.handler = noHandler;
    this.onClosed?.();
    // The end that was asked for goes out behind what is being written.
    if (!reset && this.#ending && this.#writing) this.#leave();
    else this.#close(reset);
  }

  closeGently(): void {
    if (this.closed) return;
    if (this.established) this.end();
    this.destroy();
  }

  #leave(): void {
    this.#leaving = true;
    setTimeout(closeLate, CLOSE_PATIENCE, this).unref();
  }

  closeNow(): void {
    if (this.#leaving) this.#close(false);
  }

  #close(reset: boolean): void {
    this.#leaving = false;
    const { handle } = this.raw;
    if (this.raw.closed) return;
    this.raw.closed = true;
    const closed = () => this.release();
    if (!reset || handle.reset === undefined || handle.reset(closed) !== 0) handle.close(closed);
  }

  /** The handle is closed: the library's part goes, too. */
  release(): void {
    this.#gone = true;
    this.watched?.cancel();
    this.tls.destroySSL();
  }

  /** Ends the connection for an error and tells the handler. */
  fail(code: string): void {
    if (this.closed) return;
    const { handler } = this;
    this.destroy();
    handler.onError(code);
  }

  /** Tells that the handshake is done, once. */
  tell(): void {
    if (this.#told || this.closed) return;
    this.#told = true;
    this.handler.onConnect();
  }

  /** What was decrypted: to the handler, or aside while it pauses. */
  decrypted(count: number): void {
    this.tell();
    if (this.closed) return;
    if (this.#reading && this.#held === null) this.handler.onData(plainRead, 0, count);
    else (this.#held ??= []).push(Buffer.from(plainRead.subarray(0, count)));
  }

  ended(): void {
    this.tell();
    if (this.closed) return;
    if (this.#reading && this.#held === null) this.handler.onEnd();
    else this.#heldEnd = true;
  }

  releaseHeld(): void {
    while (this.#held !== null && this.#reading && !this.closed) {
      const bytes = this.#held.shift();
      if (this.#held.length === 0) this.#held = null;
      if (bytes !== undefined) this.handler.onData(bytes, 0, bytes.length);
    }
    if (this.closed || !this.#reading) return;
    if (this.#heldEnd) {
      this.#heldEnd = false;
      this.handler.onEnd();
    } else this.tls.readStart();
  }
}

function ignore(): void {}

function closeLate(conn: TlsConn): void {
  conn.closeNow();
}

function releaseHeld(conn: TlsConn): void {
  conn.releaseHeld();
}

function failLater(conn: TlsConn, code: number): void {
  conn.fail(errorName(code));
}

function failTls(conn: TlsConn): void {
  conn.fail('EPROTO');
}

function onRead(this: StreamHandle): undefined {
  const conn = this.conn as TlsConn;
  const count = streamBaseState[kReadBytesOrError]!;
  if (conn.closed) return;
  if (count > 0) {
    eventClock.begin();
    conn.decrypted(count);
    eventClock.end();
  } else if (count === UV_EOF) {
    if (conn.established) conn.ended();
    else conn.fail('EOF');
  } else if (count < 0) conn.fail(errorName(count));
}

function onWritten(this: WriteRequest, status: number): void {
  const conn = this.conn as TlsConn;
  if (status < 0) conn.fail(errorName(status));
  else conn.written();
}

/**
 * Called from within the library: nothing may be done to its part here but to remember it. Its last message is not on its way yet, so
 * that an alert, below it, arrives first.
 */
function onHandshakeDone(this: TlsHandle): void {
  const conn = this.conn as TlsConn;
  if (conn.established) return;
  conn.established = true;
  const alert = conn.onJudge === null ? null : conn.onJudge();
  if (alert !== null) conn.raw.writeStable(alert, 0, alert.length);
  fresh.push(conn);
  if (fresh.length === 1) setImmediate(tellFresh);
}

function tellFresh(): void {
  const conns = fresh;
  fresh = [];
  for (const conn of conns) conn.tell();
}

function onError(this: TlsHandle, error: Error & { code?: string; reason?: string }): void {
  const conn = this.conn as TlsConn;
  const code = /error:([0-9A-Fa-f]{8}):/.exec(error.message)?.[1];
  conn.failure ??= {
    code: code === undefined ? 0 : Number.parseInt(code, 16),
    reason: error.reason ?? error.message,
    protocol: conn.established ? '' : this.getProtocol(),
  };
  process.nextTick(failTls, conn);
}

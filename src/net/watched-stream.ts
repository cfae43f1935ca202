import { type JsStream, jsStream, UV_ECANCELED } from './bindings.ts';
import { HelloReader } from './hello-reader.ts';
import type { HandleConn } from './tcp.ts';
import type { TlsConn } from './tls-conn.ts';
import type { ConnHandler } from './transport.ts';

/**
 * What TLS stands on where somebody wants to know of the hellos: all bytes come through here. The library's own stream never shows them,
 * and costs less.
 */
export class WatchedStream implements ConnHandler {
  /** To be given to the library. */
  readonly handle: JsStream;
  readonly sent = new HelloReader();
  readonly received = new HelloReader();
  readonly #raw: HandleConn;
  #conn: TlsConn | null = null;
  /** The library's write, until it is told that it is done. */
  #writing: object | null = null;

  constructor(raw: HandleConn) {
    this.#raw = raw;
    raw.handler = this;
    this.handle = new jsStream.JSStream();
    this.handle.isClosing = () => raw.closed;
    this.handle.onreadstart = () => {
      raw.resume();
      return 0;
    };
    this.handle.onreadstop = () => {
      raw.pause();
      return 0;
    };
    this.handle.onwrite = (request, pieces) => this.#write(request, pieces);
    this.handle.onshutdown = (request) => {
      raw.end();
      setImmediate(() => this.handle.finishShutdown(request, 0));
      return 0;
    };
  }

  /** Who is told of the end. */
  serve(conn: TlsConn): void {
    this.#conn = conn;
  }

  #write(request: object, pieces: readonly Buffer[]): number {
    const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    this.sent.push(bytes);
    this.#writing = request;
    // The library must have returned before it is told.
    if (this.#raw.writeStable(bytes, 0, bytes.length)) setImmediate(() => this.#finish(0));
    return 0;
  }

  #finish(status: number): void {
    const request = this.#writing;
    if (request === null) return;
    this.#writing = null;
    this.handle.finishWrite(request, status);
  }

  /** The connection is closed: what was being written never will be. */
  cancel(): void {
    this.#finish(UV_ECANCELED);
  }

  onConnect(): void {}

  onData(buffer: Uint8Array, start: number, end: number): void {
    const bytes = buffer.subarray(start, end);
    this.received.push(bytes);
    this.handle.readBuffer(bytes);
  }

  onEnd(): void {
    this.handle.emitEOF();
  }

  onDrain(): void {
    this.#finish(0);
  }

  onError(code: string): void {
    this.#conn?.fail(code);
    this.#conn?.release();
  }
}

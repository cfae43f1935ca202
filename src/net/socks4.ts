import { parseIpv4 } from '../util/ip.ts';
import type { Conn, ConnectSpec, ConnHandler, Transport } from './transport.ts';

/** A SOCKS4 proxy that connections are made through. */
export interface SocksProxy {
  readonly family: 'inet' | 'inet6';
  readonly host: string;
  readonly port: number;
}

const VERSION = 4;
const CONNECT = 1;
const GRANTED = 90;
const ANSWER_LENGTH = 8;
/** What HAProxy says of itself. */
const USER = 'HAProxy\0';

/**
 * Connects to `to`, through a SOCKS4 proxy where one is given: `handler` is told of the connection when the proxy has made it, and of an
 * error when it has not. SOCKS4 knows IPv4 only: towards others there is an error (EAFNOSUPPORT).
 */
export function connectThrough(
  transport: Transport,
  proxy: SocksProxy | null,
  to: ConnectSpec,
  handler: ConnHandler,
): Conn {
  if (proxy === null) return transport.connect(to, handler);
  const handshake = new Handshake(to, handler);
  handshake.conn = transport.connect({ ...to, family: proxy.family, host: proxy.host, port: proxy.port }, handshake);
  return handshake.conn;
}

class Handshake implements ConnHandler {
  conn: Conn = null as unknown as Conn;
  readonly #to: ConnectSpec;
  readonly #handler: ConnHandler;
  #answer: Buffer = Buffer.alloc(0);

  constructor(to: ConnectSpec, handler: ConnHandler) {
    this.#to = to;
    this.#handler = handler;
  }

  onConnect(): void {
    const { host, port } = this.#to;
    const address = parseIpv4(host);
    if (address === null) {
      this.#fail('EAFNOSUPPORT');
      return;
    }
    const request = Buffer.concat([Buffer.from([VERSION, CONNECT, port >> 8, port & 255]), address, Buffer.from(USER)]);
    this.conn.write(request, 0, request.length);
  }

  onData(buffer: Uint8Array, start: number, end: number): void {
    this.#answer = Buffer.concat([this.#answer, buffer.subarray(start, end)]);
    if (this.#answer.length < ANSWER_LENGTH) return;
    if (this.#answer[1] !== GRANTED) {
      this.#fail('ECONNREFUSED');
      return;
    }
    // What the server has said first came with it.
    const rest = Buffer.from(this.#answer.subarray(ANSWER_LENGTH));
    this.conn.handler = this.#handler;
    this.#handler.onConnect();
    if (rest.length > 0 && !this.conn.closed) this.conn.handler.onData(rest, 0, rest.length);
  }

  onEnd(): void {
    this.#fail('ECONNREFUSED');
  }

  onDrain(): void {}

  onError(code: string): void {
    this.#handler.onError(code);
  }

  #fail(code: string): void {
    this.conn.destroy();
    this.#handler.onError(code);
  }
}

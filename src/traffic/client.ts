import type { EndpointView, Vars } from '../expr/types.ts';
import type { ConnClient } from './conn-client.ts';
import type { OwnConnections } from './own-connections.ts';
import type { ServerConn } from './server-conn.ts';
import type { Stream } from './stream.ts';
import type { ClientTls } from './tls/client-tls.ts';

/** The client side of a stream: an HTTP/1 connection, a stream of an HTTP/2 connection, or a TCP connection. */
export interface Client {
  readonly proto: 'tcp' | 'h1' | 'h2';
  /** The connection that it comes over. */
  readonly base: ConnClient;
  readonly source: EndpointView;
  readonly destination: EndpointView;
  /** Number of its stream on the connection (HTTP/2); and the code that the client has reset it with, -1 = none. */
  readonly id?: number;
  readonly resetCode: number;
  /** A PROXY protocol header said the addresses. */
  readonly proxied: boolean;
  /** TLS on its connection, null in the clear; ms that the handshake took (of TLS, PROXY protocol). */
  readonly tls: ClientTls | null;
  readonly handshakeTime: number;
  /** Variables of the client's session. */
  readonly vars: Vars;
  /** Exchanges so far on this connection, this one included. */
  readonly exchanges: number;
  /** Date of accept, ms. */
  readonly acceptedAt: number;
  /** Server connection that this client used last, when it may use it again. */
  ownedConn: ServerConn | null;
  /** Connections to servers that only this client may use now. */
  readonly ownConnections: OwnConnections;
  /** What was written is not out yet. */
  readonly blocked: boolean;
  /** Takes back bytes that came with the head and were not used yet. */
  giveBack(buf: Buffer, start: number, end: number): void;
  /** Takes what has come of the body, in the framing of `stream.reqBody`, in whole pieces of no more than `most` bytes; null when there is nothing. */
  takeHeld?(most: number): Buffer | null;
  /** Stops and goes on reading what the client sends. */
  pause(): void;
  resume(): void;
  /**
   * Sends the response head of `stream.res` with what belongs to its body of bytes [pos, end). Returns the offset up to which
   * bytes were used. `stream.resBody` knows whether that was all.
   */
  sendResponse(stream: Stream, buf: Buffer, pos: number, end: number): number;
  /** Sends more of the body; as above. `stable`: the bytes stay valid while the server connection is paused. */
  sendBody(stream: Stream, buf: Buffer, pos: number, end: number, stable: boolean): number;
  /**
   * Sends payload [start, end) of a body that is not framed as it came: `stream.res` says by `chunked` whether HTTP/1 frames it here.
   * `last`: the body ends with it, and trailers that `stream.resBody` kept follow.
   */
  sendData(stream: Stream, buf: Buffer, start: number, end: number, last: boolean): void;
  /** Sends the interim response in `stream.res`. */
  sendInterim(stream: Stream): void;
  /** Sends a whole response made here: the head is in `stream.res`. `close`: the connection ends with it. */
  sendLocal(stream: Stream, body: string | Uint8Array, close: boolean): void;
  /** Sends raw bytes (tunnel). False when blocked. */
  sendRaw(buf: Uint8Array, start: number, end: number, stable: boolean): boolean;
  /** The peer of a tunnel has ended. */
  endRaw(): void;
  /** The exchange is over; the connection goes on with the next one, or ends. Bytes of the request body may be left unread. */
  exchangeDone(stream: Stream, keepAlive: boolean): void;
  /**
   * The exchange ends in the middle of a response: the client must see that it is cut off. `reset`: its connection ends at once;
   * `wanted`: a rule ends the connection, also where it has other streams.
   */
  abort(reset: boolean, wanted?: boolean): void;
}

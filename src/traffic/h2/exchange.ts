import type { EndpointView, Vars } from '../../expr/types.ts';
import { C, G } from '../../model/counters.ts';
import { countRequest, countResponse } from '../bytes.ts';
import type { Client } from '../client.ts';
import { countFront } from '../counting.ts';
import { Framing } from '../h1/head.ts';
import * as failures from '../http/failures.ts';
import * as heldBody from '../http/held-body.ts';
import * as request from '../http/request.ts';
import * as response from '../http/response.ts';
import * as sending from '../http/sending.ts';
import { logUnread, setCause } from '../log.ts';
import type { OwnConnections } from '../own-connections.ts';
import { Phase } from '../phase.ts';
import type { ServerConn } from '../server-conn.ts';
import { Stream } from '../stream.ts';
import type { ClientTls } from '../tls/client-tls.ts';
import * as tunnel from '../tunnel.ts';
import { countCall } from '../work.ts';
import type { H2Connection } from './connection.ts';
import type { FieldList } from './field-list.ts';
import { badTrailer, CONNECTION_HEADERS, H2Error, noTrailer } from './frames.ts';
import { encodeField, encodeStatus } from './hpack.ts';
import type { RequestHead } from './request-head.ts';

/** A stream of an HTTP/2 connection as the client of an exchange: heads and bodies change their framing here. */
export class H2Exchange implements Client {
  readonly proto = 'h2';
  readonly id: number;
  readonly connection: H2Connection;
  readonly exchanges: number;
  resetCode = -1;
  stream: Stream | null;
  sendWindow: number;
  blocked = false;
  /** The client's side is complete. */
  #ended = false;
  /** Nothing more may be written. */
  #over = false;
  #paused = true;
  /** Frames that came while reading was paused; bounded by the stream's window. */
  #held: Buffer[] = [];
  /** What was taken of them, as it goes on to the server, and may not go yet. */
  #rest: Buffer | null = null;
  /** Bytes taken since the window was last opened, and its size. */
  #taken = 0;
  readonly #window: number;
  #left: number;
  /** Output that waits for the client's window. */
  #waiting: Buffer | null = null;
  #waitingEnd = false;
  #trailers: [string, string][] | null = null;
  /** Lines of the request's trailers. */
  #requestTrailers = '';
  /** Bytes of its body that have come. */
  #received = 0;
  #counted = true;
  #completed = false;
  /** What its head says of the length of its body, -1 = nothing. */
  #length = -1;
  /** It asks for another protocol (RFC 8441). */
  #extended = false;
  /** Its head is complete, and it has not begun. */
  #ready = false;
  /** The end of its body, and with it trailers, has been taken. */
  #finished = false;

  constructor(connection: H2Connection, id: number, window: number) {
    const { env, frontend, listener } = connection;
    this.id = id;
    this.connection = connection;
    this.exchanges = connection.count;
    this.sendWindow = connection.framing.peerInitialWindow;
    this.#window = window;
    this.#left = window;
    const stream = Stream.start(env, this, frontend, listener);
    this.stream = stream;
    stream.req.reset();
    stream.req.isRequest = true;
    stream.req.version = 20;
    Atomics.add(frontend.g, G.h2OpenStreams, 1);
    const now = env.now();
    stream.log.acceptDate = this.exchanges === 1 ? connection.acceptedAt : now;
    stream.log.requestDate = now;
    stream.log.handshakeTime = this.handshakeTime;
  }

  get base(): H2Connection {
    return this.connection;
  }
  get acceptedAt(): number {
    return this.connection.acceptedAt;
  }
  get source(): EndpointView {
    return this.connection.source;
  }
  get proxied(): boolean {
    return this.connection.proxied;
  }
  get tls(): ClientTls | null {
    return this.connection.tls;
  }
  get handshakeTime(): number {
    return this.exchanges === 1 ? this.connection.handshakeTime : 0;
  }

  get destination(): EndpointView {
    return this.connection.destination;
  }
  get vars(): Vars {
    return this.connection.vars;
  }
  get ownedConn(): ServerConn | null {
    return this.connection.ownedConn;
  }
  set ownedConn(conn: ServerConn | null) {
    this.connection.ownedConn = conn;
  }
  get ownConnections(): OwnConnections {
    return this.connection.ownConnections;
  }

  // ---- the request

  /** The head is complete; `ended`: no body follows. False: it has been refused. */
  headCame(head: RequestHead, ended: boolean): boolean {
    if (!head.complete(ended)) {
      this.#refuse(H2Error.protocol);
      return false;
    }
    this.#length = head.length;
    this.#extended = head.extended;
    this.#ended = ended;
    this.stream!.reqBody.endCounts = 0;
    this.#ready = true;
    return true;
  }

  /** Starts on its way; a request with a body does so with what came of it in the same read. */
  begin(): void {
    const { stream } = this;
    if (!this.#ready || stream === null) return;
    this.#ready = false;
    const body = this.takeHeld(BODY_WITH_HEAD) ?? EMPTY;
    request.beginRequest(stream, body, 0, body.length);
  }

  #refuse(code: number): void {
    countFront(this.stream!, C.failedReq);
    this.connection.framing.sendReset(this.id, code);
    this.unread();
  }

  /** Nothing that can be served has come on it: that is logged, and it is over. */
  unread(): void {
    const stream = this.stream!;
    stream.log.requestLine = '<BADREQ>';
    setCause(stream, 'P', 'R');
    logUnread(stream);
    this.#over = true;
    this.stream = null;
    stream.recycle();
    this.#gone();
  }

  /** Payload of a DATA frame that counts for `length` bytes of the window. */
  onFrameData(buf: Buffer, start: number, end: number, length: number, ended: boolean): void {
    this.#left -= length;
    if (this.#ended || this.#left < 0) {
      this.#reset(this.#ended ? H2Error.streamClosed : H2Error.flowControl);
      return;
    }
    this.#ended = ended;
    this.#received += end - start;
    if (this.stream === null) return;
    countCall(this.stream);
    // As HAProxy counts.
    if (ended && start === end && this.#held.length === 0 && !(this.#ready && this.#length >= 0)) this.#countEnd(1);
    // Longer or shorter than content-length said (RFC 9113, 8.1.1).
    if (this.#length >= 0 && (this.#received > this.#length || (ended && this.#received < this.#length))) {
      if (this.#received < this.#length) this.#showLast(this.stream, buf, start, end);
      this.#reset(H2Error.protocol);
      return;
    }
    if (this.#paused || this.#held.length > 0) {
      this.#held.push(Buffer.from(buf.subarray(start, end)));
      // Padding is not held.
      this.#open(length - (end - start));
      return;
    }
    this.#deliver(this.stream, buf, start, end);
    this.#open(length);
    if (this.#ended && !this.#paused) this.#finishBody();
  }

  /** The last frame of a request that has trailers; they follow the body to the server. */
  onTrailers(trailers: FieldList): void {
    if (this.#ended) {
      this.#reset(H2Error.streamClosed);
      return;
    }
    if (trailers.fields.some(badTrailer) || (this.#length >= 0 && this.#received < this.#length)) {
      new H2Exchange(this.connection, 0, 0).unread();
      this.#reset(H2Error.protocol);
      return;
    }
    this.#ended = true;
    this.#requestTrailers = trailers.fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    this.#countEnd(trailers.fields.reduce((sum, [name, value]) => sum + name.length + value.length, 1));
    if (!this.#paused && this.#held.length === 0) this.#finishBody();
  }

  /** Trailers, and an empty end that comes by itself, count; in chunks as they go on, which they do not behind a body that has a length. */
  #countEnd(bytes: number): void {
    const { stream } = this;
    if (stream === null) return;
    stream.reqBody.endCounts = 1;
    if (stream.reqBody.framing !== Framing.chunked) this.#countUnsent(stream, bytes);
  }

  /** The last of a body that is too short: rules that wait see it, no server gets it. */
  #showLast(stream: Stream, buf: Buffer, start: number, end: number): void {
    if (this.#ready) this.#held.push(Buffer.from(buf.subarray(start, end)));
    else if (stream.onBody !== null) heldBody.onHeldBody(stream, buf, start, end);
    else this.#countUnsent(stream, end - start);
  }

  /** Bytes of the body that go on to no server. */
  #countUnsent(stream: Stream, bytes: number): void {
    if (stream.phase === Phase.response || stream.phase === Phase.relay) countRequest(stream, bytes, 0);
    else stream.reqBody.counted += bytes;
  }

  #deliver(stream: Stream, buf: Buffer, start: number, end: number): void {
    if (start === end) return;
    if (stream.phase === Phase.tunnel) {
      tunnel.fromClient(stream, buf, start, end);
      return;
    }
    if (stream.reqBody.framing !== Framing.chunked) {
      this.#body(stream, buf, start, end);
      return;
    }
    const chunk = Buffer.concat([
      Buffer.from((end - start).toString(16) + '\r\n', 'latin1'),
      buf.subarray(start, end),
      CRLF,
    ]);
    this.#body(stream, chunk, 0, chunk.length);
  }

  #body(stream: Stream, buf: Buffer, start: number, end: number): void {
    if (stream.onBody !== null || stream.onMoreData !== null) {
      heldBody.onHeldBody(stream, buf, start, end);
      return;
    }
    if (stream.draining) {
      heldBody.onDrainedBody(stream, buf, start, end);
      return;
    }
    const upto = sending.onRequestData(stream, buf, start, end);
    if (upto === end || this.stream !== stream || stream.reqBody.done) return;
    this.#rest = Buffer.from(buf.subarray(upto, end));
  }

  /** The client has sent all of its body. */
  #finishBody(): void {
    const { stream } = this;
    if (stream === null) return;
    if (stream.phase === Phase.tunnel) tunnel.onClientEnd(stream);
    else if (stream.reqBody.done || this.#finished) return;
    else if (stream.reqBody.framing === Framing.chunked) {
      this.#finished = true;
      const last = this.#lastChunk();
      this.#body(stream, last, 0, last.length);
    }
  }

  /** A stream error (RFC 9113, 5.4.2). */
  #reset(code: number): void {
    this.connection.framing.sendReset(this.id, code);
    this.lost();
    this.connection.framing.remove(this.id);
  }

  /** Opens the window again once half of it is used. */
  #open(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken === 0 || this.#taken < this.#window / 2 || this.#ended) return;
    this.connection.framing.output.windowUpdate(this.id, this.#taken);
    this.#left += this.#taken;
    this.#taken = 0;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const rest = this.#rest;
    if (rest !== null && this.stream !== null) {
      this.#rest = null;
      this.#body(this.stream, rest, 0, rest.length);
    }
    while (this.#held.length > 0 && !this.#paused && this.stream !== null) {
      const held = this.#held.shift()!;
      this.#deliver(this.stream, held, 0, held.length);
      this.#open(held.length);
    }
    if (this.#ended && this.#held.length === 0 && !this.#paused) this.#finishBody();
  }

  takeHeld(most: number): Buffer | null {
    const held = this.#held;
    let size = 0;
    let count = 0;
    while (count < held.length && size + held[count]!.length <= most) size += held[count++]!.length;
    const chunked = this.stream?.reqBody.framing === Framing.chunked;
    const whole = this.#ended && !this.#finished && count === held.length;
    if (this.#rest !== null || (size === 0 && !(chunked && whole))) return null;
    const taken = held.splice(0, count);
    this.#open(size);
    if (!chunked) return Buffer.concat(taken);
    const parts = taken
      .filter(({ length }) => length > 0)
      .flatMap((one) => [Buffer.from(`${one.length.toString(16)}\r\n`, 'latin1'), one, CRLF]);
    if (whole) {
      this.#finished = true;
      parts.push(this.#lastChunk());
    }
    return Buffer.concat(parts);
  }

  #lastChunk(): Buffer {
    return Buffer.from(`0\r\n${this.#requestTrailers}\r\n`, 'latin1');
  }

  giveBack(buf: Buffer, start: number, end: number): void {
    const bytes = Buffer.from(buf.subarray(start, end));
    this.#rest = this.#rest === null ? bytes : Buffer.concat([bytes, this.#rest]);
  }

  // ---- the response

  sendResponse(stream: Stream, buf: Buffer, pos: number, end: number): number {
    const { resBody, res } = stream;
    if (this.#extended && res.status < 300) {
      // That would tell the client that the protocol is spoken.
      this.#reset(H2Error.internal);
      return end;
    }
    countResponse(stream, 0, res.editedSize());
    this.#sendHead(stream, resBody.done);
    if (resBody.done) {
      this.#complete();
      return pos;
    }
    if (resBody.framing === Framing.chunked) resBody.keepsTrailers = true;
    return this.sendBody(stream, buf, pos, end);
  }

  #sendHead(stream: Stream, endStream: boolean): void {
    const { res } = stream;
    if (this.#over) return;
    this.connection.framing.output.headers(this.id, res.sizeBound() + res.count * 8 + 16, endStream, (out, at) => {
      // An upgrade is granted with 200 (RFC 8441, 5).
      let pos = encodeStatus(out, at, res.status === 101 ? 200 : res.status);
      for (let i = 0; i < res.count; i++) {
        const name = res.headerName(i);
        if (res.status === 101 && name === 'sec-websocket-accept') continue;
        if (name !== '' && !CONNECTION_HEADERS.has(name)) pos = encodeField(out, pos, name, res.headerValue(i));
      }
      return pos;
    });
  }

  sendBody(stream: Stream, buf: Buffer, pos: number, end: number): number {
    const { resBody } = stream;
    const before = resBody.counted;
    let from = pos;
    while (from < end && !resBody.done && !resBody.failed) {
      from = resBody.feedData(buf, from, end);
      const last = resBody.done && resBody.trailers === '';
      if (resBody.dataEnd > resBody.dataStart || last) this.#write(buf, resBody.dataStart, resBody.dataEnd, last);
      if (last) break;
    }
    const bytes = resBody.counted - before;
    countResponse(stream, bytes, bytes);
    if (!resBody.done) return from;
    if (resBody.trailers !== '') this.#endWithTrailers(resBody.trailers);
    else if (!this.#waitingEnd && !this.#over) this.#write(EMPTY, 0, 0, true);
    return from;
  }

  sendData(stream: Stream, buf: Buffer, start: number, end: number, last: boolean): void {
    const { trailers } = stream.resBody;
    countResponse(stream, 0, end - start);
    if (end > start || (last && trailers === '')) this.#write(buf, start, end, last && trailers === '');
    if (last && trailers !== '') this.#endWithTrailers(trailers);
  }

  /** Sends payload, or keeps what the windows do not allow yet. */
  #write(buf: Buffer, start: number, end: number, last: boolean): void {
    if (this.#over) return;
    if (this.#waiting !== null) {
      this.#waiting = Buffer.concat([this.#waiting, buf.subarray(start, end)]);
      this.#waitingEnd ||= last;
      return;
    }
    const sent = this.connection.framing.output.data(this, buf, start, end, last);
    if (sent === end) {
      if (last) this.#complete();
      else if (this.connection.framing.output.congested) {
        this.blocked = true;
        this.connection.framing.hold();
      }
      return;
    }
    this.#waiting = Buffer.from(buf.subarray(sent, end));
    this.#waitingEnd = last;
    this.blocked = true;
  }

  #endWithTrailers(text: string): void {
    const fields: [string, string][] = [];
    for (const line of text.split('\n')) {
      const colon = line.indexOf(':');
      if (colon > 0 && !noTrailer(line.slice(0, colon)))
        fields.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
    }
    this.#trailers = fields;
    if (this.#waiting === null) this.#sendTrailers();
  }

  #sendTrailers(): void {
    const fields = this.#trailers!;
    if (this.#over) return;
    const size = fields.reduce((sum, [name, value]) => sum + name.length + value.length + 16, 16);
    this.connection.framing.output.headers(this.id, size, true, (out, at) =>
      fields.reduce((pos, [name, value]) => encodeField(out, pos, name, value), at),
    );
    this.#complete();
  }

  /** A window has grown: sends on what waits. */
  pump(): void {
    const waiting = this.#waiting;
    if (waiting === null || this.#over) return;
    this.#waiting = null;
    const sent = this.connection.framing.output.data(this, waiting, 0, waiting.length, this.#waitingEnd);
    if (sent < waiting.length) {
      this.#waiting = waiting.subarray(sent);
      if (sent > 0 && this.stream !== null && !this.stream.raw) response.onClientProgress(this.stream);
      return;
    }
    if (this.#trailers !== null) this.#sendTrailers();
    else if (this.#waitingEnd) this.#complete();
    else this.onDrain();
  }

  /** The client takes what is sent: the server may send on. */
  onDrain(): void {
    if (!this.blocked || this.#waiting !== null || this.connection.framing.output.congested) return;
    this.blocked = false;
    const { stream } = this;
    if (stream === null) return;
    countCall(stream);
    if (stream.phase === Phase.tunnel) tunnel.onClientDrain(stream);
    else response.onClientDrain(stream);
  }

  /** The response is out. */
  #complete(): void {
    this.#over = true;
    this.#completed = true;
    if (this.stream === null) this.#gone();
  }

  sendInterim(stream: Stream): void {
    if (stream.res.status === 101 && !this.#extended) return;
    countResponse(stream, 0, stream.res.editedSize());
    this.#sendHead(stream, false);
  }

  sendLocal(stream: Stream, body: string | Uint8Array): void {
    const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : Buffer.from(body);
    this.#sendHead(stream, bytes.length === 0);
    if (bytes.length > 0) this.#write(bytes, 0, bytes.length, true);
    else this.#complete();
  }

  sendRaw(buf: Uint8Array, start: number, end: number): boolean {
    this.#write(Buffer.from(buf.subarray(start, end)), 0, end - start, false);
    return !this.blocked;
  }

  endRaw(): void {
    this.#write(EMPTY, 0, 0, true);
  }

  exchangeDone(stream: Stream): void {
    this.stream = null;
    // Both sides of a tunnel have ended.
    if (stream.raw) this.#write(EMPTY, 0, 0, true);
    if (!stream.reqBody.done && !this.#ended && !stream.clientGone)
      this.connection.framing.sendReset(this.id, H2Error.none);
    if (this.#over || (this.#waiting === null && this.#trailers === null)) this.#gone();
  }

  abort(reset: boolean, wanted = false): void {
    const gone = this.stream?.clientGone === true;
    this.stream = null;
    if (reset) {
      this.connection.sever();
      return;
    }
    if (!this.#over) this.connection.framing.sendReset(this.id, wanted ? H2Error.enhanceYourCalm : H2Error.internal);
    this.#over = true;
    this.#gone();
    // A stream that the client has reset is no more of the connection's.
    if (wanted && !gone) this.connection.turnAway();
  }

  /** The client has reset the stream, or the connection is gone. */
  lost(code = -1): void {
    this.resetCode = code;
    this.#over = true;
    if (this.stream !== null) {
      this.stream.clientGone = true;
      this.stream.clientBroken = code >= 0 || !this.connection.clientEnded;
      // As in HAProxy, rules and the choice of a backend come before what has become of the client is seen.
      this.begin();
    }
    this.#held = [];
    this.#rest = null;
    this.#waiting = null;
    const { stream } = this;
    // The rest of a response may still have been waiting for the client.
    if (stream === null) this.#uncount();
    else if (stream.phase === Phase.idle || stream.phase === Phase.closed) {
      this.stream = null;
      stream.recycle();
      this.#uncount();
    } else if (stream.raw) tunnel.onClientGone(stream);
    else failures.onClientGone(stream);
  }

  #gone(): void {
    this.#uncount();
    const { framing } = this.connection;
    // The end of a body that has a length may come by itself, or with trailers.
    if (this.#completed && !this.#ended) framing.forget(this.id);
    else framing.remove(this.id, this.#completed);
  }

  #uncount(): void {
    if (!this.#counted) return;
    this.#counted = false;
    Atomics.sub(this.connection.frontend.g, G.h2OpenStreams, 1);
  }
}

/** Bytes of a body that rules see at once. */
const BODY_WITH_HEAD = 16384;
const EMPTY = Buffer.alloc(0);
const CRLF = Buffer.from('\r\n', 'latin1');

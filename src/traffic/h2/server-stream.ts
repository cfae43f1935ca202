import type { Conn, ConnHandler } from '../../net/transport.ts';
import { Body } from '../h1/body.ts';
import { settleResponse } from '../h1/check.ts';
import { Framing } from '../h1/head.ts';
import { badResponse } from '../http/failures.ts';
import { onInterimHead, onResponseHead, onSwitchedHead } from '../http/response.ts';
import { Phase } from '../phase.ts';
import type { ServerConn } from '../server-conn.ts';
import type { Stream } from '../stream.ts';
import { switchFromConnect } from '../websocket.ts';
import { FieldList } from './field-list.ts';
import { badTrailer, CONNECTION_HEADERS, FRAME_MAX, H2Error, noTrailer } from './frames.ts';
import { encodeField, type HpackDecoder } from './hpack.ts';
import type { H2ServerConnection } from './server-connection.ts';
import { headerIn, placeFields, readResponseHead } from './server-heads.ts';

const CR = 13;
const COLON = 58;
const EMPTY = Buffer.alloc(0);
/** A DATA frame as a chunk of HTTP/1: size line, payload, end of line. Its bytes are valid during the event only, as those read are. */
const chunk = Buffer.allocUnsafeSlow(FRAME_MAX + 16);

/**
 * A stream of an HTTP/2 connection to a server, as a connection of one exchange: what is written is HTTP/1 and leaves as frames; what
 * comes is the head of a response, and its body with the framing of HTTP/1.
 */
export class H2ServerStream implements Conn {
  readonly id: number;
  readonly connection: H2ServerConnection;
  handler: ConnHandler;
  sendWindow: number;
  blocked = false;
  closed = false;
  readonly bulk = false;
  readonly fd = -1;
  readonly #serverConn: ServerConn;
  /** Bytes of the body that the server may still send before it is given more window, and the size of that. */
  #left: number;
  readonly #window: number;
  #taken = 0;
  /** The connection's count of reads when the request was sent. */
  #readsThen = 0;
  #headSent = false;
  /** A head that cannot be sent before the server's settings are known. */
  #early: Buffer | null = null;
  /** What other protocol is asked for (RFC 8441, 4); '' for none. */
  #protocol = '';
  readonly #requestBody = new Body();
  /** Our side is complete. */
  #sentEnd = false;
  /** Payload, and the end, that wait for the server's window. */
  #waiting: Buffer | null = null;
  #waitingEnd = false;
  #trailers: string | null = null;
  /** The server's side is complete. */
  #ended = false;
  #headCame = false;
  #paused = false;
  /** Frames that came while reading was paused; bounded by the stream's window. */
  #held: Buffer[] = [];
  #responseTrailers = '';
  /** The connection has ended, but not what came on it before. */
  #detached = false;

  constructor(connection: H2ServerConnection, id: number, serverConn: ServerConn, window: number) {
    this.id = id;
    this.connection = connection;
    this.handler = serverConn;
    this.#serverConn = serverConn;
    this.sendWindow = connection.framing.peerInitialWindow;
    this.#left = window;
    this.#window = window;
  }

  get remoteHost(): string {
    return this.connection.conn.remoteHost;
  }

  get remotePort(): number {
    return this.connection.conn.remotePort;
  }

  get localHost(): string {
    return this.connection.conn.localHost;
  }

  get localPort(): number {
    return this.connection.conn.localPort;
  }

  // ---- the request

  write(buffer: Uint8Array, start: number, end: number): boolean {
    const { stream } = this.#serverConn;
    if (this.closed || this.#detached || this.#sentEnd || stream === null) return true;
    const buf = buffer as Buffer;
    let pos = start;
    if (!this.#headSent) {
      if (stream.wantsUpgrade && !this.#mayUpgrade(buf, start, end)) return true;
      this.#headSent = true;
      pos = this.#sendHead(stream, buf, start, end);
      if (this.#sentEnd) return true;
    }
    if (stream.phase === Phase.tunnel) {
      this.#send(buf, pos, end, false);
      return !this.blocked;
    }
    const body = this.#requestBody;
    if (body.framing !== Framing.chunked) {
      // What follows a CONNECT that is granted is not its body.
      if (this.#protocol === '' && !stream.isConnect) this.#send(buf, pos, end, stream.reqBody.done);
      return !this.blocked;
    }
    while (pos < end && !body.done && !body.failed) {
      pos = body.feedData(buf, pos, end);
      const last = body.done && body.trailers === '';
      if (body.dataEnd > body.dataStart || last) this.#send(buf, body.dataStart, body.dataEnd, last);
    }
    if (body.done && body.trailers !== '') this.#endWith(body.trailers);
    return !this.blocked;
  }

  writeStable(buffer: Uint8Array, start: number, end: number): boolean {
    return this.write(buffer, start, end);
  }

  flushScratch(): boolean {
    throw new Error('streams of HTTP/2 do not write from the scratch buffer');
  }

  writeLatin1(text: string): boolean {
    return this.write(Buffer.from(text, 'latin1'), 0, text.length);
  }

  /** An upgrade goes on where the server takes extended CONNECTs, once that is known. */
  #mayUpgrade(buf: Buffer, start: number, end: number): boolean {
    const { framing, takesConnect } = this.connection;
    if (framing.settled && takesConnect) return true;
    if (framing.settled) process.nextTick(refuseLate, this);
    else this.#early = Buffer.concat([this.#early ?? EMPTY, buf.subarray(start, end)]);
    return false;
  }

  /** The server's settings are known. */
  proceed(): void {
    const early = this.#early;
    if (early === null) return;
    this.#early = null;
    this.write(early, 0, early.length);
  }

  /** The server does not take what the stream is for. */
  refuse(): void {
    if (this.closed) return;
    this.closed = true;
    this.connection.framing.remove(this.id);
    this.handler.onError('EPROTO');
  }

  /** Sends the head that begins at `start` of HTTP/1 bytes; returns the offset behind it. */
  #sendHead(stream: Stream, buf: Buffer, start: number, end: number): number {
    const methodEnd = buf.indexOf(32, start);
    const targetEnd = buf.indexOf(32, methodEnd + 1);
    const lineEnd = buf.indexOf(CR, targetEnd);
    const bodyStart = buf.indexOf('\r\n\r\n', lineEnd, 'latin1') + 4;
    const { framing, done } = stream.reqBody;
    this.#requestBody.begin(framing, 0);
    if (framing === Framing.chunked) this.#requestBody.keepsTrailers = true;
    // A whole body may be at hand behind the head.
    // What the request was read from may be gone.
    const head = stream.wantsUpgrade ? buf.latin1Slice(lineEnd, bodyStart) : '';
    this.#protocol = headerIn(head, 'upgrade');
    const endStream =
      done && this.#protocol === '' && bodyStart === end && framing !== Framing.chunked && !stream.isConnect;
    this.#readsThen = this.connection.reads;
    const method = buf.latin1Slice(start, methodEnd);
    const target = buf.latin1Slice(methodEnd + 1, targetEnd);
    this.connection.framing.output.headers(this.id, (bodyStart - start) * 2 + 64, endStream, (out, at) => {
      let pos = encodeField(out, at, ':method', this.#protocol === '' ? method : 'CONNECT');
      if (this.#protocol !== '') pos = encodeField(out, pos, ':protocol', this.#protocol);
      const authority = placeFields(stream, target);
      // An extended CONNECT has one (RFC 8441, 4).
      if (this.#protocol !== '' && authority.every(([name]) => name !== ':authority'))
        authority.push([':authority', headerIn(head, 'host')]);
      for (const [name, value] of authority) pos = encodeField(out, pos, name, value);
      const known = authority.some(([name]) => name === ':authority');
      for (let line = lineEnd + 2; line < bodyStart - 2; ) {
        const colon = buf.indexOf(COLON, line);
        const stop = buf.indexOf(CR, colon);
        const name = buf.latin1Slice(line, colon).toLowerCase();
        const from = colon + 2;
        line = stop + 2;
        if (CONNECTION_HEADERS.has(name) || (known && name === 'host')) continue;
        if (this.#protocol !== '' && name === 'sec-websocket-key') continue;
        pos = encodeField(out, pos, name, buf.latin1Slice(from, stop));
      }
      return pos;
    });
    if (endStream) this.#sentEnd = true;
    return bodyStart;
  }

  /** Sends payload, or keeps what the windows do not allow yet. */
  #send(buf: Buffer, start: number, end: number, last: boolean): void {
    const { framing } = this.connection;
    if (this.#waiting !== null) {
      this.#waiting = Buffer.concat([this.#waiting, buf.subarray(start, end)]);
      this.#waitingEnd ||= last;
      return;
    }
    const sent = framing.output.data(this, buf, start, end, last);
    if (sent === end) {
      if (last) this.#sentEnd = true;
      else if (framing.output.congested) {
        this.blocked = true;
        framing.hold();
      }
      return;
    }
    this.#waiting = Buffer.from(buf.subarray(sent, end));
    this.#waitingEnd = last;
    this.blocked = true;
  }

  #endWith(trailers: string): void {
    this.#trailers = trailers;
    if (this.#waiting === null) this.#sendTrailers();
  }

  #sendTrailers(): void {
    const text = this.#trailers!;
    this.#sentEnd = true;
    this.connection.framing.output.headers(this.id, text.length * 2 + 64, true, (out, at) => {
      let pos = at;
      for (const line of text.split('\n')) {
        const colon = line.indexOf(':');
        const name = line.slice(0, colon);
        if (colon > 0 && !noTrailer(name)) pos = encodeField(out, pos, name, line.slice(colon + 1).trim());
      }
      return pos;
    });
  }

  pump(): void {
    const waiting = this.#waiting;
    if (waiting === null || this.closed) return;
    this.#waiting = null;
    const sent = this.connection.framing.output.data(this, waiting, 0, waiting.length, this.#waitingEnd);
    if (sent < waiting.length) {
      this.#waiting = waiting.subarray(sent);
      return;
    }
    if (this.#trailers !== null) this.#sendTrailers();
    else if (this.#waitingEnd) this.#sentEnd = true;
    this.onDrain();
  }

  onDrain(): void {
    if (!this.blocked || this.#waiting !== null || this.closed || this.connection.framing.output.congested) return;
    this.blocked = false;
    this.handler.onDrain();
  }

  /** The end of our side, where it is not that of a message. */
  end(): void {
    if (this.closed || this.#detached || this.#sentEnd) return;
    this.#send(EMPTY, 0, 0, true);
  }

  // ---- the response

  /** A header block. False: it cannot be decoded. */
  onHeaders(decoder: HpackDecoder, buf: Buffer, start: number, end: number, ended: boolean): boolean {
    const fields = new FieldList();
    if (!decoder.decode(buf, start, end, fields)) return false;
    const { stream } = this.#serverConn;
    if (stream === null || this.closed) return true;
    if (this.#ended) this.#malformed(H2Error.streamClosed);
    else if (this.#headCame) this.#trailersCame(fields, ended);
    else this.#head(stream, fields, ended);
    return true;
  }

  #head(stream: Stream, { fields }: FieldList, ended: boolean): void {
    const { res } = stream;
    const { tune } = stream.env.global;
    res.reset();
    res.isRequest = false;
    res.version = 20;
    res.reasonText = '';
    stream.responseStarted = true;
    const size = fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    if (size > tune.bufsize || fields.length >= tune.maxhdr || !readResponseHead(res, fields)) {
      this.#badHead(stream);
      return;
    }
    if (res.status < 200) {
      // There is no 101 in HTTP/2 (RFC 9113, 8.6).
      if (ended || res.status === 101) this.#badHead(stream);
      else onInterimHead(stream);
      return;
    }
    this.#headCame = true;
    this.#ended = ended;
    if (this.#protocol !== '' && res.status < 300) {
      switchFromConnect(stream, this.#protocol);
      onSwitchedHead(stream);
      // It may have nothing to say in its tunnel.
      if (ended && !this.#paused) this.#finish();
      return;
    }
    const bodiless = stream.isHead || stream.req.isMethod('HEAD') || res.status === 204 || res.status === 304;
    if (ended && res.contentLength > 0 && !bodiless) {
      this.#badHead(stream);
      return;
    }
    settleResponse(res);
    // What HTTP/1 needs to find the end does not count.
    res.fixSize();
    if (res.contentLength < 0 && !bodiless && !stream.isConnect) {
      if (ended) {
        res.addHeader('content-length', '0');
        res.contentLength = 0;
      } else if (stream.clientVersion !== 10) {
        res.chunked = true;
        res.unframed = true;
      }
      res.sizeChange = 0;
    }
    onResponseHead(stream);
  }

  #trailersCame({ fields }: FieldList, ended: boolean): void {
    if (!ended || fields.some(badTrailer)) {
      this.#malformed(H2Error.protocol);
      return;
    }
    this.#ended = true;
    this.#responseTrailers = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    if (!this.#paused && this.#held.length === 0) this.#finish();
  }

  onFrameData(buf: Buffer, start: number, end: number, length: number, ended: boolean): void {
    this.#left -= length;
    if (this.#ended || this.#left < 0 || !this.#headCame) {
      this.#malformed(this.#left < 0 ? H2Error.flowControl : this.#headCame ? H2Error.streamClosed : H2Error.protocol);
      return;
    }
    this.#ended = ended;
    if (this.#paused || this.#held.length > 0) {
      this.#held.push(Buffer.from(buf.subarray(start, end)));
      // Padding is not held.
      this.#open(length - (end - start));
      return;
    }
    this.#deliver(buf, start, end);
    this.#open(length);
    if (ended) this.#finish();
  }

  #deliver(buf: Buffer, start: number, end: number): void {
    const { stream } = this.#serverConn;
    if (stream === null || start === end) return;
    if (stream.phase === Phase.tunnel) {
      this.handler.onData(buf, start, end);
      return;
    }
    const { resBody } = stream;
    if (resBody.framing === Framing.chunked) {
      let at = chunk.latin1Write(`${(end - start).toString(16)}\r\n`, 0);
      at += buf.copy(chunk, at, start, end);
      at += chunk.latin1Write('\r\n', at);
      this.handler.onData(chunk, 0, at);
    } else if (resBody.framing !== Framing.close && end - start > resBody.left) this.#malformed(H2Error.protocol);
    else this.handler.onData(buf, start, end);
  }

  /** The server has sent all of its body. */
  #finish(): void {
    const { stream } = this.#serverConn;
    if (stream === null || this.closed) return;
    if (stream.phase !== Phase.tunnel && stream.resBody.framing === Framing.chunked) {
      if (this.#responseTrailers === '') stream.resBody.endCounts = 0;
      const last = Buffer.from(`0\r\n${this.#responseTrailers}\r\n`, 'latin1');
      this.handler.onData(last, 0, last.length);
    } else this.handler.onEnd();
  }

  /** The head of the response may not be so. */
  #badHead(stream: Stream): void {
    const { framing } = this.connection;
    framing.sendReset(this.id, H2Error.protocol);
    this.closed = true;
    framing.remove(this.id);
    stream.reusedConn = false;
    badResponse(stream);
  }

  /** The server has broken the rules on this stream (RFC 9113, 5.4.2). */
  #malformed(code: number): void {
    const { framing } = this.connection;
    framing.sendReset(this.id, code);
    this.closed = true;
    const { handler } = this;
    framing.remove(this.id);
    this.#serverConn.stream!.reusedConn = false;
    handler.onError('EPROTO');
  }

  /** Opens the window again once half of it is used. */
  #open(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken === 0 || this.#taken < this.#window / 2 || this.#ended || this.closed) return;
    this.connection.framing.output.windowUpdate(this.id, this.#taken);
    this.#left += this.#taken;
    this.#taken = 0;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    while (this.#held.length > 0 && !this.#paused && !this.closed) {
      const held = this.#held.shift()!;
      this.#deliver(held, 0, held.length);
      this.#open(held.length);
    }
    if (this.#ended && this.#held.length === 0 && !this.#paused) this.#finish();
  }

  // ---- life

  /** The exchange is complete on both sides: the stream ends as the server has it. */
  release(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.#detached) return;
    const { framing } = this.connection;
    if (this.#ended) framing.remove(this.id, true);
    else framing.forget(this.id);
  }

  destroy(): void {
    if (this.closed) return;
    this.closed = true;
    this.#held = [];
    this.#waiting = null;
    if (this.#detached) return;
    const { framing } = this.connection;
    // Nothing was sent on it: the server does not know of it.
    if (this.#headSent && !(this.#ended && this.#sentEnd)) framing.sendReset(this.id, H2Error.cancel);
    framing.remove(this.id);
  }

  closeGently(): void {
    if (this.#waiting === null) {
      this.end();
      this.release();
    } else this.destroy();
  }

  lost(code: number): void {
    if (this.closed) return;
    // The whole response is here, though its client has not taken it yet.
    if (this.#ended) {
      this.#detached = true;
      this.#waiting = null;
      if (!this.blocked) return;
      // What is still to be sent goes nowhere.
      this.blocked = false;
      this.handler.onDrain();
      return;
    }
    this.closed = true;
    this.#held = [];
    this.#waiting = null;
    const { stream } = this.#serverConn;
    if (stream === null) return;
    if (code === H2Error.refusedStream) {
      this.#serverConn.onRefused();
      return;
    }
    // Only a request that may have crossed with the end of the connection is sent again.
    if (code >= 0 || this.connection.reads !== this.#readsThen) stream.reusedConn = false;
    this.handler.onError('ECONNRESET');
  }

  start(): void {}

  readBulk(): void {}

  ownsBuffer(): boolean {
    return false;
  }
}

/** Not from within a write. */
function refuseLate(stream: H2ServerStream): void {
  stream.refuse();
}

import http2 from 'node:http2';
import type { EndpointView, Vars } from '../../expr/types.ts';
import { C, G } from '../../model/counters.ts';
import type { Client } from '../client.ts';
import { Framing } from '../h1/head.ts';
import * as http from '../http.ts';
import type { ServerConn } from '../server-conn.ts';
import { Phase, Stream } from '../stream.ts';
import * as tunnel from '../tunnel.ts';
import type { H2Session } from './session.ts';

/** Headers that belong to HTTP/1 connections only (RFC 9113, 8.2.2). */
const CONNECTION_HEADERS = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** A stream of an HTTP/2 connection as the client of an exchange: heads and bodies change their framing here. */
export class H2Exchange implements Client {
  readonly proto = 'h2';
  readonly session: H2Session;
  readonly exchanges: number;
  readonly acceptedAt: number;
  readonly #h2: http2.ServerHttp2Stream;
  stream: Stream | null;
  blocked = false;
  #over = false;
  #trailers: http2.OutgoingHttpHeaders = {};

  constructor(session: H2Session, h2: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders, raw: readonly string[]) {
    const { env, frontend, listener } = session;
    this.session = session;
    this.#h2 = h2;
    this.exchanges = session.count;
    this.acceptedAt = session.acceptedAt;
    const stream = Stream.start(env, this, frontend, listener);
    this.stream = stream;
    Atomics.add(frontend.g, G.h2OpenStreams, 1);
    frontend.c[C.h2Streams]!++;
    frontend.c[C.h2Requests]!++;
    const now = env.now();
    stream.log.acceptDate = this.exchanges === 1 ? session.acceptedAt : now;
    stream.log.requestDate = now;
    stream.log.requestCounter = this.exchanges;
    h2.on('error', ignore);
    h2.on('close', () => this.lost());
    h2.on('drain', () => this.#drained());
    const problem = this.#head(stream, headers, raw);
    if (problem) {
      this.#over = true;
      h2.close(http2.constants.NGHTTP2_PROTOCOL_ERROR);
      this.#finish(stream);
      return;
    }
    this.#body(stream, headers);
  }

  /** Turns the header fields into a request head. True: the request is malformed. */
  #head(stream: Stream, headers: http2.IncomingHttpHeaders, raw: readonly string[]): boolean {
    const { req } = stream;
    req.reset();
    req.isRequest = true;
    req.version = 11;
    req.methodText = headers[':method'] ?? '';
    const authority = headers[':authority'];
    req.uriText = req.methodText === 'CONNECT' ? (authority ?? '') : (headers[':path'] ?? '');
    if (req.uriText === '' || /[\x00-\x20\x7f#]/.test(req.uriText)) return true;
    if (authority !== undefined) {
      req.addHeader('host', authority);
      if (req.uriText.startsWith('/')) stream.logUri = `http://${authority}${req.uriText}`;
    }
    const cookies: string[] = [];
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i]!;
      if (name.charCodeAt(0) === 58) continue;
      if (name === 'cookie') cookies.push(raw[i + 1]!);
      else if (name === 'host' && authority !== undefined) {
        if (raw[i + 1] !== authority) return true;
      } else if (name !== 'te' && CONNECTION_HEADERS.has(name)) return true;
      else req.addHeader(name, raw[i + 1]!);
    }
    // One header for HTTP/1 (RFC 9113, 8.2.3).
    if (cookies.length > 0) req.addHeader('cookie', cookies.join('; '));
    return false;
  }

  /** Body and way: what follows comes chunk by chunk, framed for HTTP/1 when its length is not told. */
  #body(stream: Stream, headers: http2.IncomingHttpHeaders): void {
    const { req, reqBody } = stream;
    const length = headers['content-length'];
    const ended = this.#h2.readableEnded || (this.#h2 as { endAfterHeaders?: boolean }).endAfterHeaders === true;
    if (ended) reqBody.begin(Framing.none, 0);
    else if (length !== undefined) reqBody.begin(Framing.length, Number(length));
    else {
      req.addHeader('transfer-encoding', 'chunked');
      reqBody.begin(Framing.chunked, 0);
    }
    stream.clientVersion = 20;
    stream.keepAlive = true;
    if (!reqBody.done) {
      this.#h2.on('data', (chunk: Buffer) => this.#data(chunk));
      this.#h2.on('end', () => this.#end());
      this.#h2.pause();
    }
    http.beginRequest(stream, EMPTY, 0, 0);
  }

  #data(chunk: Buffer): void {
    const { stream } = this;
    if (stream === null) return;
    if (stream.phase === Phase.tunnel) {
      tunnel.fromClient(stream, chunk, 0, chunk.length);
      return;
    }
    const bytes = stream.reqBody.framing === Framing.chunked ? chunked(chunk) : chunk;
    if (stream.onBody !== null) http.onHeldBody(stream, bytes, 0, bytes.length);
    else http.onRequestData(stream, bytes, 0, bytes.length);
  }

  #end(): void {
    const { stream } = this;
    if (stream === null || stream.reqBody.done) return;
    if (stream.phase === Phase.tunnel) tunnel.onClientEnd(stream);
    else if (stream.reqBody.framing !== Framing.chunked) http.onClientGone(stream);
    else if (stream.onBody !== null) http.onHeldBody(stream, LAST_CHUNK, 0, LAST_CHUNK.length);
    else http.onRequestData(stream, LAST_CHUNK, 0, LAST_CHUNK.length);
  }

  #drained(): void {
    if (!this.blocked) return;
    this.blocked = false;
    const { stream } = this;
    if (stream === null) return;
    if (stream.phase === Phase.tunnel) tunnel.onClientDrain(stream);
    else http.onClientDrain(stream);
  }

  /** The client has reset the stream, or the connection is gone. */
  lost(): void {
    const { stream } = this;
    if (stream === null || this.#over) return;
    this.#over = true;
    if (stream.raw) tunnel.onClientGone(stream);
    else http.onClientGone(stream);
  }

  get source(): EndpointView {
    return this.session.source;
  }
  get destination(): EndpointView {
    return this.session.destination;
  }
  get vars(): Vars {
    return this.session.vars;
  }
  get ownedConn(): ServerConn | null {
    return this.session.ownedConn;
  }
  set ownedConn(conn: ServerConn | null) {
    this.session.ownedConn = conn;
  }

  pause(): void {
    this.#h2.pause();
  }

  resume(): void {
    this.#h2.resume();
  }

  giveBack(): void {}

  /** The response head as HTTP/2 header fields. */
  #fields(stream: Stream): http2.OutgoingHttpHeaders {
    const { res } = stream;
    const fields: http2.OutgoingHttpHeaders = { ':status': res.status };
    for (let i = 0; i < res.count; i++) {
      const name = res.headerName(i);
      if (name === '' || CONNECTION_HEADERS.has(name)) continue;
      const before = fields[name];
      const value = res.headerValue(i);
      if (before === undefined) fields[name] = value;
      else if (Array.isArray(before)) before.push(value);
      else fields[name] = [String(before), value];
    }
    return fields;
  }

  sendResponse(stream: Stream, buf: Buffer, pos: number, end: number): number {
    if (this.#over) return end;
    const { resBody } = stream;
    if (resBody.done) {
      this.#h2.respond(this.#fields(stream), { endStream: true, sendDate: false } as http2.ServerStreamResponseOptions);
      return pos;
    }
    const trailers = resBody.framing === Framing.chunked;
    this.#h2.respond(this.#fields(stream), { sendDate: false, waitForTrailers: trailers } as http2.ServerStreamResponseOptions);
    if (trailers) {
      resBody.keepsTrailers = true;
      this.#h2.on('wantTrailers', () => this.#h2.sendTrailers(this.#trailers));
    }
    return this.sendBody(stream, buf, pos, end);
  }

  sendBody(stream: Stream, buf: Buffer, pos: number, end: number): number {
    const { resBody } = stream;
    let from = pos;
    let last: Buffer | null = null;
    while (from < end && !resBody.done && !resBody.failed) {
      from = resBody.feedData(buf, from, end);
      if (resBody.dataEnd === resBody.dataStart) continue;
      if (last !== null) this.#write(last);
      last = Buffer.from(buf.subarray(resBody.dataStart, resBody.dataEnd));
      this.#count(stream, last.length);
    }
    if (this.#over) return from;
    if (resBody.done) {
      if (resBody.trailers !== '') this.#trailers = trailerFields(resBody.trailers);
      if (last === null) this.#h2.end();
      else this.#h2.end(last);
    } else if (last !== null) this.#write(last);
    return from;
  }

  #write(bytes: Buffer): void {
    if (!this.#h2.write(bytes)) this.blocked = true;
  }

  #count(stream: Stream, bytes: number): void {
    stream.log.bytesRead += bytes;
    this.session.frontend.c[C.bytesOut]! += bytes;
    if (stream.backend !== null) stream.backend.c[C.bytesOut]! += bytes;
    if (stream.server !== null) stream.server.c[C.bytesOut]! += bytes;
  }

  sendInterim(stream: Stream): void {
    if (!this.#over && stream.res.status !== 101) this.#h2.additionalHeaders(this.#fields(stream));
  }

  sendLocal(stream: Stream, body: string | Uint8Array): void {
    if (this.#over) return;
    const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
    this.#h2.respond(this.#fields(stream), { endStream: bytes.length === 0, sendDate: false } as http2.ServerStreamResponseOptions);
    if (bytes.length > 0) this.#h2.end(bytes);
    this.#count(stream, bytes.length);
  }

  sendRaw(buf: Uint8Array, start: number, end: number): boolean {
    if (!this.#over) this.#write(Buffer.from(buf.subarray(start, end)));
    return !this.blocked;
  }

  endRaw(): void {
    this.#h2.end();
  }

  exchangeDone(stream: Stream): void {
    this.#over = true;
    if (!stream.reqBody.done) this.#h2.close(http2.constants.NGHTTP2_NO_ERROR);
    this.#finish(stream);
  }

  abort(): void {
    const { stream } = this;
    this.#over = true;
    this.#h2.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    if (stream !== null) this.#finish(stream);
  }

  #finish(stream: Stream): void {
    this.stream = null;
    Atomics.sub(this.session.frontend.g, G.h2OpenStreams, 1);
    if (stream.phase === Phase.idle) stream.recycle();
    this.session.done(this);
  }
}

const EMPTY = Buffer.alloc(0);
const LAST_CHUNK = Buffer.from('0\r\n\r\n', 'latin1');

function ignore(): void {}

/** Trailer lines as fields. */
function trailerFields(text: string): http2.OutgoingHttpHeaders {
  const fields: http2.OutgoingHttpHeaders = {};
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (colon > 0 && !CONNECTION_HEADERS.has(name)) fields[name] = line.slice(colon + 1).trim();
  }
  return fields;
}

/** A chunk of HTTP/1's chunked coding. */
function chunked(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(bytes.length.toString(16) + '\r\n', 'latin1'), bytes, LAST_CHUNK.subarray(1, 3)]);
}

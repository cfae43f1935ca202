import { G } from '../model/counters.ts';
import { resetWhenDelivered, vanishWhenDelivered } from '../net/reset-when-delivered.ts';
import { scratchBuffer, scratchSize } from '../net/scratch.ts';
import type { Conn, ConnHandler } from '../net/transport.ts';
import { countResponse } from './bytes.ts';
import { captureRequest } from './captured.ts';
import type { Client } from './client.ts';
import { ConnClient, type Introduction } from './conn-client.ts';
import type { Env } from './env.ts';
import type { TrafficFrontend, TrafficListener } from './frontend.ts';
import { badChunk } from './h1/body.ts';
import { writeChunk } from './h1/chunk.ts';
import { Framing } from './h1/head.ts';
import { INVALID, NEED_MORE, parseRequest } from './h1/parse.ts';
import { parseAgain } from './h1/relaxed.ts';
import { H2Connection } from './h2/connection.ts';
import { PREFACE } from './h2/frames.ts';
import { adjustCase } from './header-names.ts';
import * as failures from './http/failures.ts';
import * as heldBody from './http/held-body.ts';
import * as request from './http/request.ts';
import * as response from './http/response.ts';
import * as sending from './http/sending.ts';
import { cutRequest, lateRequest, noteBad, unreadPage } from './http/unread.ts';
import { connectionEnded, connectionsOf } from './listeners.ts';
import { logUnread } from './log.ts';
import { Phase } from './phase.ts';
import { Stream } from './stream.ts';
import type { Timed } from './timer.ts';
import * as tunnel from './tunnel.ts';
import { countCall } from './work.ts';

/** What a client connection is doing. */
const State = { idle: 0, head: 1, busy: 2, lingering: 3, closed: 4 } as const;

/** Parses of a head that came in so many pieces are put off until its end is in sight. */
const EAGER_PARSES = 16;
/** How long a refused client may go on sending before it is cut off, ms: it must be able to read the answer. */
const LINGER = 1000;

/** A client connection speaking HTTP/1. */
export class HttpClient extends ConnClient implements Client, ConnHandler, Timed {
  readonly proto = 'h1';
  state: number = State.idle;
  stream: Stream | null = null;
  /** Bytes received and not yet used: a partial head, or what follows the present request. */
  held: Buffer | null = null;
  parses = 0;
  exchanges = 0;
  ended = false;
  /** Date of the first byte of the request being read. */
  requestAt = 0;
  idleSince: number;
  reading = true;
  /** HTTP/2 is not to be looked for (`switch-mode http proto h1`). */
  onlyH1 = false;
  inTurn = false;
  expires = 0;
  timerSlot = -1;
  timerNext: Timed | null = null;
  timerPrev: Timed | null = null;

  constructor(
    env: Env,
    conn: Conn,
    frontend: TrafficFrontend,
    listener: TrafficListener,
    introduction: Introduction | null,
  ) {
    super(env, conn, frontend, listener, introduction);
    this.idleSince = env.now();
    conn.handler = this;
    Atomics.add(frontend.g, G.h1Open, 1);
    if (frontend.requestTimeout > 0) env.wheel.arm(this, this.idleSince + frontend.requestTimeout);
  }

  pause(): void {
    this.reading = false;
    this.conn.pause();
  }

  resume(): void {
    const { stream, held } = this;
    // What was sent behind the head of a CONNECT is the tunnel's, though no body of the request was awaited.
    const tunnels = held !== null && stream !== null && stream.phase === Phase.tunnel;
    if (this.reading && !tunnels) return;
    this.reading = true;
    if (held !== null && stream !== null && (tunnels || !stream.reqBody.done)) {
      this.held = null;
      this.onData(held, 0, held.length);
      if (!this.reading) return;
    }
    if (!this.ended) this.conn.resume();
  }

  /** Takes back bytes that came with the head and were not used yet. */
  giveBack(buf: Buffer, start: number, end: number): void {
    const bytes = Buffer.from(buf.subarray(start, end));
    this.held = this.held === null ? bytes : Buffer.concat([bytes, this.held]);
  }

  // ---- what the client sends

  onConnect(): void {}

  onData(buf: Buffer, start: number, end: number): void {
    switch (this.state) {
      case State.idle:
        if (this.exchanges === 0 && buf[start] === PREFACE[0] && this.#speaksH2(buf, start, end)) return;
        this.requestAt = this.env.now();
        this.state = State.head;
        if (this.frontend.requestTimeout > 0) this.env.wheel.arm(this, this.requestAt + this.frontend.requestTimeout);
        this.#head(buf, start, end);
        return;
      case State.head:
        this.#moreHead(buf, start, end);
        return;
      case State.busy:
        this.#busy(buf, start, end);
        return;
      default:
        return;
    }
  }

  /** The connection begins as HTTP/2 does (or may, so far): it is handed over. */
  #speaksH2(buf: Buffer, start: number, end: number): boolean {
    const { frontend, listener, env, conn } = this;
    if (listener.config.proto === 'h1' || this.onlyH1) return false;
    // A connection that speaks HTTP/2 from its beginning is not upgraded.
    if (listener.config.proto !== 'h2' && frontend.config.options.includes('disable-h2-upgrade')) return false;
    const seen = Math.min(PREFACE.length, end - start);
    if (PREFACE.compare(buf, start, start + seen, 0, seen) !== 0) return false;
    // No method begins like this, so the rest is waited for.
    if (seen < 4) return false;
    if (seen < PREFACE.length) {
      this.state = State.head;
      this.requestAt = env.now();
      this.held = Buffer.from(buf.subarray(start, end));
      return true;
    }
    const first = Buffer.from(buf.subarray(start, end));
    env.wheel.disarm(this);
    this.state = State.closed;
    Atomics.sub(frontend.g, G.h1Open, 1);
    const set = connectionsOf(frontend);
    set.delete(this);
    const connection = new H2Connection(env, conn, frontend, listener, this.introduction());
    set.add(connection);
    connection.onData(first, 0, first.length);
    return true;
  }

  #moreHead(buf: Buffer, start: number, end: number): void {
    const held =
      this.held === null ? Buffer.from(buf.subarray(start, end)) : Buffer.concat([this.held, buf.subarray(start, end)]);
    if (this.exchanges === 0 && held[0] === PREFACE[0] && this.#speaksH2(held, 0, held.length)) return;
    this.held = held;
    if (++this.parses > EAGER_PARSES && held.length < this.env.global.tune.bufsize && !endsHead(held, end - start))
      return;
    this.held = null;
    this.#head(held, 0, held.length);
  }

  /** Reads a request head from bytes [start, end), then lets the exchange begin. */
  #head(buf: Buffer, start: number, end: number): void {
    const { env } = this;
    const frontend = this.current();
    const { tune } = env.global;
    const stream = Stream.start(env, this, frontend, this.listener);
    const { req, log } = stream;
    req.anyPayload = env.payloadWithAnyMethod;
    let next = parseRequest(req, buf, start, end, tune.maxhdr);
    if (next === INVALID && frontend.relaxed) {
      const again = parseAgain(parseRequest, req, buf, start, end, tune.maxhdr);
      next = again.next;
      if (next > NEED_MORE) {
        const { at, state, bytes } = again.violation;
        captureRequest(env, frontend, this.source, bytes, 0, bytes.length, at, state);
      }
    }
    if (next === NEED_MORE && end - start < tune.bufsize) {
      stream.recycle();
      if (end > start) this.held = Buffer.from(buf.subarray(start, end));
      if (this.ended) this.onEnd();
      return;
    }
    this.parses = 0;
    this.exchanges++;
    this.stream = stream;
    log.acceptDate = this.exchanges === 1 ? this.acceptedAt : this.idleSince;
    log.requestDate = this.requestAt;
    log.handshakeTime = this.exchanges === 1 ? this.handshakeTime : 0;
    if (next <= NEED_MORE || next - start > tune.bufsize - tune.maxrewrite) {
      this.#refuse(stream, buf, start, end, next <= NEED_MORE ? req.errorAt : start);
      return;
    }
    if (req.chunked && next < end) {
      const bad = badChunk(buf, next, end);
      if (bad >= 0) {
        req.errorState = 'MSG_CHUNK_SIZE';
        this.#refuse(stream, buf, start, end, bad);
        return;
      }
    }
    env.wheel.disarm(this);
    this.state = State.busy;
    stream.clientVersion = req.version;
    stream.keepAlive =
      !req.connClose &&
      (req.version !== 10 || req.connKeepAlive) &&
      (!req.ambiguous || env.keepsAmbiguous) &&
      !frontend.httpClose;
    stream.reqBody.begin(req.chunked ? Framing.chunked : Framing.length, req.contentLength < 0 ? 0 : req.contentLength);
    if (req.isMethod('CONNECT')) stream.reqBody.begin(Framing.none, 0);
    this.inTurn = true;
    request.beginRequest(stream, buf, next, end);
    this.inTurn = false;
    if (this.stream === null && this.state === State.idle) this.#next();
  }

  /** Bytes while an exchange is under way: its body, a tunnel's payload, or the next request (kept until its turn). */
  #busy(buf: Buffer, start: number, end: number): void {
    const { stream } = this;
    if (stream === null) return;
    countCall(stream);
    if (stream.phase === Phase.tunnel) {
      tunnel.fromClient(stream, buf, start, end);
      return;
    }
    let pos = start;
    if (stream.onBody !== null || stream.onMoreData !== null) {
      heldBody.onHeldBody(stream, buf, start, end);
      return;
    }
    if (stream.draining) pos = heldBody.onDrainedBody(stream, buf, start, end);
    else if (!stream.reqBody.done && stream.phase >= Phase.response)
      pos = sending.onRequestData(stream, buf, start, end);
    if (pos === end || this.state !== State.busy) return;
    if (this.stream === null) {
      this.state = State.idle;
      this.onData(buf, pos, end);
      return;
    }
    this.held =
      this.held === null ? Buffer.from(buf.subarray(pos, end)) : Buffer.concat([this.held, buf.subarray(pos, end)]);
    this.pause();
  }

  /** The request cannot be read, or must not be passed on: 400 (or what the parser says), and the connection ends. */
  #refuse(stream: Stream, buf: Buffer, start: number, end: number, at: number): void {
    noteBad(this, stream, buf, start, end, at);
    this.#lastWords(stream, unreadPage(this.frontend, stream.req.errorStatus));
  }

  /** The client did not send a whole request in time. */
  #late(): void {
    this.#lastWords(lateRequest(this), unreadPage(this.frontend, 408), this.state === State.idle);
  }

  /** Sends the last thing that this client hears, and closes without cutting it off. `silent`: not a byte of a request has come. */
  #lastWords(stream: Stream, text: string, silent = false): void {
    this.#endUnread(stream, silent);
    if (text !== '') this.conn.writeLatin1(text);
    this.#linger();
  }

  /** Ends the stream of a request that was not read. */
  #endUnread(stream: Stream, silent: boolean): void {
    this.env.wheel.disarm(this);
    this.stream = null;
    // HAProxy counts nothing for what its protocol layer answers by itself.
    if (!silent || !this.frontend.dontLogNull) logUnread(stream);
    stream.phase = Phase.closed;
    stream.recycle();
  }

  onEnd(): void {
    this.ended = true;
    const { stream } = this;
    if (stream !== null) {
      stream.clientEnded = true;
      if (stream.phase === Phase.tunnel) tunnel.onClientEnd(stream);
      else if (!stream.reqBody.done) this.#left(stream);
      // What it sent ahead is to be answered, so it has not gone.
      else if (this.held === null && stream.backend?.abortOnClose === true && stream.phase < Phase.relay)
        this.#left(stream);
      return;
    }
    const cut = this.#cutRequest();
    if (cut === null) this.#close();
    else this.#lastWords(cut, unreadPage(this.frontend, 400), this.state === State.idle);
  }

  /** The client is gone while its exchange is under way. */
  #left(stream: Stream): void {
    stream.clientBroken = stream.phase === Phase.rules && !heldBody.isBodyAtHand(stream, Number.POSITIVE_INFINITY);
    failures.onClientGone(stream);
  }

  /** The client ended in the middle of a request head, or before its first: the stream that tells of it; null when it might end. */
  #cutRequest(): Stream | null {
    const silent = this.state === State.idle && this.exchanges === 0 && !this.frontend.ignoreProbes;
    if (!silent && (this.state !== State.head || this.held === null)) return null;
    return cutRequest(this);
  }

  onDrain(): void {
    const { stream } = this;
    if (this.state === State.lingering) return;
    if (stream === null) return;
    countCall(stream);
    if (stream.phase === Phase.tunnel) tunnel.onClientDrain(stream);
    else response.onClientDrain(stream);
  }

  onError(): void {
    const { stream } = this;
    if (stream !== null) {
      if (stream.raw) tunnel.onClientGone(stream);
      else this.#left(stream);
    } else {
      const cut = this.#cutRequest();
      if (cut !== null) this.#endUnread(cut, this.state === State.idle);
    }
    this.#gone();
  }

  onTimeout(): void {
    if (this.state === State.lingering) {
      this.#close();
      return;
    }
    if (this.state === State.head) this.#late();
    else if (this.state === State.idle) {
      // Silence on a new connection is answered, on a kept one it just ends.
      if (this.exchanges === 0 && !this.frontend.ignoreProbes) this.#late();
      else this.#close();
    }
  }

  // ---- what goes to the client

  sendResponse(stream: Stream, buf: Buffer, pos: number, end: number): number {
    const { res, resBody } = stream;
    const out = res.sizeBound() > scratchSize - 1024 ? Buffer.allocUnsafe(res.sizeBound() + 1024) : scratchBuffer();
    let at = res.write(out, 0);
    if (!stream.keepAlive) {
      if (res.version !== 10) at += out.latin1Write('connection: close\r\n', at);
    } else if (res.version === 10 || stream.clientVersion === 10)
      at += out.latin1Write('connection: keep-alive\r\n', at);
    if (res.unframed && resBody.framing === Framing.chunked)
      at += out.latin1Write('transfer-encoding: chunked\r\n', at);
    if (this.frontend.adjustCase) adjustCase(out, 0, at, this.env.nameCases);
    out[at++] = 13;
    out[at++] = 10;
    let from = pos;
    const before = resBody.counted;
    const room = Math.min(end, pos + out.length - at);
    while (from < room && !resBody.done && !resBody.failed) {
      const upto = resBody.feed(buf, from, room);
      at += buf.copy(out, at, from, upto);
      from = resBody.skip(buf, upto, room);
    }
    const bytes = resBody.counted - before;
    countResponse(stream, bytes, res.editedSize() + bytes);
    if (out === scratchBuffer()) this.conn.flushScratch(at);
    else this.conn.write(out, 0, at);
    return from < end && !resBody.done && !resBody.failed ? this.sendBody(stream, buf, from, end, false) : from;
  }

  sendBody(stream: Stream, buf: Buffer, pos: number, end: number, stable: boolean): number {
    const { resBody } = stream;
    let from = pos;
    const before = resBody.counted;
    while (from < end && !resBody.done && !resBody.failed) {
      const upto = resBody.feed(buf, from, end);
      if (upto > from) {
        // Behind the end of a body the server's connection is not paused: it serves the next request with the same buffer.
        if (stable && upto === end && !resBody.done) this.conn.writeStable(buf, from, upto);
        else this.conn.write(buf, from, upto);
      }
      from = resBody.skip(buf, upto, end);
    }
    const bytes = resBody.counted - before;
    countResponse(stream, bytes, bytes);
    return from;
  }

  sendData(stream: Stream, buf: Buffer, start: number, end: number, last: boolean): void {
    countResponse(stream, 0, end - start);
    if (stream.res.chunked) writeChunk(this.conn, buf, start, end, last, stream.resBody.trailers);
    else if (end > start) this.conn.write(buf, start, end);
  }

  sendInterim(stream: Stream): void {
    const { res } = stream;
    const out = Buffer.allocUnsafe(res.sizeBound() + 64);
    let at = res.write(out, 0);
    if (this.frontend.adjustCase) adjustCase(out, 0, at, this.env.nameCases);
    out[at++] = 13;
    out[at++] = 10;
    countResponse(stream, 0, res.editedSize());
    this.conn.write(out, 0, at);
  }

  sendLocal(stream: Stream, body: string | Uint8Array, close: boolean): void {
    const { res } = stream;
    const size = res.sizeBound() + body.length + 64;
    const out = size > scratchSize ? Buffer.allocUnsafe(size) : scratchBuffer();
    let at = res.write(out, 0);
    if (close) {
      if (res.version === 11) at += out.latin1Write('connection: close\r\n', at);
    } else if (stream.clientVersion === 10 || res.version === 10)
      at += out.latin1Write('connection: keep-alive\r\n', at);
    if (this.frontend.adjustCase) adjustCase(out, 0, at, this.env.nameCases);
    out[at++] = 13;
    out[at++] = 10;
    if (typeof body === 'string') at += out.latin1Write(body, at);
    else {
      out.set(body, at);
      at += body.length;
    }
    if (out === scratchBuffer()) this.conn.flushScratch(at);
    else this.conn.write(out, 0, at);
  }

  exchangeDone(_stream: Stream, keepAlive: boolean): void {
    this.stream = null;
    if (!keepAlive || (this.ended && this.held === null)) {
      this.#linger();
      return;
    }
    this.state = State.idle;
    this.idleSince = this.env.now();
    this.requestAt = 0;
    if (this.frontend.keepAliveTimeout > 0) this.env.wheel.arm(this, this.idleSince + this.frontend.keepAliveTimeout);
    if (!this.inTurn) this.#next();
  }

  /** Goes on with what the client has sent ahead. */
  #next(): void {
    if (!this.reading) {
      this.reading = true;
      this.conn.resume();
    }
    while (this.held !== null && this.state === State.idle) {
      const { held } = this;
      this.held = null;
      this.onData(held, 0, held.length);
      if (this.stream !== null || this.state !== State.idle) return;
    }
  }

  abort(reset: boolean): void {
    this.stream = null;
    if (this.state === State.closed) return;
    if (reset && this.vanishes >= 0) {
      this.#rest();
      vanishWhenDelivered(this.conn, this.vanishes, () => this.#gone());
    } else if (reset || this.conn.blocked) {
      this.conn.destroy(reset || this.frontend.noLinger);
      this.#gone();
    } else this.#linger();
  }

  /** Others see to the end of the connection. */
  #rest(): void {
    this.state = State.lingering;
    this.held = null;
    this.env.wheel.disarm(this);
  }

  /** Sends FIN and drops what still comes, for a while: closing at once could destroy the answer on its way. */
  #linger(): void {
    if (this.state === State.closed) return;
    if (this.frontend.noLinger) {
      this.#rest();
      resetWhenDelivered(this.conn, this.frontend.clientTimeout, () => this.#gone());
      return;
    }
    if (this.ended && !this.conn.blocked) {
      this.conn.end();
      this.#close();
      return;
    }
    this.state = State.lingering;
    this.held = null;
    this.conn.end();
    this.reading = true;
    this.conn.resume();
    this.env.wheel.arm(this, this.env.now() + Math.max(LINGER, this.conn.blocked ? this.frontend.clientTimeout : 0));
  }

  #close(): void {
    this.conn.destroy();
    this.#gone();
  }

  /** Counts the end of the connection, once. */
  #gone(): void {
    if (this.state === State.closed) return;
    this.state = State.closed;
    this.env.wheel.disarm(this);
    this.held = null;
    Atomics.sub(this.frontend.g, G.h1Open, 1);
    this.leaveServers();
    connectionEnded(this.env, this.frontend, this.listener, this);
  }

  /** Ends the connection if nothing is under way (stop of the proxy). One that has not been used yet is served: its request is on its way. */
  closeIfIdle(): void {
    // With `option idle-close-on-response` the next response tells the client.
    if (this.frontend.idleCloseOnResponse && this.env.stopping) return;
    if (this.state === State.idle && this.held === null && this.exchanges > 0) this.#close();
  }
}

/** The last `fresh` bytes of `held` (and two before) hold the empty line that ends a head. */
function endsHead(held: Buffer, fresh: number): boolean {
  const from = Math.max(0, held.length - fresh - 3);
  return held.indexOf('\n\r\n', from, 'latin1') >= 0 || held.indexOf('\n\n', from, 'latin1') >= 0;
}

import { C, G } from '../../model/counters.ts';
import type { Conn, ConnHandler } from '../../net/transport.ts';
import { ConnClient, type Introduction } from '../conn-client.ts';
import type { Env } from '../env.ts';
import type { TrafficFrontend, TrafficListener } from '../frontend.ts';
import { connectionEnded } from '../listeners.ts';
import type { Timed } from '../timer.ts';
import { H2Exchange } from './exchange.ts';
import { FieldList } from './field-list.ts';
import {
  DEFAULT_WINDOW,
  Flag,
  FRAME_HEADER,
  FRAME_MAX,
  Frame,
  H2Error,
  readInt31,
  Setting,
  WINDOW_MAX,
} from './frames.ts';
import { HpackDecoder } from './hpack.ts';
import { H2Output } from './output.ts';

/** The first bytes of an HTTP/2 connection (RFC 9113, 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Window of the whole connection for what clients send. */
const CONNECTION_WINDOW = 1 << 20;
/** CONTINUATION frames for one block; frames without use (pings, settings, resets, empty ones) beyond those of real exchanges. */
const CONTINUATIONS_MAX = 16;
const IDLE_FRAMES_MAX = 1000;
/** Streams of which is known that they were reset here. */
const RESETS_KEPT = 128;
/** How long a client may take to read the last frames, ms. */
const LINGER = 1000;

/**
 * A client connection speaking HTTP/2: frames, header compression, flow control. Its streams become exchanges like any other
 * (`H2Exchange`). What is written in one turn of the event loop leaves in one piece.
 */
export class H2Connection extends ConnClient implements ConnHandler, Timed {
  readonly exchanges = new Map<number, H2Exchange>();
  count = 0;
  readonly output: H2Output;
  /** What may be sent on new streams. */
  peerInitialWindow = DEFAULT_WINDOW;
  readonly #decoder: HpackDecoder;
  readonly #initialWindow: number;
  readonly #maxStreams: number;
  #partial: Buffer | null = null;
  #prefaceLeft: number = PREFACE.length;
  #lastStream = 0;
  #received = 0;
  /** Header block in progress: its stream, flags and bytes. */
  #blockStream = 0;
  #blockFlags = 0;
  #block: Buffer[] = [];
  #blockSize = 0;
  #idleFrames = 0;
  readonly #resets = new Set<number>();
  #held = false;
  #closing = false;
  #closed = false;
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
    const { tune } = env.global;
    this.#decoder = new HpackDecoder(tune.h2HeaderTableSize);
    this.output = new H2Output(env, conn, this);
    this.#initialWindow = tune.h2InitialWindowSize;
    this.#maxStreams = tune.h2MaxConcurrentStreams;
    conn.handler = this;
    Atomics.add(frontend.g, G.h2Open, 1);
    frontend.c[C.h2Connections]!++;
    frontend.c[C.h2Sessions]!++;
    this.output.settings([
      [Setting.maxConcurrentStreams, this.#maxStreams],
      [Setting.initialWindowSize, this.#initialWindow],
      [Setting.headerTableSize, tune.h2HeaderTableSize],
      [Setting.maxHeaderListSize, tune.bufsize],
    ]);
    this.output.windowUpdate(0, CONNECTION_WINDOW - DEFAULT_WINDOW);
    this.#rest();
  }

  // ---- what the client sends

  onConnect(): void {}

  onData(buf: Buffer, start: number, end: number): void {
    let from = buf;
    let pos = start;
    let limit = end;
    if (this.#partial !== null) {
      from = Buffer.concat([this.#partial, buf.subarray(start, end)]);
      pos = 0;
      limit = from.length;
      this.#partial = null;
    }
    if (this.#prefaceLeft > 0) {
      pos = this.#preface(from, pos, limit);
      if (pos < 0) return;
    }
    while (limit - pos >= FRAME_HEADER && !this.#closing) {
      const length = (from[pos]! << 16) | (from[pos + 1]! << 8) | from[pos + 2]!;
      if (length > FRAME_MAX) {
        this.#fail(H2Error.frameSize);
        return;
      }
      if (limit - pos < FRAME_HEADER + length) break;
      this.#frame(from, pos, length);
      pos += FRAME_HEADER + length;
    }
    if (pos < limit && !this.#closing) this.#partial = Buffer.from(from.subarray(pos, limit));
  }

  /** Offset behind what was seen of the preface, -1 when it is wrong. */
  #preface(buf: Buffer, start: number, end: number): number {
    const seen = Math.min(this.#prefaceLeft, end - start);
    const from = PREFACE.length - this.#prefaceLeft;
    if (PREFACE.compare(buf, start, start + seen, from, from + seen) !== 0) {
      this.#fail(H2Error.protocol);
      return -1;
    }
    this.#prefaceLeft -= seen;
    return start + seen;
  }

  #frame(buf: Buffer, at: number, length: number): void {
    const type = buf[at + 3]!;
    const flags = buf[at + 4]!;
    const id = readInt31(buf, at + 5);
    const start = at + FRAME_HEADER;
    if (this.#blockStream !== 0 && (type !== Frame.continuation || id !== this.#blockStream)) {
      this.#fail(H2Error.protocol);
      return;
    }
    switch (type) {
      case Frame.data:
        this.#data(buf, start, length, flags, id);
        return;
      case Frame.headers:
        this.#headers(buf, start, length, flags, id);
        return;
      case Frame.continuation:
        this.#continuation(buf, start, length, flags, id);
        return;
      case Frame.priority:
        if (length !== 5 || id === 0) this.#fail(id === 0 ? H2Error.protocol : H2Error.frameSize);
        else this.#idle();
        return;
      case Frame.rstStream:
        this.#reset(length, id);
        return;
      case Frame.settings:
        this.#settings(buf, start, length, flags, id);
        return;
      case Frame.ping:
        if (id !== 0 || length !== 8) this.#fail(id !== 0 ? H2Error.protocol : H2Error.frameSize);
        else if ((flags & Flag.ack) === 0) this.#pong(buf, start);
        return;
      case Frame.goaway:
        if (id !== 0 || length < 8) this.#fail(H2Error.protocol);
        return;
      case Frame.windowUpdate:
        this.#windowUpdate(buf, start, length, id);
        return;
      case Frame.pushPromise:
        this.#fail(H2Error.protocol);
        return;
      default:
        // Unknown types are passed over (RFC 9113, 4.1).
        this.#idle();
    }
  }

  /** Counts a frame that serves no exchange: a flood of them ends the connection. */
  #idle(): void {
    if (++this.#idleFrames > IDLE_FRAMES_MAX) this.#fail(H2Error.enhanceYourCalm);
  }

  #data(buf: Buffer, start: number, length: number, flags: number, id: number): void {
    if (id === 0 || id > this.#lastStream) {
      this.#fail(H2Error.protocol);
      return;
    }
    this.#received += length;
    if (this.#received > CONNECTION_WINDOW) {
      this.#fail(H2Error.flowControl);
      return;
    }
    if (this.#received > CONNECTION_WINDOW / 2) {
      this.output.windowUpdate(0, this.#received);
      this.#received = 0;
    }
    let from = start;
    let end = start + length;
    if (flags & Flag.padded) {
      const padding = buf[from++]!;
      if (length === 0 || padding >= length) {
        this.#fail(H2Error.protocol);
        return;
      }
      end -= padding;
    }
    if (end === from && (flags & Flag.endStream) === 0) this.#idle();
    const exchange = this.exchanges.get(id);
    // What is on its way when a stream is closed is dropped.
    if (exchange !== undefined) exchange.onFrameData(buf, from, end, length, (flags & Flag.endStream) !== 0);
  }

  #headers(buf: Buffer, start: number, length: number, flags: number, id: number): void {
    let from = start;
    let end = start + length;
    if ((flags & Flag.padded) !== 0 && length > 0) end -= buf[from++]!;
    if (flags & Flag.priority) from += 5;
    if (id === 0 || (id & 1) === 0 || from > end) {
      this.#fail(H2Error.protocol);
      return;
    }
    this.#blockStream = id;
    this.#blockFlags = flags;
    if (flags & Flag.endHeaders) this.#blockDone(buf, from, end);
    else this.#keepBlock(buf, from, end);
  }

  #continuation(buf: Buffer, start: number, length: number, flags: number, id: number): void {
    if (this.#blockStream !== id || id === 0) {
      this.#fail(H2Error.protocol);
      return;
    }
    this.#keepBlock(buf, start, start + length);
    if ((flags & Flag.endHeaders) === 0 || this.#closing) return;
    const block = Buffer.concat(this.#block);
    this.#block = [];
    this.#blockSize = 0;
    this.#blockDone(block, 0, block.length);
  }

  #keepBlock(buf: Buffer, start: number, end: number): void {
    this.#block.push(Buffer.from(buf.subarray(start, end)));
    this.#blockSize += end - start;
    if (this.#block.length > CONTINUATIONS_MAX || this.#blockSize > 4 * this.env.global.tune.bufsize)
      this.#fail(H2Error.enhanceYourCalm);
  }

  /** A header block is complete: a request, or the trailers of one. */
  #blockDone(buf: Buffer, start: number, end: number): void {
    const id = this.#blockStream;
    const ended = (this.#blockFlags & Flag.endStream) !== 0;
    this.#blockStream = 0;
    const known = this.exchanges.get(id);
    if (known === undefined && id <= this.#lastStream) {
      // What was on its way when a stream was reset is passed over; the table must stay right (RFC 9113, 5.1).
      if (!this.#resets.has(id)) this.#fail(H2Error.streamClosed);
      else if (this.#decoder.decode(buf, start, end, new FieldList())) this.#idle();
      else this.#fail(H2Error.compression);
      return;
    }
    if (known !== undefined) {
      const trailers = new FieldList();
      if (!this.#decoder.decode(buf, start, end, trailers)) this.#fail(H2Error.compression);
      else if (ended) known.onTrailers(trailers);
      else this.#fail(H2Error.protocol);
      return;
    }
    this.#lastStream = id;
    this.#begin(id, buf, start, end, ended);
  }

  #begin(id: number, buf: Buffer, start: number, end: number, ended: boolean): void {
    const { env } = this;
    const frontend = this.current();
    const refused = this.exchanges.size >= this.#maxStreams;
    if (refused) {
      if (!this.#decoder.decode(buf, start, end, new FieldList())) this.#fail(H2Error.compression);
      else {
        this.sendReset(id, H2Error.refusedStream);
        this.#idle();
      }
      return;
    }
    env.wheel.disarm(this);
    this.count++;
    frontend.c[C.h2Streams]!++;
    frontend.c[C.h2Requests]!++;
    const exchange = new H2Exchange(this, id, this.#initialWindow);
    this.exchanges.set(id, exchange);
    if (!this.#decoder.decode(buf, start, end, exchange)) {
      exchange.lost();
      this.#fail(H2Error.compression);
      return;
    }
    exchange.begin(ended);
  }

  #reset(length: number, id: number): void {
    if (id === 0 || id > this.#lastStream || length !== 4) {
      this.#fail(length !== 4 ? H2Error.frameSize : H2Error.protocol);
      return;
    }
    this.#idle();
    const exchange = this.exchanges.get(id);
    if (exchange === undefined) return;
    exchange.lost();
    this.remove(id);
  }

  #settings(buf: Buffer, start: number, length: number, flags: number, id: number): void {
    if (id !== 0 || length % 6 !== 0 || ((flags & Flag.ack) !== 0 && length !== 0)) {
      this.#fail(id !== 0 ? H2Error.protocol : H2Error.frameSize);
      return;
    }
    if (flags & Flag.ack) return;
    this.#idle();
    for (let at = start; at < start + length; at += 6) {
      const name = (buf[at]! << 8) | buf[at + 1]!;
      const value = buf.readUInt32BE(at + 2);
      if (name === Setting.initialWindowSize && !this.#setInitialWindow(value)) return;
      if (name === Setting.maxFrameSize) {
        if (value < 16_384 || value > 0xffffff) {
          this.#fail(H2Error.protocol);
          return;
        }
        this.output.frameMax = Math.min(value, 65_536);
      }
      if (name === Setting.enablePush && value > 1) {
        this.#fail(H2Error.protocol);
        return;
      }
    }
    this.output.settingsAck();
  }

  #setInitialWindow(value: number): boolean {
    if (value > WINDOW_MAX) {
      this.#fail(H2Error.flowControl);
      return false;
    }
    const difference = value - this.peerInitialWindow;
    this.peerInitialWindow = value;
    for (const exchange of this.exchanges.values()) {
      exchange.sendWindow += difference;
      if (exchange.sendWindow > WINDOW_MAX) {
        this.#fail(H2Error.flowControl);
        return false;
      }
    }
    if (difference > 0) this.#pump();
    return true;
  }

  #pong(buf: Buffer, start: number): void {
    this.#idle();
    this.output.pong(buf, start);
  }

  #windowUpdate(buf: Buffer, start: number, length: number, id: number): void {
    if (length !== 4 || id > this.#lastStream) {
      this.#fail(length !== 4 ? H2Error.frameSize : H2Error.protocol);
      return;
    }
    const increment = readInt31(buf, start);
    if (id === 0) {
      this.output.window += increment;
      if (increment === 0 || this.output.window > WINDOW_MAX)
        this.#fail(increment === 0 ? H2Error.protocol : H2Error.flowControl);
      else this.#pump();
      return;
    }
    const exchange = this.exchanges.get(id);
    if (exchange === undefined) return;
    exchange.sendWindow += increment;
    if (increment === 0 || exchange.sendWindow > WINDOW_MAX) {
      this.sendReset(id, increment === 0 ? H2Error.protocol : H2Error.flowControl);
      exchange.lost();
      this.remove(id);
    } else exchange.pump();
  }

  /** Windows have grown: who waits sends on. */
  #pump(): void {
    for (const exchange of [...this.exchanges.values()]) {
      if (this.output.window <= 0) return;
      exchange.pump();
    }
  }

  // ---- what goes to the client

  /** Ends a stream; what still comes on it is passed over. */
  sendReset(id: number, code: number): void {
    this.#resets.add(id);
    if (this.#resets.size > RESETS_KEPT) for (const oldest of this.#resets) if (this.#resets.delete(oldest)) break;
    this.output.reset(id, code);
  }

  /** What was written is out, or on its way. */
  onFlushed(): void {
    if (this.#closing) this.#close();
    else if (!this.conn.blocked) this.#release();
  }

  onDrain(): void {
    this.output.flush();
    if (!this.conn.blocked) this.#release();
  }

  /** Exchanges that were told to wait go on. */
  #release(): void {
    if (!this.#held) return;
    this.#held = false;
    for (const exchange of [...this.exchanges.values()]) exchange.onDrain();
  }

  /** An exchange has stopped its server because of congestion: it is told when that is over. */
  hold(): void {
    this.#held = true;
  }

  // ---- life

  /** A stream is done with on both sides. */
  remove(id: number, completed = false): void {
    if (!this.exchanges.delete(id)) return;
    // Only what came to its end speaks for the client: streams that it resets at once do not.
    if (completed) this.#idleFrames = Math.max(0, this.#idleFrames - 2);
    if (this.exchanges.size > 0 || this.#closing) return;
    if (this.env.stopping) this.#goAway(H2Error.none);
    else this.#rest();
  }

  /** Nothing is under way: the connection may stay so for a while. */
  #rest(): void {
    const { keepAliveTimeout, requestTimeout } = this.frontend;
    const timeout = this.count === 0 ? requestTimeout : keepAliveTimeout;
    if (timeout > 0) this.env.wheel.arm(this, this.env.now() + timeout);
  }

  onTimeout(): void {
    if (this.#closing) this.#close();
    else this.#goAway(H2Error.none);
  }

  closeIfIdle(): void {
    if (this.count > 0 && this.exchanges.size === 0 && !this.#closing) this.#goAway(H2Error.none);
  }

  /** A connection error (RFC 9113, 5.4.1). */
  #fail(code: number): void {
    if (this.#closing) return;
    this.frontend.c[C.h2Errors]!++;
    this.#goAway(code);
  }

  #goAway(code: number): void {
    if (this.#closing) return;
    this.#closing = true;
    this.output.goAway(this.#lastStream, code);
    this.#loseAll();
    this.env.wheel.arm(this, this.env.now() + LINGER);
  }

  onEnd(): void {
    this.#close();
  }

  onError(): void {
    this.#close();
  }

  #loseAll(): void {
    for (const exchange of [...this.exchanges.values()]) exchange.lost();
    this.exchanges.clear();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closing = true;
    this.output.closed = true;
    this.#loseAll();
    this.env.wheel.disarm(this);
    this.conn.closeGently();
    Atomics.sub(this.frontend.g, G.h2Open, 1);
    if (this.ownedConn?.private === true) this.ownedConn.discard();
    this.ownedConn = null;
    connectionEnded(this.env, this.frontend, this.listener, this);
  }
}

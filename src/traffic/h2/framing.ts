import type { Conn } from '../../net/transport.ts';
import type { Env } from '../env.ts';
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

/** Window of the whole connection for what the peer sends. */
const CONNECTION_WINDOW = 1 << 20;
/** CONTINUATION frames for one block; frames without use (pings, settings, resets, empty ones) beyond those of real exchanges. */
const CONTINUATIONS_MAX = 16;
const IDLE_FRAMES_MAX = 1000;
/** Streams of which is known that they were reset here. */
const RESETS_KEPT = 128;

/** A stream of a connection, as its framing knows it. */
export interface FramedStream {
  readonly id: number;
  /** Bytes that the peer takes on this stream at present; settings may make it negative. */
  sendWindow: number;
  /** A window has grown: sends on what waits. */
  pump(): void;
  /** The connection takes more after it was congested. */
  onDrain(): void;
  /** Payload [start, end) of a DATA frame that counts for `length` bytes of the window. */
  onFrameData(buf: Buffer, start: number, end: number, length: number, ended: boolean): void;
  /** The stream is no more: the peer has reset it (`code` of RST_STREAM), or the connection has ended (-1). */
  lost(code: number): void;
}

/** What has a connection: decides about streams and about its end. */
export interface FramingOwner<S extends FramedStream> {
  /** A header block of a stream that is open. Its bytes must go through the decoder. */
  onBlock(stream: S, buf: Buffer, start: number, end: number, ended: boolean): void;
  /** A header block of a stream that is not known yet. As above. */
  onNewBlock(id: number, buf: Buffer, start: number, end: number, ended: boolean): void;
  /** One of the peer's settings. */
  onSetting(name: number, value: number): void;
  /** The first of them are known. */
  onSettled(): void;
  onGoAway(lastStream: number, code: number): void;
  /** A PING was answered. */
  onPong(): void;
  /** A stream is no longer in `streams`. */
  onStreamGone(): void;
  /** What was written is out, or on its way. */
  onFlushed(): void;
  /** The peer has broken the rules (RFC 9113, 5.4.1): the connection is to end with this code. `malformed`: by what it sent as such. */
  onFailed(code: number, malformed: boolean): void;
}

/**
 * Frames, header compression and flow control of an HTTP/2 connection, whichever side this is. What a peer may do without any use to
 * exchanges is bounded: header blocks, CONTINUATION frames, and frames that only cost time.
 */
export class H2Framing<S extends FramedStream> {
  readonly output: H2Output;
  readonly decoder: HpackDecoder;
  readonly streams = new Map<number, S>();
  /** Highest stream that was opened by the side that opens them. */
  lastStream = 0;
  /** What may be sent on new streams. */
  peerInitialWindow = DEFAULT_WINDOW;
  /** The peer has said what it wants: its first SETTINGS came. */
  settled = false;
  /** Nothing is read any more. */
  closing = false;
  /** The peer has shown that it speaks HTTP/2. */
  greeted = false;
  readonly #env: Env;
  readonly #conn: Conn;
  readonly #owner: FramingOwner<S>;
  #partial: Buffer | null = null;
  /** Bytes behind the frame that is being looked at. */
  #ahead: Buffer | null = null;
  #aheadStart = 0;
  #aheadEnd = 0;
  #received = 0;
  /** Header block in progress: its stream, flags and bytes. */
  #blockStream = 0;
  #blockFlags = 0;
  #block: Buffer[] = [];
  #blockSize = 0;
  #idleFrames = 0;
  readonly #resets = new Set<number>();
  #held = false;

  constructor(env: Env, conn: Conn, owner: FramingOwner<S>) {
    this.#env = env;
    this.#conn = conn;
    this.#owner = owner;
    this.decoder = new HpackDecoder(env.global.tune.h2HeaderTableSize);
    this.output = new H2Output(env, conn, this);
  }

  // ---- what the peer sends

  /** Takes bytes [start, end) as they come. */
  read(buf: Buffer, start: number, end: number): void {
    let from = buf;
    let pos = start;
    let limit = end;
    if (this.#partial !== null) {
      from = Buffer.concat([this.#partial, buf.subarray(start, end)]);
      pos = 0;
      limit = from.length;
      this.#partial = null;
    }
    while (limit - pos >= FRAME_HEADER && !this.closing) {
      const length = (from[pos]! << 16) | (from[pos + 1]! << 8) | from[pos + 2]!;
      if (length > FRAME_MAX) {
        // As in HAProxy, a stream that is there tells of the end by itself.
        this.fail(H2Error.frameSize, this.streams.size === 0);
        return;
      }
      if (limit - pos < FRAME_HEADER + length) break;
      const next = pos + FRAME_HEADER + length;
      if (next < limit) {
        this.#ahead = from;
        this.#aheadStart = next;
        this.#aheadEnd = limit;
      } else this.#ahead = null;
      this.#frame(from, pos, length);
      pos = next;
    }
    this.#ahead = null;
    if (pos < limit && !this.closing) this.#partial = Buffer.from(from.subarray(pos, limit));
  }

  /** The peer has said goodbye (GOAWAY) in what has been read, though it has not been looked at yet. */
  get leaving(): boolean {
    const buf = this.#ahead;
    if (buf === null) return false;
    for (let at = this.#aheadStart; this.#aheadEnd - at >= FRAME_HEADER; at += FRAME_HEADER + buf.readUIntBE(at, 3))
      if (buf[at + 3] === Frame.goaway) return true;
    return false;
  }

  #frame(buf: Buffer, at: number, length: number): void {
    const type = buf[at + 3]!;
    const flags = buf[at + 4]!;
    const id = readInt31(buf, at + 5);
    const start = at + FRAME_HEADER;
    // Settings come first, also from servers (RFC 9113, 3.4).
    if (!this.greeted) {
      this.greeted = type === Frame.settings && (flags & Flag.ack) === 0;
      if (!this.greeted) {
        this.fail(H2Error.protocol);
        return;
      }
    }
    if (this.#blockStream !== 0 && (type !== Frame.continuation || id !== this.#blockStream)) {
      this.fail(H2Error.protocol);
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
        if (length !== 5 || id === 0) this.fail(id === 0 ? H2Error.protocol : H2Error.frameSize);
        else this.idle();
        return;
      case Frame.rstStream:
        this.#reset(buf, start, length, id);
        return;
      case Frame.settings:
        this.#settings(buf, start, length, flags, id);
        return;
      case Frame.ping:
        if (id !== 0 || length !== 8) this.fail(id !== 0 ? H2Error.protocol : H2Error.frameSize);
        else if ((flags & Flag.ack) === 0) this.#pong(buf, start);
        else this.#owner.onPong();
        return;
      case Frame.goaway:
        if (id !== 0 || length < 8) this.fail(id !== 0 ? H2Error.protocol : H2Error.frameSize);
        else this.#owner.onGoAway(readInt31(buf, start), buf.readUInt32BE(start + 4));
        return;
      case Frame.windowUpdate:
        this.#windowUpdate(buf, start, length, id);
        return;
      case Frame.pushPromise:
        this.fail(H2Error.protocol);
        return;
      default:
        // Unknown types are passed over (RFC 9113, 4.1).
        this.idle();
    }
  }

  /** Frames so far that served no exchange. */
  glitches = 0;

  /** Counts a frame that serves no exchange: a flood of them ends the connection. */
  idle(): void {
    this.glitches++;
    if (++this.#idleFrames > IDLE_FRAMES_MAX) this.fail(H2Error.enhanceYourCalm);
  }

  #data(buf: Buffer, start: number, length: number, flags: number, id: number): void {
    if (id === 0 || id > this.lastStream) {
      this.fail(H2Error.protocol);
      return;
    }
    this.#received += length;
    if (this.#received > CONNECTION_WINDOW) {
      this.fail(H2Error.flowControl);
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
        this.fail(H2Error.protocol);
        return;
      }
      end -= padding;
    }
    if (end === from && (flags & Flag.endStream) === 0) this.idle();
    const stream = this.streams.get(id);
    // What is on its way when a stream is closed is dropped.
    if (stream !== undefined) stream.onFrameData(buf, from, end, length, (flags & Flag.endStream) !== 0);
  }

  #headers(buf: Buffer, start: number, length: number, flags: number, id: number): void {
    let from = start;
    let end = start + length;
    const short = length < ((flags & Flag.padded) === 0 ? 0 : 1) + ((flags & Flag.priority) === 0 ? 0 : 5);
    if ((flags & Flag.padded) !== 0 && !short) end -= buf[from++]!;
    if (flags & Flag.priority) from += 5;
    if ((id & 1) === 0 || short || from > end) {
      this.fail(short && (id & 1) === 1 ? H2Error.frameSize : H2Error.protocol);
      return;
    }
    this.#blockStream = id;
    this.#blockFlags = flags;
    if (flags & Flag.endHeaders) this.#blockDone(buf, from, end);
    else this.#keepBlock(buf, from, end);
  }

  #continuation(buf: Buffer, start: number, length: number, flags: number, id: number): void {
    if (this.#blockStream !== id || id === 0) {
      this.fail(H2Error.protocol);
      return;
    }
    this.#keepBlock(buf, start, start + length);
    if ((flags & Flag.endHeaders) === 0 || this.closing) return;
    const block = Buffer.concat(this.#block);
    this.#block = [];
    this.#blockSize = 0;
    this.#blockDone(block, 0, block.length);
  }

  #keepBlock(buf: Buffer, start: number, end: number): void {
    this.#block.push(Buffer.from(buf.subarray(start, end)));
    this.#blockSize += end - start;
    if (this.#block.length > CONTINUATIONS_MAX || this.#blockSize > 4 * this.#env.global.tune.bufsize)
      this.fail(H2Error.enhanceYourCalm);
  }

  /** A header block is complete. */
  #blockDone(buf: Buffer, start: number, end: number): void {
    const id = this.#blockStream;
    const ended = (this.#blockFlags & Flag.endStream) !== 0;
    this.#blockStream = 0;
    const known = this.streams.get(id);
    if (known !== undefined) this.#owner.onBlock(known, buf, start, end, ended);
    else if (id > this.lastStream) this.#owner.onNewBlock(id, buf, start, end, ended);
    // What was on its way when a stream was reset is passed over; the table must stay right (RFC 9113, 5.1).
    else if (!this.#resets.has(id)) this.fail(H2Error.streamClosed, false);
    else if (this.skipBlock(buf, start, end)) this.idle();
  }

  /** Decodes a block that nobody wants. False: it is malformed, and the connection ends. */
  skipBlock(buf: Buffer, start: number, end: number): boolean {
    if (this.decoder.decode(buf, start, end, new FieldList())) return true;
    this.fail(H2Error.compression);
    return false;
  }

  #reset(buf: Buffer, start: number, length: number, id: number): void {
    if (id === 0 || id > this.lastStream || length !== 4) {
      this.fail(length !== 4 && id !== 0 ? H2Error.frameSize : H2Error.protocol);
      return;
    }
    this.idle();
    const stream = this.streams.get(id);
    if (stream === undefined) return;
    stream.lost(buf.readUInt32BE(start));
    this.remove(id);
  }

  #settings(buf: Buffer, start: number, length: number, flags: number, id: number): void {
    if (id !== 0 || length % 6 !== 0 || ((flags & Flag.ack) !== 0 && length !== 0)) {
      this.fail(id !== 0 ? H2Error.protocol : H2Error.frameSize);
      return;
    }
    if (flags & Flag.ack) return;
    this.idle();
    for (let at = start; at < start + length; at += 6) {
      const name = (buf[at]! << 8) | buf[at + 1]!;
      const value = buf.readUInt32BE(at + 2);
      if (name === Setting.initialWindowSize && !this.#setInitialWindow(value)) return;
      if (name === Setting.headerTableSize) this.output.allowTable(value);
      if (name === Setting.maxFrameSize) {
        if (value < 16_384 || value > 0xffffff) {
          this.fail(H2Error.protocol);
          return;
        }
        this.output.frameMax = Math.min(value, 65_536);
      }
      if (name === Setting.enablePush && value > 1) {
        this.fail(H2Error.protocol);
        return;
      }
      this.#owner.onSetting(name, value);
    }
    this.output.settingsAck();
    if (this.settled) return;
    this.settled = true;
    // Behind the answer: simple peers read SETTINGS and their acknowledgement first, and nothing between.
    this.output.windowUpdate(0, CONNECTION_WINDOW - DEFAULT_WINDOW);
    this.#owner.onSettled();
  }

  #setInitialWindow(value: number): boolean {
    if (value > WINDOW_MAX) {
      this.fail(H2Error.flowControl);
      return false;
    }
    const difference = value - this.peerInitialWindow;
    this.peerInitialWindow = value;
    for (const stream of this.streams.values()) {
      stream.sendWindow += difference;
      if (stream.sendWindow > WINDOW_MAX) {
        this.fail(H2Error.flowControl);
        return false;
      }
    }
    if (difference > 0) this.#pump();
    return true;
  }

  #pong(buf: Buffer, start: number): void {
    this.idle();
    this.output.pong(buf, start);
  }

  #windowUpdate(buf: Buffer, start: number, length: number, id: number): void {
    if (length !== 4 || id > this.lastStream) {
      this.fail(length !== 4 ? H2Error.frameSize : H2Error.protocol);
      return;
    }
    const increment = readInt31(buf, start);
    if (id === 0) {
      this.output.window += increment;
      if (increment === 0 || this.output.window > WINDOW_MAX)
        this.fail(increment === 0 ? H2Error.protocol : H2Error.flowControl, false);
      else this.#pump();
      return;
    }
    const stream = this.streams.get(id);
    if (stream === undefined) return;
    stream.sendWindow += increment;
    if (increment === 0 || stream.sendWindow > WINDOW_MAX) {
      this.sendReset(id, increment === 0 ? H2Error.protocol : H2Error.flowControl);
      stream.lost(H2Error.protocol);
      this.remove(id);
    } else stream.pump();
  }

  /** Windows have grown: who waits sends on. */
  #pump(): void {
    for (const stream of [...this.streams.values()]) {
      if (this.output.window <= 0) return;
      stream.pump();
    }
  }

  // ---- what goes to the peer

  /** Ends a stream; what still comes on it is passed over. */
  sendReset(id: number, code: number): void {
    this.#noteReset(id);
    this.output.reset(id, code);
  }

  /** A stream that is over here, but of which the peer's end has still to come: that is passed over. */
  forget(id: number): void {
    this.#noteReset(id);
    this.remove(id, true);
  }

  #noteReset(id: number): void {
    this.#resets.add(id);
    if (this.#resets.size > RESETS_KEPT) for (const oldest of this.#resets) if (this.#resets.delete(oldest)) break;
  }

  /** What was written is out, or on its way. */
  onFlushed(): void {
    this.#owner.onFlushed();
    if (!this.closing && !this.#conn.blocked) this.#release();
  }

  /** The connection takes more. */
  onDrain(): void {
    this.output.flush();
    if (!this.#conn.blocked) this.#release();
  }

  /** Streams that were told to wait go on. */
  #release(): void {
    if (!this.#held) return;
    this.#held = false;
    for (const stream of [...this.streams.values()]) stream.onDrain();
  }

  /** A stream has stopped its source because of congestion: it is told when that is over. */
  hold(): void {
    this.#held = true;
  }

  // ---- life

  /** A stream is done with on both sides. */
  remove(id: number, completed = false): void {
    if (!this.streams.delete(id)) return;
    // Only what came to its end speaks for the peer: streams that it resets at once do not.
    if (completed) this.#idleFrames = Math.max(0, this.#idleFrames - 2);
    this.#owner.onStreamGone();
  }

  /** A connection error (RFC 9113, 5.4.1). */
  fail(code: number, malformed = true): void {
    if (!this.closing) this.#owner.onFailed(code, malformed);
  }

  /** Tells the peer that nothing more is read, and which of its streams was the last; all streams are lost. */
  goAway(lastStream: number, code: number): void {
    this.closing = true;
    this.output.goAway(lastStream, code);
    this.loseAll();
  }

  /** Ends all streams with the connection. */
  loseAll(): void {
    this.closing = true;
    for (const stream of [...this.streams.values()]) {
      stream.lost(-1);
      this.remove(stream.id);
    }
  }
}

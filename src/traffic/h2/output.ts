import type { Conn } from '../../net/transport.ts';
import type { Env } from '../env.ts';
import { DEFAULT_WINDOW, Flag, FRAME_HEADER, FRAME_MAX, Frame, writeFrameHeader, writeInt } from './frames.ts';
import { DEFAULT_TABLE } from './hpack.ts';

/** Output waiting beyond this stops reading from who sends it. */
const OUT_HIGH = 131_072;
const OUT_START = 16_384;
/** Dynamic Table Size Update (RFC 7541, 6.3). */
const TABLE_SIZE_0 = 0x20;

/** A stream that has payload to send. */
interface Sender {
  readonly id: number;
  sendWindow: number;
}

/** What an HTTP/2 connection sends: frames are collected, and leave in one piece at the end of a turn of the event loop. */
export class H2Output {
  readonly #env: Env;
  readonly #conn: Conn;
  readonly #owner: { onFlushed(): void };
  /** What the peer allows: payload on the whole connection, and in a frame. */
  window = DEFAULT_WINDOW;
  frameMax = FRAME_MAX;
  /** The connection has ended: nothing more is sent. */
  closed = false;
  #out: Buffer = Buffer.allocUnsafeSlow(OUT_START);
  #length = 0;
  /** The peer wants a smaller table than that of the standard, and has not been told that none is kept (RFC 7541, 4.2). */
  #tellTable = false;
  #toldTable = false;
  #flushing = false;

  constructor(env: Env, conn: Conn, owner: { onFlushed(): void }) {
    this.#env = env;
    this.#conn = conn;
    this.#owner = owner;
  }

  /** The output buffer with room for `size` more bytes behind what waits. */
  #room(size: number): Buffer {
    const needed = this.#length + size;
    if (needed > this.#out.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#out.length * 2));
      this.#out.copy(grown, 0, 0, this.#length);
      this.#out = grown;
    }
    return this.#out;
  }

  /** Bytes that are no frame: the preface. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length).set(bytes, this.#length);
    this.#length += bytes.length;
    this.#flushSoon();
  }

  /** Writes a HEADERS frame; `write` puts the block at an offset and returns the end of it. */
  headers(id: number, size: number, endStream: boolean, write: (out: Buffer, at: number) => number): void {
    const out = this.#room(FRAME_HEADER + size + 1);
    const at = this.#length;
    let from = at + FRAME_HEADER;
    if (this.#tellTable) {
      this.#tellTable = false;
      this.#toldTable = true;
      out[from++] = TABLE_SIZE_0;
    }
    const end = write(out, from);
    const length = end - at - FRAME_HEADER;
    const flags = endStream ? Flag.endStream : 0;
    if (length <= this.frameMax) {
      writeFrameHeader(out, at, length, Frame.headers, flags | Flag.endHeaders, id);
      this.#length = end;
    } else this.#splitHeaders(id, Buffer.from(out.subarray(at + FRAME_HEADER, end)), flags);
    this.#flushSoon();
  }

  #splitHeaders(id: number, block: Buffer, flags: number): void {
    for (let from = 0; from < block.length; from += this.frameMax) {
      const to = Math.min(block.length, from + this.frameMax);
      const out = this.#room(FRAME_HEADER + to - from);
      const last = to === block.length ? Flag.endHeaders : 0;
      const at = writeFrameHeader(
        out,
        this.#length,
        to - from,
        from === 0 ? Frame.headers : Frame.continuation,
        (from === 0 ? flags : 0) | last,
        id,
      );
      block.copy(out, at, from, to);
      this.#length = at + to - from;
    }
  }

  /** Writes DATA frames for as much of [start, end) as the windows allow; returns the offset reached. */
  data(sender: Sender, buf: Buffer, start: number, end: number, endStream: boolean): number {
    let pos = start;
    do {
      // Settings may have made a window negative.
      const length = Math.max(0, Math.min(end - pos, this.window, sender.sendWindow, this.frameMax));
      if (length === 0 && end > pos) break;
      const out = this.#room(FRAME_HEADER + length);
      const last = endStream && pos + length === end;
      const at = writeFrameHeader(out, this.#length, length, Frame.data, last ? Flag.endStream : 0, sender.id);
      buf.copy(out, at, pos, pos + length);
      this.#length = at + length;
      this.window -= length;
      sender.sendWindow -= length;
      pos += length;
    } while (pos < end);
    this.#flushSoon();
    return pos;
  }

  /** The peer allows a table of that many bytes for header blocks. None is kept, which only peers with little room have to be told. */
  allowTable(size: number): void {
    if (size < DEFAULT_TABLE && !this.#toldTable) this.#tellTable = true;
  }

  settings(settings: readonly (readonly [name: number, value: number])[]): void {
    const out = this.#room(FRAME_HEADER + settings.length * 6);
    let at = writeFrameHeader(out, this.#length, settings.length * 6, Frame.settings, 0, 0);
    for (const [name, value] of settings) {
      out[at] = name >>> 8;
      out[at + 1] = name;
      writeInt(out, at + 2, value);
      at += 6;
    }
    this.#length = at;
    this.#flushSoon();
  }

  settingsAck(): void {
    const out = this.#room(FRAME_HEADER);
    this.#length = writeFrameHeader(out, this.#length, 0, Frame.settings, Flag.ack, 0);
    this.#flushSoon();
  }

  /** PING: whether the peer is there. */
  ping(): void {
    const out = this.#room(FRAME_HEADER + 8);
    const at = writeFrameHeader(out, this.#length, 8, Frame.ping, 0, 0);
    out.fill(0, at, at + 8);
    this.#length = at + 8;
    this.#flushSoon();
  }

  /** Answers a PING with its eight bytes at `start`. */
  pong(buf: Buffer, start: number): void {
    const out = this.#room(FRAME_HEADER + 8);
    const at = writeFrameHeader(out, this.#length, 8, Frame.ping, Flag.ack, 0);
    buf.copy(out, at, start, start + 8);
    this.#length = at + 8;
    this.#flushSoon();
  }

  /** RST_STREAM. */
  reset(id: number, code: number): void {
    const out = this.#room(FRAME_HEADER + 4);
    const at = writeFrameHeader(out, this.#length, 4, Frame.rstStream, 0, id);
    writeInt(out, at, code);
    this.#length = at + 4;
    this.#flushSoon();
  }

  /** Lets the peer send more on a stream (0: on the whole connection). */
  windowUpdate(id: number, increment: number): void {
    const out = this.#room(FRAME_HEADER + 4);
    const at = writeFrameHeader(out, this.#length, 4, Frame.windowUpdate, 0, id);
    writeInt(out, at, increment);
    this.#length = at + 4;
    this.#flushSoon();
  }

  goAway(lastStream: number, code: number): void {
    const out = this.#room(FRAME_HEADER + 8);
    const at = writeFrameHeader(out, this.#length, 8, Frame.goaway, 0, 0);
    writeInt(out, at, lastStream);
    writeInt(out, at + 4, code);
    this.#length = at + 8;
    this.#flushSoon();
  }

  /** Has what is written sent at the end of this turn of the event loop. */
  #flushSoon(): void {
    if (this.#flushing || this.closed) return;
    this.#flushing = true;
    this.#env.atTurnEnd(this);
  }

  /** Writes what is there, if the connection takes it. Called at the end of the turn, and when the connection takes more. */
  flush(): void {
    this.#flushing = false;
    if (this.closed || this.#conn.blocked || this.#length === 0) return;
    const out = this.#out;
    const length = this.#length;
    this.#length = 0;
    if (!this.#conn.writeStable(out, 0, length)) this.#out = Buffer.allocUnsafeSlow(OUT_START);
    else if (out.length > OUT_HIGH) this.#out = Buffer.allocUnsafeSlow(OUT_START);
    this.#owner.onFlushed();
  }

  /** So much waits to be taken by the peer that those who send must wait. */
  get congested(): boolean {
    return this.#length > OUT_HIGH;
  }
}

import { Framing } from './head.ts';
import { TOKEN, VALUE } from './parse.ts';

/** Hexadecimal value of a byte, 255 for any other. */
const HEX = new Uint8Array(256).fill(255);
for (let i = 0; i < 10; i++) HEX[48 + i] = i;
for (let i = 0; i < 6; i++) {
  HEX[65 + i] = 10 + i;
  HEX[97 + i] = 10 + i;
}

/** States of the chunked framing. */
const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILER_START = 6;
const TRAILER_NAME = 7;
const TRAILER_VALUE = 8;
const TRAILER_LF = 9;
const END_LF = 10;

/** A chunk of 2^52 bytes and more is refused. */
const MAX_SIZE_DIGITS = 13;
/** Bytes of chunk extensions in a message, and of its trailers, at most. */
const MAX_OVERHEAD = 8192;

/** Lines of trailers in a message, at most. */
const MAX_TRAILERS = 101;

const CR = 13;
const LF = 10;

/**
 * Finds the end of a message's body (RFC 9112, section 6). Bytes are passed on as they are, but for chunk extensions and trailers that are dropped:
 *
 *     while (pos < end && !body.done && !body.failed) {
 *       const upto = body.feed(buf, pos, end);      // pass on [pos, upto)
 *       pos = body.skip(buf, upto, end);            // drop [upto, pos)
 *     }
 */
export class Body {
  framing: number;
  /** Bytes left of the body or of the chunk. */
  left: number;
  state: number;
  digits: number;
  overhead: number;
  /** Between a chunk's size and its extension, or the name of a trailer and its value. */
  padding: boolean;
  /** Blanks behind the value of a trailer so far, which count when more of it follows. */
  blanks: number;
  trailerLines: number;
  done: boolean;
  failed: boolean;
  /** What the body counts for so far, as HAProxy counts: payload and trailers without framing, and one for the end of a chunked one. */
  counted: number;
  /** What its end counts for. */
  endCounts: number;
  /** Trailer lines, lower-case names, ended by LF; gathered when `keepsTrailers`. */
  trailers: string;
  keepsTrailers: boolean;
  /** Trailer lines are not passed on. */
  dropsTrailers: boolean;
  /** Of the bytes last fed: one run of payload, for who needs it without framing. Set by `feedData`. */
  dataStart: number;
  dataEnd: number;

  constructor() {
    this.framing = Framing.none;
    this.left = 0;
    this.state = SIZE;
    this.digits = 0;
    this.overhead = 0;
    this.padding = false;
    this.blanks = 0;
    this.trailerLines = 0;
    this.done = true;
    this.failed = false;
    this.counted = 0;
    this.endCounts = 1;
    this.trailers = '';
    this.keepsTrailers = false;
    this.dropsTrailers = false;
    this.dataStart = 0;
    this.dataEnd = 0;
  }

  /** Starts a body; `length` matters for Framing.length only. */
  begin(framing: number, length: number): void {
    this.framing = framing;
    this.left = framing === Framing.length ? length : 0;
    this.state = SIZE;
    this.digits = 0;
    this.overhead = 0;
    this.padding = false;
    this.blanks = 0;
    this.trailerLines = 0;
    this.done = framing === Framing.none || (framing === Framing.length && length === 0);
    this.failed = false;
    this.counted = 0;
    this.endCounts = 1;
    this.dropsTrailers = false;
    if (this.keepsTrailers) {
      this.keepsTrailers = false;
      this.trailers = '';
    }
  }

  /** Stands where `other` stands, to look ahead. */
  copyFrom(other: Body): void {
    this.framing = other.framing;
    this.left = other.left;
    this.state = other.state;
    this.digits = other.digits;
    this.overhead = other.overhead;
    this.padding = other.padding;
    this.blanks = other.blanks;
    this.trailerLines = other.trailerLines;
    this.done = other.done;
    this.failed = other.failed;
    this.counted = other.counted;
    this.endCounts = other.endCounts;
    this.dropsTrailers = other.dropsTrailers;
  }

  /** Bytes that are to come of the body, or of the chunk that has begun; 0 where nothing is announced. */
  get announced(): number {
    return this.framing === Framing.length || (this.framing === Framing.chunked && this.state === DATA) ? this.left : 0;
  }

  /** Takes bytes [pos, end); returns the offset up to which they are to be passed on. Stops at an extension and at the end of the body. */
  feed(buf: Uint8Array, pos: number, end: number): number {
    switch (this.framing) {
      case Framing.chunked:
        return this.#chunked(buf, pos, end, false);
      case Framing.length: {
        const taken = Math.min(end - pos, this.left);
        this.left -= taken;
        this.counted += taken;
        if (this.left === 0) this.done = true;
        return pos + taken;
      }
      case Framing.none:
        return pos;
      default:
        this.counted += end - pos;
        return end;
    }
  }

  /**
   * Like `feed`, but for one run of payload at a time: [dataStart, dataEnd) is payload (maybe empty), the framing around it is dropped.
   * Returns the offset to go on from.
   */
  feedData(buf: Uint8Array, pos: number, end: number): number {
    this.dataStart = pos;
    if (this.framing !== Framing.chunked) {
      this.dataEnd = this.feed(buf, pos, end);
      return this.dataEnd;
    }
    this.dataEnd = pos;
    return this.skip(buf, this.#chunked(buf, pos, end, true), end);
  }

  /** Drops what is left of a chunk extension at `pos`; returns the offset behind it. */
  skip(buf: Uint8Array, pos: number, end: number): number {
    if (this.framing !== Framing.chunked) return pos;
    if (this.dropsTrailers && this.state >= TRAILER_START && this.state <= TRAILER_LF)
      return this.#skipTrailers(buf, pos, end);
    if (this.state !== EXTENSION) return pos;
    let at = pos;
    if (this.padding) {
      // Blanks may stand between the size and the semicolon, nothing else.
      while (at < end && (buf[at] === 32 || buf[at] === 9)) at++;
      if (at < end) {
        if (buf[at] !== 59 && buf[at] !== CR) this.failed = true;
        this.padding = false;
      }
    }
    while (at < end && VALUE[buf[at]!] === 1) at++;
    this.overhead += at - pos;
    if (this.overhead > MAX_OVERHEAD) this.failed = true;
    if (at < end) {
      if (buf[at] !== CR) this.failed = true;
      this.state = SIZE;
    }
    return at;
  }

  /** Drops trailer lines; the empty line behind them is passed on. */
  #skipTrailers(buf: Uint8Array, pos: number, end: number): number {
    let at = pos;
    while (at < end && !this.failed && !(this.state === TRAILER_START && buf[at] === CR)) {
      if (++this.overhead > MAX_OVERHEAD || !this.#trailer(buf[at]!)) this.failed = true;
      at++;
    }
    return at;
  }

  #chunked(buf: Uint8Array, start: number, end: number, oneRun: boolean): number {
    let pos = start;
    while (pos < end) {
      const c = buf[pos]!;
      switch (this.state) {
        case SIZE: {
          const value = HEX[c]!;
          if (value < 16) {
            if (++this.digits > MAX_SIZE_DIGITS) return this.#fail(pos);
            this.left = this.left * 16 + value;
          } else if (this.digits === 0) {
            return this.#fail(pos);
          } else if (c === CR) {
            this.state = SIZE_LF;
          } else if (c === 59 || c === 32 || c === 9) {
            this.state = EXTENSION;
            this.padding = true;
            return pos;
          } else {
            return this.#fail(pos);
          }
          pos++;
          break;
        }
        case SIZE_LF:
          if (c !== LF) return this.#fail(pos);
          pos++;
          this.digits = 0;
          this.state = this.left === 0 ? TRAILER_START : DATA;
          break;
        case DATA: {
          const taken = Math.min(end - pos, this.left);
          if (oneRun) {
            this.dataStart = pos;
            this.dataEnd = pos + taken;
          }
          pos += taken;
          this.left -= taken;
          this.counted += taken;
          if (this.left === 0) this.state = DATA_CR;
          if (oneRun) return pos;
          break;
        }
        case DATA_CR:
          if (c !== CR) return this.#fail(pos);
          pos++;
          this.state = DATA_LF;
          break;
        case DATA_LF:
          if (c !== LF) return this.#fail(pos);
          pos++;
          this.state = SIZE;
          break;
        case EXTENSION:
          return pos;
        default:
          if (this.dropsTrailers && this.state !== END_LF && !(this.state === TRAILER_START && c === CR)) return pos;
          if (++this.overhead > MAX_OVERHEAD || !this.#trailer(c)) return this.#fail(pos);
          if (this.state === TRAILER_NAME && c !== 58) buf[pos] = TOKEN[c]!;
          if (this.keepsTrailers && c !== CR && !this.done) this.trailers += String.fromCharCode(buf[pos]!);
          pos++;
          if (this.done) return pos;
      }
    }
    return pos;
  }

  /** One byte of the trailer section. */
  #trailer(c: number): boolean {
    switch (this.state) {
      case TRAILER_START:
        if (c === CR) this.state = END_LF;
        else if (TOKEN[c] !== 0 && ++this.trailerLines < MAX_TRAILERS) {
          this.state = TRAILER_NAME;
          this.counted++;
        } else return false;
        return true;
      case TRAILER_NAME:
        if (c === 58) {
          this.state = TRAILER_VALUE;
          this.padding = true;
        } else if (TOKEN[c] === 0) return false;
        else this.counted++;
        return true;
      case TRAILER_VALUE:
        if (c === CR) {
          this.state = TRAILER_LF;
          this.blanks = 0;
        } else if (VALUE[c] === 0) return false;
        else if (c === 32 || c === 9) {
          if (!this.padding) this.blanks++;
        } else {
          this.padding = false;
          this.counted += 1 + this.blanks;
          this.blanks = 0;
        }
        return true;
      case TRAILER_LF:
        if (c !== LF) return false;
        this.state = TRAILER_START;
        return true;
      default:
        if (c !== LF) return false;
        this.done = true;
        this.counted += this.endCounts;
        return true;
    }
  }

  #fail(pos: number): number {
    this.failed = true;
    return pos;
  }
}

const probe = new Body();

/** Offset of what is wrong with the chunked coding in bytes [pos, end), -1 when it is right so far. */
export function badChunk(buf: Uint8Array, start: number, end: number): number {
  probe.begin(Framing.chunked, 0);
  let pos = start;
  while (pos < end && !probe.done && !probe.failed) pos = probe.skip(buf, probe.feed(buf, pos, end), end);
  return probe.failed ? pos : -1;
}

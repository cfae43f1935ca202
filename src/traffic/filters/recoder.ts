import { crc32 } from 'node:zlib';
import type { CompressionAlgorithm } from '../../config/types.ts';
import { addToRate, C } from '../../model/counters.ts';
import { Deflater } from '../../util/deflater.ts';
import type { Env } from '../env.ts';
import type { Body } from '../h1/body.ts';
import type { Stream } from '../stream.ts';

/** Takes what a body has become: bytes [start, end) are valid during the call only; `last`: the body ends with them. */
export type Sink = (stream: Stream, buf: Buffer, start: number, end: number, last: boolean) => void;

const OUTPUT = 32_768;
/** Room that the ends of a piece and of a body need: an empty block, a checksum and a length. */
const TAIL = 32;
/** Longest run of bytes that a block holds which is not compressed (RFC 1951, 3.2.4). */
const STORED = 65_535;

/** One for a thread: output of the recoder at work, and the engine for the level that is set. */
const output = Buffer.allocUnsafeSlow(OUTPUT);
let engine: Deflater | null = null;

/**
 * Compresses a body (RFC 1952 gzip, RFC 1950 deflate, RFC 1951 raw-deflate), or passes it on as it is (identity). It keeps a checksum
 * and a length of its body, and nothing else: what comes in one event is compressed by itself and sent on at once.
 */
export class Recoder {
  readonly algorithm: CompressionAlgorithm;
  readonly #stream: Stream;
  readonly #sink: Sink;
  #checksum: number;
  #length = 0;
  #begun = false;
  #at = 0;
  /** Of the present piece: bytes taken and given, and whether it is compressed. */
  #taken = 0;
  #given = 0;
  /** Bytes given so far. */
  sent = 0;
  #compresses = false;

  constructor(stream: Stream, algorithm: CompressionAlgorithm, sink: Sink) {
    this.#stream = stream;
    this.algorithm = algorithm;
    this.#sink = sink;
    this.#checksum = algorithm === 'deflate' ? 1 : 0;
  }

  /** A piece begins: what one event has brought. Ended by `end`, in the same event. */
  begin(): void {
    const { env } = this.#stream;
    this.#at = 0;
    this.#given = 0;
    this.#compresses = this.algorithm !== 'identity' && !isOverLimit(env, C.compOutRate);
    const level = env.global.tune.comp_maxlevel;
    if (this.#compresses) {
      if (engine === null || engine.level !== level) engine = new Deflater(level);
      engine.begin();
    }
    if (this.#begun) return;
    this.#begun = true;
    if (this.algorithm === 'gzip') this.#at = output.write('1f8b08000000000000ff', 0, 'hex');
    else if (this.algorithm === 'deflate') this.#at = output.write('7801', 0, 'hex');
  }

  /** A run of payload. */
  add(buf: Buffer, start: number, end: number): void {
    if (start === end) return;
    this.#length += end - start;
    if (this.algorithm === 'gzip') this.#checksum = crc32(buf.subarray(start, end), this.#checksum);
    else if (this.algorithm === 'deflate') this.#checksum = adler32(buf, start, end, this.#checksum);
    if (this.algorithm === 'identity') this.#pass(buf, start, end);
    else if (this.#compresses) this.#deflate(buf, start, end, 'more');
    else this.#store(buf, start, end);
  }

  /** The piece ends, and with `last` the body. `taken`: what the piece counts for. */
  end(last: boolean, taken: number): void {
    this.#taken = taken;
    if (this.#compresses) this.#deflate(EMPTY, 0, 0, last ? 'last' : 'piece');
    else if (last && this.algorithm !== 'identity') {
      // An empty block that is the last one.
      this.#room(TAIL);
      this.#at += output.write('0300', this.#at, 'hex');
    }
    if (last) this.#trailer();
    if (this.#at > 0 || last) this.#emit(last);
    this.#count();
  }

  #deflate(buf: Buffer, start: number, end: number, how: 'more' | 'piece' | 'last'): void {
    const deflater = engine!;
    let from = start;
    for (;;) {
      const left = deflater.step(buf, from, end, output, this.#at, how);
      this.#at = OUTPUT - deflater.room;
      if (left === 0) return;
      from = end - Math.max(0, left);
      this.#emit(false);
    }
  }

  /** Blocks that are not compressed: no rate or processor time is left for more. */
  #store(buf: Buffer, start: number, end: number): void {
    for (let from = start; from < end; ) {
      const size = Math.min(STORED, end - from);
      this.#room(5);
      output[this.#at++] = 0;
      this.#at = output.writeUInt16LE(size, this.#at);
      this.#at = output.writeUInt16LE(~size & 0xffff, this.#at);
      this.#pass(buf, from, from + size);
      from += size;
    }
  }

  #pass(buf: Buffer, start: number, end: number): void {
    for (let from = start; from < end; ) {
      this.#room(1);
      const size = Math.min(end - from, OUTPUT - this.#at);
      this.#at += buf.copy(output, this.#at, from, from + size);
      from += size;
    }
  }

  #trailer(): void {
    this.#room(TAIL);
    if (this.algorithm === 'gzip') {
      this.#at = output.writeUInt32LE(this.#checksum >>> 0, this.#at);
      this.#at = output.writeUInt32LE(this.#length % 0x1_0000_0000, this.#at);
    } else if (this.algorithm === 'deflate') this.#at = output.writeUInt32BE(this.#checksum >>> 0, this.#at);
  }

  #room(bytes: number): void {
    if (OUTPUT - this.#at < bytes) this.#emit(false);
  }

  #emit(last: boolean): void {
    const length = this.#at;
    this.#at = 0;
    this.#given += length;
    this.sent += length;
    this.#sink(this.#stream, output, 0, length, last);
  }

  #count(): void {
    const { env, frontend, backend } = this.#stream;
    const own = backend ?? env.backends.get(frontend.id) ?? null;
    if (!this.#compresses) {
      frontend.c[C.compBypass]! += this.#taken;
      if (own !== null) own.c[C.compBypass]! += this.#taken;
      return;
    }
    const second = Math.floor(env.now() / 1000);
    addToRate(env.c, C.compInRate, second, this.#taken);
    addToRate(env.c, C.compOutRate, second, this.#given);
    for (const row of own === null ? [frontend.c] : [frontend.c, own.c]) {
      row[C.compIn]! += this.#taken;
      row[C.compOut]! += this.#given;
    }
  }
}

const EMPTY = Buffer.alloc(0);

/** Hands what belongs to `body` of bytes [start, end) to `recoder`. Returns the offset up to which bytes were used. */
export function recodeBody(recoder: Recoder, body: Body, buf: Buffer, start: number, end: number): number {
  let from = start;
  if (from === end) return from;
  const before = body.counted;
  recoder.begin();
  while (from < end && !body.done && !body.failed) {
    from = body.feedData(buf, from, end);
    recoder.add(buf, body.dataStart, body.dataEnd);
  }
  // What is cut off must not look whole.
  if (!body.failed) recoder.end(body.done, body.counted - before);
  return from;
}

/** Nothing more is to be compressed now: `maxcomprate` is reached by the rate at `field`, or `maxcompcpuusage` by this thread. */
export function isOverLimit(env: Env, field: number): boolean {
  const rate = env.limits.compRate;
  if (rate > 0 && env.counters.rate(env.processSlot, field, env.now()) > rate) return true;
  const { maxcompcpuusage } = env.global;
  return maxcompcpuusage < 100 && env.usage() > maxcompcpuusage;
}

/** Adler-32 (RFC 1950, section 9) of bytes [start, end) behind those that `checksum` is of. */
function adler32(buf: Uint8Array, start: number, end: number, checksum: number): number {
  let a = checksum & 0xffff;
  let b = checksum >>> 16;
  for (let from = start; from < end; ) {
    // As many as keep b below 2^32.
    const upto = Math.min(end, from + 5552);
    for (let i = from; i < upto; i++) {
      a += buf[i]!;
      b += a;
    }
    a %= 65521;
    b %= 65521;
    from = upto;
  }
  return ((b << 16) | a) >>> 0;
}

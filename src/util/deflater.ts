import { constants, createDeflateRaw } from 'node:zlib';

/** What lies below a stream of node:zlib: this file is the only one that reaches there. */
interface Handle {
  reset(): void;
  writeSync(
    flush: number,
    input: Uint8Array,
    from: number,
    length: number,
    out: Uint8Array,
    at: number,
    room: number,
  ): void;
}

/**
 * Raw deflate (RFC 1951) of one piece at a time, within one turn of the event loop. A piece refers to nothing before it and ends on
 * a byte, so the pieces of any number of bodies may be compressed in turn by one engine, and a body needs no state of its own here.
 * (The streams of node:zlib take five times as long for a body of 12 kB, since they work in another thread.)
 */
export class Deflater {
  readonly level: number;
  readonly #handle: Handle;
  /** [room left in the output, input left], written by each step. */
  readonly #state: Uint32Array;

  /** `level`: 1..9. */
  constructor(level: number) {
    this.level = level;
    const stream = createDeflateRaw({ level }) as unknown as { _handle: Handle; _writeState: Uint32Array };
    this.#handle = stream._handle;
    this.#state = stream._writeState;
  }

  /** A new piece begins. */
  begin(): void {
    this.#handle.reset();
  }

  /**
   * Compresses bytes [start, end) to `out` from `at` on; `how`: more of the piece follows, the piece ends, the body ends. Returns the
   * bytes of input that are left, or -1 when none is but the output has not enough room for what is to come out: go on with a fresh `out`.
   */
  step(
    input: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
    at: number,
    how: 'more' | 'piece' | 'last',
  ): number {
    const flush = how === 'more' ? constants.Z_NO_FLUSH : how === 'piece' ? constants.Z_SYNC_FLUSH : constants.Z_FINISH;
    this.#handle.writeSync(flush, input, start, end - start, out, at, out.length - at);
    const left = this.#state[1]!;
    return left === 0 && this.#state[0] === 0 ? -1 : left;
  }

  /** Room left in the output after the last step. */
  get room(): number {
    return this.#state[0]!;
  }
}

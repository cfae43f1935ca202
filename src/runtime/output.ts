import type { Socket } from 'node:net';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { bytesOf } from '../config/bytes.ts';
import type { Pieces } from './answer.ts';

/** Most characters and milliseconds of work that one slice of a dump takes before it is written. */
const SLICE_CHARS = 65536;
const SLICE_MS = 4;

/** Writes to a client at its pace: resolves when the client has room for more, never keeping more than a slice in memory. */
export class Output {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The client is gone: nothing needs to be made any more. */
  get closed(): boolean {
    return this.#socket.destroyed || !this.#socket.writable;
  }

  /** Writes text; resolves when the next may follow. */
  async write(text: string): Promise<void> {
    if (text === '' || this.closed) return;
    // Bytes that are no UTF-8 go out as they are.
    const bytes = /[\udc80-\udcff]/u.test(text) ? Buffer.from(bytesOf(text), 'latin1') : text;
    if (!this.#socket.write(bytes)) await this.#drained();
  }

  /** Writes what `pieces` yield, in slices, letting everything else run between two of them. */
  async pipe(pieces: Pieces): Promise<void> {
    if (this.closed) return;
    let slice = '';
    let started = performance.now();
    if (Symbol.asyncIterator in pieces) {
      for await (const piece of pieces) {
        if (this.closed) return;
        await this.write(piece);
      }
      return;
    }
    for (const piece of pieces) {
      slice += piece;
      if (slice.length < SLICE_CHARS && performance.now() - started < SLICE_MS) continue;
      await this.write(slice);
      if (this.closed) return;
      await yieldToLoop();
      slice = '';
      started = performance.now();
    }
    await this.write(slice);
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#socket.off('drain', done);
        this.#socket.off('close', done);
        resolve();
      };
      this.#socket.on('drain', done);
      this.#socket.on('close', done);
    });
  }
}

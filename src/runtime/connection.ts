import type { Socket } from 'node:net';
import { Input, type Taken } from './input.ts';
import { Output } from './output.ts';

/** How long a client may take to close its side after the server closed its own, ms. */
const LINGER_MS = 1000;

/**
 * The bytes of one client: lines and payloads in, answers out. It reads only while somebody waits for input, so that a client that
 * sends without end, or never reads, costs a bounded amount of memory and is ended by the idle timeout.
 */
export class CliConnection {
  readonly socket: Socket;
  readonly output: Output;
  readonly #input = new Input();
  #timeout: number;
  #ended = false;
  #wake: (() => void) | null = null;
  #onInput: (() => void) | null = null;
  #onEnd: (() => void) | null = null;

  /** `timeout`: ms without a byte in either direction, 0 = none. */
  constructor(socket: Socket, timeout: number) {
    this.socket = socket;
    this.output = new Output(socket);
    this.#timeout = timeout;
    socket.on('data', (bytes: Buffer) => this.#received(bytes));
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
    socket.on('error', () => socket.destroy());
    socket.on('timeout', () => socket.destroy());
    // An answer and the line that ends it are two writes.
    if (socket.remoteAddress !== undefined) socket.setNoDelay(true);
    socket.setTimeout(timeout);
  }

  get timeout(): number {
    return this.#timeout;
  }

  set timeout(ms: number) {
    this.#timeout = ms;
    this.socket.setTimeout(ms);
  }

  /** The timeout does not run during `work`, which may take as long as it wants. */
  async untimed<T>(work: () => Promise<T>): Promise<T> {
    this.socket.setTimeout(0);
    try {
      return await work();
    } finally {
      this.socket.setTimeout(this.#timeout);
    }
  }

  /** The next line of less than `limit` bytes; null when the client has closed before it was whole, `too-long` when it is longer. */
  line(limit: number): Promise<Taken<string> | null> {
    return this.#take(() => this.#input.line(limit), null);
  }

  /** A payload up to the line `pattern`, the same way. `onMissing` is called whenever more input is needed. */
  payload(pattern: string, limit: number, onMissing: () => Promise<void>): Promise<Taken<string> | null> {
    return this.#take(() => this.#input.payload(pattern, limit), onMissing);
  }

  /** Forgets what was received and not yet taken. */
  dropInput(): void {
    this.#input.clear();
  }

  /**
   * Calls back when the client sends anything, which is swallowed, or is gone. The returned function gives up waiting.
   */
  anyInput(callback: () => void): () => void {
    this.#onInput = () => {
      this.#input.clear();
      callback();
    };
    this.socket.once('close', callback);
    if (this.#input.length > 0) this.#onInput();
    else this.socket.resume();
    return () => {
      this.#onInput = null;
      this.socket.off('close', callback);
    };
  }

  /** Calls back when the client has closed its sending side, or already has. The returned function gives up waiting. */
  onceEnded(callback: () => void): () => void {
    if (this.#ended) callback();
    else this.socket.resume();
    this.#onEnd = callback;
    return () => {
      this.#onEnd = null;
    };
  }

  /**
   * Sends FIN after what was written, then waits shortly for the client's: closing with unread input would turn into a reset, which
   * can destroy the answer on its way.
   */
  async close(): Promise<void> {
    const { socket } = this;
    this.#input.clear();
    if (socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.destroy(), LINGER_MS);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#onInput = () => this.#input.clear();
      if (this.#ended) socket.destroySoon();
      else {
        socket.once('end', () => socket.destroySoon());
        socket.end();
        socket.resume();
      }
    });
  }

  async #take(take: () => Taken<string>, onMissing: (() => Promise<void>) | null): Promise<Taken<string> | null> {
    for (;;) {
      const taken = take();
      if (taken.kind !== 'more') return taken;
      await onMissing?.();
      if (!(await this.#moreInput())) return null;
    }
  }

  /** False when nothing more will come. */
  #moreInput(): Promise<boolean> {
    if (this.#ended) return Promise.resolve(false);
    const before = this.#input.length;
    this.socket.resume();
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null;
        this.socket.pause();
        resolve(this.#input.length > before);
      };
    });
  }

  #received(bytes: Buffer): void {
    this.#input.push(bytes);
    if (this.#onInput) this.#onInput();
    else if (this.#wake) this.#wake();
    else this.socket.pause();
  }

  #end(): void {
    this.#ended = true;
    this.#onEnd?.();
    this.#wake?.();
  }
}

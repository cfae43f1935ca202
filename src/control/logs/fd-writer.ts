import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';

/** Bytes kept for a descriptor that is not taking them. */
const MAX_QUEUED = 1 << 20;
const RETRY_MS = 20;

/**
 * Writes lines to a descriptor (stdout, stderr, `fd@N`) without ever waiting for it: what a slow reader does not take is queued
 * up to a bound, then lines are dropped. A write that waits, even in another thread, would keep the process from stopping.
 */
export class FdWriter {
  dropped = 0;
  readonly #fd: number;
  #open: OpenFile | null = null;
  #queue: Buffer[] = [];
  #queued = 0;
  #drained: (() => void)[] = [];

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Makes the descriptor ready. Done when a configuration names it, while `/proc` can be reached (before a chroot). */
  open(): OpenFile {
    if (this.#open === null) this.#open = withoutBlocking(this.#fd);
    return this.#open;
  }

  /** Takes a line of bytes with its line end. */
  write(line: string): void {
    const bytes = Buffer.from(line, 'latin1');
    if (this.#queued > 0) {
      this.#enqueue(bytes);
      return;
    }
    const written = this.#writeSome(bytes);
    if (written < bytes.length) this.#enqueue(bytes.subarray(written));
  }

  /** Resolves when nothing is queued. */
  drained(): Promise<void> {
    if (this.#queued === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  #enqueue(bytes: Buffer): void {
    if (this.#queued + bytes.length > MAX_QUEUED) {
      this.dropped++;
      return;
    }
    if (this.#queued === 0) setTimeout(() => this.#retry(), RETRY_MS);
    this.#queue.push(bytes);
    this.#queued += bytes.length;
  }

  #retry(): void {
    let bytes = Buffer.concat(this.#queue);
    bytes = bytes.subarray(this.#writeSome(bytes));
    this.#queue = bytes.length > 0 ? [bytes] : [];
    this.#queued = bytes.length;
    if (this.#queued > 0) setTimeout(() => this.#retry(), RETRY_MS);
    else for (const resolve of this.#drained.splice(0)) resolve();
  }

  /** Bytes that the descriptor took, or that are lost with it. */
  #writeSome(bytes: Buffer): number {
    const { fd, socket } = this.open();
    try {
      return writeSync(fd, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN' && !socket?.destroyed) return 0;
      for (const byte of bytes) if (byte === 0x0a) this.dropped++;
      return bytes.length;
    }
  }
}

/** A descriptor that never blocks, and the Node object that keeps it so where one is needed. */
interface OpenFile {
  readonly fd: number;
  readonly socket: Socket | null;
}

/**
 * Pipes and terminals are opened once more, because the flag belongs to the open file that other processes share; a socket
 * cannot be, and a pipe of another user may not be: those take the flag from libuv.
 */
function withoutBlocking(fd: number): OpenFile {
  try {
    const stat = fstatSync(fd);
    if (stat.isFIFO() || stat.isCharacterDevice()) {
      try {
        const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK | constants.O_NOCTTY;
        return { fd: openSync(`/proc/self/fd/${fd}`, flags), socket: null };
      } catch {
        if (stat.isCharacterDevice()) return { fd, socket: null };
      }
    } else if (!stat.isSocket()) return { fd, socket: null };
    const socket = new Socket({ fd, readable: false, writable: true });
    socket.on('error', () => {});
    return { fd, socket: socket.unref() };
  } catch {
    // Not open: every line will be counted as dropped.
    return { fd, socket: null };
  }
}

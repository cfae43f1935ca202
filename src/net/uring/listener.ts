import { closeDescriptor, errnoNumber, localName } from '../../util/libc.ts';
import { noHandler } from '../no-handler.ts';
import { setOptions } from '../sockets.ts';
import type { Conn, ListenSocket, ListenSpec } from '../transport.ts';
import { UringConn } from './conn.ts';
import { type Completed, Kind, Op, type Ring } from './ring.ts';

/** `IORING_ACCEPT_MULTISHOT`: one submission accepts until it fails. */
const ACCEPT_MULTISHOT = 1;
const NONBLOCK_CLOEXEC = 0o2004000;
/** When accepting goes on after the system had no descriptor or no memory for a connection, ms. */
const RETRY = 100;
/** A connection that was gone before it was accepted; what ended has nothing to do with the socket. */
const PASSING = ['ECONNABORTED', 'EINTR', 'EAGAIN', 'ECANCELED'].map((name) => -errnoNumber(name));

/** A socket that is listened on over the ring. */
export class UringListener implements ListenSocket, Completed {
  readonly port: number;
  readonly fd: number;
  readonly #ring: Ring;
  readonly #slot: number;
  readonly #onConnection: (conn: Conn) => void;
  readonly #options: ListenSpec['options'];
  #accepting = false;
  #closing: Promise<void> | null = null;
  #closed: () => void = () => {};

  /** Takes the descriptor of a listening socket over. */
  constructor(ring: Ring, fd: number, options: ListenSpec['options'], onConnection: (conn: Conn) => void) {
    this.#ring = ring;
    this.fd = fd;
    this.#onConnection = onConnection;
    this.#options = options;
    const name = localName(fd);
    this.port = name.family === 'inet' || name.family === 'inet6' ? name.port : 0;
    this.#slot = ring.join(this);
    ring.resources.addDescriptor(fd);
    this.#accept();
  }

  #accept(): void {
    if (this.#closing !== null || this.#accepting) return;
    this.#accepting = true;
    const at = this.#ring.submit(Op.accept, this.fd, this.#slot, Kind.accept);
    this.#ring.sqes[at] = Op.accept | (ACCEPT_MULTISHOT << 16);
    this.#ring.sqes[at + 7] = NONBLOCK_CLOEXEC;
  }

  complete(kind: number, result: number, _buffer: number, more: boolean): void {
    if (kind !== Kind.accept) return;
    if (!more) this.#accepting = false;
    if (result >= 0) {
      const told = this.#options?.() ?? null;
      if (told !== null) setOptions(result, told);
      this.#onConnection(new UringConn(this.#ring, result, noHandler));
    }
    if (more) return;
    if (this.#closing !== null) this.#leave();
    else if (result >= 0 || PASSING.includes(result)) this.#accept();
    else setTimeout(() => this.#accept(), RETRY);
  }

  #leave(): void {
    this.#ring.leave(this.#slot);
    this.#ring.resources.deleteDescriptor(this.fd);
    closeDescriptor(this.fd);
    this.#closed();
  }

  /** Ends accepting, and resolves when the socket is closed. */
  readonly close = (): Promise<void> => {
    this.#closing ??= new Promise((resolve) => {
      this.#closed = resolve;
      if (this.#accepting) this.#ring.cancel(this.#slot, Kind.accept);
      else this.#ring.soon(() => this.#leave());
    });
    return this.#closing;
  };
}

import {
  bindInet,
  closeDescriptor,
  inetSockaddr,
  LibcError,
  listenOn,
  localName,
  openStreamSocket,
  setSocketOption,
} from '../../util/libc.ts';
import { labelPackets, listenOnOwnSocket, setOptions, tieToDevice } from '../sockets.ts';
import { noHandler, tcpTransport } from '../tcp.ts';
import type { Conn, ConnectSpec, ConnHandler, ListenSocket, ListenSpec, Transport } from '../transport.ts';
import { UringConn } from './conn.ts';
import { type Completed, halvesOf, Op, Ring } from './ring.ts';

const ACCEPT_MULTISHOT = 1;
const NONBLOCK_CLOEXEC = 0o2004000;
const SQE_CQE_SKIP_SUCCESS = 1 << 6;
const RETRY = 100;
const ECANCELED = -125;
const ADDRESSES_KEPT = 4096;

interface Address {
  readonly bytes: Uint8Array;
  readonly low: number;
  readonly high: number;
  readonly length: number;
}

/** A socket that is listened on over the ring. */
class UringListener implements ListenSocket, Completed {
  readonly port: number;
  readonly #ring: Ring;
  readonly #slot: number;
  readonly #onConnection: (conn: Conn) => void;
  readonly #options: ListenSpec['options'];
  #fd: number;
  #closed: (() => void) | null = null;
  #armed = false;

  constructor(ring: Ring, fd: number, spec: ListenSpec, onConnection: (conn: Conn) => void) {
    this.#ring = ring;
    this.#fd = fd;
    this.#onConnection = onConnection;
    this.#options = spec.options;
    const name = localName(fd);
    this.port = name.family === 'inet' || name.family === 'inet6' ? name.port : 0;
    this.#slot = ring.join(this);
    this.#arm();
  }

  get fd(): number {
    return this.#fd;
  }

  #arm(): void {
    if (this.#fd < 0 || this.#armed) return;
    this.#armed = true;
    const at = this.#ring.submit(Op.accept, this.#fd, this.#slot, 0);
    this.#ring.sqes[at] = Op.accept | (ACCEPT_MULTISHOT << 16);
    this.#ring.sqes[at + 7] = NONBLOCK_CLOEXEC;
  }

  complete(kind: number, result: number, _buffer: number, more: boolean): void {
    if (kind !== 0) return;
    if (!more) this.#armed = false;
    if (result >= 0) {
      if (this.#fd < 0) closeDescriptor(result);
      else {
        const told = this.#options?.() ?? null;
        if (told !== null) setOptions(result, told);
        this.#onConnection(new UringConn(this.#ring, result, noHandler));
      }
    }
    if (more) return;
    if (this.#fd < 0) {
      this.#ring.leave(this.#slot);
      this.#closed?.();
    } else if (result >= 0 || result === ECANCELED) this.#arm();
    // No descriptors or no memory; or a socket that is suspended.
    else setTimeout(() => this.#arm(), RETRY);
  }

  close(): Promise<void> {
    if (this.#fd < 0) return Promise.resolve();
    const fd = this.#fd;
    this.#fd = -1;
    if (!this.#armed) {
      closeDescriptor(fd);
      this.#ring.leave(this.#slot);
      return Promise.resolve();
    }
    const at = this.#ring.submit(Op.asyncCancel, -1, this.#slot, 7);
    this.#ring.sqes[at] = Op.asyncCancel | (SQE_CQE_SKIP_SUCCESS << 8);
    this.#ring.sqes[at + 4] = this.#slot << 3;
    return new Promise((resolve) => {
      this.#closed = () => {
        closeDescriptor(fd);
        resolve();
      };
    });
  }
}

/** The driver over io_uring, for TCP; all else goes the way of `tcp.ts`. Throws LibcError where there is no io_uring of this kind. */
export function openUringTransport(): Transport {
  const ring = new Ring();
  const addresses = new Map<string, Address>();

  function addressFor(host: string, port: number): Address {
    const key = `${host} ${port}`;
    let address = addresses.get(key);
    if (address === undefined) {
      if (addresses.size >= ADDRESSES_KEPT) addresses.clear();
      const bytes = Buffer.allocUnsafeSlow(28);
      const sockaddr = inetSockaddr(host, port, 'connect');
      bytes.set(sockaddr);
      address = { bytes, ...halvesOf(bytes), length: sockaddr.length };
      addresses.set(key, address);
    }
    return address;
  }

  function open(spec: ConnectSpec): number {
    const ipv6 = spec.family === 'inet6';
    const fd = openStreamSocket(ipv6 ? 'inet6' : 'inet');
    try {
      setSocketOption(fd, 'TCP_NODELAY', 1);
      if (spec.device) {
        const refused = tieToDevice(fd, spec.device);
        if (refused !== null) throw new LibcError(refused, 'setsockopt', spec.device);
      }
      if (spec.sourceHost !== null) {
        setSocketOption(fd, 'SO_REUSEADDR', 1);
        bindInet(fd, spec.sourceHost, spec.sourcePort);
      }
      if (spec.mark !== undefined) labelPackets(fd, ipv6, 'mark', spec.mark);
      if (spec.tos !== undefined) labelPackets(fd, ipv6, 'tos', spec.tos);
      if (spec.options) setOptions(fd, spec.options);
      return fd;
    } catch (error) {
      closeDescriptor(fd);
      throw error;
    }
  }

  function connect(spec: ConnectSpec, handler: ConnHandler): Conn {
    if ((spec.family !== 'inet' && spec.family !== 'inet6') || spec.wrapped === true) return tcpTransport.connect(spec, handler);
    const fd = open(spec);
    const conn = new UringConn(ring, fd, handler);
    conn.connect(addressFor(spec.host, spec.port));
    return conn;
  }

  async function listen(spec: ListenSpec, onConnection: (conn: Conn) => void): Promise<ListenSocket> {
    if (spec.wrapped === true || (spec.family !== 'inet' && spec.family !== 'inet6' && spec.family !== 'fd')) {
      return tcpTransport.listen(spec, onConnection);
    }
    let fd = spec.fd;
    if (spec.family === 'fd') listenOn(fd, spec.backlog);
    else fd = listenOnOwnSocket(spec);
    // Connections inherit it.
    setSocketOption(fd, 'TCP_NODELAY', 1);
    return new UringListener(ring, fd, spec, onConnection);
  }

  return { listen, connect };
}

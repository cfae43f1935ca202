import {
  closeDescriptor,
  errnoNumber,
  inetSockaddr,
  LibcError,
  listenOn,
  localName,
  setSocketOption,
} from '../../util/libc.ts';
import { listenOnOwnSocket, openOutgoingSocket, setOptions } from '../sockets.ts';
import { tcpTransport } from '../tcp.ts';
import type { Conn, ConnectSpec, ConnHandler, ListenSocket, ListenSpec, Transport } from '../transport.ts';
import { UringConn } from './conn.ts';
import { UringListener } from './listener.ts';
import type { ThreadResources } from './resources.ts';
import { halvesOf, Ring, type SocketAddress } from './ring.ts';

/** Addresses of servers that are remembered, at most. */
const ADDRESSES_KEPT = 4096;

/** Addresses as the kernel takes them, by `host port`. */
const addresses = new Map<string, SocketAddress>();

/** Throws LibcError EINVAL when `host` is no address. */
function addressOf(host: string, port: number): SocketAddress {
  const key = `${host} ${port}`;
  const known = addresses.get(key);
  if (known !== undefined) return known;
  if (addresses.size >= ADDRESSES_KEPT) addresses.clear();
  const bytes = inetSockaddr(host, port, 'connect');
  const address = { bytes, ...halvesOf(bytes) };
  addresses.set(key, address);
  return address;
}

/** A socket for an outgoing connection. Throws LibcError. */
function openSocket(spec: ConnectSpec): number {
  const fd = openOutgoingSocket(spec);
  try {
    setSocketOption(fd, 'TCP_NODELAY', 1);
    if (spec.options) setOptions(fd, spec.options);
    return fd;
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

const isInet = (family: string) => family === 'inet' || family === 'inet6';

/**
 * The driver over io_uring, for TCP in the clear: what libuv must know about (TLS, unix sockets) goes by `tcp.ts`. `resources`: where this
 * thread's are noted. Throws LibcError where there is no io_uring of this kind (`uringProblem` tells beforehand).
 */
export function openUringTransport(resources: ThreadResources): Transport {
  const ring = new Ring(resources);

  function connect(spec: ConnectSpec, handler: ConnHandler): Conn {
    if (!isInet(spec.family) || spec.wrapped === true) return tcpTransport.connect(spec, handler);
    try {
      const address = addressOf(spec.host, spec.port);
      const conn = new UringConn(ring, openSocket(spec), handler);
      conn.connect(address);
      return conn;
    } catch (error) {
      if (!(error instanceof LibcError)) throw error;
      const conn = new UringConn(ring, -1, handler);
      ring.soon(() => conn.fail(-errnoNumber(error.code)));
      return conn;
    }
  }

  async function listen(spec: ListenSpec, onConnection: (conn: Conn) => void): Promise<ListenSocket> {
    const given = spec.family === 'fd' && isInet(localName(spec.fd).family);
    if ((!given && !isInet(spec.family)) || spec.wrapped === true) return tcpTransport.listen(spec, onConnection);
    const fd = given ? spec.fd : listenOnOwnSocket(spec);
    if (given) listenOn(fd, spec.backlog);
    // Connections inherit it.
    setSocketOption(fd, 'TCP_NODELAY', 1);
    return new UringListener(ring, fd, spec.options, onConnection);
  }

  return { listen, connect };
}

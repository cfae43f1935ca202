import { attempt, call, LibcError } from './native.ts';
import { AF, inetSockaddr, type SocketName, socketName } from './sockaddr.ts';

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const TCP_CONGESTION = 13;
const SHUT_RD = 0;
const SHUT_WR = 1;
const F_DUPFD_CLOEXEC = 1030;
const SOL_IP = 0;
const SOL_TCP = 6;
const SOL_IPV6 = 41;

/** Integer options: level and name, in the asm-generic numbers that x64 and arm64 share. */
const OPTIONS = {
  SO_REUSEADDR: [SOL_SOCKET, 2],
  SO_SNDBUF: [SOL_SOCKET, 7],
  SO_RCVBUF: [SOL_SOCKET, 8],
  SO_KEEPALIVE: [SOL_SOCKET, 9],
  SO_REUSEPORT: [SOL_SOCKET, 15],
  /** Mark of packets, for routing and filters; needs CAP_NET_ADMIN. */
  SO_MARK: [SOL_SOCKET, 36],
  IP_TOS: [SOL_IP, 1],
  IP_TTL: [SOL_IP, 2],
  IP_FREEBIND: [SOL_IP, 15],
  /** Addresses of others (`source ... usesrc`, `bind ... transparent`); needs CAP_NET_ADMIN. */
  IP_TRANSPARENT: [SOL_IP, 19],
  /** A port is chosen at `connect`, when the whole address is known: more of them are free then. */
  IP_BIND_ADDRESS_NO_PORT: [SOL_IP, 24],
  IPV6_UNICAST_HOPS: [SOL_IPV6, 16],
  IPV6_V6ONLY: [SOL_IPV6, 26],
  IPV6_TCLASS: [SOL_IPV6, 67],
  IPV6_TRANSPARENT: [SOL_IPV6, 75],
  TCP_NODELAY: [SOL_TCP, 1],
  TCP_MAXSEG: [SOL_TCP, 2],
  /** Keep-alive: seconds before the first probe and between probes, and how many without an answer end the connection. */
  TCP_KEEPIDLE: [SOL_TCP, 4],
  TCP_KEEPINTVL: [SOL_TCP, 5],
  TCP_KEEPCNT: [SOL_TCP, 6],
  /** Seconds that a connection waits for data before it is accepted. */
  TCP_DEFER_ACCEPT: [SOL_TCP, 9],
  /** What has come is acknowledged at once. */
  TCP_QUICKACK: [SOL_TCP, 12],
  /** The kernel tells the peer nothing; needs CAP_NET_ADMIN. */
  TCP_REPAIR: [SOL_TCP, 19],
  /** Milliseconds that sent data may stay unacknowledged. */
  TCP_USER_TIMEOUT: [SOL_TCP, 18],
  /** Connections keep the headers of their first packet: 1 of IP and TCP, 2 that of Ethernet, too. */
  TCP_SAVE_SYN: [SOL_TCP, 27],
  /** Connections that may carry data in their SYN and wait to be accepted. */
  TCP_FASTOPEN: [SOL_TCP, 23],
} as const;
export type SocketOption = keyof typeof OPTIONS;

/**
 * Opens a stream socket, non-blocking and closed on exec, for what Node cannot do before `bind`. The descriptor goes to
 * `net.Server.listen({ fd })`, or to a libuv handle's `open`, which then owns it. Throws LibcError.
 */
export function openStreamSocket(family: 'inet' | 'inet6' | 'unix'): number {
  return call('', 'socket', AF[family], SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/** Binds a TCP socket to an address (port 0: any free one). Throws LibcError. */
export function bindInet(fd: number, host: string, port: number): void {
  const sockaddr = inetSockaddr(host, port, 'bind');
  call(`${host}:${port}`, 'bind', fd, sockaddr, sockaddr.length);
}

/** Makes a bound socket listen. Throws LibcError. */
export function listenOn(fd: number, backlog: number): void {
  call(`fd ${fd}`, 'listen', fd, backlog);
}

/** Another descriptor of the same socket, closed on exec. Throws LibcError. */
export function duplicateDescriptor(fd: number): number {
  return call(`fd ${fd}`, 'fcntl', fd, F_DUPFD_CLOEXEC, 3);
}

/**
 * Makes a listening TCP socket refuse connections, those that wait in it included, without letting its address go: `listenOn` brings
 * it back, which needs no right to bind. Throws LibcError.
 */
export function suspendListening(fd: number): void {
  call(`fd ${fd}`, 'shutdown', fd, SHUT_RD);
}

/** Ends what is sent on a connection (FIN). One that is gone is left alone. */
export function shutdownWriting(fd: number): void {
  attempt('shutdown', fd, SHUT_WR);
}

/** Makes the close of a connection send RST, and drop what is not sent yet (SO_LINGER of 0 seconds). */
export function resetOnClose(fd: number): void {
  attempt('setsockopt', fd, SOL_SOCKET, 13, new Uint8Array(Int32Array.of(1, 0).buffer), 8);
}

/** Closes a descriptor that no Node object owns; one that is not open is left alone. */
export function closeDescriptor(fd: number): void {
  attempt('close', fd);
}

/** Sets an integer option. Throws LibcError (`EPERM` where a capability is needed). */
export function setSocketOption(fd: number, option: SocketOption, value: number): void {
  const [level, name] = OPTIONS[option];
  call(`${option} of fd ${fd}`, 'setsockopt', fd, level, name, new Uint8Array(Int32Array.of(value).buffer), 4);
}

/** Reads an integer option. Throws LibcError. */
export function getSocketOption(fd: number, option: SocketOption): number {
  const [level, name] = OPTIONS[option];
  return readOption(fd, level, name, 4, option).getInt32(0, true);
}

/** Ties a socket to a network interface (SO_BINDTODEVICE, `bind ... interface`); an empty name unties it. Throws LibcError. */
export function bindToDevice(fd: number, device: string): void {
  const name = Buffer.from(`${device}\0`, 'latin1');
  call(`SO_BINDTODEVICE '${device}'`, 'setsockopt', fd, SOL_SOCKET, 25, name, name.length);
}

/** Chooses the congestion control algorithm of a TCP socket. Throws LibcError, `ENOENT` when the kernel has none of that name. */
export function setCongestionControl(fd: number, algorithm: string): void {
  const name = Buffer.from(algorithm, 'latin1');
  call(`TCP_CONGESTION '${algorithm}'`, 'setsockopt', fd, SOL_TCP, TCP_CONGESTION, name, name.length);
}

/** Longest key of TCP's MD5 signatures, bytes. */
export const MD5_KEY_MAX = 80;
const TCP_MD5SIG = 14;
const TCP_MD5SIG_EXT = 32;
const MD5_PREFIX = 1;
const STORAGE = 128;

/**
 * Has segments signed (RFC 2385) and those without a right signature dropped: of the peer at `host`, or of all those of a family. Throws
 * LibcError, `ENOPROTOOPT` where the kernel cannot.
 */
export function signSegments(
  fd: number,
  peer: { readonly host: string } | { readonly any: 'inet' | 'inet6' },
  key: string,
): void {
  const value = Buffer.alloc(STORAGE + 8 + MD5_KEY_MAX);
  const bytes = Buffer.from(key, 'latin1');
  const any = 'any' in peer;
  value.set(any ? [AF[peer.any]] : inetSockaddr(peer.host, 0, 'setsockopt'));
  // Of all: those that have the first 0 bits in common.
  value[STORAGE] = any ? MD5_PREFIX : 0;
  value.writeUInt16LE(bytes.length, STORAGE + 2);
  bytes.copy(value, STORAGE + 8);
  const option = any ? TCP_MD5SIG_EXT : TCP_MD5SIG;
  call(`TCP_MD5SIG of fd ${fd}`, 'setsockopt', fd, SOL_TCP, option, value, value.length);
}

/** The value of an option of up to `size` bytes. */
function readOption(fd: number, level: number, name: number, size: number, subject: string): DataView {
  const value = new Uint8Array(size);
  const length = Uint32Array.of(size);
  call(`${subject} of fd ${fd}`, 'getsockopt', fd, level, name, value, length);
  return new DataView(value.buffer, 0, length[0]!);
}

/** Headers of a packet, with all that they may hold. */
const LONGEST_SYN = 512;

/**
 * The headers of the packet that began a connection, when its listening socket was told to keep them (TCP_SAVE_SYN); the kernel forgets them
 * when they are read. Empty where there are none. Throws LibcError.
 */
export function takeSavedSyn(fd: number): Uint8Array {
  const { buffer, byteLength } = readOption(fd, SOL_TCP, 28, LONGEST_SYN, 'TCP_SAVED_SYN');
  return new Uint8Array(buffer, 0, byteLength);
}

/** Who connected to a unix socket. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Credentials of the process at the other end of a unix socket, as they were when it connected (SO_PEERCRED). Throws LibcError. */
export function peerCredentials(fd: number): PeerCredentials {
  const ucred = readOption(fd, SOL_SOCKET, 17, 12, 'SO_PEERCRED');
  return { pid: ucred.getInt32(0, true), uid: ucred.getUint32(4, true), gid: ucred.getUint32(8, true) };
}

/** What an inherited descriptor is. */
export interface DescribedSocket {
  readonly type: 'stream' | 'datagram' | 'other';
  readonly listening: boolean;
  readonly name: SocketName;
}

/** Looks at an inherited descriptor (`fd@N`). Throws LibcError: `EBADF` when it is not open, `ENOTSOCK` when it is no socket. */
export function describeSocket(fd: number): DescribedSocket {
  const type = readOption(fd, SOL_SOCKET, 3, 4, 'SO_TYPE').getInt32(0, true);
  const accepting = readOption(fd, SOL_SOCKET, 30, 4, 'SO_ACCEPTCONN').getInt32(0, true);
  return {
    type: type === 1 ? 'stream' : type === 2 ? 'datagram' : 'other',
    listening: accepting !== 0,
    name: localName(fd),
  };
}

/** Where a socket is bound. Throws LibcError. */
export function localName(fd: number): SocketName {
  return nameFrom('getsockname', fd);
}

/** Where a socket is connected to. Throws LibcError. */
export function peerName(fd: number): SocketName {
  return nameFrom('getpeername', fd);
}

function nameFrom(symbol: 'getsockname' | 'getpeername', fd: number): SocketName {
  const sockaddr = new Uint8Array(128);
  const length = Uint32Array.of(sockaddr.length);
  call(`fd ${fd}`, symbol, fd, sockaddr, length);
  return socketName(sockaddr, length[0]!);
}

/** The kernel's figures of a TCP connection: round-trip times in microseconds, the others in segments. */
export interface TcpInfo {
  readonly rtt: number;
  readonly rttvar: number;
  readonly unacked: number;
  readonly sacked: number;
  readonly lost: number;
  readonly retrans: number;
  readonly fackets: number;
  readonly reordering: number;
}

/** The peer of a TCP connection has not acknowledged all that was sent to it, FIN included. False where that cannot be told. */
export function isUndelivered(fd: number): boolean {
  if (fd < 0) return false;
  try {
    const info = readOption(fd, SOL_TCP, 11, 148, 'TCP_INFO');
    const notSent = info.byteLength < 148 ? 0 : info.getUint32(144, true);
    return info.getUint32(24, true) + notSent > 0;
  } catch (error) {
    if (error instanceof LibcError) return false;
    throw error;
  }
}

/** TCP_INFO of a connection (offsets of `struct tcp_info` in linux/tcp.h). Throws LibcError. */
export function tcpInfo(fd: number): TcpInfo {
  const info = readOption(fd, SOL_TCP, 11, 104, 'TCP_INFO');
  const u32 = (offset: number) => info.getUint32(offset, true);
  return {
    rtt: u32(68),
    rttvar: u32(72),
    unacked: u32(24),
    sacked: u32(28),
    lost: u32(32),
    retrans: u32(36),
    fackets: u32(40),
    reordering: u32(88),
  };
}

/**
 * Descriptor of a libuv stream handle or of the node:net object around one, -1 when it has none (closed, or another platform).
 * Reads the undocumented `fd` of the handle: Node has no other way to tell.
 */
export function descriptorOf(object: object): number {
  const handle = '_handle' in object ? object._handle : object;
  const fd = typeof handle === 'object' && handle !== null && 'fd' in handle ? handle.fd : -1;
  return typeof fd === 'number' ? fd : -1;
}

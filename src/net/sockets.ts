import {
  bindInet,
  bindToDevice,
  closeDescriptor,
  getSocketOption,
  inNamespace,
  LibcError,
  listenOn,
  openStreamSocket,
  type SocketOption,
  setCongestionControl,
  setSocketOption,
  signSegments,
} from '../util/libc.ts';
import type { ConnectSpec, ListenSpec, SocketOptions } from './transport.ts';

/* What sockets are told that Node has no word for. */

/** Tells a connection's socket. What the kernel does not take is left as it is: the connection serves all the same. */
export function setOptions(fd: number, options: SocketOptions): void {
  if (options.keepAlive) {
    const { count, idle, interval } = options.probes;
    setOption(fd, 'SO_KEEPALIVE', 1);
    if (count > 0) setOption(fd, 'TCP_KEEPCNT', count);
    if (idle > 0) setOption(fd, 'TCP_KEEPIDLE', idle);
    if (interval > 0) setOption(fd, 'TCP_KEEPINTVL', interval);
  }
  if (options.userTimeout > 0) setOption(fd, 'TCP_USER_TIMEOUT', options.userTimeout);
  if (options.congestion != null) chooseCongestion(fd, options.congestion);
  if (options.rcvbuf !== null) setOption(fd, 'SO_RCVBUF', options.rcvbuf);
  if (options.sndbuf !== null) setOption(fd, 'SO_SNDBUF', options.sndbuf);
}

/** An algorithm that the kernel has not is left: it may be loaded later. */
function chooseCongestion(fd: number, algorithm: string): void {
  try {
    setCongestionControl(fd, algorithm);
  } catch (error) {
    if (!(error instanceof LibcError)) throw error;
  }
}

/** Returns whether the kernel took it. */
function setOption(fd: number, option: SocketOption, value: number): boolean {
  if (fd < 0) return false;
  try {
    setSocketOption(fd, option, value);
    return true;
  } catch (error) {
    if (error instanceof LibcError) return false;
    throw error;
  }
}

/** Marks the packets of a connection, or gives them a type of service (DSCP and ECN bits). What the kernel does not allow is left. */
export function labelPackets(fd: number, ipv6: boolean, label: 'mark' | 'tos', value: number): void {
  if (label === 'mark') setOption(fd, 'SO_MARK', value);
  else setOption(fd, ipv6 ? 'IPV6_TCLASS' : 'IP_TOS', value);
}

/**
 * Makes the end of a connection one that its peer does not notice: the kernel tells it nothing, or, where that is not allowed or `ttl` is
 * given, a reset that dies after so many hops (1).
 */
export function endUnnoticed(fd: number, ipv6: boolean, ttl: number): void {
  // What the peer would send again would be answered by a reset.
  setOption(fd, 'TCP_QUICKACK', 1);
  if (ttl === 0 && setOption(fd, 'TCP_REPAIR', 1)) return;
  setOption(fd, ipv6 ? 'IPV6_UNICAST_HOPS' : 'IP_TTL', ttl || 1);
}

/** Binds a socket that is to connect to an address that is not the machine's own. Throws LibcError (`EPERM`: it needs CAP_NET_ADMIN). */
function bindForeign(fd: number, host: string, port: number): void {
  setSocketOption(fd, host.includes(':') ? 'IPV6_TRANSPARENT' : 'IP_TRANSPARENT', 1);
  setSocketOption(fd, 'SO_REUSEADDR', 1);
  if (port === 0) setOption(fd, 'IP_BIND_ADDRESS_NO_PORT', 1);
  bindInet(fd, host, port);
}

/** A socket for an outgoing connection, bound to where it is to go out from, labelled and tied to an interface. Throws LibcError. */
export function openOutgoingSocket(spec: ConnectSpec): number {
  const { host, sourceHost, sourcePort, device, mark, tos } = spec;
  const ipv6 = spec.family === 'inet6';
  const fd = openSocket(ipv6, spec.namespace);
  try {
    if (device) bindToDevice(fd, device);
    if (mark !== undefined) labelPackets(fd, ipv6, 'mark', mark);
    if (tos !== undefined) labelPackets(fd, ipv6, 'tos', tos);
    if (spec.md5Key) signSegments(fd, { host }, spec.md5Key);
    if (spec.foreign === true) bindForeign(fd, sourceHost!, sourcePort);
    else if (sourceHost !== null) {
      setSocketOption(fd, 'SO_REUSEADDR', 1);
      bindInet(fd, sourceHost, sourcePort);
    }
    return fd;
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

/** A socket of TCP, in a network namespace where one is named. Throws LibcError. */
function openSocket(ipv6: boolean, namespace: string | null | undefined): number {
  const open = () => openStreamSocket(ipv6 ? 'inet6' : 'inet');
  return namespace ? inNamespace(namespace, open) : open();
}

/** Ties a socket to a network interface. Returns the name of the error, null when there is none. */
export function tieToDevice(fd: number, device: string): string | null {
  try {
    bindToDevice(fd, device);
    return null;
  } catch (error) {
    if (error instanceof LibcError) return error.code;
    throw error;
  }
}

/** What is listened on needs more than node:net can say before `bind`. */
export function needsOwnSocket(spec: ListenSpec): boolean {
  if (spec.family !== 'inet' && spec.family !== 'inet6') return false;
  const { device, transparent, deferAccept, mss, fastOpen, congestion, userTimeout, saveSyn } = spec;
  if (spec.namespace || spec.md5Key) return true;
  return Boolean(device || transparent || deferAccept || mss || fastOpen || congestion || userTimeout || saveSyn);
}

/** Opens, binds and listens on such a socket; returns its descriptor. Throws LibcError. */
export function listenOnOwnSocket(spec: ListenSpec): number {
  const ipv6 = spec.family === 'inet6';
  const fd = openSocket(ipv6, spec.namespace);
  try {
    setSocketOption(fd, 'SO_REUSEADDR', 1);
    if (spec.md5Key) signSegments(fd, { any: ipv6 ? 'inet6' : 'inet' }, spec.md5Key);
    if (spec.share) setSocketOption(fd, 'SO_REUSEPORT', 1);
    if (ipv6) setSocketOption(fd, 'IPV6_V6ONLY', spec.v6only ? 1 : 0);
    if (spec.transparent === true) setSocketOption(fd, ipv6 ? 'IPV6_TRANSPARENT' : 'IP_TRANSPARENT', 1);
    if (spec.device) bindToDevice(fd, spec.device);
    // Without data, a connection is handed over after this many seconds all the same.
    if (spec.deferAccept === true) setSocketOption(fd, 'TCP_DEFER_ACCEPT', 1);
    if (spec.mss)
      setSocketOption(fd, 'TCP_MAXSEG', spec.mss > 0 ? spec.mss : getSocketOption(fd, 'TCP_MAXSEG') + spec.mss);
    if (spec.userTimeout) setSocketOption(fd, 'TCP_USER_TIMEOUT', spec.userTimeout);
    if (spec.congestion) setCongestionControl(fd, spec.congestion);
    if (spec.fastOpen) setSocketOption(fd, 'TCP_FASTOPEN', spec.backlog);
    if (spec.saveSyn) trySaveSyn(fd, spec.saveSyn);
    bindInet(fd, spec.host, spec.port);
    listenOn(fd, spec.backlog);
    return fd;
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

/** Has connections keep the headers of their first packet. Returns why they will not; null: they do. */
function trySaveSyn(fd: number, mode: number): string | null {
  try {
    setSocketOption(fd, 'TCP_SAVE_SYN', mode);
    return null;
  } catch (error) {
    if (error instanceof LibcError) return error.code;
    throw error;
  }
}

/** Why no connection can keep them here; null: they can. */
export function saveSynProblem(): string | null {
  try {
    const fd = openStreamSocket('inet');
    const problem = trySaveSyn(fd, 1);
    closeDescriptor(fd);
    return problem;
  } catch (error) {
    if (error instanceof LibcError) return error.message;
    throw error;
  }
}

import { chmodSync, chownSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { errnoName } from './errno.ts';
import { addressOf, attempt, attemptUninterrupted, call, LibcError } from './native.ts';
import { AF, displayPath, unixSockaddr } from './sockaddr.ts';
import { closeDescriptor, listenOn, openStreamSocket } from './socket.ts';

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_CTRUNC = 0x08;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const SCM_RIGHTS = 1;

/** Most descriptors that the kernel passes in one message (SCM_MAX_FD). */
export const MAX_PASSED_DESCRIPTORS = 253;

/** An AF_UNIX datagram socket, for `/dev/log` and NOTIFY_SOCKET. */
export interface UnixDatagramSocket {
  /** Sends without ever waiting. Returns null, or the error's name: `EAGAIN` when the receiver is slow, `ENOENT`, `ECONNREFUSED`... */
  send(path: string, bytes: Uint8Array): string | null;
  close(): void;
}

/** As UnixDatagramSocket, to the socket that it was connected to, which a chroot cannot hide. */
export interface ConnectedDatagramSocket {
  send(bytes: Uint8Array): string | null;
  close(): void;
}

/** Opens a datagram socket. Throws LibcError. */
export function openUnixDatagram(): UnixDatagramSocket {
  const fd = call('', 'socket', AF.unix, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const sockaddrs = new Map<string, Uint8Array>();
  return {
    send(path, bytes) {
      let sockaddr = sockaddrs.get(path);
      if (sockaddr === undefined) {
        sockaddr = unixSockaddr(path, 'sendto');
        sockaddrs.set(path, sockaddr);
      }
      const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
      const sent = attempt('sendto', fd, bytes, BigInt(bytes.length), flags, sockaddr, sockaddr.length);
      return sent < 0 ? errnoName(-sent) : null;
    },
    close: () => closeDescriptor(fd),
  };
}

/** Opens a datagram socket connected to one that is there now. Throws LibcError. */
export function connectUnixDatagram(path: string): ConnectedDatagramSocket {
  const fd = connectSocket(SOCK_DGRAM | SOCK_NONBLOCK, path);
  return {
    send(bytes) {
      const sent = attempt('sendto', fd, bytes, BigInt(bytes.length), MSG_DONTWAIT | MSG_NOSIGNAL, null, 0);
      return sent < 0 ? errnoName(-sent) : null;
    },
    close: () => closeDescriptor(fd),
  };
}

/** Opens and connects a unix socket, `prepare`d in between; nothing stays open when it fails. Throws LibcError. */
function connectSocket(type: number, path: string, prepare: (fd: number) => void = () => {}): number {
  const sockaddr = unixSockaddr(path, 'connect');
  const fd = call('', 'socket', AF.unix, type | SOCK_CLOEXEC, 0);
  try {
    prepare(fd);
    const result = attemptUninterrupted('connect', fd, sockaddr, sockaddr.length);
    if (result < 0) throw new LibcError(errnoName(-result), 'connect', displayPath(path));
    return fd;
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

/**
 * Tells the service manager about a state (`READY=1`), as sd_notify does: one datagram to the socket named by NOTIFY_SOCKET
 * (`@name` is abstract). Returns null when sent, else the reason. Never throws.
 */
export function notifyServiceManager(notifySocket: string, state: string): string | null {
  try {
    const socket = openUnixDatagram();
    try {
      return socket.send(notifySocket.replace(/^@/, '\0'), Buffer.from(state, 'utf8'));
    } finally {
      socket.close();
    }
  } catch (error) {
    return (error as Error).message;
  }
}

/** Access to a listening unix socket; null: as the process creates it. */
export interface UnixAccess {
  readonly mode: number | null;
  readonly uid: number | null;
  readonly gid: number | null;
}

/**
 * Listens on a unix socket path whose owner and mode are right before anybody can connect: it is bound under a temporary name,
 * and takes the place of a socket left at `path` only when it listens. For an abstract name (starts with NUL) `access` has no
 * meaning. Returns the descriptor, for `net.Server.listen({ fd })`.
 * Throws LibcError, or the file system's error, with nothing left behind; `EEXIST` when `path` is there and is no socket.
 */
export function listenUnix(path: string, access: UnixAccess, backlog: number): number {
  const abstract = path.startsWith('\0');
  if (!abstract && lstatSync(path, { throwIfNoEntry: false })?.isSocket() === false)
    throw new LibcError('EEXIST', 'bind', path);
  const bound = abstract ? path : `${path}.${process.pid}.tmp`;
  const sockaddr = unixSockaddr(bound, 'bind');
  const fd = openStreamSocket('unix');
  try {
    if (!abstract) rmSync(bound, { force: true });
    call(displayPath(path), 'bind', fd, sockaddr, sockaddr.length);
    if (!abstract) {
      if (access.uid !== null || access.gid !== null) chownSync(bound, access.uid ?? -1, access.gid ?? -1);
      if (access.mode !== null) chmodSync(bound, access.mode);
    }
    listenOn(fd, backlog);
    if (!abstract) renameSync(bound, path);
    return fd;
  } catch (error) {
    closeDescriptor(fd);
    if (!abstract) rmSync(bound, { force: true });
    throw error;
  }
}

/**
 * Connects to a unix socket and waits for it. Reads and writes on the descriptor then block, for `timeoutMs` at most each.
 * For the start of the process only (taking over descriptors); elsewhere node:net. Throws LibcError.
 */
export function connectUnixBlocking(path: string, timeoutMs: number): number {
  // struct timeval: seconds and microseconds.
  const timeval = BigInt64Array.of(BigInt(Math.floor(timeoutMs / 1000)), BigInt((timeoutMs % 1000) * 1000));
  return connectSocket(SOCK_STREAM, path, (fd) => {
    call('SO_RCVTIMEO', 'setsockopt', fd, SOL_SOCKET, SO_RCVTIMEO, timeval, timeval.byteLength);
    call('SO_SNDTIMEO', 'setsockopt', fd, SOL_SOCKET, SO_SNDTIMEO, timeval, timeval.byteLength);
  });
}

/** Offsets in a block that holds a whole message: `struct msghdr` (56 bytes), its one `struct iovec`, control area, data. */
const IOVEC = 56;
const CONTROL = 72;

/**
 * A message of `dataLength` bytes with a control area of `controlLength` (a multiple of 8), in one block of memory, so that its
 * pointers stay good for as long as the block is passed to the call.
 */
function messageBlock(
  dataLength: number,
  controlLength: number,
): { block: Uint8Array; view: DataView; data: Uint8Array } {
  const block = new Uint8Array(CONTROL + controlLength + dataLength);
  const view = new DataView(block.buffer);
  const base = addressOf(block);
  view.setBigUint64(16, base + BigInt(IOVEC), true);
  view.setBigUint64(24, 1n, true);
  if (controlLength > 0) view.setBigUint64(32, base + BigInt(CONTROL), true);
  view.setBigUint64(40, BigInt(controlLength), true);
  view.setBigUint64(IOVEC, base + BigInt(CONTROL + controlLength), true);
  view.setBigUint64(IOVEC + 8, BigInt(dataLength), true);
  return { block, view, data: block.subarray(CONTROL + controlLength) };
}

/**
 * Passes descriptors along with at least one byte over a connected unix socket (SCM_RIGHTS). Returns false when the socket is full
 * (`EAGAIN`). Throws LibcError: `EINVAL` for more than MAX_PASSED_DESCRIPTORS, `EMSGSIZE` when only a part of the bytes was taken.
 */
export function sendDescriptors(fd: number, bytes: Uint8Array, descriptors: readonly number[]): boolean {
  if (descriptors.length > MAX_PASSED_DESCRIPTORS || bytes.length === 0)
    throw new LibcError('EINVAL', 'sendmsg', `fd ${fd}`);
  // struct cmsghdr: length (8), level (4), type (4), then the descriptors, padded to 8.
  const used = 16 + 4 * descriptors.length;
  const { block, view, data } = messageBlock(bytes.length, descriptors.length === 0 ? 0 : (used + 7) & ~7);
  if (descriptors.length > 0) {
    view.setBigUint64(CONTROL, BigInt(used), true);
    view.setInt32(CONTROL + 8, SOL_SOCKET, true);
    view.setInt32(CONTROL + 12, SCM_RIGHTS, true);
    for (const [i, descriptor] of descriptors.entries()) view.setInt32(CONTROL + 16 + 4 * i, descriptor, true);
  }
  data.set(bytes);
  const sent = attemptUninterrupted('sendmsg', fd, block, MSG_NOSIGNAL);
  if (sent === bytes.length) return true;
  const code = sent < 0 ? errnoName(-sent) : 'EMSGSIZE';
  if (code === 'EAGAIN') return false;
  throw new LibcError(code, 'sendmsg', `fd ${fd}`);
}

/** What `receiveDescriptors` got. No bytes: the peer has closed. */
export interface ReceivedDescriptors {
  readonly bytes: Uint8Array;
  readonly descriptors: readonly number[];
}

/**
 * Receives up to `maxBytes` and the descriptors that come with them, which the caller then owns (closed on exec).
 * Returns null when nothing is there (`EAGAIN`: also the time-out of a blocking socket). Throws LibcError, `EMSGSIZE` when
 * descriptors were cut off (those that arrived are closed).
 */
export function receiveDescriptors(fd: number, maxBytes: number): ReceivedDescriptors | null {
  const { block, view, data } = messageBlock(maxBytes, 16 + 4 * (MAX_PASSED_DESCRIPTORS + 1));
  const got = attemptUninterrupted('recvmsg', fd, block, MSG_CMSG_CLOEXEC);
  if (got < 0) {
    const code = errnoName(-got);
    if (code === 'EAGAIN') return null;
    throw new LibcError(code, 'recvmsg', `fd ${fd}`);
  }
  const descriptors = passedDescriptors(new DataView(block.buffer, CONTROL, Number(view.getBigUint64(40, true))));
  if ((view.getInt32(48, true) & MSG_CTRUNC) !== 0) {
    for (const descriptor of descriptors) closeDescriptor(descriptor);
    throw new LibcError('EMSGSIZE', 'recvmsg', `fd ${fd}`);
  }
  return { bytes: data.slice(0, got), descriptors };
}

function passedDescriptors(control: DataView): number[] {
  const descriptors: number[] = [];
  for (let at = 0; at + 16 <= control.byteLength; ) {
    const end = at + Number(control.getBigUint64(at, true));
    if (end < at + 16 || end > control.byteLength) break;
    const rights = control.getInt32(at + 8, true) === SOL_SOCKET && control.getInt32(at + 12, true) === SCM_RIGHTS;
    for (let i = at + 16; rights && i + 4 <= end; i += 4) descriptors.push(control.getInt32(i, true));
    at = (end + 7) & ~7;
  }
  return descriptors;
}

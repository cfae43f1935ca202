import { chmodSync, chownSync, lstatSync, readFileSync, readlinkSync, renameSync, unlinkSync } from 'node:fs';
import { type AddressInfo, Socket } from 'node:net';
import { dirname } from 'node:path';
import type { BindConfig } from '../config/types.ts';
import { errorName, pipeWrap, type StreamHandle, tcpWrap } from '../net/bindings.ts';
import { abstractName } from '../util/libc/sockaddr.ts';
import { type GlobalTls, type SecureFront, secureFront } from './secure-front.ts';

const BACKLOG = 1024;

/** A listening socket whose accepting can be paused: clients then wait in the kernel's queue. */
export interface CliListener {
  /** As `show cli sockets` names it: `unix@/path`, `ipv4@address:port`. */
  readonly name: string;
  /** The port given by the system for TCP, else 0. */
  readonly port: number;
  /** Reads the files of TLS again. Throws what is wrong with them. */
  renew(): void;
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

/** What takes the clients of a socket. */
export interface Clients {
  readonly tls: GlobalTls;
  /** Gets those that are let in, after the handshake where TLS is spoken. */
  readonly onConnection: (socket: Socket) => void;
}

/**
 * Opens the socket of a `stats socket` line (or `-S`). Owner, group and mode of a Unix socket are right before the first client can
 * connect: it is bound under a temporary name, and renamed over what was there. Throws an Error for operators when it cannot.
 */
export function listen(bind: BindConfig, clients: Clients): CliListener {
  const { address } = bind;
  switch (address.family) {
    case 'unix':
      return listenUnix(bind, address.path, clients);
    case 'abns':
      return listenAbstract(bind, address.short ? 'abnsz' : 'abns', address.path, clients);
    case 'inet':
    case 'inet6':
      return listenTcp(bind, address.family, address.host, address.port, clients);
    case 'fd':
      return listenInherited(bind, address.fd, clients);
    default:
      throw new Error(
        `cannot listen on a ${address.family} address: stats socket (${bind.at.file}:${bind.at.line}); give a path or an IP address`,
      );
  }
}

function listenUnix(bind: BindConfig, path: string, clients: Clients): CliListener {
  const subject = `stats socket ${path} (${bind.at.file}:${bind.at.line})`;
  checkPlace(path, subject);
  const temporary = `${path}.${process.pid}.tmp`;
  removeSocket(temporary);
  const handle = new pipeWrap.Pipe(pipeWrap.constants.SERVER);
  // Nobody else may connect between bind and chmod.
  const mask = process.umask(0o177);
  const status = (handle as unknown as { bind(path: string): number }).bind(temporary);
  process.umask(mask);
  if (status !== 0) {
    handle.close();
    throw new Error(`${reason(status)}: ${subject}`);
  }
  try {
    if (bind.uid !== null || bind.gid !== null) chownSync(temporary, bind.uid ?? -1, bind.gid ?? -1);
    chmodSync(temporary, bind.mode ?? 0o777 & ~mask);
    const listener = start(bind, handle, subject, `unix@${path}`, clients, () => removeSocket(path));
    renameSync(temporary, path);
    return listener;
  } catch (problem) {
    handle.close();
    removeSocket(temporary);
    throw new Error(`${(problem as Error).message}: ${subject}`);
  }
}

/** The folder must be there, and nothing but a socket may be in the way. */
function checkPlace(path: string, subject: string): void {
  const folder = dirname(path);
  if (!stat(folder)?.isDirectory())
    throw new Error(
      `folder '${folder}' does not exist: ${subject}; create it, writable for the user that starts the program`,
    );
  const there = stat(path);
  if (there && !there.isSocket())
    throw new Error(`a file that is no socket is in the way: ${subject}; remove it or choose another path`);
}

function stat(path: string): ReturnType<typeof lstatSync> | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}

function removeSocket(path: string): void {
  if (stat(path)?.isSocket()) unlinkSync(path);
}

function listenAbstract(bind: BindConfig, family: 'abns' | 'abnsz', path: string, clients: Clients): CliListener {
  const handle = new pipeWrap.Pipe(pipeWrap.constants.SERVER);
  const subject = `stats socket ${family}@${path} (${bind.at.file}:${bind.at.line})`;
  const status = (handle as unknown as { bind(path: string): number }).bind(abstractName(family, path));
  if (status !== 0) {
    handle.close();
    throw new Error(`${reason(status)}: ${subject}`);
  }
  return start(bind, handle, subject, `${family}@${path}`, clients, null);
}

function listenTcp(
  bind: BindConfig,
  family: 'inet' | 'inet6',
  host: string,
  port: number,
  clients: Clients,
): CliListener {
  const handle = new tcpWrap.TCP(tcpWrap.constants.SERVER);
  const shown = family === 'inet' ? `ipv4@${host}:` : `ipv6@[${host}]:`;
  const subject = `stats socket ${shown}${port} (${bind.at.file}:${bind.at.line})`;
  const status = family === 'inet' ? handle.bind!(host, port) : handle.bind6!(host, port, bind.v6only ? 1 : 0);
  if (status !== 0) {
    handle.close();
    throw new Error(`${reason(status)}: ${subject}`);
  }
  const name: Partial<AddressInfo> = {};
  handle.getsockname!(name);
  return start(bind, handle, subject, `${shown}${name.port}`, clients, null, name.port ?? port);
}

/** A socket that was opened and is listening before this process started (`fd@N`). */
function listenInherited(bind: BindConfig, fd: number, clients: Clients): CliListener {
  const subject = `stats socket fd@${fd} (${bind.at.file}:${bind.at.line})`;
  const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/self/fd/${fd}`))?.[1];
  if (inode === undefined) throw new Error(`descriptor ${fd} is no socket: ${subject}; pass a listening socket`);
  const isUnix = readFileSync('/proc/net/unix', 'latin1').includes(` ${inode} `);
  const handle = isUnix ? new pipeWrap.Pipe(pipeWrap.constants.SERVER) : new tcpWrap.TCP(tcpWrap.constants.SERVER);
  const status = handle.open(fd);
  if (status !== 0) throw new Error(`${reason(status)}: ${subject}`);
  const name: Partial<AddressInfo> = {};
  handle.getsockname?.(name);
  return start(bind, handle, subject, inheritedName(fd, name), clients, null, name.port ?? 0);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function inheritedName(fd: number, name: Partial<AddressInfo>): string {
  if (!name.address) return `fd@${fd}`;
  return name.family === 'IPv6' ? `ipv6@[${name.address}]:${name.port}` : `ipv4@${name.address}:${name.port}`;
}

function start(
  bind: BindConfig,
  handle: StreamHandle,
  subject: string,
  name: string,
  clients: Clients,
  onClose: (() => void) | null,
  port = 0,
): CliListener {
  let secure: SecureFront | null = null;
  try {
    secure = bind.tls === null ? null : secureFront(bind.tls, clients.tls, clients.onConnection);
  } catch (problem) {
    handle.close();
    throw new Error(`${(problem as Error).message}: ${subject}`);
  }
  // Opening the handle's own descriptor again marks it readable, without which libuv refuses to stop and start its polling.
  if (bind.address.family !== 'fd') handle.open(handle.fd);
  handle.onconnection = (status, client) => {
    if (status !== 0) return;
    if (secure !== null) secure.accept(new Socket({ handle: client, allowHalfOpen: true } as object));
    else clients.onConnection(new Socket({ handle: client, allowHalfOpen: true, pauseOnCreate: true } as object));
  };
  const status = (handle as unknown as { listen(backlog: number): number }).listen(bind.backlog ?? BACKLOG);
  if (status !== 0) throw new Error(`${reason(status)}: ${subject}`);
  handle.readStart();
  return {
    name,
    port,
    renew: () => secure?.renew(),
    pause: () => void handle.readStop(),
    resume: () => void handle.readStart(),
    close: () =>
      new Promise((resolve) => {
        onClose?.();
        handle.close(resolve);
      }),
  };
}

function reason(status: number): string {
  const name = errorName(status);
  const texts: Record<string, string> = {
    EADDRINUSE: 'address already in use',
    EACCES: 'permission denied',
    EADDRNOTAVAIL: 'address not available on this machine',
    ENAMETOOLONG: 'path too long',
    EINVAL: 'path too long or invalid',
    ENOENT: 'no such folder',
  };
  return texts[name] ?? name;
}

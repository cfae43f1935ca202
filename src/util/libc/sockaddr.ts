import { formatIpv4, formatIpv6, parseIp } from '../ip.ts';
import { LibcError } from './native.ts';

/** Linux address families. */
export const AF = { unspec: 0, unix: 1, inet: 2, inet6: 10 } as const;

/** Size of `sun_path`: a path must be shorter (its NUL counts), an abstract name may fill it. */
const SUN_PATH = 108;

/** Where a socket is bound or connected. `path` starts with NUL for an abstract socket, and is empty for an unnamed one. */
export type SocketName =
  | { readonly family: 'inet' | 'inet6'; readonly host: string; readonly port: number }
  | { readonly family: 'unix'; readonly path: string }
  | { readonly family: 'other'; readonly number: number };

/**
 * `struct sockaddr_un` of a path, or of an abstract name when it starts with NUL (its length counts: NULs at its end are part of
 * it). Throws LibcError ENAMETOOLONG.
 */
export function unixSockaddr(path: string, syscall: string): Uint8Array {
  const name = Buffer.from(path, 'utf8');
  const abstract = name.length > 0 && name[0] === 0;
  if (name.length > SUN_PATH - (abstract ? 0 : 1)) throw new LibcError('ENAMETOOLONG', syscall, displayPath(path));
  const sockaddr = new Uint8Array(2 + name.length + (abstract ? 0 : 1));
  sockaddr[0] = AF.unix;
  sockaddr.set(name, 2);
  return sockaddr;
}

/** An abstract name as HAProxy's `abns@` uses it: the whole of `sun_path`, filled up with NULs. */
export function paddedAbstractName(name: string): string {
  return `\0${name}`.padEnd(SUN_PATH, '\0');
}

/** The name that the kernel knows an abstract socket by: `abns@` fills it up, `abnsz@` does not. */
export function abstractName(family: 'abns' | 'abnsz', name: string): string {
  return family === 'abns' ? paddedAbstractName(name) : `\0${name}`;
}

/** A path for messages: `@name` for an abstract one. */
export function displayPath(path: string): string {
  return path.startsWith('\0') ? `@${path.slice(1).replace(/\0+$/, '')}` : path;
}

/** `struct sockaddr_in` or `sockaddr_in6`. Throws LibcError EINVAL when `host` is no address. */
export function inetSockaddr(host: string, port: number, syscall: string): Uint8Array {
  const ip = parseIp(host);
  if (ip === null) throw new LibcError('EINVAL', syscall, host);
  const sockaddr = new Uint8Array(ip.length === 4 ? 16 : 28);
  sockaddr[0] = ip.length === 4 ? AF.inet : AF.inet6;
  sockaddr[2] = port >> 8;
  sockaddr[3] = port & 0xff;
  sockaddr.set(ip, ip.length === 4 ? 4 : 8);
  return sockaddr;
}

/** What a `struct sockaddr` of `length` bytes says. */
export function socketName(sockaddr: Uint8Array, length: number): SocketName {
  const family = sockaddr[0]! | (sockaddr[1]! << 8);
  const port = (sockaddr[2]! << 8) | sockaddr[3]!;
  if (family === AF.inet) return { family: 'inet', host: formatIpv4(sockaddr, 4), port };
  if (family === AF.inet6) return { family: 'inet6', host: formatIpv6(sockaddr, 8), port };
  if (family !== AF.unix) return { family: 'other', number: family };
  const name = Buffer.from(sockaddr.subarray(2, length)).toString('utf8');
  // The kernel counts the NUL that ends a path, an abstract name is all of the given length.
  return { family: 'unix', path: name.startsWith('\0') ? name : name.replace(/\0.*$/s, '') };
}

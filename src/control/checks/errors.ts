import type { ConnectSpec } from '../../net/transport.ts';
import { errnoText } from '../../util/libc/errno.ts';

/** Errors that the system has for a connection before anything is sent. */
const AT_ONCE: ReadonlySet<string> = new Set(['EACCES', 'EAFNOSUPPORT', 'EINVAL', 'ENETUNREACH', 'EPERM']);

/** Why there is no connection, in HAProxy's words: what the network says, or what this machine says on its own. */
export function connectProblem({ family, sourceHost }: ConnectSpec, code: string): string {
  const text = errnoText(code);
  if (code === 'EADDRNOTAVAIL' && sourceHost !== null) return `Can't bind to source address (${text})`;
  return isLocal(family) || AT_ONCE.has(code) ? `General socket error (${text})` : text;
}

/** Sockets that are no matter of the network. */
export function isLocal(family: ConnectSpec['family']): boolean {
  return family === 'unix' || family === 'abns' || family === 'abnsz';
}

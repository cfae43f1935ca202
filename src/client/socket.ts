import net from 'node:net';
import type tls from 'node:tls';
import { addressText, type Endpoint } from './address.ts';
import { again } from './again.ts';
import { RuntimeClientError } from './failures.ts';

/** TLS towards a Runtime API behind a proxy that speaks it (HAProxy 2.6 ignores `ssl` on a `stats socket` line). */
export interface TlsOptions {
  /** PEM certificates of the authorities to trust; default: those of Node.js. */
  readonly ca?: string | Buffer;
  /** PEM client certificate and key. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** Name that the server's certificate has to bear; default: the host of the address. */
  readonly servername?: string;
  /** False: take any certificate. */
  readonly verify?: boolean;
}

export interface OpenOptions {
  readonly tls?: TlsOptions | undefined;
  /** Longest time until the connection stands, ms. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
  /** How long connecting is tried again while nothing listens, ms; default 0. */
  readonly reconnect?: number | undefined;
}

/** The queue of a unix socket is full. A connect that blocks waits then. */
const FULL = new Set(['EAGAIN']);

/**
 * Connects. Rejects with a RuntimeClientError after `timeout` ms, or when it is refused for `reconnect` ms; while too many others wait to be
 * connected it is no refusal. The socket comes paused.
 */
export function openSocket(endpoint: Endpoint, options: OpenOptions): Promise<net.Socket> {
  const { reconnect = 0, timeout, signal } = options;
  const stopped = () => signal?.aborted ?? false;
  const open = () => again(() => openOnce(endpoint, options), timeout, stopped, FULL);
  return again(open, Math.min(reconnect, timeout), stopped);
}

async function openOnce(endpoint: Endpoint, options: OpenOptions): Promise<net.Socket> {
  options.signal?.throwIfAborted();
  if (options.tls === undefined) return standing(net.connect(endpoint), endpoint, options);
  // Only here: it takes as long to load as the rest of Node.js.
  const { connect } = await import('node:tls');
  return standing(connect({ ...endpoint, ...tlsSettings(endpoint, options.tls) }), endpoint, options);
}

/** The socket once its connection stands, paused. */
function standing(
  socket: net.Socket,
  endpoint: Endpoint,
  { tls: tlsOptions, timeout, signal }: OpenOptions,
): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.removeListener('error', onError).removeListener('close', onClose);
      if (error === null) return resolve(socket.setNoDelay().pause());
      socket.on('error', () => {}); // nobody waits for what follows
      socket.destroy();
      reject(error);
    };
    const onAbort = () => settle(signal!.reason as Error);
    const onError = (error: Error) => settle(connectionError(error, endpoint));
    const onClose = () =>
      settle(new RuntimeClientError('CLOSED', `closed before the connection stood: ${addressText(endpoint)}`));
    const timer = setTimeout(() => {
      const what = tlsOptions !== undefined ? 'no TLS connection' : 'no connection';
      settle(new RuntimeClientError('TIMEOUT', `${what} within ${Math.round(timeout)} ms: ${addressText(endpoint)}`));
    }, timeout);
    signal?.addEventListener('abort', onAbort);
    socket.on('error', onError).on('close', onClose);
    socket.once(tlsOptions === undefined ? 'connect' : 'secureConnect', () => settle(null));
  });
}

function tlsSettings(endpoint: Endpoint, options: TlsOptions): tls.ConnectionOptions {
  const { verify = true, servername, ...rest } = options;
  const host = 'host' in endpoint && net.isIP(endpoint.host) === 0 ? endpoint.host : undefined;
  const name = servername ?? host;
  return { ...rest, rejectUnauthorized: verify, ...(name === undefined ? {} : { servername: name }) };
}

/** An error of the socket in words of this library. */
export function connectionError(error: NodeJS.ErrnoException, endpoint: Endpoint): RuntimeClientError {
  if (error instanceof RuntimeClientError) return error;
  const where = addressText(endpoint);
  const code = error.code ?? 'CLOSED';
  // What OpenSSL says when the first bytes are no TLS record.
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return new RuntimeClientError('TLS', `TLS was asked for, but the socket answers in plain text: ${where}`);
  if (/^ERR_(SSL|TLS|OSSL)|CERT|^(UNABLE|DEPTH|SELF)_/.test(code))
    return new RuntimeClientError('TLS', `${error.message}: ${where}`);
  const known: Record<string, string> = {
    ENOENT: 'no such socket',
    EAGAIN: 'too many wait to be connected (EAGAIN)',
    ECONNREFUSED: 'nothing listens (ECONNREFUSED)',
    EACCES: 'no permission to connect (EACCES)',
    CLOSED: error.message,
  };
  return new RuntimeClientError(code, `${known[code] ?? code}: ${where}`);
}

/** What the first bytes of something other than a Runtime API tell, or null. */
export function foreignProtocol(start: Buffer | undefined): string | null {
  if (start === undefined) return null;
  if (start.length >= 2 && (start[0] === 0x15 || start[0] === 0x16) && start[1] === 0x03)
    return 'the socket speaks TLS, and `tls` is not set';
  if (start.subarray(0, 5).toString('latin1') === 'HTTP/') return 'the socket speaks HTTP, it is no Runtime API';
  return null;
}

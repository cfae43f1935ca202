import net from 'node:net';
import tls from 'node:tls';
import { addressText, type Endpoint } from './address.ts';
import { RuntimeClientError } from './failures.ts';

/** TLS towards a socket whose `stats socket` line has `ssl`. */
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

/** Connects. Rejects with a RuntimeClientError after `timeout` ms, or as soon as it is refused. The socket comes paused. */
export function openSocket(
  endpoint: Endpoint,
  tlsOptions: TlsOptions | undefined,
  timeout: number,
): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket =
      tlsOptions === undefined
        ? net.connect(endpoint)
        : tls.connect({ ...endpoint, ...tlsSettings(endpoint, tlsOptions) });
    const fail = (error: Error) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => {
      const what = tlsOptions !== undefined ? 'no TLS connection' : 'no connection';
      fail(new RuntimeClientError('TIMEOUT', `${what} within ${timeout} ms: ${addressText(endpoint)}`));
    }, timeout);
    socket.once('error', (error) => fail(connectionError(error, endpoint)));
    socket.once('close', () =>
      fail(new RuntimeClientError('CLOSED', `closed before the connection stood: ${addressText(endpoint)}`)),
    );
    socket.once(tlsOptions === undefined ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error').removeAllListeners('close');
      socket.pause();
      resolve(socket);
    });
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
  const where = addressText(endpoint);
  const code = error.code ?? 'CLOSED';
  // What OpenSSL says when the first bytes are no TLS record.
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return new RuntimeClientError('TLS', `TLS was asked for, but the socket answers in plain text: ${where}`);
  if (/^ERR_(SSL|TLS|OSSL)|CERT|^(UNABLE|DEPTH|SELF)_/.test(code))
    return new RuntimeClientError('TLS', `${error.message}: ${where}`);
  if (code === 'ENOENT') return new RuntimeClientError(code, `no such socket: ${where}`);
  if (code === 'ECONNREFUSED') return new RuntimeClientError(code, `nothing listens (ECONNREFUSED): ${where}`);
  if (code === 'EACCES') return new RuntimeClientError(code, `no permission to connect (EACCES): ${where}`);
  return new RuntimeClientError(code, `${code === 'CLOSED' ? error.message : code}: ${where}`);
}

/** What the first bytes of something other than a Runtime API tell, or null. */
export function foreignProtocol(start: Buffer): string | null {
  if (start.length >= 2 && (start[0] === 0x15 || start[0] === 0x16) && start[1] === 0x03)
    return 'the socket speaks TLS, and `tls` is not set';
  if (start.subarray(0, 5).toString('latin1') === 'HTTP/') return 'the socket speaks HTTP, it is no Runtime API';
  return null;
}

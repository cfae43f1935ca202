/** TLS on control sockets (`stats socket <address> ssl crt <file> [ca-file <file> verify required]`). HAProxy takes these options, and answers in plain text. */

import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type TLSSocket, type TlsOptions } from 'node:tls';
import type { BindTlsConfig, GlobalTlsConfig } from '../config/types.ts';
import { protocolSettings } from '../model/certificates/protocol-settings.ts';

/** How long a handshake may take, ms, and how many may be under way: further clients are turned away. */
const HANDSHAKE_MS = 10_000;
const HANDSHAKES = 64;

/** What the global section says of TLS now. */
export type GlobalTls = () => Pick<GlobalTlsConfig, 'securityLevel'>;

/** What stands in front of sessions: it shakes hands with clients. */
export interface SecureFront {
  /** A client that has connected; it is handed on once it is known to be let in. */
  accept(socket: Socket): void;
  /** Reads the files again, for clients to come. Throws what is wrong with them; what was read before stays in use then. */
  renew(): void;
}

/** Throws an Error for operators when the files cannot be used. `onConnection` gets clients that are let in. */
export function secureFront(
  tls: BindTlsConfig,
  global: GlobalTls,
  onConnection: (socket: TLSSocket) => void,
): SecureFront {
  const { verify } = tls.options;
  const options: TlsOptions = {
    ...contextOf(tls, global()),
    handshakeTimeout: HANDSHAKE_MS,
    requestCert: verify === 'optional' || verify === 'required',
    rejectUnauthorized: verify === 'required',
  };
  let shaking = 0;
  const server = createServer(options, (socket) => {
    shaking--;
    // One that is shown has to be good also where none needs to be.
    if (verify === 'optional' && !socket.authorized && socket.getPeerX509Certificate() !== undefined) socket.destroy();
    else onConnection(socket);
  });
  // Told once of each client that is not let in, also of one that leaves.
  server.on('tlsClientError', (_error, socket) => {
    shaking--;
    socket.destroy();
  });
  return {
    accept(socket) {
      if (shaking >= HANDSHAKES) {
        socket.destroy();
        return;
      }
      shaking++;
      server.emit('connection', socket);
    },
    renew: () => server.setSecureContext(contextOf(tls, global())),
  };
}

/** The name that a client has shown by a certificate of an authority; null when it has shown none. */
export function certificateName(socket: Socket): string | null {
  const { authorized, getPeerX509Certificate } = socket as Partial<TLSSocket>;
  if (authorized !== true || getPeerX509Certificate === undefined) return null;
  const subject = (socket as TLSSocket).getPeerCertificate().subject?.CN;
  return (Array.isArray(subject) ? subject[0] : subject) ?? null;
}

function contextOf({ crts: [file], options }: BindTlsConfig, global: ReturnType<GlobalTls>): SecureContextOptions {
  const pem = readFileSync(file!, 'latin1');
  const read = (path: string | null) => (path === null ? undefined : readFileSync(path, 'latin1'));
  const [ca, crl] = [read(options.caFile), read(options.crlFile)];
  return {
    ...protocolSettings(options, global),
    ...{ cert: pem, key: pem },
    ...(ca === undefined ? {} : { ca }),
    ...(crl === undefined ? {} : { crl }),
  };
}

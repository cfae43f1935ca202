import { createServer, type TLSSocket } from 'node:tls';
import type { Scope } from '../support/wait.ts';
import { answerOverH2 } from './h2-origin.ts';
import { answerOver, listen } from './origin.ts';
import { people } from './tls-people.ts';

/** Starts server `name`, which speaks TLS, and in it HTTP/2 or HTTP/1, as was agreed. Gives its port. What it knows of its client is told with each request. */
export async function tlsServer(scope: Scope, name: string, saw: (request: string) => void): Promise<number> {
  const { cert, key, ca } = people().server;
  const listener = createServer(
    { cert, key, ca, requestCert: true, rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] },
    (socket) => {
      const tell = (request: string) => saw(`<${described(socket)}> ${request}`);
      if (socket.alpnProtocol === 'h2') answerOverH2(socket, name, tell);
      else answerOver(socket, name, tell);
    },
  );
  return (await listen(scope, listener, 'secureConnection')).port;
}

const described = (socket: TLSSocket): string =>
  `${socket.getProtocol()} ${socket.getCipher().name} sni=${socket.servername} alpn=${socket.alpnProtocol} client=${socket.getPeerCertificate().subject?.CN}`;

import type { ServerTlsFacts } from '../../expr/types.ts';
import type { TlsConn } from '../../net/tls-conn.ts';
import { Certificate } from './certificate-facts.ts';
import { type Outgoing, peerChain } from './server-tls.ts';
import { TlsSession } from './tls-session.ts';

/** TLS of a connection to a server, as sample fetches ask for it. */
export class ServerSession extends TlsSession implements ServerTlsFacts {
  readonly #outgoing: Outgoing;
  #chain: readonly Certificate[] | null = null;

  constructor(conn: TlsConn, outgoing: Outgoing) {
    super(conn);
    this.#outgoing = outgoing;
  }

  get sni(): string {
    return this.#outgoing.servername;
  }

  get alpn(): string {
    return (this.conn.known && this.conn.tls.getALPNNegotiatedProtocol()) || '';
  }

  get uniqueId(): string {
    return this.firstFinished(true);
  }

  get clientRandom(): string {
    return this.conn.watched?.sent.random ?? '';
  }

  get serverRandom(): string {
    return this.conn.watched?.received.random ?? '';
  }

  /** The server's, and what it sent with it: known from the handshake that the session began with. */
  get peerChain(): readonly Certificate[] {
    this.#chain ??= peerChain(this.#outgoing).map((der) => new Certificate(der));
    return this.#chain;
  }

  get peerCertificate(): Certificate | null {
    return this.peerChain[0] ?? null;
  }
}

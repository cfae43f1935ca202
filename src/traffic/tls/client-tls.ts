import type { TlsFacts } from '../../expr/types.ts';
import type { ClientHello } from '../../net/client-hello.ts';
import type { TlsConn } from '../../net/tls.ts';
import type { ServerContext } from './server-context.ts';
import { ignored, type VerifyErrors, verifyErrors } from './verify-errors.ts';

/** TLS of a client's connection: what was agreed on, and what the client said of itself. */
export class ClientTls implements TlsFacts {
  readonly conn: TlsConn;
  readonly context: ServerContext;
  readonly sni: string;
  readonly alpn: string;
  resumed = false;
  certificateUsed = false;
  errors: VerifyErrors | null = null;

  constructor(conn: TlsConn, context: ServerContext, hello: ClientHello | null, alpn: string | null) {
    this.conn = conn;
    this.context = context;
    this.sni = hello?.serverName ?? '';
    this.alpn = alpn ?? '';
  }

  /** The handshake is done: whether the client's certificate, where one is asked for, is accepted; else why it is not. */
  established(): 'ok' | 'authority' | 'certificate' {
    const { tls } = this.conn;
    const { options } = this.context;
    this.resumed = tls.isSessionReused();
    if (options.verify !== 'optional' && options.verify !== 'required') return 'ok';
    const certificate = tls.getPeerX509Certificate();
    this.certificateUsed = certificate !== undefined;
    if (certificate === undefined) return options.verify === 'required' ? 'certificate' : 'ok';
    const error = tls.verifyError();
    if (error === null) return 'ok';
    this.errors = verifyErrors(error.code, certificate);
    return ignored(this.errors, options) ?? 'ok';
  }

  get protocol(): string {
    return this.conn.known ? this.conn.tls.getProtocol() : '-';
  }

  get cipher(): string {
    return this.conn.known ? this.conn.tls.getCipher().name : '-';
  }

  get error(): number {
    return this.conn.failure?.code ?? 0;
  }

  get certificateError(): number {
    return this.errors?.certificate[0] ?? 0;
  }

  get authorityError(): number {
    return this.errors?.authority[0] ?? 0;
  }
}

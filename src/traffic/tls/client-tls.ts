import { X509Certificate } from 'node:crypto';
import type { HelloFacts, TlsFacts } from '../../expr/types.ts';
import { xxh64 } from '../../expr/xxhash.ts';
import { children, readDer } from '../../model/certificates/der.ts';
import type { CertificateView } from '../../model/certificates/views.ts';
import type { ClientHello } from '../../net/client-hello.ts';
import type { TlsConn } from '../../net/tls.ts';
import { Certificate } from './certificate-facts.ts';
import type { ServerContext } from './server-context.ts';
import { chainOf, ignored, type VerifyErrors, verifyErrors } from './verify-errors.ts';

/** Lines of a key log that a connection is worth: TLS 1.3 has some seven. */
const SECRETS_MAX = 16;
/** Places in a session as OpenSSL writes it down. */
const SESSION_ID = 3;
const SESSION_KEY = 4;

const own = new WeakMap<CertificateView, Certificate>();

/** TLS of a client's connection: what was agreed on, and what the client said of itself. */
export class ClientTls implements TlsFacts {
  readonly conn: TlsConn;
  readonly context: ServerContext;
  readonly sni: string;
  readonly alpn: string;
  readonly clientRandom: string;
  readonly hello: HelloFacts | null;
  resumed = false;
  certificateUsed = false;
  #errors: VerifyErrors | null = null;
  #peer: readonly Certificate[] | null = null;
  #secrets: Map<string, string> | null = null;

  constructor(
    conn: TlsConn,
    context: ServerContext,
    hello: ClientHello | null,
    alpn: string | null,
    captured: HelloFacts | null,
  ) {
    this.conn = conn;
    this.context = context;
    this.sni = hello?.serverName ?? '';
    this.alpn = alpn ?? '';
    this.clientRandom = hello?.random.latin1Slice() ?? '';
    this.hello = captured;
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
    this.#errors = verifyErrors(error.code, certificate);
    return ignored(this.#errors, options) ?? 'ok';
  }

  /** Keeps a line of the key log. */
  keep(line: string): void {
    const [label, , secret] = line.split(' ');
    this.#secrets ??= new Map();
    if (secret !== undefined && this.#secrets.size < SECRETS_MAX) this.#secrets.set(label!, secret);
  }

  secret(label: string): string {
    return this.#secrets?.get(label) ?? '';
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

  get errorText(): string {
    const { failure } = this.conn;
    if (failure === null || failure.code === 0) return '';
    return `error:${failure.code.toString(16).toUpperCase().padStart(8, '0')}:SSL routines::${failure.reason}`;
  }

  get certificateError(): number {
    return this.#errors?.certificate[0] ?? 0;
  }

  get authorityError(): number {
    return this.#errors?.authority[0] ?? 0;
  }

  get authorityErrorDepth(): number {
    return this.#errors?.depth ?? 0;
  }

  get verifyResult(): number {
    return this.#errors?.certificate.at(-1) ?? this.#errors?.authority.at(-1) ?? 0;
  }

  get sessionId(): string {
    return this.#session(SESSION_ID);
  }

  get sessionKey(): string {
    return this.#session(SESSION_KEY);
  }

  #session(field: number): string {
    const session = this.conn.known ? this.conn.tls.getSession() : undefined;
    return session === undefined ? '' : (children(readDer(session))[field]?.content.latin1Slice() ?? '');
  }

  /** The first Finished message of the handshake (RFC 5929, section 3). */
  get uniqueId(): string {
    if (!this.conn.known) return '';
    const { tls } = this.conn;
    return (this.resumed ? tls.getFinished() : tls.getPeerFinished())?.latin1Slice() ?? '';
  }

  get certificateName(): string {
    return this.context.certificate.path;
  }

  get certificate(): Certificate {
    const view = this.context.certificate;
    let facts = own.get(view);
    if (facts === undefined) {
      facts = new Certificate(new X509Certificate(Buffer.from(view.chain)).raw);
      own.set(view, facts);
    }
    return facts;
  }

  get peerChain(): readonly Certificate[] {
    if (this.#peer === null && this.conn.known) {
      const certificate = this.certificateUsed ? this.conn.tls.getPeerX509Certificate() : undefined;
      this.#peer = certificate === undefined ? [] : chainOf(certificate).map((der) => new Certificate(der));
    }
    return this.#peer ?? [];
  }

  get peerCertificate(): Certificate | null {
    return this.peerChain[0] ?? null;
  }
}

/** Keeps up to `limit` bytes of each list of a hello. */
export function captureHello(hello: ClientHello, limit: number): HelloFacts {
  const cut = (bytes: Buffer | null) => bytes?.subarray(0, limit).latin1Slice() ?? '';
  const extensions = Buffer.from(hello.extensions.flatMap((type) => [type >> 8, type & 0xff]));
  return {
    version: hello.legacyVersion,
    ciphers: cut(hello.ciphers),
    ciphersHash: BigInt.asIntN(64, xxh64(hello.ciphers.latin1Slice(), 0n)),
    extensions: cut(extensions),
    groups: cut(hello.groups),
    pointFormats: cut(hello.pointFormats),
    signatureAlgorithms: cut(hello.signatureAlgorithms),
    versions: cut(hello.versions),
  };
}

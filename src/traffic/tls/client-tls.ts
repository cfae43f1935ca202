import { X509Certificate } from 'node:crypto';
import type { ClientTlsFacts, HelloFacts } from '../../expr/types.ts';
import { xxh64 } from '../../expr/xxhash.ts';
import type { CertificateView } from '../../model/certificates/views.ts';
import type { ClientHello } from '../../net/client-hello.ts';
import type { TlsConn, TlsFailure } from '../../net/tls-conn.ts';
import { Certificate } from './certificate-facts.ts';
import { refusalAlert } from './refusal-alert.ts';
import type { ServerContext } from './server-context.ts';
import { TlsSession } from './tls-session.ts';
import { chainOf, type Refusal, refusal, type VerifyErrors, verifyErrors } from './verify-errors.ts';

/** The library has refused them before: whatever came between. */
const NONE: Refusal = { of: 'certificate', error: 0 };

/** What OpenSSL calls it where it refuses a certificate itself: library 20, reason 134. */
const NOT_VERIFIED = { code: 0x0a000086, reason: 'certificate verify failed' };

const own = new WeakMap<CertificateView, Certificate>();

/** TLS of a client's connection: what was agreed on, and what the client said of itself. */
export class ClientTls extends TlsSession implements ClientTlsFacts {
  readonly context: ServerContext;
  readonly sni: string;
  readonly alpn: string;
  readonly clientRandom: string;
  readonly hello: HelloFacts | null;
  certificateUsed = false;
  #errors: VerifyErrors | null = null;
  #verdict: Refusal['of'] | 'ok' | null = null;
  #peer: readonly Certificate[] | null = null;

  constructor(
    conn: TlsConn,
    context: ServerContext,
    hello: ClientHello | null,
    alpn: string | null,
    captured: HelloFacts | null,
  ) {
    super(conn);
    this.context = context;
    this.sni = hello?.serverName ?? '';
    this.alpn = alpn ?? '';
    this.clientRandom = hello?.random.latin1Slice() ?? '';
    this.hello = captured;
  }

  get serverRandom(): string {
    return this.conn.watched?.sent.random ?? '';
  }

  /** The client is asked for a certificate. */
  get verifies(): boolean {
    const { verify } = this.context.options;
    return verify === 'optional' || verify === 'required';
  }

  /** The handshake is done: whether the client's certificate, where one is asked for, is accepted; else why it is not. */
  established(): Refusal['of'] | 'ok' {
    this.#verdict ??= this.#judge()?.of ?? 'ok';
    return this.#verdict;
  }

  /** What a client is told that is refused while it is still in the handshake; null when it is not. */
  refusedWith(): Uint8Array | null {
    const found = this.#judge();
    this.#verdict = found?.of ?? 'ok';
    return found === null || this.resumed ? null : refusalAlert(this.conn.tls.getProtocol(), found.error);
  }

  protected override get failure(): TlsFailure | null {
    const { failure, known, tls } = this.conn;
    if (failure !== null || this.#verdict === null || this.#verdict === 'ok') return failure;
    return { ...NOT_VERIFIED, protocol: known ? tls.getProtocol() : '' };
  }

  #judge(): Refusal | null {
    const { tls } = this.conn;
    this.resumed = tls.isSessionReused();
    const { options } = this.context;
    if (!this.verifies) return null;
    const certificate = tls.getPeerX509Certificate();
    this.certificateUsed = certificate !== undefined;
    if (certificate === undefined) return options.verify === 'required' ? NONE : null;
    const error = tls.verifyError();
    if (error === null) return null;
    this.#errors = verifyErrors(error.code, certificate);
    return refusal(this.#errors, options);
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

  get uniqueId(): string {
    return this.firstFinished(false);
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

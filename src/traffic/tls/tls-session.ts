import { groupName } from '../../expr/fetches/group-names.ts';
import { children, context, type Der, readDer } from '../../model/certificates/der.ts';
import type { TlsConn, TlsFailure } from '../../net/tls-conn.ts';

/** Lines of a key log that a connection is worth: TLS 1.3 has some seven. */
const SECRETS_MAX = 16;
/** Places in a session as OpenSSL writes it down. */
const SESSION_ID = 3;
const SESSION_KEY = 4;
/** The tag of the group of the key exchange. */
const SESSION_GROUP = context(19);

/** What OpenSSL says of handshakes that did not come to an end. */
const NO_CIPHER = '(NONE)';

/** What either side can tell of a TLS connection. Bytes are latin1; '' (protocol and cipher '-') once the connection is gone. */
export class TlsSession {
  readonly conn: TlsConn;
  resumed = false;
  #secrets: Map<string, string> | null = null;

  constructor(conn: TlsConn) {
    this.conn = conn;
  }

  /** Keeps the secrets of the handshake that begins. */
  keepSecrets(): void {
    this.conn.onKeylog = (line) => this.#keep(line);
  }

  /** A line of the key log: label, client's random, secret. */
  #keep(line: string): void {
    const [label, , secret] = line.split(' ');
    this.#secrets ??= new Map();
    if (secret !== undefined && this.#secrets.size < SECRETS_MAX) this.#secrets.set(label!, secret);
  }

  secret(label: string): string {
    return this.#secrets?.get(label) ?? '';
  }

  get protocol(): string {
    if (this.conn.known) return this.conn.tls.getProtocol();
    return this.failure?.protocol || '-';
  }

  get cipher(): string {
    if (this.failure?.protocol) return NO_CIPHER;
    return this.conn.known ? this.conn.tls.getCipher().name : '-';
  }

  /** The error that ended the connection, or its handshake. */
  protected get failure(): TlsFailure | null {
    return this.conn.failure;
  }

  get error(): number {
    return this.failure?.code ?? 0;
  }

  get errorText(): string {
    const { failure } = this;
    if (failure === null || failure.code === 0) return '';
    return `error:${failure.code.toString(16).toUpperCase().padStart(8, '0')}:SSL routines::${failure.reason}`;
  }

  get sessionId(): string {
    return this.#session()[SESSION_ID]?.content.latin1Slice() ?? '';
  }

  get sessionKey(): string {
    return this.#session()[SESSION_KEY]?.content.latin1Slice() ?? '';
  }

  get curve(): string {
    const group = this.#session().find(({ tag }) => tag === SESSION_GROUP);
    if (group === undefined) return '';
    const { content } = readDer(group.content);
    return groupName(content.readUIntBE(0, content.length));
  }

  #session(): readonly Der[] {
    const session = this.conn.known ? this.conn.tls.getSession() : undefined;
    return session === undefined ? [] : children(readDer(session));
  }

  /** The first Finished message of the handshake (RFC 5929, section 3): the client's, or the server's of a session that is resumed. */
  firstFinished(isClient: boolean): string {
    if (!this.conn.known) return '';
    const { tls } = this.conn;
    return (this.resumed === isClient ? tls.getPeerFinished() : tls.getFinished())?.latin1Slice() ?? '';
  }
}

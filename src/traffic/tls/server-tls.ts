import { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { GlobalTlsConfig, ServerTlsConfig } from '../../config/types.ts';
import { demands } from '../../expr/demands.ts';
import type { ClientHandshake } from '../../net/tls.ts';
import type { TlsConn } from '../../net/tls-conn.ts';
import type { TlsAccounts } from './accounts.ts';
import { isCurrent, type OutgoingContext, outgoingContext, type TlsMaterial } from './outgoing-context.ts';
import { chainOf } from './verify-errors.ts';

/** Sessions kept of a server: one for each name that is asked for. */
const SESSIONS_KEPT = 64;

/** What is asked of a server in a handshake. */
export interface Hello {
  /** Name for SNI, '' for none. */
  readonly name: string;
  readonly alpn: readonly string[];
}

/** A handshake with a server: what it begins with, and what its outcome is judged by. */
export interface Outgoing extends ClientHandshake {
  /** Sessions that came before the server was found to be the right one. */
  readonly sessions: Buffer[];
  accepted: boolean;
  /** What the server sent as its certificate and with it, DER; of a session that is resumed, when that began. */
  chain: readonly Buffer[] | null;
  conn: TlsConn | null;
}

/** A session with a server that was accepted: it is resumed without the certificate. */
interface Kept {
  readonly session: Buffer;
  readonly chain: readonly Buffer[];
}

/** OpenSSL's number for a server that is not the right one. */
const VERIFY_FAILED = { protocol: '', code: 0x0a00_0086, reason: 'certificate verify failed' };

/** TLS towards one server in this thread: its context, built when it is first needed and when files have changed, and its sessions. */
export class ServerTls {
  readonly config: ServerTlsConfig;
  /** Protocols that are offered, the best first; empty: none is agreed on, HTTP/1.1 is spoken. */
  readonly alpn: readonly string[];
  readonly #material: TlsMaterial;
  readonly #global: () => GlobalTlsConfig;
  readonly #accounts: TlsAccounts;
  #context: OutgoingContext | null = null;
  /** The last session of each name, the oldest first. */
  readonly #sessions = new Map<string, Kept>();
  readonly #leave = () => this.#accounts.leave();

  /** `global`: the settings of the global section at the time. */
  constructor(material: TlsMaterial, config: ServerTlsConfig, global: () => GlobalTlsConfig, accounts: TlsAccounts) {
    this.#accounts = accounts;
    this.#material = material;
    this.config = config;
    this.alpn = config.options.alpn ?? [];
    this.#global = global;
  }

  /** Whether another one for these settings would do the same. */
  isAs(config: ServerTlsConfig): boolean {
    return isDeepStrictEqual(config, this.config);
  }

  /** What a handshake begins with; null: there are too many (`maxsslconn`). Throws what the library says of a certificate or an option. */
  begin({ name, alpn }: Hello): Outgoing | null {
    const { native } = this.#current();
    const accounts = this.#accounts;
    const global = this.#global();
    if (!accounts.enter(global.maxConn)) return null;
    accounts.began();
    const kept = this.config.reuse ? this.#sessions.get(name) : undefined;
    const sessions: Buffer[] = [];
    const outgoing: Outgoing = {
      context: native,
      servername: name,
      alpn,
      session: kept?.session ?? null,
      sessions,
      accepted: false,
      chain: kept?.chain ?? null,
      conn: null,
      keylog: global.keylog,
      watch: demands.hellos,
      onClosed: this.#leave,
      onSession: this.config.reuse
        ? (fresh) => {
            if (outgoing.accepted) this.#keep(fresh, outgoing);
            else sessions.push(fresh);
          }
        : null,
    };
    return outgoing;
  }

  /** The handshake is done: why the server is not the right one, null when it is (manual, `verify`, `verifyhost`). */
  problem(conn: TlsConn, outgoing: Outgoing): string | null {
    const { tls } = conn;
    outgoing.conn = conn;
    if (!tls.isSessionReused()) {
      outgoing.chain = null;
      this.#accounts.key('server');
    }
    const problem = this.config.options.verify === 'required' ? this.#verify(tls, outgoing.servername) : null;
    if (problem === null) {
      outgoing.accepted = true;
      for (const session of outgoing.sessions) this.#keep(session, outgoing);
    } else {
      conn.failure ??= VERIFY_FAILED;
      this.#sessions.delete(outgoing.servername);
    }
    return problem;
  }

  /** A session was not good for a handshake. */
  forget(name: string): void {
    this.#sessions.delete(name);
  }

  #verify(tls: TlsConn['tls'], asked: string): string | null {
    const error = tls.verifyError();
    if (error !== null) return error.code;
    // Sessions are kept by name, and only those of servers that were accepted; they come without the certificate.
    if (tls.isSessionReused()) return null;
    // `verifyhost` is for connections that no name was asked for on (manual, `verifyhost`); the `host` header is no choice of the operator's.
    const { sni, verifyHost } = this.config;
    const named = verifyHost !== null && (sni === null || asked === '') ? verifyHost : null;
    const name = named ?? asked;
    if (name === '' || isFor(peerCertificate(tls), name)) return null;
    return named === null ? 'HOSTNAME_MISMATCH_SNI' : 'HOSTNAME_MISMATCH';
  }

  #current(): OutgoingContext {
    const global = this.#global();
    if (this.#context === null || !isCurrent(this.#context, this.#material, this.config, global)) {
      this.#context = outgoingContext(this.#material, this.config, global);
      // Whom they were agreed on with may not be accepted any more.
      this.#sessions.clear();
    }
    return this.#context;
  }

  #keep(session: Buffer, outgoing: Outgoing): void {
    const name = outgoing.servername;
    this.#sessions.delete(name);
    this.#sessions.set(name, { session, chain: peerChain(outgoing) });
    if (this.#sessions.size > SESSIONS_KEPT)
      for (const oldest of this.#sessions.keys()) if (this.#sessions.delete(oldest)) break;
  }
}

/** What the server sent, its own certificate first; nothing when the connection is gone. */
export function peerChain(outgoing: Outgoing): readonly Buffer[] {
  if (outgoing.chain === null && outgoing.conn?.known) {
    const certificate = outgoing.conn.tls.getPeerX509Certificate();
    outgoing.chain = certificate === undefined ? [] : chainOf(certificate);
  }
  return outgoing.chain ?? [];
}

/** The certificate of the other side: what the library gives is below Node's own class. */
function peerCertificate(tls: TlsConn['tls']): X509Certificate | null {
  const native = tls.getPeerX509Certificate();
  return native === undefined ? null : new X509Certificate(native.raw());
}

/** Whether a certificate has a name: among its alternative ones, or as the common name, which HAProxy takes too. */
function isFor(certificate: X509Certificate | null, name: string): boolean {
  return certificate !== null && certificate.checkHost(name, { subject: 'always' }) !== undefined;
}

/**
 * What the traffic threads know of certificates: made by the control thread, sent whole at the start of a thread and as a `TlsUpdate`
 * whenever some of it changes. Secure contexts are built from it in each thread, when they are first asked for.
 */

import type { Location, TlsOptions } from '../../config/types.ts';

/** A certificate with its key, as a file or a `crt-store` gives it: one for each type of a bundle (`site.pem.rsa`, `site.pem.ecdsa`). */
export interface CertificateView {
  /** Stays the same when the certificate is replaced. */
  readonly id: number;
  /** As `show ssl cert` names it; what `crt` of a `server` line refers to, after `crt-base`. */
  readonly path: string;
  /** The certificate and its chain, PEM, leaf first. In memory that all threads share. */
  readonly chain: Uint8Array;
  /** The private key, PEM. In shared memory, too. */
  readonly key: Uint8Array;
  readonly keyType: 'rsa' | 'ecdsa' | 'dsa' | 'other';
  /** DH parameters that stand in its file, PEM. */
  readonly dh: Uint8Array | null;
  /** Common names and DNS names, in small letters, each once; a wildcard is `*.` in front. */
  readonly names: readonly string[];
  /** The OCSP response to staple, DER. */
  readonly ocsp: Uint8Array | null;
  /** Until when it is shown, ms. */
  readonly ocspEnds: number;
}

/** Content of a `ca-file` (also `ca-verify-file`) or `crl-file`: what clients or servers are verified with. */
export interface TrustView {
  /** As the configuration names it, after `ca-base`; `@system-ca`. */
  readonly path: string;
  /** PEM, one certificate each. */
  readonly certificates: readonly string[];
  /** PEM, one revocation list each. */
  readonly crls: readonly string[];
}

/** What a line of a crt-list says in brackets; what it does not say is as the `bind` line has it. */
export type CrtListOptions = Partial<TlsOptions>;

/** A certificate that a `bind` line shows, and for which names. */
export interface SniEntryView {
  /** Names the entry within its bind line. */
  readonly id: number;
  /** Id of a CertificateView. */
  readonly certificate: number;
  /**
   * Names for which it is shown, in small letters: `www.site.test`, `*.site.test`, `*` (any), `!name` (not this one). null: the names of
   * the certificate, whichever it has at the time.
   */
  readonly filters: readonly string[] | null;
  readonly options: CrtListOptions | null;
}

/** The certificates of a `bind ... ssl` line. */
export interface BindTlsView {
  /** `bindTlsKey` of the line: all its sockets share it. */
  readonly key: string;
  /** In the order in which HAProxy looks through them: of several that fit a name alike, the first one (of a type that the client can use). */
  readonly entries: readonly SniEntryView[];
  /** Entries that are shown where no name fits, unless `strict-sni`: the first one, and others with another type of key. */
  readonly defaults: readonly SniEntryView[];
}

/** Keys of session tickets: of a `tls-ticket-keys` file, or (path '') made at start for lines without one. */
export interface TicketKeysView {
  readonly path: string;
  /** 48 bytes each (name 16, HMAC 16, AES-128 16) or 80 (name 16, HMAC 32, AES-256 32), oldest first. Tickets of all of them are taken. */
  readonly keys: readonly Uint8Array[];
  /** Which of them encrypts new tickets. */
  readonly current: number;
}

/** All that a thread knows at its start. */
export interface TlsState {
  readonly certificates: readonly CertificateView[];
  readonly trusts: readonly TrustView[];
  readonly ticketKeys: readonly TicketKeysView[];
  readonly binds: readonly BindTlsView[];
}

/** What is another now. All of it is put in force in one turn of a thread. */
export interface TlsUpdate {
  /** New ones, and others in the place of those with the same id, path or key. */
  readonly put: Partial<TlsState>;
  /** Entries of crt-lists that come behind the others of a `bind` line, and ids of those that go. */
  readonly entries?: readonly {
    readonly key: string;
    readonly add: readonly SniEntryView[];
    readonly remove: readonly number[];
  }[];
  /** What nothing uses any more. */
  readonly drop?: {
    readonly certificates?: readonly number[];
    readonly trusts?: readonly string[];
    readonly ticketKeys?: readonly string[];
    readonly binds?: readonly string[];
  };
}

/** In the place of a proxy's id: the line is of a section of peers. */
export const PEERS_ID = 0;

/** What names a `bind` line among those with TLS: its sockets have it in common. */
export function bindTlsKey(proxyId: number, at: Location): string {
  return `${proxyId} ${at.file}:${at.line}`;
}

/**
 * What the files that TLS needs hold: read when a configuration is loaded, and plain data like all of it. Private keys are in here: it
 * is never printed, compared as text, or written anywhere.
 */
import type { CrtStoreSettings, CrtStoreWords } from './crt-store-words.ts';
import type { Location, TlsOptions } from './types.ts';

/** What a certificate consists of; made of one PEM text and the files beside it. Never changed: another content takes its place. */
export interface CertificateContent {
  /** PEM, leaf first; in memory that all threads share, as the key and the DH parameters. */
  readonly chain: Uint8Array;
  /** What is sent in its place, where the configuration completes or shortens chains; null: it is sent as it is. */
  readonly sent: Uint8Array | null;
  /** null where none has come yet (`set ssl cert` without one). */
  readonly key: Uint8Array | null;
  readonly dh: Uint8Array | null;
  readonly keyType: 'rsa' | 'ecdsa' | 'dsa' | 'other';
  /** DNS names and common names, in small letters, each once. */
  readonly names: readonly string[];
  /** ms since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** PEM of the certificate that issued it, where a file of its own has it. */
  readonly issuer: string | null;
  /** DER. */
  readonly ocsp: Uint8Array | null;
  /** Signed certificate timestamps, as in RFC 6962, section 3.3. */
  readonly sctl: Uint8Array | null;
}

/** The files that a certificate was read from, by what they hold. */
export interface CertificateFiles {
  readonly crt: string | null;
  readonly key: string | null;
  readonly ocsp: string | null;
  readonly issuer: string | null;
  readonly sctl: string | null;
}

/** A certificate of the configuration. */
export interface CertificateConfig {
  /** How commands and `crt` words name it: its file, or `@store/alias`. */
  readonly path: string;
  /** Another name that it has in a `crt-store`. */
  readonly also: string | null;
  readonly content: CertificateContent;
  readonly files: CertificateFiles;
  /** Its files as `show ssl cert` tells them: where they would be looked for, too. */
  readonly shown: CertificateFiles;
  /** Another one when its files are others. */
  readonly digest: string;
  readonly ocspUpdate: boolean | null;
  readonly jwt: boolean;
  /** What was said of it, and whether by a `crt-store`. */
  readonly words: CrtStoreWords;
  readonly inStore: boolean;
  /** From whom it is ordered, and where it is kept; null: it is not. */
  readonly order: CertificateOrder | null;
}

/** An order from an ACME server; the files as they are opened. */
export interface CertificateOrder extends NonNullable<CrtStoreSettings['acme']> {
  readonly crt: string;
  /** null: the key is in the same file. */
  readonly key: string | null;
}

/** A `ca-file` or `crl-file`. */
export interface TrustConfig {
  readonly path: string;
  readonly kind: 'ca' | 'crl';
  readonly content: TrustContent;
  readonly digest: string;
}

/** PEM, one certificate or revocation list each. */
export interface TrustContent {
  readonly certificates: readonly string[];
  readonly crls: readonly string[];
}

/** A line of a crt-list. */
export interface CrtListEntry {
  /** Counted from 1. */
  readonly line: number;
  /** Path of the certificate. */
  readonly certificate: string;
  readonly options: Partial<TlsOptions> | null;
  readonly words: CrtStoreWords;
  /** As written, `!name` among them. */
  readonly filters: readonly string[];
}

/** A crt-list file, or a folder of certificates that a `crt` word names. */
export interface CrtListConfig {
  readonly path: string;
  readonly folder: boolean;
  readonly entries: readonly CrtListEntry[];
  /** Lines of the file. */
  readonly lines: number;
  readonly digest: string;
}

/** A `tls-ticket-keys` file. */
export interface TicketKeysConfig {
  readonly path: string;
  readonly keys: readonly Uint8Array[];
  readonly digest: string;
}

/** Where a `bind` line has its certificates from, in order. */
export interface BindSourcesConfig {
  /** The name of its proxy, or of its section of peers. */
  readonly proxy: string;
  readonly ofPeers: boolean;
  readonly at: Location;
  /** Paths of certificates that are shown where no name fits: those of `default-crt`; empty: of the first source. */
  readonly defaults: readonly string[];
  readonly sources: readonly ({ readonly certificates: readonly string[] } | { readonly list: string })[];
}

/** How chains are completed and shortened. */
export interface ChainSettings {
  /** Chains of `issuers-chain-path`, PEM, each from the issuer on: for certificates that come without one. */
  readonly issuers: readonly (readonly string[])[];
  /** `ssl-skip-self-issued-ca`. */
  readonly skipSelfIssued: boolean;
}

/** All that was read. */
export interface CertificatesConfig {
  readonly certificates: readonly CertificateConfig[];
  readonly trusts: readonly TrustConfig[];
  readonly lists: readonly CrtListConfig[];
  readonly ticketKeys: readonly TicketKeysConfig[];
  readonly binds: readonly BindSourcesConfig[];
  readonly chains: ChainSettings;
}

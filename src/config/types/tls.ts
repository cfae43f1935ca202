/** What `bind` lines, servers and the global section say of TLS. */

import type { CrtStoreWords } from '../crt-store-words.ts';
import type { Location } from './place.ts';

/** Versions of TLS that are spoken. */
export type TlsVersion = 'TLSv1.0' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** What TLS is told on a `bind` or `server` line, with the `ssl-default-*` settings filled in; null: as the library has it. */
export interface TlsOptions {
  /** `optional` on `bind` lines only; null: `none` there, for servers as `ssl-server-verify` says. */
  readonly verify: 'none' | 'optional' | 'required' | null;
  /** Paths, after `ca-base`; `@system-ca`. */
  readonly caFile: string | null;
  readonly caVerifyFile: string | null;
  readonly crlFile: string | null;
  /** Up to TLS 1.2, in OpenSSL's notation; and of TLS 1.3. */
  readonly ciphers: string | null;
  readonly ciphersuites: string | null;
  readonly curves: string | null;
  readonly sigalgs: string | null;
  readonly clientSigalgs: string | null;
  /** As written; `tlsVersions` tells what they come to. */
  readonly minVersion: TlsVersion | null;
  readonly maxVersion: TlsVersion | null;
  /** `no-tlsv1x`: without effect where `minVersion` or `maxVersion` is set. */
  readonly withoutVersions: readonly TlsVersion[];
  /** null: HAProxy's default (`h2,http/1.1` in mode http, none in mode tcp; none towards servers); empty: `no-alpn`. */
  readonly alpn: readonly string[] | null;
  /** Errors of X509_verify (numbers) that are passed over in authorities and in the peer's own certificate. */
  readonly caIgnoreErrors: readonly number[] | 'all';
  readonly crtIgnoreErrors: readonly number[] | 'all';
  /** Clients are not told which authorities are accepted. */
  readonly noCaNames: boolean;
  readonly tickets: boolean;
}

/** `ssl` of a `bind` line. */
export interface BindTlsConfig {
  /** `crt` in order, after `crt-base`: files, folders, names of a `crt-store` (`@store/alias`). */
  readonly crts: readonly string[];
  /** `default-crt`, likewise. */
  readonly defaultCrts: readonly string[];
  readonly crtLists: readonly string[];
  readonly strictSni: boolean;
  /** `tls-ticket-keys`. */
  readonly ticketKeys: string | null;
  readonly ocspUpdate: boolean | null;
  readonly preferClientCiphers: boolean;
  readonly options: TlsOptions;
}

/** A `ssl-f-use` line. */
export interface SslUseConfig {
  readonly at: Location;
  /** Its file, after `crt-base`, or a name of a `crt-store`. */
  readonly certificate: string;
  readonly options: Partial<TlsOptions> | null;
  readonly words: CrtStoreWords;
}

/** TLS towards a server (manual, section 5.2). */
export interface ServerTlsConfig {
  /** `ssl`: it is spoken from the start, `set server ssl` switches. */
  readonly on: boolean;
  /** `no-ssl`; where `default-server` says otherwise, `set server ssl` switches. */
  readonly off: boolean;
  readonly wasOn: boolean;
  /** `verify` is never null in a complete configuration. */
  readonly options: TlsOptions;
  /** Certificate and key that are shown to the server, after `crt-base`. */
  readonly crt: string | null;
  /** Expression for the name that is asked for (`sni`). */
  readonly sni: string | null;
  /** Without `sni`, in mode http, the name is that of the `host` header. */
  readonly sniAuto: boolean;
  /** Name that the certificate must have, in small letters, whatever name is asked for. */
  readonly verifyHost: string | null;
  /** Sessions are resumed. */
  readonly reuse: boolean;
  /** `check-ssl`, `no-check-ssl`; null: as the traffic, where checks go to the same address and port. */
  readonly checkSsl: boolean | null;
  readonly checkSni: string | null;
  /** Without `check-sni`, the name is that of the `host` header of HTTP checks. */
  readonly checkSniAuto: boolean;
  readonly checkAlpn: readonly string[] | null;
}

/** What the global section says of TLS. */
export interface GlobalTlsConfig {
  /** `ssl-default-bind-*`. */
  readonly bind: TlsOptions;
  readonly bindPreferClientCiphers: boolean;
  readonly bindStrictSni: boolean;
  /** `ssl-default-server-*`. */
  readonly server: TlsOptions;
  /** `ssl-server-verify`. */
  readonly serverVerify: 'none' | 'required';
  /** Files that are looked for beside a certificate (`ssl-load-extra-files`). */
  readonly extraFiles: readonly TlsExtraFile[];
  /** `ssl-load-extra-del-ext`: `site.key` beside `site.crt` in place of `site.crt.key`. */
  readonly extraWithoutExtension: boolean;
  readonly issuersChainPath: string | null;
  /** `ssl-passphrase-cmd`: prints the passphrase of an encrypted key; the file of the key is its last argument. */
  readonly passphraseCommand: readonly string[] | null;
  readonly skipSelfIssuedCa: boolean;
  readonly keyBase: string | null;
  readonly dhParamFile: string | null;
  /** What it holds, PEM; null without it, and until files are read. */
  readonly dhParams: string | null;
  /** `tune.ssl.default-dh-param`, bits; 0: ephemeral DH is not offered without parameters of its own. */
  readonly defaultDhParam: number;
  /** `ssl-security-level`, 0..5. */
  readonly securityLevel: number | null;
  /** Connections with TLS over all threads; 0: no limit of their own. */
  readonly maxConn: number;
  /** Certificates that a thread keeps ready for handshakes (`tune.ssl.ssl-ctx-cache-size`); others are made ready when they are asked for. */
  readonly contexts: number;
  /** Sessions kept for clients without tickets (`tune.ssl.cachesize`); 0: none. */
  readonly cacheSize: number;
  /** How long a session can be resumed, ms (`tune.ssl.lifetime`). */
  readonly lifetime: number;
  /** Largest record written, bytes, 0: the protocol's (`tune.ssl.hard-maxrecord`). */
  readonly hardMaxRecord: number;
  /** Bytes kept of the lists in a client's hello, 0: none (`tune.ssl.capture-buffer-size`). */
  readonly captureBufferSize: number;
  /** Secrets can be asked for by sample fetches (`tune.ssl.keylog`). */
  readonly keylog: boolean;
  /** Certificates are sent compressed to who can take it (`tune.ssl.certificate-compression auto`), by lines that have no more than `contexts`. */
  readonly certificateCompression: boolean;
  readonly ocspUpdate: {
    readonly mode: boolean;
    readonly disabled: boolean;
    /** Between two updates of a response, ms. */
    readonly minDelay: number;
    readonly maxDelay: number;
    /** `host:port` through which responders are asked. */
    readonly httpProxy: string | null;
  };
}

export type TlsExtraFile = 'bundle' | 'sctl' | 'ocsp' | 'issuer' | 'key';

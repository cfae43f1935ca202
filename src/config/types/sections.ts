/** Sections that proxies and certificates name: resolvers, users, mailers, caches, error pages, stores of certificates, ACME. */

import type { CrtStoreSettings, CrtStoreWords } from '../crt-store-words.ts';
import type { Address } from './address.ts';
import type { Location } from './place.ts';

export interface ResolversConfig {
  readonly name: string;
  readonly at: Location;
  readonly nameservers: readonly {
    readonly name: string;
    readonly address: Address;
    readonly tcp: boolean;
    readonly at: Location;
  }[];
  readonly parseResolvConf: boolean;
  readonly acceptedPayloadSize: number;
  readonly resolveRetries: number;
  readonly timeoutResolve: number;
  readonly timeoutRetry: number;
  readonly hold: {
    readonly valid: number;
    readonly obsolete: number;
    readonly nx: number;
    readonly timeout: number;
    readonly refused: number;
    readonly other: number;
  };
}

export interface UserlistConfig {
  readonly name: string;
  readonly at: Location;
  readonly groups: readonly { readonly name: string; readonly users: readonly string[] }[];
  readonly users: readonly {
    readonly name: string;
    readonly password: string;
    readonly insecure: boolean;
    readonly groups: readonly string[];
  }[];
}

/** An `acme` section: whom to ask for certificates, and how. */
export interface AcmeConfig {
  readonly name: string;
  readonly at: Location;
  /** URL. */
  readonly directory: string;
  /** File of the account's key; made when it is not there. */
  readonly accountKey: string;
  /** Mail address. */
  readonly contact: string | null;
  readonly challenge: 'http-01' | 'dns-01';
  /** What is waited for before the server may look; null: `cli` for dns-01, nothing for http-01. */
  readonly ready: readonly ('cli' | 'dns' | 'delay' | 'initial-dns')[] | null;
  /** Before and between look-ups of a record, and until that is given up, ms. */
  readonly dnsDelay: number;
  readonly dnsTimeout: number;
  readonly keyType: 'rsa' | 'ecdsa';
  readonly bits: number;
  readonly curve: 'P-256' | 'P-384' | 'P-521';
  /** Map that gets a challenge's token and the account's thumbprint. */
  readonly map: string | null;
  readonly profile: string | null;
  /** For who prepares dns-01 challenges. */
  readonly providerName: string | null;
  readonly acmeVars: string | null;
  readonly reuseKey: boolean;
  readonly eabKeyId: string | null;
  readonly eabMacAlg: 'HS256' | 'HS384' | 'HS512';
  /** base64url. */
  readonly eabMacKey: string | null;
}

/** A `mailers` section. */
export interface MailersConfig {
  readonly name: string;
  readonly at: Location;
  readonly mailers: readonly { readonly name: string; readonly address: Address; readonly at: Location }[];
  /** ms for one mail. */
  readonly timeout: number;
}

export interface CacheConfig {
  readonly name: string;
  readonly at: Location;
  readonly totalMaxSize: number;
  readonly maxObjectSize: number;
  readonly maxAge: number;
  readonly processVary: boolean;
  readonly maxSecondaryEntries: number;
}

export interface HttpErrorsConfig {
  readonly name: string;
  readonly at: Location;
  readonly files: readonly { readonly status: number; readonly file: string; readonly at: Location }[];
}

/** A `crt-store` section. */
export interface CrtStoreConfig {
  /** '' where it has none. */
  readonly name: string;
  readonly at: Location;
  readonly loads: readonly ({
    readonly at: Location;
    /** How `crt` words and commands name it: `@store/alias`, else its file. */
    readonly path: string;
    /** Another name that it has: `@store/file`. */
    readonly also: string | null;
    readonly crt: string;
    /** As written. */
    readonly words: CrtStoreWords;
  } & CrtStoreSettings)[];
}

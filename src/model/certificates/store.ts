import { randomBytes } from 'node:crypto';
import type {
  CertificateContent,
  CertificateFiles,
  ChainSettings,
  CrtListEntry,
  TrustContent,
} from '../../config/certificates.ts';
import type { CrtStoreWords } from '../../config/crt-store-words.ts';
import type { Location } from '../../config/types.ts';
import { OWN_CHAINS } from './chain.ts';
import type { SniEntryView } from './views.ts';

/** A certificate in memory: of the configuration, or made live. */
export interface StoredCertificate {
  readonly id: number;
  readonly path: string;
  readonly also: string | null;
  /** null: made and not filled yet. */
  readonly content: CertificateContent | null;
  readonly files: CertificateFiles;
  readonly shown: CertificateFiles;
  /** Of the files that it was read from; null: the configuration does not have it. */
  readonly digest: string | null;
  /** It is no longer as its files say. */
  readonly edited: boolean;
  readonly ocspUpdate: boolean | null;
  /** Tokens may be checked with it. */
  readonly jwt: boolean;
  /** What was said of it when it was first used, and whether by a `crt-store`. */
  readonly words: CrtStoreWords;
  readonly inStore: boolean;
}

/** A CA file or CRL file in memory. */
export interface StoredTrust {
  readonly path: string;
  readonly kind: 'ca' | 'crl';
  /** null: made and not filled yet. */
  readonly content: TrustContent | null;
  readonly digest: string | null;
  readonly edited: boolean;
}

/** A line of a crt-list in memory. */
export interface StoredEntry extends CrtListEntry {
  /** Names it for the traffic threads. */
  readonly id: number;
}

export interface StoredList {
  readonly path: string;
  readonly folder: boolean;
  readonly entries: readonly StoredEntry[];
  /** The highest number that a line has had. */
  readonly lines: number;
  readonly digest: string | null;
  readonly edited: boolean;
}

export interface StoredTicketKeys {
  /** '': made at start, for bind lines without a file. */
  readonly path: string;
  readonly keys: readonly Uint8Array[];
  readonly digest: string | null;
  readonly edited: boolean;
}

/** A `bind` line with TLS, and where it has its certificates from. */
export interface StoredBind {
  readonly key: string;
  readonly proxy: string;
  readonly at: Location;
  readonly defaults: readonly string[];
  readonly sources: readonly ({ readonly entries: readonly SniEntryView[] } | { readonly list: string })[];
  /** What it and its crt-lists verify with. */
  readonly trusts: readonly { readonly path: string; readonly verifies: boolean }[];
  readonly ticketKeys: string | null;
  readonly strictSni: boolean;
}

/** A server that shows a certificate or verifies with authorities. */
export interface ServerUse {
  readonly certificate: string | null;
  readonly trusts: readonly { readonly path: string; readonly verifies: boolean }[];
}

/** What `set ssl ...` has staged and nobody has committed: one of each kind for the whole process. */
export interface Pending {
  certificate: { readonly path: string; readonly content: CertificateContent } | null;
  ca: { readonly path: string; readonly content: TrustContent } | null;
  crl: { readonly path: string; readonly content: TrustContent } | null;
}

/** The parts of the store: maps of records that are never changed, so that a copy of the maps is a copy of all that is in force. */
interface Parts {
  readonly certificates: Map<string, StoredCertificate>;
  readonly trusts: Map<string, StoredTrust>;
  readonly lists: Map<string, StoredList>;
  readonly ticketKeys: Map<string, StoredTicketKeys>;
  readonly binds: Map<string, StoredBind>;
  readonly formerOcsp: Map<string, string>;
  /** The same for all copies. */
  readonly pending: Pending;
}

/** Everything that TLS needs of files, as it is now. Owned by the control thread; only Changes and reloads alter it. */
export class CertificateStore implements Parts {
  readonly certificates: Parts['certificates'];
  readonly trusts: Parts['trusts'];
  readonly lists: Parts['lists'];
  /** In the order of their numbers. */
  readonly ticketKeys: Parts['ticketKeys'];
  readonly binds: Parts['binds'];
  /** Ids (hex) of certificates that had an OCSP response until they were replaced, by path: connections may still show it. */
  readonly formerOcsp: Parts['formerOcsp'];
  /** Nothing of it is in force. */
  readonly pending: Pending;
  /** How chains are completed. */
  chains: ChainSettings = OWN_CHAINS;
  #servers: () => readonly ServerUse[] = () => [];
  /** Reads the authorities of the system, which are there whether somebody uses them or not. */
  #readSystem: () => TrustContent | null;
  readonly #ids: { next: number };

  constructor(readSystem: () => TrustContent | null = () => null, parts?: Parts, ids = { next: 1 }) {
    this.#readSystem = readSystem;
    this.#ids = ids;
    this.certificates = new Map(parts?.certificates);
    this.trusts = new Map(parts?.trusts);
    this.lists = new Map(parts?.lists);
    this.ticketKeys = new Map(parts?.ticketKeys ?? [['', madeKeys()]]);
    this.binds = new Map(parts?.binds);
    this.formerOcsp = new Map(parts?.formerOcsp);
    this.pending = parts?.pending ?? { certificate: null, ca: null, crl: null };
  }

  /** A store to try things on. */
  copy(): CertificateStore {
    const copy = new CertificateStore(this.#readSystem, this, this.#ids);
    copy.followServers(this.#servers);
    copy.chains = this.chains;
    return copy;
  }

  /** What servers use. */
  servers(): readonly ServerUse[] {
    return this.#servers();
  }

  /** Says how what servers use is found out. */
  followServers(servers: () => readonly ServerUse[]): void {
    this.#servers = servers;
  }

  /** A number that nothing else has. */
  newId(): number {
    return this.#ids.next++;
  }

  /** The certificate of this name, or of its other one; null when there is none. */
  certificate(path: string): StoredCertificate | null {
    const direct = this.certificates.get(path);
    if (direct !== undefined || !path.startsWith('@')) return direct ?? null;
    for (const one of this.certificates.values()) if (one.also === path) return one;
    return null;
  }

  /** CA and CRL files by path; the authorities of the system among them. */
  allTrusts(): StoredTrust[] {
    this.#addSystem();
    return [...this.trusts.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  trust(kind: 'ca' | 'crl', path: string): StoredTrust | null {
    if (path === '@system-ca') this.#addSystem();
    const found = this.trusts.get(path);
    return found?.kind === kind ? found : null;
  }

  #addSystem(): void {
    if (this.trusts.has('@system-ca')) return;
    const content = this.#readSystem();
    if (content !== null)
      this.trusts.set('@system-ca', { path: '@system-ca', kind: 'ca', content, digest: null, edited: false });
  }
}

function madeKeys(): StoredTicketKeys {
  const keys = [randomBytes(48), randomBytes(48), randomBytes(48)].map((key) => Uint8Array.from(key));
  return { path: '', keys, digest: null, edited: false };
}

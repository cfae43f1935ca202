import { tlsVersions } from '../../config/tls.ts';
import type { TlsOptions } from '../../config/types.ts';
import type { BindTlsView, CertificateView, SniEntryView } from '../../model/certificates/views.ts';
import type { ClientHello } from '../../net/client-hello.ts';

/** Which kinds of certificate a client can verify. */
export interface ClientAbilities {
  readonly rsa: boolean;
  readonly ecdsa: boolean;
}

interface Candidate {
  readonly entry: SniEntryView;
  readonly keyType: CertificateView['keyType'];
  /** Names that its wildcards do not stand for. */
  readonly except: ReadonlySet<string>;
}

const NONE: readonly Candidate[] = [];

/**
 * The certificates of a `bind` line by name. A look-up does not depend on how many there are: HAProxy's order (manual, `crt-list`), the
 * name itself before its wildcard, ECDSA before RSA for who takes both.
 */
export class SniIndex {
  readonly #exact = new Map<string, Candidate[]>();
  /** By what follows the first label: `.site.test`. */
  readonly #wild = new Map<string, Candidate[]>();
  readonly #defaults: Candidate[];

  constructor(view: BindTlsView, certificate: (id: number) => CertificateView | undefined) {
    this.#defaults = view.defaults.flatMap((entry) => candidateOf(entry, certificate) ?? []);
    for (const entry of view.entries) {
      const candidate = candidateOf(entry, certificate);
      if (candidate === null) continue;
      for (const name of entry.filters ?? certificate(entry.certificate)!.names) this.#add(name, candidate);
    }
  }

  #add(name: string, candidate: Candidate): void {
    if (name.startsWith('!')) return;
    if (name === '*') {
      if (!this.#defaults.some(({ entry }) => entry.id === candidate.entry.id)) this.#defaults.push(candidate);
      return;
    }
    const wild = name.startsWith('*');
    const map = wild ? this.#wild : this.#exact;
    const key = wild ? name.slice(1) : name;
    const known = map.get(key);
    if (known === undefined) map.set(key, [candidate]);
    else known.push(candidate);
  }

  /** The entry to show for `name` (small letters; '' for none); null: none, not even by default when that is `strict`. */
  find(name: string, able: ClientAbilities, strict: boolean): SniEntryView | null {
    if (name !== '') {
      const found = choose(this.#candidates(name), able);
      if (found !== null) return found.entry;
    }
    return strict ? null : (choose(this.#defaults, able)?.entry ?? null);
  }

  /** Those for `name`: of the name itself before those of its wildcard. */
  #candidates(name: string): readonly Candidate[] {
    const exact = this.#exact.get(name) ?? NONE;
    const dot = this.#wild.size === 0 ? -1 : name.indexOf('.');
    const wild = dot < 0 ? undefined : this.#wild.get(name.slice(dot));
    return wild === undefined ? exact : [...exact, ...wild.filter(({ except }) => !except.has(name))];
  }
}

function candidateOf(entry: SniEntryView, certificate: (id: number) => CertificateView | undefined): Candidate | null {
  const view = certificate(entry.certificate);
  if (view === undefined) return null;
  const except = new Set((entry.filters ?? []).filter((name) => name.startsWith('!')).map((name) => name.slice(1)));
  return { entry, keyType: view.keyType, except };
}

/** The first one of the best type that the client can use; where it can use none, one that it may complain of. */
function choose(candidates: readonly Candidate[], able: ClientAbilities): Candidate | null {
  if (candidates.length < 2) return candidates[0] ?? null;
  const first = (type: 'ecdsa' | 'rsa') => candidates.find(({ keyType }) => keyType === type);
  const ecdsa = first('ecdsa');
  const rsa = first('rsa');
  const other = candidates.find(({ keyType }) => keyType !== 'ecdsa' && keyType !== 'rsa');
  return (able.ecdsa && ecdsa) || (able.rsa && rsa) || other || ecdsa || rsa || null;
}

/** Cipher suites up to TLS 1.2 with ECDSA certificates, as on the wire: IANA's registry. */
const ECDSA_SUITES: ReadonlySet<number> = new Set([
  0xc006, 0xc007, 0xc008, 0xc009, 0xc00a, 0xc023, 0xc024, 0xc02b, 0xc02c, 0xc048, 0xc049, 0xc05c, 0xc05d, 0xc072,
  0xc073, 0xc086, 0xc087, 0xc0ac, 0xc0ad, 0xc0ae, 0xc0af, 0xcca9,
]);

/** What a `bind` line can agree on that goes with ECDSA certificates: suites of TLS 1.3, and of versions before. */
export interface EcdsaSuites {
  readonly tls13: boolean;
  readonly older: boolean;
}

/** What the options of a line leave of them. Words of a cipher list that are no names of suites (`HIGH`) may stand for some with ECDSA. */
export function ecdsaSuitesOf(
  options: Pick<TlsOptions, 'minVersion' | 'maxVersion' | 'withoutVersions' | 'ciphers'>,
): EcdsaSuites {
  const words = (options.ciphers ?? 'DEFAULT').split(/[:, ]+/).filter((word) => word !== '' && !/^[-!@]/.test(word));
  const isOther = (word: string) => /^[A-Z0-9]+(-[A-Z0-9]+)+$/.test(word) && !word.includes('ECDSA');
  return { tls13: tlsVersions(options)?.max === 'TLSv1.3', older: !words.every(isOther) };
}

/** What a client's signature algorithms and cipher suites say (RFC 8446, section 4.2.3), as far as they can be agreed on. */
export function clientAbilities(hello: ClientHello, suites: EcdsaSuites): ClientAbilities {
  const { signatureAlgorithms, ciphers } = hello;
  if (signatureAlgorithms === null) return { rsa: true, ecdsa: false };
  let rsa = false;
  let ecdsa = false;
  for (let at = 0; at + 2 <= signatureAlgorithms.length; at += 2) {
    const hash = signatureAlgorithms[at]!;
    const signature = signatureAlgorithms[at + 1]!;
    // RSA-PSS has numbers of its own, 0x0804 to 0x080b without the EdDSA ones between.
    if (hash === 8) rsa ||= signature !== 7 && signature !== 8;
    else if (signature === 3) ecdsa = true;
    else if (signature === 1) rsa = true;
  }
  // Some announce ECDSA and offer no cipher suite for it.
  if (ecdsa) ecdsa = offersEcdsaSuite(ciphers, suites);
  return { rsa, ecdsa };
}

function offersEcdsaSuite(ciphers: Buffer, { tls13, older }: EcdsaSuites): boolean {
  for (let at = 0; at + 2 <= ciphers.length; at += 2) {
    const suite = ciphers.readUInt16BE(at);
    if (suite >> 8 === 0x13 ? tls13 : older && ECDSA_SUITES.has(suite)) return true;
  }
  return false;
}

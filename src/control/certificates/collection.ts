import type {
  CertificateConfig,
  ChainSettings,
  CrtListConfig,
  CrtListEntry,
  TicketKeysConfig,
  TrustConfig,
} from '../../config/certificates.ts';
import { crtStoreClash, crtStoreSettings, namesFiles } from '../../config/crt-store-words.ts';
import { basedPath } from '../../config/tls.ts';
import type { Config, CrtStoreConfig, Location, SslUseConfig } from '../../config/types.ts';
import { CertificateError } from '../../model/certificates/content.ts';
import { certificateReader, type Known, type Use } from './certificate-reader.ts';
import { certificatesInFolder, readCrtList } from './read-crt-list.ts';
import { readTicketKeys } from './read-ticket-keys.ts';
import { readTrustFile } from './read-trust.ts';
import { digestOf, isReadByOthers, statOrNull } from './sources.ts';

/** Types of keys for which a bundle has files of their own, in HAProxy's order. */
const BUNDLE = ['dsa', 'ecdsa', 'rsa'];

/** What a configuration names of certificates and their like, each read once; every function throws CertificateError. */
export interface CertificateCollection {
  /** The certificates that a `crt` word stands for: one, or those of a bundle; or the folder. */
  crt(path: string, use: Use): { readonly certificates: readonly string[] } | { readonly list: string };
  list(path: string, use: Use): void;
  /** Entries of the crt-list that `ssl-f-use` lines of a section stand for, `@` and its name; `attempt` tells what is wrong with a line. */
  uses(
    list: string,
    uses: readonly SslUseConfig[],
    attempt: (at: Location, front: string, work: () => void) => void,
  ): void;
  load(load: CrtStoreConfig['loads'][number]): void;
  trust(kind: 'ca' | 'crl', path: string, at: Location): void;
  ticketKeys(path: string, at: Location): void;
  readonly found: {
    readonly certificates: Map<string, CertificateConfig>;
    readonly trusts: Map<string, TrustConfig>;
    readonly lists: Map<string, CrtListConfig>;
    readonly ticketKeys: Map<string, TicketKeysConfig>;
  };
  /** What operators should know, and files with keys that others can read. */
  readonly warnings: string[];
  /** What has no effect. */
  readonly remarks: string[];
  readonly exposed: Map<string, 'private key' | 'ticket keys'>;
  /** What the next collection need not read. */
  readonly known: Known;
}

/** Starts a collection. */
export function collectCertificates(config: Config, before: Known, chains: ChainSettings): CertificateCollection {
  const { tls, crtBase, caBase } = config.global;
  const reader = certificateReader(config, before, chains);
  const { opener, certificate, load, also, warnings } = reader;
  const remarks: string[] = [];
  const found: CertificateCollection['found'] = {
    certificates: reader.certificates,
    trusts: new Map(),
    lists: new Map(),
    ticketKeys: new Map(),
  };
  function crt(given: string, use: Use): { readonly certificates: readonly string[] } | { readonly list: string } {
    const path = also.get(given) ?? given;
    const there = found.certificates.get(path);
    if (there !== undefined) {
      const clash = use.listed || use.server ? null : crtStoreClash(there, {});
      if (clash !== null)
        throw new CertificateError(`Can't load '${path}', is already defined with incompatible parameters:\n ${clash}`);
      certificate(path, use);
      return { certificates: [path] };
    }
    const open = opener(use.at);
    const stats = path.startsWith('@') ? null : statOrNull(open(path));
    if (stats?.isDirectory()) return { list: folder(path.replace(/(?<=.)\/+$/, ''), use) };
    if (stats !== null) {
      certificate(path, use);
      return { certificates: [path] };
    }
    const bundle =
      tls.extraFiles.includes('bundle') && !path.startsWith('@') ? BUNDLE.map((type) => `${path}.${type}`) : [];
    const parts = bundle.filter((name) => statOrNull(open(name)) !== null);
    if (parts.length === 0)
      throw new CertificateError(`unable to stat SSL certificate from file '${path}' : No such file or directory`);
    for (const name of parts) certificate(name, use);
    return { certificates: parts };
  }

  function folder(path: string, use: Use): string {
    if (found.lists.has(path)) return path;
    const names = certificatesInFolder(path, opener(use.at)(path));
    for (const name of names) certificate(name, use);
    const entries = names.map((name, i) => ({
      line: i + 1,
      certificate: name,
      options: null,
      words: {},
      filters: [],
    }));
    found.lists.set(path, { path, folder: true, entries, lines: names.length, digest: digestOf(...names) });
    return path;
  }

  /** Of what a line of a crt-list names: a certificate that is known, one whose files it names, or what `crt` finds. */
  function listed(given: string, { line, words }: Omit<CrtListEntry, 'certificate'>, use: Use, list: string): string[] {
    const there = found.certificates.get(also.get(given) ?? given);
    if (there !== undefined) {
      const clash = crtStoreClash(there, words);
      if (clash !== null)
        throw new CertificateError(
          `'${given}' in crt-list '${list}' line ${line}, is already defined with incompatible parameters:\n ${clash}`,
        );
    } else if (namesFiles(words)) {
      const settings = crtStoreSettings(words, { crtBase, keyBase: tls.keyBase });
      load({ at: use.at, path: given, also: null, crt: given, words, ...settings }, false);
    }
    const named = crt(given, {
      ...use,
      ocspUpdate: words['ocsp-update'] === undefined ? use.ocspUpdate : words['ocsp-update'] === 'on',
    });
    if ('list' in named)
      throw new CertificateError(
        `parsing [${list}:${line}]: '${given}' is a folder; name the files in it, or give it to 'crt'`,
      );
    if (there !== undefined || Object.keys(words).length === 0) return [...named.certificates];
    const made = found.certificates.get(given);
    if (made === undefined)
      throw new CertificateError(
        `Can't load '${given}'. Using crt-store keyword is not compatible with multi certificates bundle`,
      );
    found.certificates.set(given, { ...made, words, jwt: words.jwt === 'on' });
    return [given];
  }

  function entriesOf(word: string, entry: Omit<CrtListEntry, 'certificate'>, use: Use, list: string): CrtListEntry[] {
    const certificates = listed(word, entry, use, list);
    for (const kind of ['caFile', 'caVerifyFile'] as const)
      if (entry.options?.[kind]) trust('ca', entry.options[kind], use.at);
    if (entry.options?.crlFile) trust('crl', entry.options.crlFile, use.at);
    return certificates.map((certificate) => ({ ...entry, certificate }));
  }

  /** HAProxy puts each line before the ones above it: the last one is shown where no name fits. */
  function uses(
    path: string,
    lines: readonly SslUseConfig[],
    attempt: Parameters<CertificateCollection['uses']>[2],
  ): void {
    const entries: CrtListEntry[] = [];
    for (const { at, certificate, options, words } of lines.toReversed())
      attempt(at, '', () => {
        const entry = { line: at.line, options, words, filters: [] };
        entries.push(...entriesOf(certificate, entry, { at, ocspUpdate: null, listed: true }, path));
      });
    const count = Math.max(...lines.map(({ at }) => at.line));
    const digest = digestOf(JSON.stringify(entries));
    found.lists.set(path, { path, folder: false, entries, lines: count, digest });
  }

  function list(path: string, use: Use): void {
    if (found.lists.has(path)) return;
    const { at } = use;
    const file = opener(at)(path);
    if (statOrNull(file)?.isDirectory()) return void folder(path.replace(/(?<=.)\/+$/, ''), use);
    const { lines, count, digest } = readCrtList(path, file, caBase);
    const entries = lines.flatMap(({ warning, inert, certificate: word, ...entry }) => {
      if (warning !== null) warnings.push(warning);
      remarks.push(...inert.map((text) => `parsing [${path}:${entry.line}]: ${text}`));
      return entriesOf(basedPath(crtBase, word), entry, { at, ocspUpdate: use.ocspUpdate, listed: true }, path);
    });
    found.lists.set(path, { path, folder: false, entries, lines: count, digest });
  }

  function trust(kind: 'ca' | 'crl', path: string, at: Location): void {
    if (found.trusts.has(path)) return;
    const { warnings: told, ...read } = readTrustFile(path, opener(at));
    warnings.push(...told);
    found.trusts.set(path, { path, kind, ...read });
  }

  return {
    ...{ found, warnings, remarks, exposed: reader.exposed, known: reader.known, crt, list, trust, uses },
    load: (one) => load(one, true),
    ticketKeys(path, at) {
      if (found.ticketKeys.has(path)) return;
      const file = opener(at)(path);
      found.ticketKeys.set(path, { path, ...readTicketKeys(path, file) });
      if (isReadByOthers(file)) reader.exposed.set(file, 'ticket keys');
    },
  };
}

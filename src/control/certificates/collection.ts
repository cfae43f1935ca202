import { generateKeyPairSync } from 'node:crypto';
import type {
  CertificateConfig,
  CertificateContent,
  CrtListConfig,
  CrtListEntry,
  TicketKeysConfig,
  TrustConfig,
} from '../../config/certificates.ts';
import { configuredPath } from '../../config/paths.ts';
import { basedPath } from '../../config/tls.ts';
import type { Config, CrtStoreConfig, Location, SslUseConfig } from '../../config/types.ts';
import { CertificateError, readPem } from '../../model/certificates/content.ts';
import { standIn } from '../acme/stand-in.ts';
import { chainCompletion } from './issuers.ts';
import { type ReadCertificate, readCertificate, readLoad } from './read-certificate.ts';
import { certificatesInFolder, readCrtList } from './read-crt-list.ts';
import { readTicketKeys } from './read-ticket-keys.ts';
import { readTrustFile } from './read-trust.ts';
import { digestOf, identityOf, isReadByOthers, statOrNull } from './sources.ts';

/** Types of keys for which a bundle has files of their own, in HAProxy's order. */
const BUNDLE = ['dsa', 'ecdsa', 'rsa'];

/** Certificates read before, by what names them: those whose files are as they were are not read again. */
export type Known = Map<string, ReadCertificate>;

/** Where a certificate is named, and how. */
export interface Use {
  readonly at: Location;
  readonly ocspUpdate: boolean | null;
  /** By a line of a crt-list. */
  readonly listed?: true;
}

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
  readonly exposed: Map<string, 'private key' | 'ticket keys'>;
  /** What the next collection need not read. */
  readonly known: Known;
}

/** Starts a collection. */
export function collectCertificates({ global }: Config, before: Known): CertificateCollection {
  const { tls, crtBase, caBase, defaultPath } = global;
  const found: CertificateCollection['found'] = {
    certificates: new Map(),
    trusts: new Map(),
    lists: new Map(),
    ticketKeys: new Map(),
  };
  const also = new Map<string, string>();
  const warnings: string[] = [];
  const exposed: CertificateCollection['exposed'] = new Map();
  const known: Known = new Map();
  let complete: ((content: CertificateContent) => CertificateContent) | null = null;
  const opener = (at: Location) => (path: string) => configuredPath(path, at.file, defaultPath);

  /** How files are read from a place of the configuration. What `settings` tells apart is read anew. */
  function reading(at: Location) {
    const open = opener(at);
    const folder = tls.issuersChainPath;
    complete ??= chainCompletion(folder === null ? null : { path: folder, opened: open(folder) }, tls.skipSelfIssuedCa);
    return { ...tls, open, complete };
  }
  const settings = digestOf(
    JSON.stringify([tls.extraFiles, tls.extraWithoutExtension, tls.issuersChainPath, tls.skipSelfIssuedCa]),
  );

  function take(
    path: string,
    key: string,
    more: Pick<CertificateConfig, 'also' | 'ocspUpdate'>,
    read: () => ReadCertificate,
  ): void {
    const name = `${settings} ${key}`;
    const old = before.get(name);
    const result = old !== undefined && isUnchanged(old) ? old : read();
    known.set(name, result);
    warnings.push(...result.warnings);
    for (const file of result.exposed) exposed.set(file, 'private key');
    found.certificates.set(path, { path, ...more, ...result.config });
  }

  function certificate(path: string, { at, ocspUpdate, listed }: Use): void {
    const there = found.certificates.get(path);
    if (there !== undefined) {
      if (there.ocspUpdate === null && ocspUpdate !== null) found.certificates.set(path, { ...there, ocspUpdate });
      return;
    }
    const file = opener(at)(path);
    take(path, `crt ${file} ${path}`, { also: null, ocspUpdate }, () => readCertificate(path, reading(at)));
    // Of a certificate in a crt-list HAProxy knows no files but its own.
    const made = found.certificates.get(path)!;
    if (listed)
      found.certificates.set(path, { ...made, shown: { crt: path, key: null, ocsp: null, issuer: null, sctl: null } });
  }

  function crt(given: string, use: Use): { readonly certificates: readonly string[] } | { readonly list: string } {
    const path = also.get(given) ?? given;
    if (found.certificates.has(path)) {
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
    const there = bundle.filter((name) => statOrNull(open(name)) !== null);
    if (there.length === 0)
      throw new CertificateError(`unable to stat SSL certificate from file '${path}' : No such file or directory`);
    for (const name of there) certificate(name, use);
    return { certificates: there };
  }

  function folder(path: string, use: Use): string {
    if (found.lists.has(path)) return path;
    const names = certificatesInFolder(path, opener(use.at)(path));
    for (const name of names) certificate(name, use);
    const entries = names.map((name, i) => ({
      line: i + 1,
      certificate: name,
      options: null,
      ocspUpdate: null,
      filters: [],
    }));
    found.lists.set(path, { path, folder: true, entries, lines: names.length, digest: digestOf(...names) });
    return path;
  }

  function entriesOf(word: string, entry: Omit<CrtListEntry, 'certificate'>, use: Use, place = ''): CrtListEntry[] {
    const named = crt(word, { ...use, ocspUpdate: entry.ocspUpdate ?? use.ocspUpdate });
    if ('list' in named)
      throw new CertificateError(`${place}'${word}' is a folder; name the files in it, or give it to 'crt'`);
    for (const kind of ['caFile', 'caVerifyFile'] as const)
      if (entry.options?.[kind]) trust('ca', entry.options[kind], use.at);
    if (entry.options?.crlFile) trust('crl', entry.options.crlFile, use.at);
    return named.certificates.map((certificate) => ({ ...entry, certificate }));
  }

  /** HAProxy puts each line before the ones above it: the last one is shown where no name fits. */
  function uses(
    path: string,
    lines: readonly SslUseConfig[],
    attempt: Parameters<CertificateCollection['uses']>[2],
  ): void {
    const entries: CrtListEntry[] = [];
    for (const { at, certificate, options, ocspUpdate } of lines.toReversed())
      attempt(at, '', () => {
        const entry = { line: at.line, options, ocspUpdate, filters: [] };
        entries.push(...entriesOf(certificate, entry, { at, ocspUpdate: null, listed: true }));
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
    const entries = lines.flatMap(({ warning, certificate: word, ...entry }) => {
      if (warning !== null) warnings.push(warning);
      const place = `parsing [${path}:${entry.line}]: `;
      return entriesOf(basedPath(crtBase, word), entry, { at, ocspUpdate: use.ocspUpdate, listed: true }, place);
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
    ...{ found, warnings, exposed, known, crt, list, trust, uses },
    load({ at, path, also: other, ocspUpdate, acme, ...files }) {
      if (found.certificates.has(path))
        throw new CertificateError(`'load' in section 'crt-store': store '${path}' was already defined`);
      const names = Object.values(files).map((name) => name ?? '');
      if (acme !== null && statOrNull(opener(at)(files.crt)) === null) {
        found.certificates.set(path, { path, also: other, ocspUpdate, ...standInCertificate(path, acme.domains) });
        if (other !== null) also.set(other, path);
        return;
      }
      take(path, `load ${names.join('\0')} ${opener(at)(files.crt)}`, { also: other, ocspUpdate }, () =>
        readLoad(files, reading(at)),
      );
      if (other !== null) also.set(other, path);
    },
    ticketKeys(path, at) {
      if (found.ticketKeys.has(path)) return;
      const file = opener(at)(path);
      found.ticketKeys.set(path, { path, ...readTicketKeys(path, file) });
      if (isReadByOthers(file)) exposed.set(file, 'ticket keys');
    },
  };
}

/** What is there until the first certificate is issued; the same for every reading, so that what is in force meanwhile stays. */
function standInCertificate(path: string, domains: readonly string[]): ReadCertificate['config'] {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = standIn(privateKey, domains) + privateKey.export({ format: 'pem', type: 'pkcs8' });
  const files = { crt: null, key: null, ocsp: null, issuer: null, sctl: null };
  return { content: readPem(pem, path), files, shown: files, digest: 'to be issued' };
}

function isUnchanged({ identity }: ReadCertificate): boolean {
  return identity?.every((one) => identityOf(one.slice(0, one.lastIndexOf(' '))) === one) ?? false;
}

import type { CertificateConfig, ChainSettings } from '../../config/certificates.ts';
import { configuredPath } from '../../config/paths.ts';
import type { Config, CrtStoreConfig, Location } from '../../config/types.ts';
import { CertificateError } from '../../model/certificates/content.ts';
import { keyOpener } from './passphrases.ts';
import { type ReadCertificate, readCertificate, readLoad } from './read-certificate.ts';
import { digestOf, identityOf, statOrNull } from './sources.ts';
import { standInCertificate } from './stand-in-certificate.ts';

/** Certificates read before, by what names them: those whose files are as they were are not read again. */
export type Known = Map<string, ReadCertificate>;

/** Where a certificate is named, and how. */
export interface Use {
  readonly at: Location;
  readonly ocspUpdate: boolean | null;
  /** By a line of a crt-list, or of a server. */
  readonly listed?: true;
  readonly server?: true;
}

/** Reads the certificates of a configuration, each once; its functions throw CertificateError. */
export interface CertificateReader {
  readonly certificates: Map<string, CertificateConfig>;
  /** Their other names: to paths. */
  readonly also: Map<string, string>;
  /** How files are opened that are named at a place. */
  opener(at: Location): (path: string) => string;
  /** One with what is beside its file. */
  certificate(path: string, use: Use): void;
  /** One whose files are named. */
  load(load: CrtStoreConfig['loads'][number], inStore: boolean): void;
  readonly warnings: string[];
  readonly exposed: Map<string, 'private key' | 'ticket keys'>;
  readonly known: Known;
}

/** Starts to read. */
export function certificateReader({ global, acmes }: Config, before: Known, chains: ChainSettings): CertificateReader {
  const { tls, defaultPath } = global;
  const certificates: CertificateReader['certificates'] = new Map();
  const also = new Map<string, string>();
  const warnings: string[] = [];
  const exposed: CertificateReader['exposed'] = new Map();
  const known: Known = new Map();
  const openKey = tls.passphraseCommand === null ? null : keyOpener(tls.passphraseCommand);
  const opener = (at: Location) => (path: string) => configuredPath(path, at.file, defaultPath);

  /** How files are read from a place of the configuration. What `settings` tells apart is read anew. */
  const reading = (at: Location) => ({ ...tls, open: opener(at), openKey, chains });
  const settings = digestOf(JSON.stringify([tls.extraFiles, tls.extraWithoutExtension, chains]));

  function take(
    path: string,
    key: string,
    more: Omit<CertificateConfig, keyof ReadCertificate['config'] | 'path'>,
    read: () => ReadCertificate,
  ): void {
    const name = `${settings} ${key}`;
    const old = before.get(name);
    const result = old !== undefined && isUnchanged(old) ? old : read();
    known.set(name, result);
    warnings.push(...result.warnings);
    for (const file of result.exposed) exposed.set(file, 'private key');
    certificates.set(path, { path, ...more, ...result.config });
  }

  function certificate(path: string, { at, ocspUpdate, listed }: Use): void {
    const there = certificates.get(path);
    if (there !== undefined) {
      if (there.ocspUpdate === null && ocspUpdate !== null) certificates.set(path, { ...there, ocspUpdate });
      return;
    }
    const file = opener(at)(path);
    const said = { also: null, words: {}, inStore: false, ocspUpdate, jwt: false, order: null };
    take(path, `crt ${file} ${path}`, said, () => readCertificate(path, reading(at)));
    // Of a certificate in a crt-list HAProxy knows no files but its own.
    const made = certificates.get(path)!;
    if (listed)
      certificates.set(path, { ...made, shown: { crt: path, key: null, ocsp: null, issuer: null, sctl: null } });
  }

  function load(
    { at, path, also: other, crt: file, words, ocspUpdate, jwt, acme, ...rest }: CrtStoreConfig['loads'][number],
    inStore: boolean,
  ): void {
    if (certificates.has(path))
      throw new CertificateError(`'load' in section 'crt-store': store '${path}' was already defined`);
    if (acme !== null && !acmes.some(({ name }) => name === acme.section))
      throw new CertificateError(
        `acme '${acme.section}' was used on a crt line, but no '${acme.section}' section exists!`,
      );
    const open = opener(at);
    const { key } = rest;
    const order = acme && { ...acme, crt: open(file), key: key === null ? null : open(key) };
    const said = { also: other, words, inStore, ocspUpdate, jwt, order };
    if (other !== null) also.set(other, path);
    if (acme !== null && statOrNull(open(file)) === null) {
      certificates.set(path, { path, ...said, ...standInCertificate(path, acme.domains) });
      return;
    }
    const files = { crt: file, ...rest };
    const names = Object.values(files).map((name) => name ?? '');
    take(path, `load ${names.join('\0')} ${open(file)}`, said, () => readLoad(files, reading(at)));
  }

  return { certificates, also, opener, certificate, load, warnings, exposed, known };
}

function isUnchanged({ identity }: ReadCertificate): boolean {
  return identity?.every((one) => identityOf(one.slice(0, one.lastIndexOf(' '))) === one) ?? false;
}

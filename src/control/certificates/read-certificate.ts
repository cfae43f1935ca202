import { X509Certificate } from 'node:crypto';
import type {
  CertificateConfig,
  CertificateContent,
  CertificateFiles,
  ChainSettings,
} from '../../config/certificates.ts';
import type { TlsExtraFile } from '../../config/types.ts';
import { withChain } from '../../model/certificates/chain.ts';
import {
  CertificateError,
  leafOf,
  mismatch,
  readIssuer,
  readKey,
  readPem,
  readSctl,
} from '../../model/certificates/content.ts';
import { certIdOfContent, OcspError, readOcspResponse } from '../../model/certificates/ocsp.ts';
import { staleness } from '../../model/certificates/ocsp-check.ts';
import { sharedBytes } from '../../model/certificates/shared-bytes.ts';
import type { KeyOpener } from './passphrases.ts';
import { digestOf, identityOf, isReadByOthers, readSource, statOrNull } from './sources.ts';

/** How certificates are read. */
export interface CertificateReading {
  /** What is looked for beside a file. */
  readonly extraFiles: readonly TlsExtraFile[];
  readonly extraWithoutExtension: boolean;
  /** Where a name begins (`default-path`). */
  open(path: string): string;
  /** Gives an encrypted key in the clear (`ssl-passphrase-cmd`); null: nothing does. */
  readonly openKey: KeyOpener | null;
  /** How chains are completed: the issuer may be known by that alone. */
  readonly chains: ChainSettings;
}

/** A certificate as it was read, and what operators should know. */
export interface ReadCertificate {
  readonly config: Pick<CertificateConfig, 'content' | 'files' | 'shown' | 'digest'>;
  readonly warnings: readonly string[];
  /** Files with a private key that others than their owner and group may read, as they are opened. */
  readonly exposed: readonly string[];
  /** State of all files that count, null where it cannot be told by that whether one has changed. */
  readonly identity: readonly string[] | null;
}

const NO_SCTL = "which is beyond Node's TLS: those within the certificate are";

const NO_FILES = { crt: null, key: null, ocsp: null, issuer: null, sctl: null };

/** Reads a PEM file and what is beside it. Throws CertificateError. */
export function readCertificate(path: string, reading: CertificateReading): ReadCertificate {
  const { extraFiles, extraWithoutExtension, open } = reading;
  const base = extraWithoutExtension && path.endsWith('.crt') ? path.slice(0, -4) : path;
  const beside = (kind: 'key' | 'sctl' | 'ocsp' | 'issuer') => {
    const name = `${base}.${kind}`;
    return extraFiles.includes(kind) && statOrNull(open(name)) !== null ? name : null;
  };
  const text = readSource(open(path));
  const content = readPem(text.latin1Slice(), path, reading.openKey ?? undefined);
  const key = content.key === null ? beside('key') : null;
  if (content.key === null && key === null)
    throw new CertificateError(`No Private Key found in '${base}${extraFiles.includes('key') ? '.key' : ''}'`);
  const files = { ...NO_FILES, crt: path, key, sctl: beside('sctl'), ocsp: beside('ocsp') };
  const probed = ['key', 'sctl', 'ocsp', 'issuer'].map((kind) => `${base}.${kind}`);
  const shown = { crt: path, key: key ?? path, ocsp: `${base}.ocsp`, issuer: `${base}.issuer`, sctl: `${base}.sctl` };
  return assemble(
    path,
    content,
    text,
    { ...files, issuer: files.ocsp === null ? null : beside('issuer') },
    shown,
    probed,
    reading,
  );
}

/** Reads the files that a `load` line names. Throws CertificateError. */
export function readLoad(files: CertificateFiles, reading: CertificateReading): ReadCertificate {
  const path = files.crt!;
  const text = readSource(reading.open(path));
  const content = readPem(text.latin1Slice(), path, reading.openKey ?? undefined);
  if (content.key === null && files.key === null) throw new CertificateError(`No Private Key found in '${path}'`);
  return assemble(path, content, text, files, files, [], reading);
}

function assemble(
  path: string,
  main: CertificateContent,
  text: Buffer,
  files: CertificateFiles,
  shown: CertificateFiles,
  probed: readonly string[],
  reading: CertificateReading,
): ReadCertificate {
  const { open } = reading;
  const bytes = (name: string | null) => (name === null ? null : readSource(open(name)));
  const [key, sctl, ocsp, issuer] = [bytes(files.key), bytes(files.sctl), bytes(files.ocsp), bytes(files.issuer)];
  const content: CertificateContent = {
    ...main,
    key: key === null ? main.key : readKey(key.latin1Slice(), files.key!, reading.openKey ?? undefined),
    sctl: sctl === null ? null : readSctl(sctl, files.sctl!),
    issuer: issuer === null ? null : readIssuer(issuer.latin1Slice(), files.issuer!),
  };
  const clash = mismatch(content, path);
  if (clash !== null) throw new CertificateError(clash);
  if (content.issuer !== null && !leafOf(content).checkIssued(new X509Certificate(content.issuer)))
    throw new CertificateError(`'${files.issuer}' is not an issuer`);
  const stapled = ocsp === null ? null : stapling(withChain(content, reading.chains), ocsp, files.ocsp!);
  const names = [path, ...probed, ...Object.values(files)].filter((name) => name !== null);
  return {
    config: {
      content: stapled === null ? content : { ...content, ocsp: stapled.response },
      files,
      shown,
      digest: digestOf(text, key, sctl, ocsp, issuer),
    },
    warnings: [
      ...(stapled?.warning == null ? [] : [stapled.warning]),
      ...(sctl === null ? [] : [`the timestamps in '${files.sctl}' are not sent, ${NO_SCTL}.`]),
    ],
    exposed: [files.key ?? path].map(open).filter(isReadByOthers),
    identity: identities([...new Set(names)].map(open)),
  };
}

function identities(paths: readonly string[]): readonly string[] | null {
  const all = paths.map(identityOf);
  return all.includes(null) ? null : (all as string[]);
}

/** A response from a file: one that cannot be used is left out, with a warning. Throws CertificateError without an issuer. */
function stapling(
  content: CertificateContent,
  bytes: Buffer,
  path: string,
): { readonly response: Uint8Array | null; readonly warning: string | null } {
  const id = certIdOfContent(content);
  if (id === null)
    throw new CertificateError(
      `'${path}' is present and activates OCSP but it is impossible to compute the OCSP certificate ID (maybe the issuer could not be found)`,
    );
  const reason = unusable(bytes, id);
  if (reason === null) return { response: sharedBytes(bytes), warning: null };
  return { response: null, warning: `Loading: ${reason} Content will be ignored.` };
}

function unusable(bytes: Buffer, id: Buffer): string | null {
  try {
    const response = readOcspResponse(bytes);
    if (!response.certId.equals(id))
      return 'OCSP single response: Certificate ID does not match certificate and issuer.';
    const stale = staleness(response, Date.now());
    return stale === null ? null : `${stale.replace(/\.$/, '')}.`;
  } catch (error) {
    if (error instanceof OcspError) return `${error.message}.`;
    throw error;
  }
}

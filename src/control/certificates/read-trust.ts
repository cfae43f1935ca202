import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TrustContent } from '../../config/certificates.ts';
import { CertificateError } from '../../model/certificates/content.ts';
import { readTrust } from '../../model/certificates/trust.ts';
import { digestOf, readSource, statOrNull, systemReason } from './sources.ts';

/** Where OpenSSL keeps the authorities of the system, by default and on the distributions that put them elsewhere. */
const SYSTEM_FOLDERS = ['/usr/lib/ssl/certs', '/etc/ssl/certs', '/etc/pki/tls/certs'];

/** The authorities of the system; null where there are none. */
export function systemAuthorities(): TrustContent | null {
  try {
    return readTrustFile(SYSTEM_CA, (path) => path).content;
  } catch {
    return null;
  }
}

/** Names that `ca-file` and its like may have for the authorities of the system. */
const SYSTEM_CA = '@system-ca';

export interface ReadTrust {
  readonly content: TrustContent;
  readonly digest: string;
  readonly warnings: readonly string[];
}

/** Reads a `ca-file` or `crl-file`: a file, a folder, `@system-ca`. Throws CertificateError. */
export function readTrustFile(path: string, open: (path: string) => string): ReadTrust {
  if (path === SYSTEM_CA) return readFolder(path, systemFolder());
  const file = open(path);
  const stats = statOf(path, file);
  if (stats.isDirectory()) return readFolder(path, file);
  const bytes = readSource(file);
  const content = readTrust(bytes.latin1Slice());
  if (content === null)
    throw new CertificateError(`Couldn't open the ca-file '${path}' (no certificate or crl found).`);
  return { content, digest: digestOf(bytes), warnings: [] };
}

function statOf(path: string, file: string) {
  try {
    const stats = statOrNull(file);
    if (stats !== null) return stats;
  } catch (error) {
    throw new CertificateError(`Couldn't open the ca-file '${path}' (${systemReason(error)}).`);
  }
  throw new CertificateError(`Couldn't open the ca-file '${path}' (No such file or directory).`);
}

function systemFolder(): string {
  const folder = [process.env['SSL_CERT_DIR'], ...SYSTEM_FOLDERS].find((one) => one && statOrNull(one)?.isDirectory());
  if (folder === undefined)
    throw new CertificateError("Couldn't get the system CA directory: there is none of " + SYSTEM_FOLDERS.join(', '));
  return folder;
}

/** Of a folder all files that hold certificates or revocation lists; others are left out. */
function readFolder(path: string, folder: string): ReadTrust {
  const certificates = new Set<string>();
  const crls = new Set<string>();
  for (const name of readdirSync(folder).sort()) {
    const file = join(folder, name);
    if (name.startsWith('.') || !statOrNull(file)?.isFile()) continue;
    // One file of all of them beside files of one each is there for programs that want one file.
    if (path === SYSTEM_CA && !/\.(pem|crt|0)$/.test(name)) continue;
    if (path === SYSTEM_CA && name === 'ca-certificates.crt') continue;
    const content = readTrust(readSource(file).latin1Slice());
    for (const one of content?.certificates ?? []) certificates.add(one);
    for (const one of content?.crls ?? []) crls.add(one);
  }
  const content = { certificates: [...certificates], crls: [...crls] };
  const count = certificates.size + crls.size;
  return {
    content,
    digest: digestOf(...content.certificates, ...content.crls),
    warnings: count === 0 ? [`ca-file: 0 CA were loaded from '${path}'`] : [],
  };
}

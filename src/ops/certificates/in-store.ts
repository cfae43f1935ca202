import type { RuntimeClient } from '../../client/index.ts';
import type { CertificateFacts } from '../../client/parse/certificates.ts';

/** A certificate that a HAProxy has in memory. */
export interface StoredCertificate {
  /** Its name in HAProxy: the path that it was loaded from. */
  readonly file: string;
  /** DNS names and IP addresses that it is for; the common name where there are none. */
  readonly names: readonly string[];
  /** ms; null where it cannot be read. */
  readonly notAfter: number | null;
  /** `/C=US/O=Example/CN=Example CA`. */
  readonly issuer: string;
  /** SHA-1 over the certificate, hex without colons. */
  readonly fingerprint: string;
  /** Some listener or server uses it. */
  readonly used: boolean;
  readonly algorithm: string;
}

/** All certificates in memory, those that are empty left out. */
export async function storedCertificates(client: RuntimeClient): Promise<readonly StoredCertificate[]> {
  const { files } = await client.showSslCerts();
  const all = await Promise.all([...files.keys()].map(async (file) => stored(file, await client.showSslCert(file))));
  return all.filter(({ fingerprint }) => fingerprint !== '');
}

function stored(file: string, facts: CertificateFacts): StoredCertificate {
  const end = Date.parse(facts['notAfter'] ?? '');
  const alternative = (facts['Subject Alternative Name'] ?? '').split(',').map((part) => part.trim());
  const names = alternative.flatMap((part) => /^(?:DNS|IP Address):(.+)$/.exec(part)?.[1]?.toLowerCase() ?? []);
  const common = /\/CN=([^/]+)/.exec(facts['Subject'] ?? '')?.[1]?.toLowerCase();
  return {
    file,
    names: names.length > 0 || common === undefined ? names : [common],
    notAfter: Number.isNaN(end) ? null : end,
    issuer: facts['Issuer'] ?? '',
    fingerprint: (facts['SHA1 FingerPrint'] ?? '').toUpperCase(),
    used: facts['Status'] === 'Used',
    algorithm: facts['Algorithm'] ?? '',
  };
}

/** Whether a name of a certificate is for this host: itself, or `*.` in place of its first label (RFC 6125, section 6.4.3). */
export function covers(name: string, host: string): boolean {
  if (name === host) return true;
  return name.startsWith('*.') && host.includes('.') && host.slice(host.indexOf('.')) === name.slice(1);
}

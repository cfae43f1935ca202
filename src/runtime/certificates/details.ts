import type { X509Certificate } from 'node:crypto';
import { chainOf } from '../../model/certificates/content.ts';
import { certificateUses } from '../../model/certificates/make-views.ts';
import { certIdOfContent } from '../../model/certificates/ocsp.ts';
import { algorithmOf, nameLine, opensslDate, sha1Of } from '../../model/certificates/openssl-text.ts';
import type { CertificateStore, StoredCertificate } from '../../model/certificates/store.ts';
import { type Crl, readCrl } from '../../model/certificates/trust.ts';

/** What `show ssl cert` and `show ssl ca-file` tell of one certificate. */
export function* certificateLines(certificate: X509Certificate, chain: readonly X509Certificate[]): Generator<string> {
  yield `Serial: ${certificate.serialNumber}\n`;
  yield `notBefore: ${opensslDate(Date.parse(certificate.validFrom))}\n`;
  yield `notAfter: ${opensslDate(Date.parse(certificate.validTo))}\n`;
  yield `Subject Alternative Name: ${certificate.subjectAltName ?? ''}\n`;
  yield `Algorithm: ${algorithmOf(certificate)}\n`;
  yield `SHA1 FingerPrint: ${sha1Of(certificate)}\n`;
  yield `Subject: ${nameLine(certificate.subject)}\n`;
  yield `Issuer: ${nameLine(certificate.issuer)}\n`;
  for (const { subject, issuer } of chain) {
    yield `Chain Subject: ${nameLine(subject)}\n`;
    yield `Chain Issuer: ${nameLine(issuer)}\n`;
  }
}

/** All that `show ssl cert FILE` tells. `staged`: of the transaction, not of what is in force. */
export function* storedLines(
  store: CertificateStore,
  stored: StoredCertificate,
  updates: boolean,
  staged: boolean,
): Generator<string> {
  const { path, shown, content, jwt } = stored;
  yield `Filename: ${staged ? '*' : ''}${path}\n`;
  if (shown.crt !== null) yield `Crt filename: ${shown.crt}\n`;
  if (shown.key !== null) yield `Key filename: ${shown.key}\n`;
  if (shown.ocsp !== null) yield `OCSP filename: ${shown.ocsp}\n`;
  if (shown.issuer !== null) yield `OCSP Issuer filename: ${shown.issuer}\n`;
  if (shown.sctl !== null) yield `SCTL filename: ${shown.sctl}\n`;
  yield `Option: ocsp-update ${updates ? 'on' : 'off'}\n`;
  yield `Option: jwt ${jwt ? 'on' : 'off'}\n`;
  const used = certificateUses(store, path) > 0 ? 'Used' : 'Unused';
  yield `Status: ${staged ? 'Uncommitted' : content === null ? 'Empty' : used}\n`;
  if (content === null) return;
  const [leaf, ...chain] = chainOf(content);
  yield* certificateLines(leaf!, chain);
  const responds = content.ocsp !== null || updates;
  yield `OCSP Response Key: ${responds ? (certIdOfContent(content)?.toString('hex') ?? '') : ''}\n`;
}

/** What `show ssl crl-file` tells of one list. */
export function* crlLines(pem: string): Generator<string> {
  const crl: Crl = readCrl(pem);
  yield `Version ${crl.version}\n`;
  yield `Signature Algorithm: ${crl.algorithm}\n`;
  yield `Issuer: ${crl.issuer}\n`;
  yield `Last Update: ${opensslDate(crl.lastUpdate)}\n`;
  yield `Next Update: ${crl.nextUpdate === null ? 'NONE' : opensslDate(crl.nextUpdate)}\n`;
  yield crl.revoked.length === 0 ? 'No Revoked Certificates.\n' : 'Revoked Certificates:\n';
  for (const { serial, date } of crl.revoked) {
    yield `    Serial Number: ${serial}\n`;
    yield `        Revocation Date: ${opensslDate(date)}\n`;
  }
}

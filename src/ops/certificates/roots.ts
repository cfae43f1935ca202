import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';

/** Whether one of the roots that Node.js comes with (those of Mozilla) has issued the certificate. */
export function issuedByKnownRoot(certificate: X509Certificate): boolean {
  return rootCertificates
    .map((pem) => new X509Certificate(pem))
    .some((root) => certificate.checkIssued(root) && certificate.verify(root.publicKey));
}

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { ApiError } from '../service/error.ts';

/** What is told of a certificate, never the key. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuers: string;
  readonly serial: string;
  readonly not_before: string;
  readonly not_after: string;
  readonly domains: string;
  readonly ip_addresses: string;
  readonly sha256_finger_print: string;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;

/** The facts of a PEM with a certificate and its key. Throws ApiError 400 when it is not that. */
export function certificateFacts(pem: string): CertificateFacts {
  const blocks = [...pem.matchAll(BLOCK)];
  const certificate = blocks.find(([, type]) => type === 'CERTIFICATE')?.[0];
  const key = blocks.find(([, type]) => type!.endsWith('PRIVATE KEY'))?.[0];
  if (certificate === undefined) throw new ApiError(400, 'there is no certificate in the file');
  if (key === undefined) throw new ApiError(400, 'there is no private key in the file');
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(certificate);
    if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error('the key is not that of the certificate');
  } catch (error) {
    throw new ApiError(400, `the certificate cannot be used: ${(error as Error).message}`);
  }
  const names = (leaf.subjectAltName ?? '').split(', ');
  const of = (prefix: string) =>
    names
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length))
      .join(', ');
  return {
    subject: leaf.subject.replaceAll('\n', ', '),
    issuers: leaf.issuer.replaceAll('\n', ', '),
    serial: leaf.serialNumber,
    not_before: new Date(leaf.validFrom).toISOString(),
    not_after: new Date(leaf.validTo).toISOString(),
    domains: of('DNS:'),
    ip_addresses: of('IP Address:'),
    sha256_finger_print: leaf.fingerprint256.replaceAll(':', ''),
  };
}

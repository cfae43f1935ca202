import { createHash, verify, X509Certificate } from 'node:crypto';
import { certificateParts } from './der.ts';
import { OcspError, type OcspResponse, readOcspResponse } from './ocsp.ts';

/** How far a clock elsewhere may be off, ms: as HAProxy allows it. */
export const CLOCK_SKEW = 300_000;

/** Hashes of signature algorithms, by OID. null: the algorithm has its own. */
const HASHES: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
  '1.3.101.113': null,
};

/** Extended key usage of a delegated responder (RFC 6960, section 4.2.2.2). */
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';

/** Why a response is not good for now: its dates, and what it says; null when it is. Its signature is not looked at. */
export function staleness({ status, thisUpdate, nextUpdate, single }: OcspResponse, now: number): string | null {
  if (!single) return 'OCSP response ignored because it contains more than one single response';
  if (status === 'unknown') return 'OCSP single response: certificate status is unknown';
  if (thisUpdate > now + CLOCK_SKEW) return 'OCSP single response: no longer valid. (not yet)';
  if (nextUpdate === null) return 'OCSP single response: missing nextupdate';
  if (nextUpdate < thisUpdate || nextUpdate < now - CLOCK_SKEW) return 'OCSP single response: no longer valid.';
  return null;
}

/**
 * Reads a response that was fetched for a certificate and checks all of it: that it is about that certificate, its dates and status,
 * and that the issuer of the certificate signed it, or somebody whom the issuer lets sign. Throws OcspError.
 */
export function checkFetched(bytes: Buffer, certId: Buffer, issuer: X509Certificate, now: number): OcspResponse {
  const response = readOcspResponse(bytes);
  const stale = staleness(response, now);
  if (stale !== null) throw new OcspError(stale);
  if (!isSameId(response, certId))
    throw new OcspError('OCSP single response: Certificate ID does not match certificate and issuer');
  const signer = signerOf(response, issuer, now);
  if (signer === null) throw new OcspError('OCSP response: nobody whom the issuer lets sign has signed it');
  if (!isSignedBy(response, signer)) throw new OcspError('OCSP response signature is not valid');
  return response;
}

function isSameId({ certId }: OcspResponse, wanted: Buffer): boolean {
  // The parameters of the hash algorithm may be NULL or left out.
  return certId.equals(wanted) || idBytes(certId).equals(idBytes(wanted));
}

/** An id without what names the hash algorithm. */
function idBytes(certId: Buffer): Buffer {
  const algorithm = certId.indexOf(Buffer.from('2b0e03021a', 'hex'));
  const hash = certId.indexOf(Buffer.from([0x04, 0x14]), Math.max(0, algorithm));
  return certId.subarray(hash < 0 ? 0 : hash);
}

/** The issuer, or a certificate in the response that the issuer has issued for signing responses. */
function signerOf(
  { responder, certificates }: OcspResponse,
  issuer: X509Certificate,
  now: number,
): X509Certificate | null {
  const isResponder = (certificate: X509Certificate): boolean => {
    const { subject, key } = certificateParts(certificate.raw);
    return 'name' in responder
      ? responder.name.equals(subject)
      : responder.keyHash.equals(createHash('sha1').update(key).digest());
  };
  if (isResponder(issuer)) return issuer;
  for (const raw of certificates.slice(0, 8)) {
    const certificate = new X509Certificate(raw);
    if (!isResponder(certificate) || !certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey))
      continue;
    if (now < Date.parse(certificate.validFrom) || now > Date.parse(certificate.validTo)) continue;
    if (certificate.keyUsage?.includes(OCSP_SIGNING)) return certificate;
  }
  return null;
}

function isSignedBy({ tbs, algorithm, signature }: OcspResponse, { publicKey }: X509Certificate): boolean {
  const hash = HASHES[algorithm];
  if (hash === undefined) return false;
  try {
    return verify(hash, tbs, publicKey, signature);
  } catch {
    return false;
  }
}

import type { CertificateContent } from '../../../config/certificates.ts';
import {
  CertificateError,
  leafOf,
  mismatch,
  readIssuer,
  readPem,
  readSctl,
  unusable,
} from '../../../model/certificates/content.ts';
import { certIdOfContent, OcspError, readOcspResponse } from '../../../model/certificates/ocsp.ts';
import { sha1Of } from '../../../model/certificates/openssl-text.ts';
import { sharedBytes, textOf } from '../../../model/certificates/shared-bytes.ts';
import type { ChangeOf } from '../../change.ts';
import { type Problem, problem } from '../../context.ts';

type Parts = Pick<ChangeOf<'cert.set'>, 'pem' | 'ocsp' | 'issuer' | 'sctl'>;

/** The content that a Change gives a certificate. Throws CertificateError. */
export function contentOf({ pem, ocsp, issuer, sctl }: Parts, path: string): CertificateContent {
  if (typeof pem !== 'string' || pem.includes('(withheld, '))
    throw new CertificateError(
      `the private key of '${path}' was kept out of the journal, and this process has not seen it: give the certificate again`,
    );
  return {
    ...readPem(pem, path),
    ocsp: ocsp === undefined ? null : sharedBytes(Buffer.from(ocsp, 'base64')),
    issuer: issuer === undefined ? null : readIssuer(issuer, path),
    sctl: sctl === undefined ? null : readSctl(Buffer.from(sctl, 'base64'), path),
  };
}

/** Why a certificate cannot have the content, in HAProxy's words; null when it can. */
export function contentProblem(parts: Parts, path: string): Problem | null {
  try {
    const content = contentOf(parts, path);
    if (content.key === null)
      return problem(`unable to load SSL private key into SSL Context '${path}': passed a null parameter.`);
    const clash = mismatch(content, path) ?? unusable(content, path);
    if (clash !== null) return problem(`${clash}.`);
    return content.ocsp === null ? null : responseProblem(content, path);
  } catch (error) {
    if (error instanceof CertificateError || error instanceof OcspError) return problem(`${error.message}.`);
    throw error;
  }
}

/** A response beside a certificate has to be about it. That it has not ended is looked at when it is shown. Throws OcspError. */
function responseProblem(content: CertificateContent, path: string): Problem | null {
  const id = certIdOfContent(content);
  if (id === null)
    return problem(
      `the OCSP response of '${path}' cannot be checked: the issuer is neither in the chain nor set as '${path}.issuer'`,
    );
  return readOcspResponse(Buffer.from(content.ocsp!)).certId.equals(id)
    ? null
    : problem(`OCSP single response: Certificate ID does not match certificate and issuer.`);
}

/** A content as a Change gives it. */
export function partsOf({ chain, key, dh, ocsp, issuer, sctl }: CertificateContent): Parts & { readonly pem: string } {
  return {
    pem: [key, chain, dh].map((bytes) => (bytes === null ? '' : textOf(bytes))).join(''),
    ...(ocsp === null ? {} : { ocsp: Buffer.from(ocsp).toString('base64') }),
    ...(issuer === null ? {} : { issuer }),
    ...(sctl === null ? {} : { sctl: Buffer.from(sctl).toString('base64') }),
  };
}

/** A content as people read it: `sha1 4038...`. */
export function contentTold(content: CertificateContent | null): string {
  if (content === null) return '(empty)';
  return `sha1 ${sha1Of(leafOf(content))}${content.ocsp === null ? '' : ', with an OCSP response'}`;
}

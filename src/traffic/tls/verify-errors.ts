import { X509Certificate } from 'node:crypto';
import type { TlsOptions } from '../../config/types.ts';
import type { CertificateHandle } from '../../net/bindings.ts';
import { x509ErrorNumber } from '../../util/x509-errors.ts';

/** What is wrong with a client's certificate (depth 0) and with its authorities, as OpenSSL's numbers in the order they are found. */
export interface VerifyErrors {
  readonly certificate: readonly number[];
  readonly authority: readonly number[];
  /** Depth of the first error of an authority. */
  readonly depth: number;
}

const UNSPECIFIED = 1;
/** OpenSSL takes no longer ones. */
const CHAIN_MAX = 100;
/** Errors that are found of an authority, by Node's names. The others are of the certificate itself, or dates and signatures of either. */
const OF_AUTHORITIES: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'INVALID_CA',
  'PATH_LENGTH_EXCEEDED',
  'KEYUSAGE_NO_CERTSIGN',
  'CA_KEY_TOO_SMALL',
  'CA_MD_TOO_WEAK',
  'CERT_CHAIN_TOO_LONG',
]);

/**
 * The errors behind the last one, which is all that Node tells. OpenSSL goes on after an error, so an issuer that is not found is followed
 * by a signature that cannot be verified.
 */
export function verifyErrors(code: string, certificate: CertificateHandle): VerifyErrors {
  const number = x509ErrorNumber(code) ?? UNSPECIFIED;
  if (code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    return { certificate: [x509ErrorNumber('UNABLE_TO_GET_ISSUER_CERT_LOCALLY')!, number], authority: [], depth: 0 };
  // So is one that signed itself by a list of revoked ones that is looked for in vain.
  if (code === 'UNABLE_TO_GET_CRL' && isSelfIssued(certificate))
    return { certificate: [x509ErrorNumber('DEPTH_ZERO_SELF_SIGNED_CERT')!, number], authority: [], depth: 0 };
  const depth = depthOf(code, certificate);
  return depth === 0
    ? { certificate: [number], authority: [], depth: 0 }
    : { certificate: [], authority: [number], depth };
}

function isSelfIssued(certificate: CertificateHandle): boolean {
  const own = new X509Certificate(certificate.raw());
  return own.checkIssued(own);
}

function depthOf(code: string, certificate: CertificateHandle): number {
  const chain = chainOf(certificate);
  if (code === 'SELF_SIGNED_CERT_IN_CHAIN') return Math.max(1, chain.length - 1);
  if (OF_AUTHORITIES.has(code)) return 1;
  const now = Date.now();
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const wrong = chain.findIndex((der) => {
      const { validToDate, validFromDate } = new X509Certificate(der);
      return code === 'CERT_HAS_EXPIRED' ? validToDate.getTime() < now : validFromDate.getTime() > now;
    });
    // Not one that the client sent: its authority's.
    return wrong < 0 ? chain.length : wrong;
  }
  return 0;
}

/** What the peer sent, DER, its own certificate first. */
export function chainOf(certificate: CertificateHandle): Buffer[] {
  const chain: Buffer[] = [];
  let next: CertificateHandle | undefined = certificate;
  while (next !== undefined && chain.length < CHAIN_MAX) {
    const der = next.raw();
    // A certificate that signed itself is its own issuer.
    if (chain.at(-1)?.equals(der)) break;
    chain.push(der);
    next = next.getIssuerCert();
  }
  return chain;
}

/** Why a client is refused: the first error that is not passed over, and of what it is. */
export interface Refusal {
  readonly of: 'authority' | 'certificate';
  readonly error: number;
}

/** null when `crt-ignore-err` and `ca-ignore-err` pass over all errors. */
export function refusal(errors: VerifyErrors, { caIgnoreErrors, crtIgnoreErrors }: TlsOptions): Refusal | null {
  const first = (found: readonly number[], accepted: readonly number[] | 'all') =>
    accepted === 'all' ? undefined : found.find((number) => !accepted.includes(number));
  const authority = first(errors.authority, caIgnoreErrors);
  if (authority !== undefined) return { of: 'authority', error: authority };
  const certificate = first(errors.certificate, crtIgnoreErrors);
  return certificate === undefined ? null : { of: 'certificate', error: certificate };
}

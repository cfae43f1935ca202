import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { TrustContent } from '../../config/certificates.ts';
import { children, type Der, DerError, dateOf, expectDer, oidOf, readDer, TAG } from './der.ts';
import { derOf, isCertificate, pemBlocks } from './pem.ts';

/** Certificates and revocation lists of a text, each once; null when there is none, or when one of them cannot be read. */
export function readTrust(text: string): TrustContent | null {
  const certificates = new Set<string>();
  const crls = new Set<string>();
  try {
    for (const block of pemBlocks(text)) {
      if (isCertificate(block)) {
        if (new X509Certificate(block.text).publicKey) certificates.add(block.text);
      } else if (block.label === 'X509 CRL') {
        readCrl(block.text);
        crls.add(block.text);
      }
    }
    if (crls.size > 0) createSecureContext({ ca: [], crl: [...crls] });
  } catch {
    return null;
  }
  return certificates.size + crls.size === 0 ? null : { certificates: [...certificates], crls: [...crls] };
}

/** What is in either, each once; the first may be empty. */
export function joinedTrust(a: TrustContent | null, b: TrustContent): TrustContent {
  return {
    certificates: [...new Set([...(a?.certificates ?? []), ...b.certificates])],
    crls: [...new Set([...(a?.crls ?? []), ...b.crls])],
  };
}

/** A revocation list (RFC 5280, section 5.1). Dates in ms, serial numbers in hex. */
export interface Crl {
  readonly version: number;
  readonly algorithm: string;
  readonly issuer: string;
  readonly lastUpdate: number;
  readonly nextUpdate: number | null;
  readonly revoked: readonly { readonly serial: string; readonly date: number }[];
}

/** Reads a revocation list. Throws DerError. */
export function readCrl(pem: string): Crl {
  const [tbs, algorithm] = children(expectDer(readDer(derOf(pem)), TAG.sequence));
  const fields = children(expectDer(tbs, TAG.sequence));
  const version = fields[0]?.tag === TAG.integer ? fields.shift()!.content[0]! + 1 : 1;
  const [, issuer, lastUpdate, ...rest] = fields;
  if (lastUpdate === undefined) throw new DerError('no date');
  const nextUpdate = isDate(rest[0]) ? rest.shift()! : null;
  const revoked = rest[0]?.tag === TAG.sequence ? children(rest[0]) : [];
  return {
    version,
    algorithm: signatureName(oidOf(expectDer(children(expectDer(algorithm, TAG.sequence))[0], TAG.oid))),
    issuer: nameOf(expectDer(issuer, TAG.sequence)),
    lastUpdate: dateOf(lastUpdate),
    nextUpdate: nextUpdate === null ? null : dateOf(nextUpdate),
    revoked: revoked.map((one) => {
      const [serial, date] = children(one);
      return { serial: hexOf(expectDer(serial, TAG.integer).content), date: date === undefined ? 0 : dateOf(date) };
    }),
  };
}

function isDate(value: Der | undefined): boolean {
  return value?.tag === TAG.utcTime || value?.tag === TAG.generalizedTime;
}

function hexOf(bytes: Buffer): string {
  return (bytes[0] === 0 && bytes.length > 1 ? bytes.subarray(1) : bytes).toString('hex').toUpperCase();
}

/** Names of signature algorithms as OpenSSL prints them. */
const ALGORITHMS: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.5': 'sha1WithRSAEncryption',
  '1.2.840.113549.1.1.10': 'rsassaPss',
  '1.2.840.113549.1.1.11': 'sha256WithRSAEncryption',
  '1.2.840.113549.1.1.12': 'sha384WithRSAEncryption',
  '1.2.840.113549.1.1.13': 'sha512WithRSAEncryption',
  '1.2.840.10045.4.1': 'ecdsa-with-SHA1',
  '1.2.840.10045.4.3.2': 'ecdsa-with-SHA256',
  '1.2.840.10045.4.3.3': 'ecdsa-with-SHA384',
  '1.2.840.10045.4.3.4': 'ecdsa-with-SHA512',
  '1.3.101.112': 'ED25519',
};

/** Short names of attributes, as OpenSSL prints them. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'title',
  '2.5.4.42': 'GN',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
};

/** Name of a signature algorithm, by its OID. */
export function signatureName(oid: string): string {
  return ALGORITHMS[oid] ?? oid;
}

/** `O = Bench, CN = Bench Root CA`, of a name in DER. Throws DerError. */
export function subjectLine(name: Buffer): string {
  return attributesOf(readDer(name)).join(', ').replaceAll('=', ' = ');
}

/** `/O=Bench/CN=Bench Root CA`. */
function nameOf(name: Der): string {
  return attributesOf(name)
    .map((attribute) => `/${attribute}`)
    .join('');
}

function attributesOf(name: Der): string[] {
  return children(name)
    .flatMap((set) => children(set))
    .map((attribute) => {
      const [type, value] = children(attribute);
      const oid = oidOf(expectDer(type, TAG.oid));
      return `${ATTRIBUTES[oid] ?? oid}=${value?.content.toString('utf8') ?? ''}`;
    });
}

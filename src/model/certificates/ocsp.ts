/** OCSP (RFC 6960): ids of certificates, requests, and what responses say. Whether one is to be believed tells `ocsp-check.ts`. */
import { createHash, X509Certificate } from 'node:crypto';
import type { CertificateContent } from '../../config/certificates.ts';
import { chainOf } from './content.ts';
import {
  certificateParts,
  children,
  context,
  type Der,
  DerError,
  dateOf,
  der,
  expectDer,
  oidOf,
  readDer,
  TAG,
} from './der.ts';
import { subjectLine } from './trust.ts';

/** sha1 as algorithm identifier, with its NULL. */
const SHA1 = Buffer.from('300906052b0e03021a0500', 'hex');
const BASIC_RESPONSE = '1.3.6.1.5.5.7.48.1.1';

const sha1 = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest();

/** The id that a certificate has in requests and responses, DER: hashes of its issuer's name and key, and its serial number. */
export function certIdOf(certificate: Buffer, issuer: Buffer): Buffer {
  const { serial } = certificateParts(certificate);
  const { subject, key } = certificateParts(issuer);
  return der(
    TAG.sequence,
    SHA1,
    der(TAG.octetString, sha1(subject)),
    der(TAG.octetString, sha1(key)),
    der(TAG.integer, serial),
  );
}

/** The certificate that issued another one, by what stands beside it: its `.issuer` file, else its chain; null when neither has it. */
export function issuerOf(content: Pick<CertificateContent, 'chain' | 'sent' | 'issuer'>): X509Certificate | null {
  const [leaf, ...chain] = chainOf(content);
  const candidates = [...(content.issuer === null ? [] : [new X509Certificate(content.issuer)]), ...chain];
  return candidates.find((one) => leaf!.checkIssued(one)) ?? null;
}

/** Id of a content's certificate; null where its issuer is not known. */
export function certIdOfContent(content: Pick<CertificateContent, 'chain' | 'sent' | 'issuer'>): Buffer | null {
  const issuer = issuerOf(content);
  return issuer === null ? null : certIdOf(chainOf(content)[0]!.raw, issuer.raw);
}

/** A request for one certificate, without a nonce (RFC 6960, section 4.1). */
export function ocspRequest(certId: Buffer): Buffer {
  return der(TAG.sequence, der(TAG.sequence, der(TAG.sequence, der(TAG.sequence, certId))));
}

/** Where responses for a certificate are to be had: the first `http://` address of its authority information; null without one. */
export function responderOf({ infoAccess }: X509Certificate): string | null {
  for (const line of (infoAccess ?? '').split('\n')) {
    const match = /^OCSP - URI:"?(http:\/\/[^"\s]+)"?$/i.exec(line.trim());
    if (match) return match[1]!;
  }
  return null;
}

/** What a response says of one certificate. Dates in ms. */
export interface OcspResponse {
  /** DER of its id, and its parts. */
  readonly certId: Buffer;
  readonly issuerNameHash: string;
  readonly issuerKeyHash: string;
  readonly serial: string;
  readonly status: 'good' | 'revoked' | 'unknown';
  readonly revokedAt: number | null;
  readonly thisUpdate: number;
  /** null: newer information is always to be had. */
  readonly nextUpdate: number | null;
  readonly producedAt: number;
  /** What is signed, and how. */
  readonly tbs: Buffer;
  readonly algorithm: string;
  readonly signature: Buffer;
  /** Who signed: a name (DER) or the SHA-1 of a key. */
  readonly responder: { readonly name: Buffer } | { readonly keyHash: Buffer };
  /** DER. */
  readonly certificates: readonly Buffer[];
  /** It has one answer and no more. */
  readonly single: boolean;
}

/** Why something is no response that can be used; in HAProxy's words. */
export class OcspError extends Error {}

/** Names of response statuses that are not successful (RFC 6960, section 4.2.1). */
const STATUSES: Readonly<Record<number, string>> = {
  1: 'malformedRequest',
  2: 'internalError',
  3: 'tryLater',
  5: 'sigRequired',
  6: 'unauthorized',
};

/** Reads a response. Throws OcspError. */
export function readOcspResponse(bytes: Buffer): OcspResponse {
  try {
    return readResponse(bytes);
  } catch (error) {
    if (error instanceof DerError) throw new OcspError('Unable to parse OCSP response');
    throw error;
  }
}

function readResponse(bytes: Buffer): OcspResponse {
  const [status, wrapped] = children(expectDer(readDer(bytes), TAG.sequence));
  const code = expectDer(status, TAG.enumerated).content[0]!;
  if (code !== 0)
    throw new OcspError(`OCSP response status not successful${STATUSES[code] ? ` (${STATUSES[code]})` : ''}`);
  const [type, octets] = children(expectDer(children(expectDer(wrapped, context(0)))[0], TAG.sequence));
  if (oidOf(expectDer(type, TAG.oid)) !== BASIC_RESPONSE) throw new DerError('another kind of response');
  const [data, algorithm, signature, certs] = children(
    expectDer(readDer(expectDer(octets, TAG.octetString).content), TAG.sequence),
  );
  const { single, responder, producedAt, only } = readData(expectDer(data, TAG.sequence));
  return {
    ...readSingle(single),
    producedAt,
    responder,
    tbs: data!.raw,
    algorithm: oidOf(expectDer(children(expectDer(algorithm, TAG.sequence))[0], TAG.oid)),
    signature: expectDer(signature, TAG.bitString).content.subarray(1),
    certificates:
      certs === undefined
        ? []
        : children(expectDer(children(expectDer(certs, context(0)))[0], TAG.sequence)).map(({ raw }) => raw),
    single: only,
  };
}

function readData(data: Der) {
  const fields = children(data);
  const [id, produced, responses] = fields[0]?.tag === context(0) ? fields.slice(1) : fields;
  const inner = id === undefined ? undefined : children(id)[0];
  if (inner === undefined) throw new DerError('no responder');
  // It has to be one that can be shown.
  if (id!.tag === context(1)) subjectLine(inner.raw);
  const responder =
    id!.tag === context(1) ? { name: inner.raw } : { keyHash: expectDer(inner, TAG.octetString).content };
  const all = children(expectDer(responses, TAG.sequence));
  if (all.length === 0) throw new OcspError('OCSP single response not found');
  return {
    single: all[0]!,
    responder,
    producedAt: dateOf(expectDer(produced, TAG.generalizedTime)),
    only: all.length === 1,
  };
}

function readSingle(single: Der) {
  const [id, status, thisUpdate, ...more] = children(expectDer(single, TAG.sequence));
  const certId = expectDer(id, TAG.sequence);
  const [, name, key, serial] = children(certId);
  const next = more.find(({ tag }) => tag === context(0));
  return {
    certId: certId.raw,
    issuerNameHash: hexOf(expectDer(name, TAG.octetString).content),
    issuerKeyHash: hexOf(expectDer(key, TAG.octetString).content),
    serial: serialText(expectDer(serial, TAG.integer).content),
    ...statusOf(status),
    thisUpdate: dateOf(expectDer(thisUpdate, TAG.generalizedTime)),
    nextUpdate: next === undefined ? null : dateOf(expectDer(children(next)[0], TAG.generalizedTime)),
  };
}

/** good [0] and unknown [2] have no content, revoked [1] has a date. */
function statusOf(status: Der | undefined): Pick<OcspResponse, 'status' | 'revokedAt'> {
  if (status?.tag === 0x80) return { status: 'good', revokedAt: null };
  if (status?.tag === context(1))
    return { status: 'revoked', revokedAt: dateOf(expectDer(children(status)[0], TAG.generalizedTime)) };
  if (status?.tag === 0x82) return { status: 'unknown', revokedAt: null };
  throw new DerError('no status');
}

const hexOf = (bytes: Buffer): string => bytes.toString('hex').toUpperCase();

/** A serial number as OpenSSL prints it: without a zero byte in front. */
function serialText(bytes: Buffer): string {
  return hexOf(bytes[0] === 0 && bytes.length > 1 ? bytes.subarray(1) : bytes);
}

/** The id of a certificate, taken apart. */
export function certIdParts(certId: Buffer): Pick<OcspResponse, 'issuerNameHash' | 'issuerKeyHash' | 'serial'> {
  const [, name, key, serial] = children(readDer(certId));
  return {
    issuerNameHash: hexOf(name!.content),
    issuerKeyHash: hexOf(key!.content),
    serial: serialText(serial!.content),
  };
}

import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { context, der, TAG } from '../../src/model/certificates/der.ts';

/** A certificate with its key, as PEM and DER. */
export interface Issued {
  readonly name: string;
  readonly certificate: string;
  readonly key: string;
  readonly der: Buffer;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly serial: number;
  /** Certificate and key in one text. */
  readonly pem: string;
}

/** What is asked of a certificate. Dates in ms; by itself it is valid from an hour ago for 90 days, on P-256, from itself. */
export interface Wish {
  readonly name: string;
  readonly dns?: readonly string[];
  readonly issuer?: Issued;
  readonly ca?: true;
  readonly type?: 'ec' | 'rsa';
  /** A key that is there already. */
  readonly keys?: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** Address of the OCSP responder. */
  readonly responder?: string;
  /** It may sign OCSP responses. */
  readonly ocspSigning?: true;
  readonly serial?: number;
}

let serials = 0x1000;

const OIDS = {
  commonName: '550403',
  san: '551d11',
  basicConstraints: '551d13',
  infoAccess: '2b06010505070101',
  ocsp: '2b06010505073001',
  extKeyUsage: '551d25',
  ocspSigning: '2b06010505070309',
  sha1: '2b0e03021a',
  basicResponse: '2b0601050507300101',
};

const oid = (hex: string) => der(TAG.oid, Buffer.from(hex, 'hex'));
const sequence = (...parts: Uint8Array[]) => der(TAG.sequence, ...parts);
const integer = (value: number) => {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
  return der(TAG.integer, bytes[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
};
const date = (ms: number) =>
  der(TAG.generalizedTime, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]|\..*/g, '')}Z`));
/** The signature's algorithm, by the kind of key: with SHA-256. */
const algorithm = (key: KeyObject) =>
  key.asymmetricKeyType === 'ec'
    ? sequence(oid('2a8648ce3d040302'))
    : sequence(oid('2a864886f70d01010b'), Buffer.from('0500', 'hex'));
const bits = (bytes: Uint8Array) => der(TAG.bitString, Buffer.from([0]), bytes);
const nameOf = (name: string) => sequence(der(0x31, sequence(oid(OIDS.commonName), der(0x0c, Buffer.from(name)))));

/** Makes a certificate at once. */
export function issue(wish: Wish): Issued {
  const {
    name,
    dns = [],
    issuer,
    type = 'ec',
    keys,
    notBefore = Date.now() - 3_600_000,
    notAfter = Date.now() + 90 * 86_400_000,
  } = wish;
  const { privateKey, publicKey } =
    keys ??
    (type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 }));
  const signer = issuer?.privateKey ?? privateKey;
  const serial = wish.serial ?? serials++;
  const extension = (id: string, value: Uint8Array) => sequence(oid(id), der(TAG.octetString, value));
  const extensions = [
    extension(OIDS.basicConstraints, wish.ca ? sequence(der(TAG.boolean, Buffer.from([0xff]))) : sequence()),
    ...(dns.length > 0 ? [extension(OIDS.san, sequence(...dns.map((one) => der(0x82, Buffer.from(one)))))] : []),
    ...(wish.responder
      ? [extension(OIDS.infoAccess, sequence(sequence(oid(OIDS.ocsp), der(0x86, Buffer.from(wish.responder)))))]
      : []),
    ...(wish.ocspSigning ? [extension(OIDS.extKeyUsage, sequence(oid(OIDS.ocspSigning)))] : []),
  ];
  const tbs = sequence(
    der(context(0), integer(2)),
    integer(serial),
    algorithm(signer),
    nameOf(issuer?.name ?? name),
    sequence(date(notBefore), date(notAfter)),
    nameOf(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(context(3), sequence(...extensions)),
  );
  const bytes = sequence(tbs, algorithm(signer), bits(sign('sha256', tbs, signer)));
  const certificate = pemOf('CERTIFICATE', bytes);
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  return { name, certificate, key, der: bytes, privateKey, publicKey, serial, pem: certificate + key };
}

/** A revocation list of an authority, PEM. */
export function revocationList(authority: Issued, revoked: readonly Issued[]): string {
  const now = Date.now();
  const entries = revoked.map(({ serial }) => sequence(integer(serial), date(now)));
  const tbs = sequence(
    integer(1),
    algorithm(authority.privateKey),
    nameOf(authority.name),
    date(now - 60_000),
    date(now + 86_400_000),
    ...(entries.length > 0 ? [sequence(...entries)] : []),
  );
  return pemOf(
    'X509 CRL',
    sequence(tbs, algorithm(authority.privateKey), bits(sign('sha256', tbs, authority.privateKey))),
  );
}

/** What a response is to say; by itself that the certificate is good, from now for a day, signed by the authority. */
export interface ResponseWish {
  readonly status?: 'good' | 'revoked' | 'unknown';
  readonly thisUpdate?: number;
  readonly nextUpdate?: number | null;
  /** Who signs, its certificate in the response. */
  readonly signer?: Issued;
}

/** An OCSP response, DER (RFC 6960, section 4.2). */
export function ocspResponse(authority: Issued, certificate: Issued, wish: ResponseWish = {}): Buffer {
  const {
    status = 'good',
    thisUpdate = Date.now() - 60_000,
    nextUpdate = Date.now() + 86_400_000,
    signer = authority,
  } = wish;
  const sha1 = (bytes: Uint8Array) => der(TAG.octetString, createHash('sha1').update(bytes).digest());
  const keyBits = authority.publicKey.export({ type: 'spki', format: 'der' });
  const at = keyBits.lastIndexOf(Buffer.from([0x00, 0x04]));
  const key = authority.publicKey.asymmetricKeyType === 'ec' ? keyBits.subarray(at + 1) : keyBits.subarray(24);
  const id = sequence(
    sequence(oid(OIDS.sha1), Buffer.from('0500', 'hex')),
    sha1(nameOf(authority.name)),
    sha1(key),
    integer(certificate.serial),
  );
  const said = { good: der(0x80), revoked: der(context(1), date(thisUpdate)), unknown: der(0x82) }[status];
  const single = sequence(
    id,
    said,
    date(thisUpdate),
    ...(nextUpdate === null ? [] : [der(context(0), date(nextUpdate))]),
  );
  const tbs = sequence(der(context(1), nameOf(signer.name)), date(thisUpdate), sequence(single));
  const basic = sequence(
    tbs,
    algorithm(signer.privateKey),
    bits(sign('sha256', tbs, signer.privateKey)),
    ...(signer === authority ? [] : [der(context(0), sequence(signer.der))]),
  );
  return sequence(
    der(TAG.enumerated, Buffer.from([0])),
    der(context(0), sequence(oid(OIDS.basicResponse), der(TAG.octetString, basic))),
  );
}

/** DER as a block of PEM. */
function pemOf(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

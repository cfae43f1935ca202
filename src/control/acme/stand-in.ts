import { createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  Certificate,
  Extensions,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
} from '@peculiar/asn1-x509';
import { alternativeNames, COMMON_NAME, signatureAlgorithm } from './certificate-request.ts';

/** What it calls itself. */
const SUBJECT = 'to be issued';

/**
 * A certificate, PEM, to be there until the first one is issued: signed by its own key, for the names that are asked for, and never valid:
 * it begins and ends at date 0.
 */
export function standIn(key: KeyObject, domains: readonly string[]): string {
  const value = new AttributeValue({ utf8String: SUBJECT });
  const name = new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })])]);
  const algorithm = signatureAlgorithm(key);
  const epoch = new Date(0);
  const serial = randomBytes(16);
  // Positive, and not shorter than it is (X.690, section 8.3.2).
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  const content = new TBSCertificate({
    version: 2,
    serialNumber: new Uint8Array(serial).buffer,
    signature: new AlgorithmIdentifier(algorithm),
    issuer: name,
    subject: name,
    validity: new Validity({ notBefore: epoch, notAfter: epoch }),
    subjectPublicKeyInfo: AsnConvert.parse(
      createPublicKey(key).export({ format: 'der', type: 'spki' }),
      SubjectPublicKeyInfo,
    ),
    extensions: new Extensions([alternativeNames(domains)]),
  });
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(content)), key);
  const certificate = new Certificate({
    tbsCertificate: content,
    signatureAlgorithm: new AlgorithmIdentifier(algorithm),
    signatureValue: new Uint8Array(signature).buffer,
  });
  const der = Buffer.from(AsnConvert.serialize(certificate)).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${der.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
}

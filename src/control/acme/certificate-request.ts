import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  Attribute,
  AttributeTypeAndValue,
  AttributeValue,
  Extension,
  Extensions,
  GeneralName,
  GeneralNames,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
} from '@peculiar/asn1-x509';

/** Object identifier of a common name. */
export const COMMON_NAME = '2.5.4.3';
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const SUBJECT_ALT_NAME = '2.5.29.17';
const SHA256_WITH_RSA = '1.2.840.113549.1.1.11';
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

/** Longest common name (RFC 5280, appendix A.1). */
const MAX_COMMON_NAME = 64;

/**
 * A request for a certificate (PKCS #10, RFC 2986), DER, for the names and addresses `domains`, signed by the key (RSA or ECDSA) that the
 * certificate is to be for.
 */
export function certificateRequest(key: KeyObject, domains: readonly string[]): Buffer {
  const info = new CertificationRequestInfo({
    subject: subjectOf(domains[0]!),
    subjectPKInfo: AsnConvert.parse(createPublicKey(key).export({ format: 'der', type: 'spki' }), SubjectPublicKeyInfo),
  });
  info.attributes.push(
    new Attribute({
      type: EXTENSION_REQUEST,
      values: [AsnConvert.serialize(new Extensions([alternativeNames(domains)]))],
    }),
  );
  const request = new CertificationRequest({
    certificationRequestInfo: info,
    signatureAlgorithm: new AlgorithmIdentifier(signatureAlgorithm(key)),
    signature: toArrayBuffer(sign('sha256', Buffer.from(AsnConvert.serialize(info)), key)),
  });
  return Buffer.from(AsnConvert.serialize(request));
}

/** How a key of RSA or ECDSA signs with SHA-256 (RFC 4055, RFC 5758). */
export function signatureAlgorithm(key: KeyObject): { readonly algorithm: string; readonly parameters?: null } {
  return key.asymmetricKeyType === 'rsa'
    ? { algorithm: SHA256_WITH_RSA, parameters: null }
    : { algorithm: ECDSA_WITH_SHA256 };
}

/** The first name, where it may stand there. */
function subjectOf(domain: string): Name {
  if (domain.length > MAX_COMMON_NAME || isIP(domain) !== 0) return new Name();
  const value = new AttributeValue({ utf8String: domain });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })])]);
}

/** The extension with the names and addresses that a certificate is for. */
export function alternativeNames(domains: readonly string[]): Extension {
  const names = domains.map((name) => new GeneralName(isIP(name) === 0 ? { dNSName: name } : { iPAddress: name }));
  const extnValue = new OctetString(AsnConvert.serialize(new GeneralNames(names)));
  return new Extension({ extnID: SUBJECT_ALT_NAME, critical: false, extnValue });
}

function toArrayBuffer(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

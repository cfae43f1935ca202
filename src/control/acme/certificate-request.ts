import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { context, der, derOid, TAG } from '../../model/certificates/der.ts';
import { parseIpv4, parseIpv6 } from '../../util/ip.ts';

const COMMON_NAME = '2.5.4.3';
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const SUBJECT_ALT_NAME = '2.5.29.17';
const SHA256_WITH_RSA = '1.2.840.113549.1.1.11';
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

/** Longest common name (RFC 5280, appendix A.1). */
const MAX_COMMON_NAME = 64;
/** Forms of a GeneralName (RFC 5280, section 4.2.1.6). */
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

/**
 * A request for a certificate (PKCS #10, RFC 2986), DER, for the names and addresses `domains`, signed by the key (RSA or ECDSA) that the
 * certificate is to be for.
 */
export function certificateRequest(key: KeyObject, domains: readonly string[]): Buffer {
  const [first] = domains;
  const isName = first!.length <= MAX_COMMON_NAME && addressOf(first!) === null;
  const extensions = der(TAG.sequence, alternativeNames(domains));
  const attribute = der(TAG.sequence, derOid(EXTENSION_REQUEST), der(TAG.set, extensions));
  const subject = isName ? commonName(first!) : der(TAG.sequence);
  return signed(key, der(TAG.integer, Buffer.of(0)), subject, publicKeyInfo(key), der(context(0), attribute));
}

/** The public half of a key (SubjectPublicKeyInfo). */
export function publicKeyInfo(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' });
}

/** How a key of RSA or ECDSA signs with SHA-256 (RFC 4055, RFC 5758). */
export function signatureAlgorithm(key: KeyObject): Buffer {
  return key.asymmetricKeyType === 'rsa'
    ? der(TAG.sequence, derOid(SHA256_WITH_RSA), der(TAG.null))
    : der(TAG.sequence, derOid(ECDSA_WITH_SHA256));
}

/** A name of one common name. */
export function commonName(text: string): Buffer {
  const value = der(TAG.utf8String, Buffer.from(text));
  return der(TAG.sequence, der(TAG.set, der(TAG.sequence, derOid(COMMON_NAME), value)));
}

/** The extension with the names and addresses that a certificate is for. */
export function alternativeNames(domains: readonly string[]): Buffer {
  const names = domains.map((name) => {
    const address = addressOf(name);
    return address === null ? der(DNS_NAME, Buffer.from(name)) : der(IP_ADDRESS, address);
  });
  return der(TAG.sequence, derOid(SUBJECT_ALT_NAME), der(TAG.octetString, der(TAG.sequence, ...names)));
}

/** The sequence of `fields`, how it is signed, and the signature (RFC 2986, section 4.2; RFC 5280, section 4.1). */
export function signed(key: KeyObject, ...fields: readonly Buffer[]): Buffer {
  const content = der(TAG.sequence, ...fields);
  const signature = der(TAG.bitString, Buffer.of(0), sign('sha256', content, key));
  return der(TAG.sequence, content, signatureAlgorithm(key), signature);
}

/** The bytes of an address; null: it is a name. */
function addressOf(domain: string): Uint8Array | null {
  return parseIpv4(domain) ?? parseIpv6(domain);
}

import { type KeyObject, randomBytes } from 'node:crypto';
import { context, der, TAG } from '../../model/certificates/der.ts';
import { alternativeNames, commonName, publicKeyInfo, signatureAlgorithm, signed } from './certificate-request.ts';

/** What it calls itself. */
const SUBJECT = 'to be issued';

/** X.509 version 3, as it is written. */
const V3 = Buffer.of(2);

/**
 * A certificate, PEM, to be there until the first one is issued: signed by its own key, for the names that are asked for, and never valid:
 * it begins and ends at date 0.
 */
export function standIn(key: KeyObject, domains: readonly string[]): string {
  const name = commonName(SUBJECT);
  const epoch = der(TAG.utcTime, Buffer.from('700101000000Z'));
  const serial = randomBytes(16);
  // Positive, and not shorter than it is (X.690, section 8.3.2).
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  const certificate = signed(
    key,
    der(context(0), der(TAG.integer, V3)),
    der(TAG.integer, serial),
    signatureAlgorithm(key),
    name,
    der(TAG.sequence, epoch, epoch),
    name,
    publicKeyInfo(key),
    der(context(3), der(TAG.sequence, alternativeNames(domains))),
  );
  const text = certificate.toString('base64').replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${text}-----END CERTIFICATE-----\n`;
}

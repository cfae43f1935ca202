import { generateKeyPairSync } from 'node:crypto';
import { readPem } from '../../model/certificates/content.ts';
import { standIn } from '../acme/stand-in.ts';
import type { ReadCertificate } from './read-certificate.ts';

/** What is there until the first certificate is issued; the same for every reading, so that what is in force meanwhile stays. */
export function standInCertificate(path: string, domains: readonly string[]): ReadCertificate['config'] {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = standIn(privateKey, domains) + privateKey.export({ format: 'pem', type: 'pkcs8' });
  const files = { crt: null, key: null, ocsp: null, issuer: null, sctl: null };
  return { content: readPem(pem, path), files, shown: files, digest: 'to be issued' };
}

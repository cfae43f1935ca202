/** How what certificates consist of is told: the same for a file and for what is in force, so that they can be compared. */

import { createHash } from 'node:crypto';
import type { CertificateContent, CrtListEntry, TrustContent } from '../../config/certificates.ts';
import { leafOf } from '../../model/certificates/content.ts';
import { optionsText } from '../../model/certificates/crt-list-line.ts';
import { sha1Of } from '../../model/certificates/openssl-text.ts';

function digest(...parts: readonly (Uint8Array | string | null)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part === null ? '-' : `${part.length}:`).update(part ?? '');
  return hash.digest('hex').slice(0, 16);
}

const known = new WeakMap<object, string>();

/** Contents are never changed: each has one text. */
function once(content: object, make: () => string): string {
  const text = known.get(content) ?? make();
  known.set(content, text);
  return text;
}

/** Certificate, chain and what stands beside them, without the OCSP response: `sha1 4038..., chain 3f2a...`. A key tells nothing: it fits one certificate. */
export function certificateText(content: CertificateContent): string {
  const { chain, dh, issuer, sctl } = content;
  return once(content, () => `sha1 ${sha1Of(leafOf(content))}, chain ${digest(chain, dh, issuer, sctl)}`);
}

/** The OCSP response of a certificate, and which one that is: `response 3f2a... for sha1 4038...`. */
export function responseText(content: CertificateContent): string {
  const response = content.ocsp === null ? 'no response' : `response ${digest(content.ocsp)}`;
  return `${response} for sha1 ${sha1Of(leafOf(content))}`;
}

/** `2 certificates, 1 CRL, sha256 3f2a...` */
export function trustText(content: TrustContent): string {
  const { certificates, crls } = content;
  const told = (list: readonly string[], what: string) => `${list.length} ${what}${list.length === 1 ? '' : 's'}`;
  const parts = [
    ...(certificates.length > 0 ? [told(certificates, 'certificate')] : []),
    ...(crls.length > 0 ? [told(crls, 'CRL')] : []),
  ];
  return once(content, () => [...parts, `sha256 ${digest(...certificates, ...crls)}`].join(', '));
}

/** `3 keys, sha256 3f2a...`. Keys are random: their digest gives nothing away. */
export function ticketKeysText(keys: readonly Uint8Array[]): string {
  return `${keys.length} keys, sha256 ${digest(...keys)}`;
}

/** A line of a crt-list as it is written: `site.pem [alpn h2] *.site.test`. */
export function entryText({ certificate, filters, ...entry }: Omit<CrtListEntry, 'line'>): string {
  return [certificate, entryOptions(entry), ...filters].filter((word) => word !== '').join(' ');
}

/** Options of a line of a crt-list, with their brackets. */
export function entryOptions(entry: Pick<CrtListEntry, 'options' | 'words'>): string {
  return optionsText(entry).replaceAll('\0', '');
}

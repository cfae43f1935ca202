import { certificateText } from '../../../change/layers/certificate-texts.ts';
import { fingerprint } from '../../../change/remote/pem.ts';
import type { CertificateContent } from '../../../config/certificates.ts';
import { leafOf, readIssuer, readPem, readSctl } from '../../../model/certificates/content.ts';
import { isPrivateKey, pemBlocks } from '../../../model/certificates/pem.ts';
import type { Target } from '../../target.ts';
import type { Drafts } from './drafts.ts';
import { changedSince, type Item, type ItemOf, unnamed } from './item.ts';

/** Only its owner reads a file with a private key. */
export const SECRET = { mode: 0o600 };
const ABSENT = '(absent)';

/** The files that a certificate is kept in. */
export interface CertificateFilesHere {
  readonly crt: string;
  /** The same one, unless the key has its own. */
  readonly key: string;
  readonly ocsp: string;
  readonly issuer: string;
  readonly sctl: string;
}

/** Where a certificate has its files, or why that is not known. The load balancer tells it, or they are found beside each other. */
export async function certificateFiles(
  path: string,
  { client }: Target,
  drafts: Drafts,
): Promise<CertificateFilesHere | string> {
  const text = await client.run(['show', 'ssl', 'cert', path]).catch(() => '');
  const told = (name: string) => text.split('\n').find((line) => line.startsWith(`${name} filename: `));
  const named = (name: string) => told(name)?.slice(`${name} filename: `.length) || null;
  const crt = named('Crt') ?? path;
  const hindrance = crt.startsWith('@') ? `'${path}' has no file of its own` : unnamed(crt);
  if (hindrance !== null) return hindrance;
  const base = [crt, crt.replace(/\.crt$/, '')].find((one) => drafts.onDisk(`${one}.key`) !== null) ?? crt;
  const hasKey = pemBlocks(drafts.onDisk(crt)?.latin1Slice() ?? '').some(isPrivateKey);
  const own = !hasKey && drafts.onDisk(`${base}.key`) !== null ? `${base}.key` : crt;
  return {
    crt,
    key: named('Key') ?? own,
    ocsp: named('OCSP') ?? `${base}.ocsp`,
    issuer: named('OCSP Issuer') ?? `${base}.issuer`,
    sctl: named('SCTL') ?? `${base}.sctl`,
  };
}

/** A certificate as its files have it now; null: there is none, or none that can be read. */
export function certificateOnDisk(files: CertificateFilesHere, { onDisk }: Drafts): CertificateContent | null {
  try {
    const [crt, ocsp, issuer, sctl] = [onDisk(files.crt), onDisk(files.ocsp), onDisk(files.issuer), onDisk(files.sctl)];
    if (crt === null) return null;
    return {
      ...readPem(crt.latin1Slice(), files.crt),
      ocsp: ocsp && Uint8Array.from(ocsp),
      // It is looked for where there is a response.
      issuer: ocsp === null || issuer === null ? null : readIssuer(issuer.latin1Slice(), files.issuer),
      sctl: sctl && readSctl(sctl, files.sctl),
    };
  } catch {
    return null;
  }
}

/** What files say of a certificate, as overrides of this load balancer tell it. */
function said(content: CertificateContent | null, product: Target['product']): string {
  if (content === null) return ABSENT;
  return product === 'sluice' ? certificateText(content) : `sha1 ${fingerprint(leafOf(content))}`;
}

/** Puts a certificate that was set into its files, and takes one away that was deleted. Returns why it cannot be kept, or null. */
export async function keepCertificate(item: ItemOf<'cert.new' | 'cert.set' | 'cert.del'>): Promise<string | null> {
  const { override, change, around } = item;
  const { target, drafts, note } = around;
  const files = await certificateFiles(override.object, target, drafts);
  if (typeof files === 'string') return files;
  const now = said(certificateOnDisk(files, drafts), target.product);
  if (now === override.value) return null;
  const changed = changedSince(item, files.crt, now);
  if (changed !== null) return changed;
  if (change.kind === 'cert.del') {
    drafts.put(files.crt, null, SECRET);
    if (files.key !== files.crt) drafts.put(files.key, null, SECRET);
    note(`${files.crt}: taken away`);
    return null;
  }
  if (change.pem === null) return 'it is empty';
  const pem = change.pem as string;
  putPem(pem, files, drafts);
  putBeside(change, files, item);
  note(`${files.crt}: ${now.replace(/,.*/, '')} -> sha1 ${fingerprint(leafOf(readPem(pem, files.crt)))}, mode 0600`);
  return null;
}

function putPem(pem: string, { crt, key }: CertificateFilesHere, drafts: Drafts): void {
  const textOf = (wanted: boolean) =>
    Buffer.from(
      pemBlocks(pem)
        .filter((block) => isPrivateKey(block) === wanted)
        .map(({ text }) => text)
        .join(''),
      'latin1',
    );
  if (key === crt) drafts.put(crt, Buffer.from(pem, 'latin1'), SECRET);
  else {
    drafts.put(key, textOf(true), SECRET);
    drafts.put(crt, textOf(false));
  }
}

/** Response, issuer and timestamps that came with a certificate; those of the one before stay where there are no others, and are told. */
function putBeside(
  { ocsp, issuer, sctl }: ItemOf<'cert.new' | 'cert.set'>['change'],
  files: CertificateFilesHere,
  { around: { drafts, note } }: Item,
): void {
  if (ocsp !== undefined) drafts.put(files.ocsp, Buffer.from(ocsp, 'base64'));
  else if (drafts.onDisk(files.ocsp) !== null)
    note(`${files.ocsp} may be about the certificate of before: give another response, or take it away`);
  if (issuer !== undefined) drafts.put(files.issuer, Buffer.from(issuer, 'latin1'));
  if (sctl !== undefined) drafts.put(files.sctl, Buffer.from(sctl, 'base64'));
}

import type { X509Certificate } from 'node:crypto';
import type { Pem } from '../../change/remote/pem.ts';
import { covers, type StoredCertificate } from './in-store.ts';
import { issuedByKnownRoot } from './roots.ts';

/** What speaks against putting a certificate in the place of another. `kind`: what `--allow` takes to do it all the same. */
export interface Fault {
  readonly kind: 'key' | 'chain' | 'names' | 'expiry';
  readonly text: string;
}

/** What is wrong with a new certificate in the place of an old one; `host`: the name that it is rotated for, or null. */
export function faults(pem: Pem, old: StoredCertificate, host: string | null, now: number): readonly Fault[] {
  const found: Fault[] = [];
  if (!pem.hasKey) found.push({ kind: 'key', text: 'the file has no private key; --key names the file that has it' });
  const chain = chainFault(pem, old);
  if (chain !== null) found.push({ kind: 'chain', text: chain });
  const names = namesOf(pem.leaf);
  const wanted = host === null ? old.names : [...new Set([host, ...old.names])];
  const lost = wanted.filter((name) => !names.some((one) => covers(one, name)));
  if (lost.length > 0)
    found.push({
      kind: 'names',
      text: `it is not for ${lost.join(', ')}, which the old one is; it is for ${names.join(', ') || 'nothing'}`,
    });
  found.push(...timeFaults(pem.leaf, old, now));
  return found;
}

function timeFaults(leaf: X509Certificate, { notAfter }: StoredCertificate, now: number): Fault[] {
  const [begin, end] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
  if (now < begin) return [{ kind: 'expiry', text: `it is valid from ${leaf.validFrom} on only` }];
  if (now >= end) return [{ kind: 'expiry', text: `it has expired: ${leaf.validTo}` }];
  if (notAfter === null || end >= notAfter) return [];
  return [
    { kind: 'expiry', text: `it expires on ${leaf.validTo}, before the old one (${new Date(notAfter).toUTCString()})` },
  ];
}

/** Each certificate must be issued by the one behind it, and the last by itself, by a known root, or by who issued the old one. */
function chainFault({ leaf, chain }: Pem, old: StoredCertificate): string | null {
  const all = [leaf, ...chain];
  const broken = all.findIndex((one, i) => i + 1 < all.length && !one.checkIssued(all[i + 1]!));
  if (broken >= 0)
    return `the chain is out of order: ${line(all[broken]!.subject)} is not issued by ${line(all[broken + 1]!.subject)}, which follows it`;
  const last = all.at(-1)!;
  if (last.checkIssued(last) || issuedByKnownRoot(last)) return null;
  if (chain.length === 0 && line(leaf.issuer) === old.issuer) return null;
  return `the chain is not complete: it ends at ${line(last.subject)}, and ${line(last.issuer)}, who issued that, is neither in the file nor a known root`;
}

/** DNS names and IP addresses of a certificate, in small letters; its common name where there are none. */
function namesOf(leaf: X509Certificate): readonly string[] {
  const alternative = (leaf.subjectAltName ?? '').split(',').map((part) => part.trim());
  const names = alternative.flatMap((part) => /^(?:DNS|IP Address):(.+)$/.exec(part)?.[1]?.toLowerCase() ?? []);
  const common = /^CN=(.+)$/m.exec(leaf.subject ?? '')?.[1]?.toLowerCase();
  return names.length > 0 || common === undefined ? names : [common];
}

/** `/C=US/CN=Example CA`, as HAProxy writes it. */
function line(name: string | undefined): string {
  return `/${(name ?? '').replaceAll('\n', '/')}`;
}

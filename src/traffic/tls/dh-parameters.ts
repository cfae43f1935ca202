import { getDiffieHellman, X509Certificate } from 'node:crypto';
import type { GlobalTlsConfig } from '../../config/types.ts';
import { der, TAG } from '../../model/certificates/der.ts';
import type { CertificateView } from '../../model/certificates/views.ts';

/** Groups of RFC 2409 (section 6.2) and RFC 3526 by their bits, the largest first. */
const GROUPS = [
  [4096, 'modp16'],
  [2048, 'modp14'],
  [1024, 'modp2'],
] as const;

/** The least that the library takes without a `ssl-security-level` below 2. */
const SAFE = 2048;

const made = new Map<string, Buffer>();

/**
 * Parameters for ephemeral Diffie-Hellman, PEM: of the certificate's file, else of `ssl-dh-param-file`, else a group as large as the key
 * where `tune.ssl.default-dh-param` allows one. null: it is not offered (manual, `ssl-dh-param-file`).
 */
export function dhParameters({ dh, chain }: CertificateView, global: GlobalTlsConfig): Buffer | null {
  const given = dh ?? global.dhParams;
  if (given !== null) return Buffer.from(given);
  const { defaultDhParam: most, securityLevel } = global;
  if (most === 0) return null;
  const { asymmetricKeyDetails } = new X509Certificate(Buffer.from(chain)).publicKey;
  const wanted = Math.min(most, asymmetricKeyDetails?.modulusLength ?? 0);
  const [bits, name] = GROUPS.find(([size]) => wanted >= size) ?? GROUPS[2];
  return bits < SAFE && (securityLevel ?? 2) > 1 ? null : groupOf(name);
}

function groupOf(name: string): Buffer {
  let pem = made.get(name);
  if (pem === undefined) {
    const group = getDiffieHellman(name);
    pem = pemOf(group.getPrime(), group.getGenerator());
    made.set(name, pem);
  }
  return pem;
}

/** `DHParameter` (PKCS #3): prime and generator. The primes begin with a bit that is set. */
function pemOf(prime: Buffer, generator: Buffer): Buffer {
  const integers = [Buffer.concat([Buffer.of(0), prime]), generator].map((bytes) => der(TAG.integer, bytes));
  const lines = der(TAG.sequence, ...integers)
    .toString('base64')
    .replace(/.{64}/g, '$&\n');
  return Buffer.from(`-----BEGIN DH PARAMETERS-----\n${lines}\n-----END DH PARAMETERS-----\n`);
}

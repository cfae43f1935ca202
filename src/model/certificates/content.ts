import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { CertificateContent } from '../../config/certificates.ts';
import { isCertificate, isEncrypted, isPrivateKey, type PemBlock, pemBlocks } from './pem.ts';
import { sharedBytes, textOf } from './shared-bytes.ts';

/** Why something is no certificate, for operators, in HAProxy's words; without a full stop. */
export class CertificateError extends Error {}

/** What OpenSSL says is wrong: `error:0480006C:PEM routines::no start line` -> `no start line`. */
function reasonOf(error: unknown): string {
  const { opensslErrorStack, message } = error as Error & { opensslErrorStack?: readonly string[] };
  return (opensslErrorStack?.[0] ?? message).replace(/^.*::?/, '').trim();
}

/**
 * Certificate, chain, key and DH parameters of a PEM text, in any order; the first certificate is the leaf. `path` names the file in
 * messages; `open` gives an encrypted key in the clear. Throws CertificateError.
 */
export function readPem(text: string, path: string, open: OpenKey = encrypted): CertificateContent {
  const blocks = pemBlocks(text);
  const certificates = blocks.filter(isCertificate);
  const leaf = certificates[0];
  if (leaf === undefined) throw new CertificateError(`unable to load certificate from file '${path}': no start line`);
  const [facts] = certificates.map((block, i) => {
    try {
      const certificate = new X509Certificate(block.text);
      return i === 0 ? factsOf(certificate) : null;
    } catch (error) {
      const what = i === 0 ? 'certificate' : 'certificate chain';
      throw new CertificateError(`unable to load ${what} from file '${path}': ${reasonOf(error)}`);
    }
  });
  const key = blocks.find(isPrivateKey);
  return {
    chain: sharedBytes(certificates.map((block) => block.text).join('')),
    sent: null,
    key: key === undefined ? null : readKeyBlock(key, path, open),
    dh: blocks.flatMap(({ label, text: dh }) => (label === 'DH PARAMETERS' ? sharedBytes(dh) : []))[0] ?? null,
    ...facts!,
    issuer: null,
    ocsp: null,
    sctl: null,
  };
}

/** The private key of a text; `open` gives an encrypted one in the clear. Throws CertificateError. */
export function readKey(text: string, path: string, open: OpenKey = encrypted): Uint8Array {
  const key = pemBlocks(text).find(isPrivateKey);
  if (key === undefined) throw new CertificateError(`unable to load private key from file '${path}'`);
  return readKeyBlock(key, path, open);
}

/** Gives an encrypted key of a file in the clear, or throws CertificateError. */
type OpenKey = (pem: string, path: string) => string;

function readKeyBlock(block: PemBlock, path: string, open: OpenKey): Uint8Array {
  return sharedBytes(isEncrypted(block) ? open(block.text, path) : block.text);
}

function encrypted(_: string, path: string): never {
  throw new CertificateError(
    `the private key in '${path}' is encrypted, and nobody is there to be asked for the pass phrase: decrypt it ('openssl pkey'), or name a command that prints it ('ssl-passphrase-cmd')`,
  );
}

/** The first certificate of a text, as PEM. Throws CertificateError. */
export function readIssuer(text: string, path: string): string {
  const block = pemBlocks(text).find(isCertificate);
  try {
    if (block !== undefined) return new X509Certificate(block.text) && block.text;
  } catch {
    // Said below.
  }
  throw new CertificateError(`'${path}' cannot be read or parsed`);
}

/** Signed certificate timestamps of a file. Throws CertificateError. */
export function readSctl(bytes: Uint8Array, path: string): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let fits = bytes.length >= 2 && view.getUint16(0) + 2 === bytes.length;
  for (let at = 2; fits && at < bytes.length; ) {
    fits = at + 2 <= bytes.length;
    if (fits) at += 2 + view.getUint16(at);
    fits &&= at <= bytes.length;
  }
  if (!fits) throw new CertificateError(`'${path}' is present but cannot be read or parsed`);
  return Uint8Array.from(bytes);
}

/** Why certificate and key do not go together, in HAProxy's words; null when they do. */
export function mismatch({ chain, key }: CertificateContent, path: string): string | null {
  try {
    if (key !== null && leafOf({ chain }).checkPrivateKey(createPrivateKey(textOf(key)))) return null;
  } catch {
    // A key that cannot be read belongs to nothing.
  }
  return `inconsistencies between private key and certificate loaded '${path}'`;
}

/** Why the library would not show a certificate to anybody (a key that is too short, ...); null when it would. */
export function unusable({ chain, key }: CertificateContent, path: string): string | null {
  try {
    // Without `ca`, Node would read the authorities that it has.
    createSecureContext({ ca: [], cert: Buffer.from(chain), key: Buffer.from(key!) });
    return null;
  } catch (error) {
    return `unable to load SSL certificate into SSL Context '${path}': ${reasonOf(error)}`;
  }
}

/** The certificate itself. */
export function leafOf({ chain }: Pick<CertificateContent, 'chain'>): X509Certificate {
  return new X509Certificate(textOf(chain));
}

/** The certificate and the chain that is sent with it, leaf first. */
export function chainOf({ chain, sent }: Pick<CertificateContent, 'chain' | 'sent'>): X509Certificate[] {
  return pemBlocks(textOf(sent ?? chain)).map(({ text }) => new X509Certificate(text));
}

function factsOf(leaf: X509Certificate): Pick<CertificateContent, 'keyType' | 'names' | 'notBefore' | 'notAfter'> {
  return {
    keyType: keyTypeOf(leaf),
    names: namesOf(leaf),
    notBefore: Date.parse(leaf.validFrom),
    notAfter: Date.parse(leaf.validTo),
  };
}

function keyTypeOf({ publicKey }: X509Certificate): CertificateContent['keyType'] {
  const type = publicKey.asymmetricKeyType;
  if (type === 'rsa' || type === 'dsa') return type;
  return type === 'ec' ? 'ecdsa' : 'other';
}

/** DNS names and common names, in small letters, each once. */
function namesOf({ subjectAltName = '', subject = '' }: X509Certificate): string[] {
  const alternative = subjectAltName.split(', ').flatMap((name) => /^DNS:([^"]+)$/.exec(name)?.[1] ?? []);
  // Without a subject Node.js tells undefined.
  const common = (subject ?? '').split('\n').flatMap((line) => /^CN=(.+)$/.exec(line)?.[1] ?? []);
  return [...new Set([...alternative, ...common].map((name) => name.toLowerCase()))];
}

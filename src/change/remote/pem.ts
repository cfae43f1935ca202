import { createPrivateKey, X509Certificate } from 'node:crypto';

/** What a PEM text for `set ssl cert` holds. */
export interface Pem {
  readonly leaf: X509Certificate;
  readonly chain: readonly X509Certificate[];
  /** Without it the key has to be in a file of its own. */
  readonly hasKey: boolean;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;

/** Reads it. Throws an Error with the reason for operators when HAProxy would not take it. */
export function readPem(text: string): Pem {
  const blocks = [...text.matchAll(BLOCK)].map((match) => ({ type: match[1]!, pem: match[0] }));
  const certificates = blocks.filter(({ type }) => type === 'CERTIFICATE').map(({ pem }) => certificate(pem));
  const keys = blocks.filter(({ type }) => type.endsWith('PRIVATE KEY'));
  const leaf = certificates[0];
  if (!leaf) throw new Error('the PEM text has no certificate');
  if (keys.length > 1) throw new Error('the PEM text has more than one private key');
  if (keys[0] && !leaf.checkPrivateKey(privateKey(keys[0].pem)))
    throw new Error(`the private key is not that of the first certificate, ${subject(leaf)}`);
  return { leaf, chain: certificates.slice(1), hasKey: keys.length === 1 };
}

/** The PEM text with nothing but its blocks: HAProxy before 2.9 takes an empty line for the end. */
export function blocksOnly(text: string): string {
  return [...text.matchAll(BLOCK)].map((match) => match[0].replace(/\r/g, '').replace(/\n{2,}/g, '\n')).join('\n');
}

/** `show ssl cert` tells it in this form. */
export function fingerprint(leaf: X509Certificate): string {
  return leaf.fingerprint.replaceAll(':', '');
}

/** `/CN=app.test`, on one line. */
export function subject(leaf: X509Certificate): string {
  return `/${leaf.subject.replaceAll('\n', '/')}`;
}

function certificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new Error(`a certificate cannot be read: ${(error as Error).message}`);
  }
}

function privateKey(pem: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new Error(
      `the private key cannot be read (keys with a passphrase are not for HAProxy): ${(error as Error).message}`,
    );
  }
}

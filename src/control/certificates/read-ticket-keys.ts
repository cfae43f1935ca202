import { CertificateError } from '../../model/certificates/content.ts';
import { digestOf, readSource } from './sources.ts';

/** Keys that are used of a file: the last ones. */
const USED = 3;
const SIZES = [48, 80];

/** Reads a `tls-ticket-keys` file: a key in base64 on each line. Throws CertificateError. */
export function readTicketKeys(
  path: string,
  file: string,
): { readonly keys: readonly Uint8Array[]; readonly digest: string } {
  let bytes: Buffer;
  try {
    bytes = readSource(file);
  } catch {
    throw new CertificateError(`'${path}' : unable to load ssl tickets keys file`);
  }
  const keys: Uint8Array[] = [];
  for (const [i, line] of bytes.latin1Slice().trimEnd().split('\n').entries()) {
    const text = line.trim();
    if (text === '') continue;
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0)
      throw new CertificateError(`'${path}' : unable to decode base64 key on line ${i + 1}`);
    const key = Buffer.from(text, 'base64');
    if (!SIZES.includes(key.length) || (keys.length > 0 && keys[0]!.length !== key.length))
      throw new CertificateError(`'${path}' : wrong sized key on line ${i + 1}`);
    keys.push(Uint8Array.from(key));
  }
  if (keys.length < USED)
    throw new CertificateError(`'${path}' : please supply at least 3 keys in the tls-tickets-file`);
  return { keys: keys.slice(-USED), digest: digestOf(bytes) };
}

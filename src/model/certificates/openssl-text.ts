/** Facts of certificates in the form in which OpenSSL prints them. */
import type { X509Certificate } from 'node:crypto';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Feb  7 03:42:23 2035 GMT`. */
export function opensslDate(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return 'Bad time value';
  const time = date.toISOString().slice(11, 19);
  return `${MONTHS[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2)} ${time} ${date.getUTCFullYear()} GMT`;
}

/** `/O=Bench/CN=Bench Root CA`. */
export function nameLine(name: string | undefined): string {
  return name === undefined || name === '' ? '' : `/${name.replaceAll('\n', '/')}`;
}

const CURVE_BITS: Readonly<Record<string, number>> = { secp256k1: 256, prime256v1: 256 };

/** `RSA2048`, `EC256`; '' for other kinds of keys. */
export function algorithmOf({ publicKey }: X509Certificate): string {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  if (type === 'rsa' || type === 'dsa') return `${type.toUpperCase()}${details?.modulusLength ?? ''}`;
  if (type !== 'ec') return '';
  const curve = details?.namedCurve ?? '';
  return `EC${CURVE_BITS[curve] ?? /\d{3}/.exec(curve)?.[0] ?? ''}`;
}

/** `4038C9F2...`: the SHA-1 of the certificate. */
export function sha1Of({ fingerprint }: X509Certificate): string {
  return fingerprint.replaceAll(':', '');
}

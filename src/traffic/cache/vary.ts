import { hash } from 'node:crypto';
import { F } from '../../model/cache/layout.ts';
import { listValues } from '../filters/list-values.ts';
import type { Head } from '../h1/head.ts';

/*
 * What of a request a stored response depends on (`process-vary`). A key is: the content codings that are accepted (of a stored object: the one
 * that it has) as bits, and 64 bits each of a hash of the referer and of the origin.
 */

/** Fields that may be named in `Vary`, as bits of a signature. */
const FIELDS: Readonly<Record<string, number>> = { 'accept-encoding': 1, referer: 2, origin: 4 };

const CODINGS: Readonly<Record<string, number>> = {
  gzip: 1,
  deflate: 2,
  br: 4,
  compress: 8,
  aes128gcm: 16,
  exi: 32,
  'pack200-gzip': 64,
  zstd: 128,
  identity: 256,
  '*': 512,
  'x-gzip': 1,
  'x-compress': 8,
};
const OTHER = 1024;
const ANY = 0x7fffffff;
/** Codings in a request, at most: one with more is not served from the cache. */
const MAX_CODINGS = 16;

/** The signature that the `Vary` fields of a response amount to, 0 without any; null when it names what cannot be handled. */
export function signatureOf(res: Head): number | null {
  let signature = 0;
  for (const name of listValues(res, 'vary')) {
    const bit = FIELDS[name.toLowerCase()];
    if (bit === undefined) return null;
    signature |= bit;
  }
  return signature;
}

/** The key of a request with all its parts; null when the request is not to be served from the cache. */
export function requestKey(req: Head): Int32Array | null {
  const accepted = acceptedCodings(req);
  const key = new Int32Array(F.secondaryLength);
  if (accepted === null || !putHash(req, 'referer', key, 1) || !putHash(req, 'origin', key, 3)) return null;
  key[0] = accepted;
  return key;
}

/** The parts of a key that matter for a signature. */
export function reduceKey(key: Int32Array, signature: number): Int32Array {
  const reduced = new Int32Array(key.length);
  if ((signature & 1) !== 0) reduced[0] = key[0]!;
  if ((signature & 2) !== 0) reduced.set(key.subarray(1, 3), 1);
  if ((signature & 4) !== 0) reduced.set(key.subarray(3, 5), 3);
  return reduced;
}

/** The coding that a response has, as bits; null for one that is not known. */
export function codingOf(res: Head): number | null {
  let bits = 0;
  for (const value of listValues(res, 'content-encoding')) {
    const bit = CODINGS[value.toLowerCase()];
    if (bit === undefined) return null;
    bits |= bit;
  }
  return bits === 0 ? CODINGS['identity']! : bits;
}

function acceptedCodings(req: Head): number | null {
  const values = listValues(req, 'accept-encoding');
  if (req.findHeader('accept-encoding', 0) < 0) return ANY;
  if (values.length >= MAX_CODINGS) return null;
  let accepted = CODINGS['identity']!;
  let refused = 0;
  for (const value of values) {
    if (value === '') continue;
    const [name, ...parameters] = value.toLowerCase().split(';');
    const bit = CODINGS[name!.trim()] ?? OTHER;
    if (/^[ \t]*q=0(?:\.0{0,3})?$/.test(parameters.join(';'))) refused |= bit;
    else accepted |= bit;
  }
  return ((accepted & CODINGS['*']!) === 0 ? accepted : ANY) & ~refused;
}

/** False when the field came twice: nobody knows what a server makes of that. */
function putHash(req: Head, name: string, key: Int32Array, at: number): boolean {
  const index = req.findHeader(name, 0);
  if (index < 0) return true;
  if (req.findHeader(name, index + 1) >= 0) return false;
  const digest = hash('sha1', Buffer.from(req.headerValue(index), 'latin1'), 'buffer');
  key[at] = digest.readInt32LE(0);
  key[at + 1] = digest.readInt32LE(4);
  return true;
}

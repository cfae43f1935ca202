import { packAddress } from '../expr/ip.ts';
import { xxh64 } from '../expr/xxhash.ts';

/**
 * `cookie ... dynamic`: a server's cookie made of its address, so that all load balancers with the same key agree on
 * it: XXH64 over the key, the address, and the port in 4 bytes, in network order. null when the server has no IP
 * address yet.
 */
export function dynamicCookie(key: string, host: string | null, port: number): string | null {
  const address = host === null ? undefined : packAddress(host);
  if (address === undefined) return null;
  const ending = String.fromCharCode((port >>> 24) & 255, (port >>> 16) & 255, (port >>> 8) & 255, port & 255);
  const bytes = Buffer.from(key).latin1Slice() + address + ending;
  return xxh64(bytes, 0n).toString(16).padStart(16, '0');
}

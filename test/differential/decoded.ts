import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

/** A body out of the encoding that its head tells; as it is when it is in none. */
export function decoded(head: string, body: string): string {
  const encoding = /^content-encoding: *(\w+)/im.exec(head)?.[1];
  const bytes = Buffer.from(body, 'latin1');
  try {
    if (encoding === 'gzip') return gunzipSync(bytes).toString('latin1');
    if (encoding === 'deflate') return (bytes[0] === 0x78 ? inflateSync : inflateRawSync)(bytes).toString('latin1');
    if (encoding === 'br') return brotliDecompressSync(bytes).toString('latin1');
  } catch {
    return body; // an origin that only says so
  }
  return body;
}

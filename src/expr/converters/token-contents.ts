/** Contents of encrypted tokens (RFC 7518, section 5). */

import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import type { TokenEncryption } from '../../config/token-algorithms.ts';

/** What is encrypted, with what vouches for it. */
interface Sealed {
  readonly iv: Buffer;
  readonly text: Buffer;
  readonly tag: Buffer;
  readonly aad: Buffer;
}

/** How contents are encrypted: bits of the cipher's key, and the digest of the code that goes with CBC. */
const CONTENTS: Readonly<Record<TokenEncryption, { readonly bits: 128 | 192 | 256; readonly digest: string | null }>> =
  {
    A128GCM: { bits: 128, digest: null },
    A192GCM: { bits: 192, digest: null },
    A256GCM: { bits: 256, digest: null },
    'A128CBC-HS256': { bits: 128, digest: 'sha256' },
    'A192CBC-HS384': { bits: 192, digest: 'sha384' },
    'A256CBC-HS512': { bits: 256, digest: 'sha512' },
  };

/** Bytes of the key that contents are encrypted with. */
export function contentKeySize(encryption: TokenEncryption): number {
  const { bits, digest } = CONTENTS[encryption];
  return (bits / 8) * (digest === null ? 1 : 2);
}

/** The contents; throws when key or tag are others. */
export function openContents(encryption: TokenEncryption, key: Buffer, sealed: Sealed): Buffer {
  if (key.length !== contentKeySize(encryption)) throw new Error('a key of another size');
  const { digest } = CONTENTS[encryption];
  return digest === null ? openGcm(key, sealed) : openCbc(key, sealed, digest);
}

export function openGcm(key: Buffer, { iv, text, tag, aad }: Sealed): Buffer {
  if (iv.length !== 12 || tag.length !== 16) throw new Error('sizes');
  const cipher = createDecipheriv(`aes-${(key.length * 8) as 128 | 192 | 256}-gcm`, key, iv);
  cipher.setAAD(aad).setAuthTag(tag);
  return Buffer.concat([cipher.update(text), cipher.final()]);
}

/** AES in CBC mode with a code of HMAC (RFC 7518, section 5.2). */
function openCbc(secret: Buffer, { iv, text, tag, aad }: Sealed, digest: string): Buffer {
  const half = secret.length / 2;
  const bits = Buffer.alloc(8);
  bits.writeBigUInt64BE(BigInt(aad.length) * 8n);
  const code = createHmac(digest, secret.subarray(0, half)).update(aad).update(iv).update(text).update(bits).digest();
  const expected = code.subarray(0, half);
  if (expected.length !== tag.length || !timingSafeEqual(expected, tag)) throw new Error('altered');
  const cipher = createDecipheriv(`aes-${half * 8}-cbc`, secret.subarray(half), iv);
  return Buffer.concat([cipher.update(text), cipher.final()]);
}

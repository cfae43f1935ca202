/** Bytes of configuration files as text: what is not UTF-8 is taken byte by byte, so that it can be written back as it was. */

import { isUtf8 } from 'node:buffer';

export type TextEncoding = 'utf8' | 'latin1';

export function decodeText(bytes: Buffer): { readonly text: string; readonly encoding: TextEncoding } {
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1';
  return { text: bytes.toString(encoding), encoding };
}

/** The bytes of `text`, or null when it has a character that the file's encoding has not. */
export function encodeText(text: string, encoding: TextEncoding): Buffer | null {
  const bytes = Buffer.from(text, encoding);
  return encoding === 'latin1' && bytes.toString(encoding) !== text ? null : bytes;
}

/** Keys of stick tables as people write and read them. */

import { bytesOf, markedText } from '../../config/bytes.ts';
import type { StickTableConfig } from '../../config/types.ts';
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../../util/ip.ts';

type KeyForm = Pick<StickTableConfig, 'type' | 'keyLength'>;

/** An IPv4 address in a table of IPv6 ones. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] as const;

/**
 * The bytes of a key that is written as text: an address, a number (what is none counts as 0, as in HAProxy since 3.0), a text in UTF-8 or with marked bytes, a binary key
 * in hexadecimal digits. null for what cannot be a key.
 */
export function keyFromText({ type, keyLength }: KeyForm, text: string): Uint8Array | null {
  switch (type) {
    case 'ip':
      return parseIpv4(text);
    case 'ipv6': {
      const address = parseIpv6(text);
      const mapped = address === null ? parseIpv4(text) : null;
      return mapped === null ? address : Uint8Array.of(...MAPPED, ...mapped);
    }
    case 'integer': {
      const value = Number(BigInt.asUintN(32, BigInt(/^\d{1,40}/.exec(text)?.[0] ?? 0)));
      return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
    }
    case 'binary':
      return /^([0-9a-f]{2})*$/i.test(text) ? padded(Buffer.from(text, 'hex'), keyLength) : null;
    default:
      return text.includes('\0') ? null : Buffer.from(bytesOf(text), 'latin1').subarray(0, keyLength);
  }
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const key = new Uint8Array(length);
  key.set(bytes.subarray(0, length));
  return key;
}

/** A key as `show table` prints it: one word. */
export function keyWord({ type }: KeyForm, key: Uint8Array): string {
  return type === 'string' ? escaped(key) : keyText({ type }, key);
}

/** A key as it can be written in a Change: of what is no UTF-8, marked bytes. */
export function keyText({ type }: Pick<KeyForm, 'type'>, key: Uint8Array): string {
  switch (type) {
    case 'ip':
      return formatIpv4(key);
    case 'ipv6':
      return formatIpv6(key);
    case 'integer':
      return String(((key[0]! << 24) | (key[1]! << 16) | (key[2]! << 8) | key[3]!) >>> 0);
    case 'binary':
      return Buffer.from(key).toString('hex').toUpperCase();
    default:
      return markedText(Buffer.from(key));
  }
}

/** Bytes that are written with a letter behind the backslash; others that do not print are written as two digits. */
const LETTERS: Readonly<Record<string, string>> = { '\t': 't', '\n': 'n', '\r': 'r', '\x1b': 'e' };

function escaped(key: Uint8Array): string {
  const text = Buffer.from(key).latin1Slice();
  if (/^[!-<>-[\]-~]*$/.test(text)) return text;
  return text.replace(/[^!-<>-[\]-~]/g, (char) => {
    if (char === ' ' || char === '\\' || char === '=') return `\\${char}`;
    const letter = LETTERS[char];
    return letter === undefined
      ? `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
      : `\\${letter}`;
  });
}

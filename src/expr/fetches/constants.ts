/** Constants and facts of the process (HAProxy manual, section 7.3.1 and 7.3.2). */

import { formatIpv6, parseIpv6 } from '../ip.ts';
import type { FetchRow } from '../row.ts';

function readBool(text: string): boolean | null {
  if (text === '1' || text.toLowerCase() === 'true') return true;
  if (text === '0' || text.toLowerCase() === 'false') return false;
  return null;
}

/** Bytes of pairs of hex digits, or the reason why not. */
export function bytesOfHex(hex: string): string | { error: string } {
  const bad = /[^0-9a-fA-F]/.exec(hex);
  if (bad !== null) return { error: `an hex digit is expected (found '${bad[0]}')` };
  if (hex.length % 2 !== 0) return { error: 'an even number of hex digit is expected' };
  let bytes = '';
  for (let i = 0; i < hex.length; i += 2) bytes += String.fromCharCode(Number.parseInt(hex.slice(i, i + 2), 16));
  return bytes;
}

export const constantFetches: readonly FetchRow[] = [
  { name: 'always_false', args: '', type: 'bool', source: 'constant', compile: () => () => false },
  { name: 'always_true', args: '', type: 'bool', source: 'constant', compile: () => () => true },
  {
    name: 'bin',
    args: 'string',
    type: 'bin',
    source: 'constant',
    compile: ([hex]) => {
      if (hex === '') return { error: 'an hex digit is expected (found nothing)' };
      const bytes = bytesOfHex(hex as string);
      return typeof bytes === 'string' ? () => bytes : bytes;
    },
  },
  {
    name: 'bool',
    args: 'string',
    type: 'bool',
    source: 'constant',
    compile: ([text]) => {
      const value = readBool(text as string);
      return value === null ? { error: "Expects 'true', 'false', '0' or '1'" } : () => value;
    },
  },
  {
    name: 'int',
    args: 'integer',
    type: 'sint',
    source: 'constant',
    compile:
      ([value]) =>
      () =>
        value,
  },
  {
    name: 'ipv4',
    args: 'IPv4 address',
    type: 'ipv4',
    source: 'constant',
    compile:
      ([text]) =>
      () =>
        text,
  },
  {
    name: 'ipv6',
    args: 'IPv6 address',
    type: 'ipv6',
    source: 'constant',
    compile: ([text]) => {
      const address = formatIpv6(parseIpv6(text as string)!);
      return () => address;
    },
  },
  {
    name: 'meth',
    args: 'string',
    type: 'meth',
    source: 'constant',
    compile:
      ([text]) =>
      () =>
        text,
  },
  {
    name: 'str',
    args: 'string',
    type: 'str',
    source: 'constant',
    compile:
      ([text]) =>
      () =>
        text,
  },
];

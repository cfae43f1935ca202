/** The Forwarded header (RFC 7239). */

import { parseIpv4, parseIpv6 } from './ip.ts';
import { asciiLower } from './text.ts';

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PAIR = new RegExp(
  `^(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\\\x00-\\x08\\n-\\x1f\\x7f]|\\\\[\\t -~\\x80-\\xff])*)")`,
);
/** Parameters that have a meaning. */
export const FORWARDED_PARAMETERS: readonly string[] = ['proto', 'host', 'for', 'by'];
/** A name or port that tells nothing (RFC 7239, section 6.3). */
export const OBFUSCATED = /^_[A-Za-z0-9._-]+$/;

/** A node identifier (RFC 7239, section 6): its name and port, or null when malformed. */
export function parseNode(text: string): { name: string; port: string | null } | null {
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::([0-9]{1,5}|_[A-Za-z0-9._-]+))?$/.exec(text);
  if (match === null) return null;
  const name = match[1]!;
  const port = match[2] ?? null;
  if (port !== null && !port.startsWith('_') && (Number(port) > 65535 || Number(port) === 0)) return null;
  const bare = name.startsWith('[') ? (parseIpv6(name.slice(1, -1)) === null ? null : name) : name;
  if (bare === null) return null;
  return bare.startsWith('[') || bare === 'unknown' || OBFUSCATED.test(bare) || parseIpv4(bare) >= 0
    ? { name, port }
    : null;
}

/** A name or address, and a port, as the parameter `host` may have them. */
export function isForwardedHost(text: string): boolean {
  return /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(?::[0-9]*)?$/.test(text);
}

function isValueOf(name: string, value: string): boolean {
  switch (name) {
    case 'proto':
      return /^[A-Za-z][A-Za-z0-9+.-]*$/.test(value);
    case 'host':
      return isForwardedHost(value);
    default:
      return parseNode(value) !== null;
  }
}

/** Parameters of the first element of a header, all elements checked when `strict`; null when malformed. */
export function parseForwarded(header: string, strict: boolean): Map<string, string> | null {
  let rest = header.trim();
  let first: Map<string, string> | null = null;
  for (;;) {
    const parameters = new Map<string, string>();
    for (;;) {
      const match = PAIR.exec(rest);
      if (match === null) return null;
      const name = asciiLower(match[1]!);
      const value = match[2] ?? match[3]!.replace(/\\(.)/gs, '$1');
      if (parameters.has(name) || (FORWARDED_PARAMETERS.includes(name) && !isValueOf(name, value))) return null;
      parameters.set(name, value);
      rest = rest.slice(match[0].length);
      if (!rest.startsWith(';')) break;
      rest = rest.slice(1);
    }
    first ??= parameters;
    if (rest === '') return first;
    const comma = /^[ \t]*,[ \t]*/.exec(rest);
    if (comma === null) return null;
    if (!strict) return first;
    rest = rest.slice(comma[0].length);
  }
}

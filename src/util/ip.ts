/**
 * IP addresses as bytes: 4 in network order for IPv4, 16 for IPv6.
 */

/** Bytes of an IPv4 dotted quad (four decimal numbers, as inet_pton takes them), or null. */
export function parseIpv4(text: string): Uint8Array | null {
  const bytes = new Uint8Array(4);
  return readIpv4(text, 0, bytes, 0) ? bytes : null;
}

function readIpv4(text: string, from: number, into: Uint8Array, at: number): boolean {
  let part = 0;
  let value = -1;
  for (let i = from; i <= text.length; i++) {
    const c = i < text.length ? text.charCodeAt(i) : 0x2e;
    if (c === 0x2e) {
      if (value < 0 || part === 4) return false;
      into[at + part++] = value;
      value = -1;
    } else {
      if (c < 0x30 || c > 0x39 || value === 0) return false;
      value = (value < 0 ? 0 : value * 10) + c - 0x30;
      if (value > 255) return false;
    }
  }
  return part === 4;
}

/** Bytes of an IPv6 address (RFC 4291 section 2.2, no zone, no brackets), or null. */
export function parseIpv6(text: string): Uint8Array | null {
  const bytes = new Uint8Array(16);
  let at = 0;
  let gap = -1;
  let i = 0;
  if (text.startsWith('::')) {
    gap = 0;
    i = 2;
  }
  while (i < text.length) {
    if (at === 16) return null;
    let end = i;
    let value = 0;
    for (; end < text.length && end < i + 5; end++) {
      const digit = hexDigit(text.charCodeAt(end));
      if (digit < 0) break;
      value = value * 16 + digit;
    }
    if (end === i || end === i + 5) return null;
    if (text.charCodeAt(end) === 0x2e) {
      if (at > 12 || !readIpv4(text, i, bytes, at)) return null;
      at += 4;
      break;
    }
    bytes[at++] = value >> 8;
    bytes[at++] = value & 0xff;
    if (end === text.length) break;
    if (text.charCodeAt(end) !== 0x3a || end + 1 === text.length) return null;
    i = end + 1;
    if (text.charCodeAt(i) === 0x3a) {
      if (gap >= 0) return null;
      gap = at;
      i++;
    }
  }
  if (gap < 0) return at === 16 ? bytes : null;
  if (at === 16) return null;
  bytes.copyWithin(16 - (at - gap), gap, at);
  bytes.fill(0, gap, 16 - (at - gap));
  return bytes;
}

function hexDigit(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Bytes of an IPv4 or IPv6 address, or null when `text` is neither. */
export function parseIp(text: string): Uint8Array | null {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** Addresses that are the same in the bits of a mask. Address and mask have as many bytes. */
export interface Network {
  readonly address: Uint8Array;
  readonly mask: Uint8Array;
}

/** A network as `10.0.0.0/8`, `10.0.0.0/255.0.0.0` or `2001:db8::/32`, or one address; null when `text` is none of them. */
export function parseNetwork(text: string): Network | null {
  const slash = text.indexOf('/');
  const address = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return null;
  const mask =
    slash < 0 ? maskOf(address.length, address.length * 8) : parseMask(text.slice(slash + 1), address.length);
  return mask === null ? null : { address, mask };
}

function parseMask(text: string, length: number): Uint8Array | null {
  if (/^\d{1,3}$/.test(text)) return Number(text) <= length * 8 ? maskOf(length, Number(text)) : null;
  return length === 4 ? parseIpv4(text) : null;
}

/** A mask of so many bytes whose first `bits` bits count. */
function maskOf(length: number, bits: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 0xff00 >> Math.min(8, Math.max(0, bits - 8 * i)));
}

/** Whether an address (4 or 16 bytes) is in a network of its family. */
export function isInNetwork({ address, mask }: Network, ip: Uint8Array): boolean {
  if (ip.length !== address.length) return false;
  for (let i = 0; i < ip.length; i++) if (((ip[i]! ^ address[i]!) & mask[i]!) !== 0) return false;
  return true;
}

/** Text of the IPv4 address at `offset`. */
export function formatIpv4(bytes: Uint8Array, offset = 0): string {
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
}

/** Text of the IPv6 address at `offset` in the canonical form of RFC 5952, IPv4-mapped addresses as `::ffff:192.0.2.1`. */
export function formatIpv6(bytes: Uint8Array, offset = 0): string {
  const groups: number[] = [];
  for (let i = 0; i < 8; i++) groups.push((bytes[offset + 2 * i]! << 8) | bytes[offset + 2 * i + 1]!);
  const [start, length] = longestZeroRun(groups);
  if (start === 0 && length === 5 && groups[5] === 0xffff) return `::ffff:${formatIpv4(bytes, offset + 12)}`;
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return length < 2 ? hex(0, 8) : `${hex(0, start)}::${hex(start + length, 8)}`;
}

function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let best = 0;
  let bestLength = 0;
  for (let i = 0; i < groups.length; i++) {
    let end = i;
    while (end < groups.length && groups[end] === 0) end++;
    if (end - i > bestLength) {
      best = i;
      bestLength = end - i;
    }
    i = end;
  }
  return [best, bestLength];
}

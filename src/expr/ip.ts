/** IPv4 and IPv6 addresses as text and as numbers, for casts, masks and network lists. Nothing here resolves names. */

/** What was parsed last: rules ask for the same address one after the other. */
let lastText = '';
let lastAddress = -1;

/** Address as an unsigned 32-bit number, or -1 when the text is not a dotted quad. */
export function parseIpv4(text: string): number {
  if (text !== lastText) {
    lastAddress = readIpv4(text);
    lastText = text;
  }
  return lastAddress;
}

/**
 * The address that a text begins with, as a dotted quad without zeros in front; undefined when there is none. What follows that is neither
 * a digit nor a dot (a port, a prefix) is passed over, as in HAProxy.
 */
export function leadingIpv4(text: string): string | undefined {
  if (parseIpv4(text) >= 0 && !/(?:^|\.)0\d/.test(text)) return text;
  const parts = /^0*(\d{1,3})\.0*(\d{1,3})\.0*(\d{1,3})\.0*(\d{1,3})(?![\d.])/.exec(text)?.slice(1).map(Number);
  return parts === undefined || parts.some((part) => part > 255) ? undefined : parts.join('.');
}

function readIpv4(text: string): number {
  const length = text.length;
  if (length < 7 || length > 15) return -1;
  let address = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) {
      if (digits === 0 || dots === 3) return -1;
      address = address * 256 + part;
      part = 0;
      digits = 0;
      dots++;
      continue;
    }
    if (code < 0x30 || code > 0x39 || digits === 3) return -1;
    part = part * 10 + code - 0x30;
    if (part > 255) return -1;
    digits++;
  }
  return dots === 3 && digits > 0 ? address * 256 + part : -1;
}

/** Dotted quad of an unsigned 32-bit number. */
export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** The eight 16-bit groups of an IPv6 address in text (RFC 4291, section 2.2), or null. */
export function parseIpv6(text: string): number[] | null {
  if (text.length < 2 || text.length > 45 || !text.includes(':')) return null;
  let rest = text;
  const tail: number[] = [];
  const lastColon = text.lastIndexOf(':');
  if (text.includes('.', lastColon)) {
    const quad = parseIpv4(text.slice(lastColon + 1));
    if (quad < 0) return null;
    tail.push(quad >>> 16, quad & 0xffff);
    rest = text.endsWith('::', lastColon + 1) ? text.slice(0, lastColon + 1) : text.slice(0, lastColon);
  }
  const gap = rest.indexOf('::');
  if (gap === -1) {
    const groups = parseGroups(rest);
    return groups !== null && groups.length + tail.length === 8 ? groups.concat(tail) : null;
  }
  const left = gap === 0 ? [] : parseGroups(rest.slice(0, gap));
  const right = gap + 2 === rest.length ? [] : parseGroups(rest.slice(gap + 2));
  if (left === null || right === null) return null;
  const missing = 8 - left.length - right.length - tail.length;
  if (missing < 1) return null;
  return left.concat(new Array<number>(missing).fill(0), right, tail);
}

function parseGroups(text: string): number[] | null {
  const groups: number[] = [];
  for (const group of text.split(':')) {
    if (group.length > 4 || !/^[0-9a-fA-F]+$/.test(group)) return null;
    groups.push(Number.parseInt(group, 16));
  }
  return groups;
}

/** Canonical text of eight groups (RFC 5952; an embedded IPv4 address as inet_ntop writes it). */
export function formatIpv6(groups: readonly number[]): string {
  let bestStart = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > bestLength) {
      bestStart = i;
      bestLength = end - i;
    }
    i = Math.max(i, end - 1);
  }
  const mapped = bestStart === 0 && (bestLength === 6 || (bestLength === 5 && groups[5] === 0xffff));
  let text = '';
  for (let i = 0; i < 8; i++) {
    if (i === bestStart) {
      text += '::';
      i += bestLength - 1;
      continue;
    }
    if (text !== '' && !text.endsWith(':')) text += ':';
    if (i === 6 && mapped) return text + formatIpv4(((groups[6]! << 16) | groups[7]!) >>> 0);
    text += groups[i]!.toString(16);
  }
  return text;
}

/** The IPv4 address inside an IPv4-mapped IPv6 address, or undefined when it holds none. */
export function ipv4InIpv6(text: string): string | undefined {
  const groups = parseIpv6(text);
  if (groups === null) return undefined;
  for (let i = 0; i < 5; i++) if (groups[i] !== 0) return undefined;
  if (groups[5] !== 0xffff) return undefined;
  return formatIpv4(((groups[6]! << 16) | groups[7]!) >>> 0);
}

/** As `ipv4InIpv6`, also of an IPv4-compatible (RFC 4291, section 2.5.5) or 6to4 address (RFC 3056). */
export function ipv4AlsoInIpv6(text: string): string | undefined {
  const groups = parseIpv6(text);
  if (groups === null) return undefined;
  if (groups[0] === 0x2002) return formatIpv4(((groups[1]! << 16) | groups[2]!) >>> 0);
  for (let i = 0; i < 5; i++) if (groups[i] !== 0) return undefined;
  if (groups[5] !== 0xffff && groups[5] !== 0) return undefined;
  return formatIpv4(((groups[6]! << 16) | groups[7]!) >>> 0);
}

/** The 4 or 16 bytes of an address, or undefined when the text is none. */
export function packAddress(text: string): string | undefined {
  const v4 = parseIpv4(text);
  if (v4 >= 0) return String.fromCharCode(v4 >>> 24, (v4 >>> 16) & 255, (v4 >>> 8) & 255, v4 & 255);
  const groups = parseIpv6(text);
  if (groups === null) return undefined;
  let bytes = '';
  for (const group of groups) bytes += String.fromCharCode(group >> 8, group & 255);
  return bytes;
}

/** Dotted quad, or fewer parts of which the last one fills the rest, as inet_aton reads them (`127.1` is 127.0.0.1); -1 when it is neither. */
export function parseShortIpv4(text: string): number {
  const full = parseIpv4(text);
  if (full >= 0 || !/^[0-9]{1,10}(\.[0-9]{1,8}){0,2}$/.test(text)) return full;
  const parts = text.split('.').map(Number);
  const last = parts.pop()!;
  if (parts.some((part) => part > 255) || last >= 256 ** (4 - parts.length)) return -1;
  return parts.reduce((address, part, i) => address + part * 256 ** (3 - i), last);
}

/** Mask of an IPv4 network given as a prefix length or a dotted mask; -1 when it is neither. */
export function parseIpv4Mask(text: string): number {
  if (text.includes('.')) return parseIpv4(text);
  if (!/^[0-9]{1,2}$/.test(text)) return -1;
  const bits = Number(text);
  if (bits > 32) return -1;
  return bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
}

/** Mask of an IPv6 network given as a prefix length or as an address: eight groups, or null. */
export function parseIpv6Mask(text: string): number[] | null {
  if (text.includes(':')) return parseIpv6(text);
  if (!/^[0-9]{1,3}$/.test(text)) return null;
  const bits = Number(text);
  if (bits > 128) return null;
  const groups: number[] = [];
  for (let i = 0; i < 8; i++) {
    const left = Math.min(16, Math.max(0, bits - 16 * i));
    groups.push((0xffff << (16 - left)) & 0xffff);
  }
  return groups;
}

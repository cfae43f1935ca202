/**
 * The PROXY protocol, versions 1 (a line of text) and 2 (binary), as proxy-protocol.txt of HAProxy specifies it: reading
 * what clients send before their first byte (`accept-proxy`), and building what servers get (`send-proxy*`).
 * Refuses what HAProxy refuses, and ports, addresses and ends of line that it reads leniently.
 */
import { crc32c } from '../util/crc32c.ts';
import { formatIpv4, formatIpv6, parseIp, parseIpv4, parseIpv6 } from '../util/ip.ts';

/** One end of the connection that the header tells of. */
export interface ProxyEndpoint {
  readonly host: string;
  readonly port: number;
}

/** A type-length-value of version 2. */
export interface ProxyTlv {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface ProxyHeader {
  readonly version: 1 | 2;
  /** null for connections that the sender made itself or cannot tell of (`LOCAL`, `UNKNOWN`): the real addresses stay in force. */
  readonly source: ProxyEndpoint | null;
  readonly destination: ProxyEndpoint | null;
  readonly tlvs: readonly ProxyTlv[];
  /** Bytes that the header took. */
  readonly length: number;
}

/** Why bytes are no header, with HAProxy's log texts. */
export const PROXY_ERRORS = {
  'not-header': 'Received something which does not look like a PROXY protocol header',
  'bad-header': 'Received an invalid PROXY protocol header',
  'bad-protocol': 'Received an unhandled protocol in the PROXY protocol header',
  'too-long': 'Truncated PROXY protocol header received',
} as const;
export type ProxyError = keyof typeof PROXY_ERRORS;

/** TLV types in use (section 2.2 of the specification). */
export const PP2 = {
  alpn: 0x01,
  authority: 0x02,
  crc32c: 0x03,
  noop: 0x04,
  uniqueId: 0x05,
  ssl: 0x20,
  netns: 0x30,
} as const;
/** TLV types inside that of `ssl`. */
export const PP2_SSL = { version: 0x21, cn: 0x22, cipher: 0x23, sigAlg: 0x24, keyAlg: 0x25 } as const;

const V1_START = Buffer.from('PROXY ', 'latin1');
/** The longest line of version 1, with its end. */
const V1_MAX = 107;
const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V2_FIXED = 16;
const AUTHORITY_MAX = 255;
const UNIQUE_ID_MAX = 128;

/**
 * Reads a header at the start of `bytes`. Returns it, `more` when the bytes so far may become one, or why they cannot.
 * `maxLength`: the most that is waited for (`tune.bufsize`).
 */
export function parseProxyHeader(bytes: Uint8Array, maxLength = 16_384): ProxyHeader | 'more' | ProxyError {
  if (startsLike(bytes, V1_START)) return bytes.length < V1_START.length ? 'more' : parseV1(bytes);
  if (startsLike(bytes, V2_SIGNATURE)) return parseV2(bytes, maxLength);
  return 'not-header';
}

/** The bytes agree with the first ones of `start`, as far as both go. */
function startsLike(bytes: Uint8Array, start: Uint8Array): boolean {
  const length = Math.min(bytes.length, start.length);
  for (let i = 0; i < length; i++) if (bytes[i] !== start[i]) return false;
  return true;
}

function parseV1(bytes: Uint8Array): ProxyHeader | 'more' | ProxyError {
  const end = bytes.subarray(0, V1_MAX).indexOf(0x0a);
  if (end < 0) {
    if (bytes.length < V1_MAX) return 'more';
    const known = Buffer.from(bytes.buffer, bytes.byteOffset, V1_MAX).latin1Slice(V1_START.length).startsWith('TCP');
    return known ? 'bad-header' : 'bad-protocol';
  }
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, end).latin1Slice(V1_START.length);
  if (line === 'UNKNOWN\r') return { version: 1, source: null, destination: null, tlvs: [], length: end + 1 };
  const protocol = /^TCP([46]) /.exec(line);
  if (protocol === null) return 'bad-protocol';
  const words = /^(\S+) (\S+) (\d{1,5}) (\d{1,5})\r$/.exec(line.slice(5));
  if (words === null) return 'bad-header';
  const [, sourceHost, destinationHost, sourcePort, destinationPort] = words as unknown as [
    string,
    string,
    string,
    string,
    string,
  ];
  const source = endpoint(protocol[1]!, sourceHost, sourcePort);
  const destination = endpoint(protocol[1]!, destinationHost, destinationPort);
  if (source === null || destination === null) return 'bad-header';
  return { version: 1, source, destination, tlvs: [], length: end + 1 };
}

function endpoint(family: string, host: string, port: string): ProxyEndpoint | null {
  const ip = family === '4' ? parseIpv4(host) : parseIpv6(host);
  if (ip === null || Number(port) > 65_535) return null;
  return { host: family === '4' ? formatIpv4(ip) : formatIpv6(ip), port: Number(port) };
}

function parseV2(bytes: Uint8Array, maxLength: number): ProxyHeader | 'more' | ProxyError {
  const command = bytes[12];
  if (command !== undefined && command >> 4 !== 2) return 'not-header';
  if (command !== undefined && command !== 0x20 && command !== 0x21) return 'bad-header';
  if (bytes.length < V2_FIXED) return 'more';
  const length = V2_FIXED + ((bytes[14]! << 8) | bytes[15]!);
  if (length > maxLength) return 'too-long';
  if (bytes.length < length) return 'more';
  if (command === 0x20) return { version: 2, source: null, destination: null, tlvs: [], length };
  // Of the address families, HAProxy takes TCP over IPv4 and IPv6 only.
  const family = bytes[13];
  const addresses = family === 0x11 ? 12 : family === 0x21 ? 36 : 0;
  if (addresses === 0 || length < V2_FIXED + addresses) return 'bad-header';
  const tlvs = parseTlvs(bytes, V2_FIXED + addresses, length);
  if (tlvs === null) return 'bad-header';
  const ipLength = addresses === 12 ? 4 : 16;
  const format = addresses === 12 ? formatIpv4 : formatIpv6;
  const ports = V2_FIXED + 2 * ipLength;
  return {
    version: 2,
    source: { host: format(bytes, V2_FIXED), port: (bytes[ports]! << 8) | bytes[ports + 1]! },
    destination: { host: format(bytes, V2_FIXED + ipLength), port: (bytes[ports + 2]! << 8) | bytes[ports + 3]! },
    tlvs,
    length,
  };
}

/** The TLVs between two offsets, copied; null when one is malformed or the checksum is wrong. */
function parseTlvs(bytes: Uint8Array, from: number, end: number): ProxyTlv[] | null {
  const tlvs: ProxyTlv[] = [];
  for (let at = from; at < end; ) {
    if (at + 3 > end) return null;
    const type = bytes[at]!;
    const length = (bytes[at + 1]! << 8) | bytes[at + 2]!;
    const start = at + 3;
    at = start + length;
    if (at > end) return null;
    if (type === PP2.authority && length > AUTHORITY_MAX) return null;
    if (type === PP2.uniqueId && length > UNIQUE_ID_MAX) return null;
    if (type === PP2.crc32c && (length !== 4 || !checksumFits(bytes, start, end))) return null;
    tlvs.push({ type, value: new Uint8Array(bytes.subarray(start, at)) });
  }
  return tlvs;
}

/** The checksum at `at` is that of the whole header with zeros in its place. */
function checksumFits(bytes: Uint8Array, at: number, end: number): boolean {
  const before = crc32c(bytes.subarray(0, at));
  const zeros = crc32c(new Uint8Array(4), before);
  const told = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  return crc32c(bytes.subarray(at + 4, end), zeros) === told;
}

/** The two addresses as bytes of one family (IPv4 is mapped where the other is IPv6), or null when one is no IP address. */
function pair(source: ProxyEndpoint | null, destination: ProxyEndpoint | null): [Uint8Array, Uint8Array] | null {
  const from = source && parseIp(source.host);
  const to = destination && parseIp(destination.host);
  if (!from || !to) return null;
  return from.length === to.length ? [from, to] : [mapped(from), mapped(to)];
}

function mapped(ip: Uint8Array): Uint8Array {
  if (ip.length === 16) return ip;
  const bytes = new Uint8Array(16);
  bytes[10] = bytes[11] = 0xff;
  bytes.set(ip, 12);
  return bytes;
}

/** The line of version 1, with its end; `UNKNOWN` where an end has no IP address (null, or a unix socket's path). */
export function buildProxyV1(source: ProxyEndpoint | null, destination: ProxyEndpoint | null): string {
  const ips = pair(source, destination);
  if (ips === null) return 'PROXY UNKNOWN\r\n';
  const [protocol, format] = ips[0].length === 4 ? (['TCP4', formatIpv4] as const) : (['TCP6', formatIpv6] as const);
  return `PROXY ${protocol} ${format(ips[0])} ${format(ips[1])} ${source!.port} ${destination!.port}\r\n`;
}

/**
 * A header of version 2; `LOCAL` without addresses where an end has no IP address. `checksum`: with a CRC-32C, as first TLV.
 * Throws RangeError when it would be longer than the protocol allows.
 */
export function buildProxyV2(
  source: ProxyEndpoint | null,
  destination: ProxyEndpoint | null,
  tlvs: readonly ProxyTlv[] = [],
  checksum = false,
): Uint8Array {
  const ips = pair(source, destination);
  const all = checksum ? [{ type: PP2.crc32c, value: new Uint8Array(4) }, ...tlvs] : tlvs;
  const addresses = ips === null ? 0 : 2 * ips[0].length + 4;
  let length = addresses;
  for (const { value } of all) length += 3 + value.length;
  if (length > 0xffff)
    throw new RangeError(`PROXY header too long: ${length} bytes of addresses and TLVs, at most 65535`);
  const header = new Uint8Array(V2_FIXED + length);
  header.set(V2_SIGNATURE);
  header[12] = ips === null ? 0x20 : 0x21;
  header[13] = ips === null ? 0 : ips[0].length === 4 ? 0x11 : 0x21;
  header[14] = length >> 8;
  header[15] = length & 0xff;
  if (ips !== null) {
    header.set(ips[0], V2_FIXED);
    header.set(ips[1], V2_FIXED + ips[0].length);
    const ports = V2_FIXED + addresses - 4;
    header.set([source!.port >> 8, source!.port & 0xff, destination!.port >> 8, destination!.port & 0xff], ports);
  }
  header.set(concatTlvs(all), V2_FIXED + addresses);
  if (checksum) {
    const crc = crc32c(header);
    header.set([crc >>> 24, (crc >>> 16) & 0xff, (crc >>> 8) & 0xff, crc & 0xff], V2_FIXED + addresses + 3);
  }
  return header;
}

function concatTlvs(tlvs: readonly ProxyTlv[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { type, value } of tlvs) {
    if (value.length > 0xffff)
      throw new RangeError(`TLV 0x${type.toString(16)} too long: ${value.length} bytes, at most 65535`);
    parts.push(Uint8Array.of(type, value.length >> 8, value.length & 0xff), value);
  }
  return Buffer.concat(parts);
}

/** What the TLV `ssl` tells of the client's connection. */
export interface ProxySsl {
  /** A certificate was shown on this connection, or in this session. */
  readonly certConnection: boolean;
  readonly certSession: boolean;
  /** OpenSSL's verification result; 0: good, or no certificate. */
  readonly verifyResult: number;
  /** Text values by type of PP2_SSL, in order. */
  readonly details: readonly (readonly [type: number, text: string])[];
}

/** The TLV `ssl`; null: the client did not use TLS. */
export function sslTlv(ssl: ProxySsl | null): ProxyTlv {
  if (ssl === null) return { type: PP2.ssl, value: new Uint8Array(5) };
  const head = new Uint8Array(5);
  head[0] = 0x01 | (ssl.certConnection ? 0x02 : 0) | (ssl.certSession ? 0x04 : 0);
  new DataView(head.buffer).setUint32(1, ssl.verifyResult);
  const details = ssl.details.map(([type, text]) => ({ type, value: Buffer.from(text, 'latin1') }));
  return { type: PP2.ssl, value: Buffer.concat([head, concatTlvs(details)]) };
}

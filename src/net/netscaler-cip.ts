/**
 * The NetScaler client IP insertion protocol (`accept-netscaler-cip`): before its first byte a connection carries the IP and
 * TCP headers that the balancer in front received. Both forms are read, the legacy one (before NetScaler 10.5) and the
 * standard one. Facts: HAProxy's netscaler-client-ip-insertion-protocol.txt.
 */
import { formatIpv4, formatIpv6 } from '../util/ip.ts';
import type { ProxyEndpoint } from './proxy-protocol.ts';

export interface CipHeader {
  readonly source: ProxyEndpoint;
  readonly destination: ProxyEndpoint;
  /** Bytes that the header took. */
  readonly length: number;
}

/** Why bytes are no header, with HAProxy's log texts. */
export const CIP_ERRORS = {
  'bad-magic': 'Received an invalid NetScaler Client IP magic number',
  'bad-protocol': 'Received an unhandled protocol in the NetScaler Client IP header',
  truncated: 'Truncated NetScaler Client IP header received',
} as const;
export type CipError = keyof typeof CIP_ERRORS;

/** Magic number, length, and what tells the two forms apart. */
const FIXED = 12;
const TCP = 6;
const IPV4_LENGTH = 20;
const IPV6_LENGTH = 40;
/** The two ports at the start of a TCP header. */
const PORTS_LENGTH = 4;

/**
 * Reads a header at the start of `bytes`. Returns it, `more` when the bytes so far may become one, or why they cannot.
 * `magic`: the number that both sides have agreed on, 32 bits. `maxLength`: the most that is waited for (`tune.bufsize`).
 */
export function parseCipHeader(bytes: Uint8Array, magic: number, maxLength = 16_384): CipHeader | 'more' | CipError {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length >= 4 && view.getUint32(0) !== magic >>> 0) return 'bad-magic';
  if (bytes.length < FIXED) return 'more';
  // In the legacy form the IP header, with its version in the first four bits, stands where the other one has its type.
  const legacy = bytes[8]! >> 4 === 4 || bytes[8]! >> 4 === 6;
  if (!legacy && bytes[8] !== 0) return 'bad-protocol';
  const start = legacy ? 8 : FIXED;
  const length = start + (legacy ? view.getUint32(4) : view.getUint16(10));
  if (length > maxLength) return 'truncated';
  if (bytes.length < length) return 'more';
  return readAddresses(view, start, length) ?? 'bad-protocol';
}

/** Addresses of the IP header at `start` and ports of the TCP header behind it; null when they are none. */
function readAddresses(view: DataView, start: number, end: number): CipHeader | null {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, end);
  if (end - start < IPV4_LENGTH) return null;
  const version = bytes[start]! >> 4;
  if (version !== 4 && version !== 6) return null;
  const ipLength = version === 4 ? (bytes[start]! & 15) * 4 : IPV6_LENGTH;
  const ports = start + ipLength;
  if (ipLength < IPV4_LENGTH || ports + PORTS_LENGTH > end) return null;
  if (bytes[start + (version === 4 ? 9 : 6)] !== TCP) return null;
  const format = version === 4 ? formatIpv4 : formatIpv6;
  const source = start + (version === 4 ? 12 : 8);
  return {
    source: { host: format(bytes, source), port: view.getUint16(ports) },
    destination: { host: format(bytes, source + (version === 4 ? 4 : 16)), port: view.getUint16(ports + 2) },
    length: end,
  };
}

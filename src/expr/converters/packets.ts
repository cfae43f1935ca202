/**
 * Headers of Ethernet frames, IPv4 and IPv6 packets and TCP segments, such as `fc_saved_syn` gives
 * (IEEE 802.3, RFC 791, RFC 8200, RFC 9293). Each converter takes the bytes that begin with its header.
 */

import { formatIpv4, formatIpv6 } from '../ip.ts';
import type { ConverterRow } from '../row.ts';
import type { ValueType } from '../sample.ts';
import type { SampleValue } from '../types.ts';

const byte = (bytes: string, at: number): number => bytes.charCodeAt(at);
const word = (bytes: string, at: number): number => (byte(bytes, at) << 8) | byte(bytes, at + 1);
const long = (bytes: string, at: number): number => word(bytes, at) * 65536 + word(bytes, at + 2);

type Read = (bytes: string) => SampleValue | undefined;

const row = (name: string, out: ValueType, read: Read): ConverterRow => ({
  name,
  args: '',
  in: 'bin',
  out,
  compile: () => (bytes) => read(bytes as string),
});

const VLAN = 0x8100;

/** Length of an Ethernet header, or 0 when nothing follows it. */
function ethernetLength(bytes: string): number {
  const length = word(bytes, 12) === VLAN ? 18 : 14;
  return bytes.length > length ? length : 0;
}

/** Some bytes, where they are all there. */
const slice = (bytes: string, from: number, to: number): string | undefined =>
  bytes.length < to ? undefined : bytes.slice(from, to);

const ethernet = (name: string, out: ValueType, read: (bytes: string, length: number) => SampleValue | undefined) =>
  row(name, out, (bytes) => {
    const length = ethernetLength(bytes);
    return length === 0 ? undefined : read(bytes, length);
  });

/** Version and header length of an IP packet, or null when the bytes are too few. */
function ipHeader(bytes: string): { version: 4 | 6; length: number } | null {
  const version = byte(bytes, 0) >> 4;
  if (version === 4 && bytes.length >= 20) {
    const length = (byte(bytes, 0) & 15) * 4;
    return length >= 20 && bytes.length >= length ? { version, length } : null;
  }
  return version === 6 && bytes.length >= 40 ? { version, length: ipv6Headers(bytes).length } : null;
}

const FRAGMENT_HEADER = 44;
/** Extension headers of IPv6: all but that of fragments carry their length in 8-byte units. */
const IPV6_EXTENSIONS = new Set([0, 43, FRAGMENT_HEADER, 60, 135]);

/** Length of the headers of an IPv6 packet, and the protocol behind them. */
function ipv6Headers(bytes: string): { length: number; protocol: number } {
  let protocol = byte(bytes, 6);
  let length = 40;
  while (IPV6_EXTENSIONS.has(protocol) && bytes.length >= length + 2) {
    const units = protocol === FRAGMENT_HEADER ? 0 : byte(bytes, length + 1);
    protocol = byte(bytes, length);
    length += (units + 1) * 8;
  }
  return { length: Math.min(length, bytes.length), protocol };
}

function ipv6At(bytes: string, at: number): string {
  const groups: number[] = [];
  for (let i = 0; i < 8; i++) groups.push(word(bytes, at + 2 * i));
  return formatIpv6(groups);
}

type ReadIp = (bytes: string, version: 4 | 6, length: number) => SampleValue | undefined;

const ip = (name: string, out: ValueType, read: ReadIp): ConverterRow =>
  row(name, out, (bytes) => {
    const header = ipHeader(bytes);
    return header === null ? undefined : read(bytes, header.version, header.length);
  });

/** A field of the start of an IP header, by version: as soon as its bytes are there. */
const ipField = (name: string, least: Record<4 | 6, number>, read: (bytes: string, version: 4 | 6) => number) =>
  row(name, 'sint', (bytes) => {
    const version = byte(bytes, 0) >> 4;
    return (version === 4 || version === 6) && bytes.length >= least[version] ? read(bytes, version) : undefined;
  });

/** A field of the fixed part of a TCP header. */
const tcpField = (name: string, read: (bytes: string) => number) =>
  row(name, 'sint', (bytes) => (bytes.length < 20 ? undefined : read(bytes)));

/** Length of a TCP header, or 0 when the bytes are too few. */
function tcpLength(bytes: string): number {
  if (bytes.length < 20) return 0;
  const length = (byte(bytes, 12) >> 4) * 4;
  return length >= 20 && bytes.length >= length ? length : 0;
}

const tcp = (name: string, out: ValueType, read: (bytes: string, length: number) => SampleValue | undefined) =>
  row(name, out, (bytes) => {
    const length = tcpLength(bytes);
    return length === 0 ? undefined : read(bytes, length);
  });

const OPTION = { end: 0, none: 1, mss: 2, scale: 3, sackPermitted: 4, timestamps: 8 } as const;

/** Content of a TCP option, or undefined. */
function tcpOption(bytes: string, length: number, kind: number): string | undefined {
  let at = 20;
  while (at < length) {
    const found = byte(bytes, at);
    if (found === OPTION.end) return undefined;
    if (found === OPTION.none) {
      at++;
      continue;
    }
    const size = byte(bytes, at + 1);
    if (!(size >= 2) || at + size > length) return undefined;
    if (found === kind) return bytes.slice(at + 2, at + size);
    at += size;
  }
  return undefined;
}

/** Kinds of the options of a segment, in order. */
function tcpOptionKinds(bytes: string, length: number): string {
  let kinds = '';
  let at = 20;
  while (at < length) {
    const found = byte(bytes, at);
    if (found === OPTION.end) break;
    kinds += bytes[at]!;
    const size = found === OPTION.none ? 1 : byte(bytes, at + 1);
    if (!(size >= 1)) break;
    at += size;
  }
  return kinds;
}

/** What fingerprints are made of, beside what is always in them (manual, `ip.fp`). */
const FINGERPRINT = { ttl: 1, options: 2, source: 4 } as const;

/** The TTL in two bits: up to 32, 64, 128, 255. */
const ttlClass = (ttl: number): number => (ttl > 128 ? 3 : ttl > 64 ? 2 : ttl > 32 ? 1 : 0);

/** A bit for each option from 2 to 8 that is there, and one for any above. */
function optionBits(kinds: string): number {
  let bits = 0;
  for (let i = 0; i < kinds.length; i++) {
    const kind = byte(kinds, i);
    if (kind >= 2) bits |= 1 << (Math.min(kind, 9) - 2);
  }
  return bits;
}

/** Bytes that tell one IP and TCP stack from another, from the headers of a packet that begins a connection. */
function fingerprint(bytes: string, mode: number): string | undefined {
  const header = ipHeader(bytes);
  if (header === null) return undefined;
  const { version, length } = header;
  const total = version === 4 ? word(bytes, 2) : 40 + word(bytes, 4);
  const segment = bytes.slice(length);
  const tcpHeader = tcpLength(segment);
  if (tcpHeader === 0 || length + tcpHeader > total) return undefined;
  const ttl = byte(bytes, version === 4 ? 8 : 7);
  const fragmentable = version === 4 && (byte(bytes, 6) & 0x40) === 0;
  const next = byte(bytes, 6);
  const extended = version === 4 ? length !== 20 : next !== 6 && next !== 17;
  const carries = total > length + tcpHeader;
  const flags =
    (Number(version === 6) << 7) | (Number(!fragmentable) << 6) | (ttlClass(ttl) << 4) | (Number(extended) << 3);
  const mss = tcpOption(segment, tcpHeader, OPTION.mss);
  const scale = tcpOption(segment, tcpHeader, OPTION.scale);
  const shift = scale === undefined || scale === '' ? 0 : Math.min(15, byte(scale, 0) + 1);
  const fixed = [
    version === 4 ? byte(bytes, 1) : (word(bytes, 0) >> 4) & 255,
    flags | (Number(carries) << 2) | (byte(segment, 13) >> 6),
    ((tcpHeader << 2) | shift) & 255,
  ];
  const kinds = tcpOptionKinds(segment, tcpHeader);
  let made = String.fromCharCode(...fixed) + segment.slice(14, 16) + (mss?.slice(0, 2) ?? '').padEnd(2, '\0');
  made += String.fromCharCode(optionBits(kinds));
  if (mode & FINGERPRINT.ttl) made += String.fromCharCode(ttl);
  if (mode & FINGERPRINT.options) made += kinds;
  if (mode & FINGERPRINT.source) made += version === 4 ? bytes.slice(12, 16) : bytes.slice(8, 24);
  return made;
}

/** The option as a number of `size` bytes at `at`; 0 when it is not there. */
const optionNumber = (name: string, kind: number, at: number, size: 1 | 2 | 4): ConverterRow =>
  tcp(name, 'sint', (bytes, length) => {
    const content = tcpOption(bytes, length, kind);
    if (content === undefined || content.length < at + size) return 0;
    return size === 1 ? byte(content, at) : size === 2 ? word(content, at) : long(content, at);
  });

export const packetConverters: readonly ConverterRow[] = [
  ethernet('eth.data', 'bin', (bytes, length) => bytes.slice(length)),
  row('eth.dst', 'bin', (bytes) => slice(bytes, 0, 6)),
  ethernet('eth.hdr', 'bin', (bytes, length) => bytes.slice(0, length)),
  ethernet('eth.proto', 'sint', (bytes, length) => word(bytes, length - 2)),
  row('eth.src', 'bin', (bytes) => slice(bytes, 6, 12)),
  ethernet('eth.vlan', 'sint', (bytes, length) => (length === 18 ? word(bytes, 14) & 0xfff : undefined)),
  ip('ip.data', 'bin', (bytes, _version, length) => bytes.slice(length)),
  ipField('ip.df', { 4: 7, 6: 1 }, (bytes, version) => (version === 4 ? (byte(bytes, 6) >> 6) & 1 : 1)),
  ip('ip.dst', 'addr', (bytes, version) => (version === 4 ? formatIpv4(long(bytes, 16)) : ipv6At(bytes, 24))),
  {
    ...{ name: 'ip.fp', args: '[integer]', in: 'bin', out: 'bin' },
    compile:
      ([mode]) =>
      (bytes) =>
        fingerprint(bytes as string, Number(mode ?? 0)),
  },
  ip('ip.hdr', 'bin', (bytes, _version, length) => bytes.slice(0, length)),
  ipField('ip.proto', { 4: 10, 6: 40 }, (bytes, version) =>
    version === 4 ? byte(bytes, 9) : ipv6Headers(bytes).protocol,
  ),
  ip('ip.src', 'addr', (bytes, version) => (version === 4 ? formatIpv4(long(bytes, 12)) : ipv6At(bytes, 8))),
  ipField('ip.tos', { 4: 2, 6: 2 }, (bytes, version) => (version === 4 ? byte(bytes, 1) : (word(bytes, 0) >> 4) & 255)),
  ip('ip.ttl', 'sint', (bytes, version) => byte(bytes, version === 4 ? 8 : 7)),
  row('ip.ver', 'sint', (bytes) => (bytes === '' ? undefined : byte(bytes, 0) >> 4)),
  tcpField('tcp.dst', (bytes) => word(bytes, 2)),
  tcpField('tcp.flags', (bytes) => byte(bytes, 13)),
  tcp('tcp.options_list', 'bin', tcpOptionKinds),
  tcp('tcp.options.sack', 'sint', (bytes, length) =>
    tcpOption(bytes, length, OPTION.sackPermitted) === undefined ? 0 : 1,
  ),
  tcp('tcp.options.tsopt', 'sint', (bytes, length) =>
    tcpOption(bytes, length, OPTION.timestamps) === undefined ? 0 : 1,
  ),
  tcp('tcp.options.wsopt', 'sint', (bytes, length) => (tcpOption(bytes, length, OPTION.scale) === undefined ? 0 : 1)),
  optionNumber('tcp.options.mss', OPTION.mss, 0, 2),
  optionNumber('tcp.options.tsval', OPTION.timestamps, 0, 4),
  optionNumber('tcp.options.wscale', OPTION.scale, 0, 1),
  tcpField('tcp.seq', (bytes) => long(bytes, 4)),
  tcpField('tcp.src', (bytes) => word(bytes, 0)),
  tcpField('tcp.win', (bytes) => word(bytes, 14)),
];

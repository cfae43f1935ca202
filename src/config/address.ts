/** Network addresses as configuration files write them (manual, section 11.1). */

import { isIPv4, isIPv6 } from 'node:net';
import type { Address } from './types.ts';

/** How the address may be used; a prefix (`dgram+`, `udp@`, `tcp@`, ...) decides, else null. */
export type SocketType = 'stream' | 'datagram';

export interface ParsedAddress {
  readonly address: Address;
  readonly type: SocketType | null;
}

export interface AddressRules {
  /** What to say about the port: it may be missing, must be there, or must not. Default `optional`. */
  readonly port?: 'optional' | 'required' | 'none';
  /** `80-90` is allowed. */
  readonly range?: boolean;
  /** `+80` and `-80` are allowed. */
  readonly offset?: boolean;
  /** Host names are allowed. Default true. */
  readonly names?: boolean;
  /** Put before the path of `unix@` addresses (`unix-bind prefix`). */
  readonly unixPrefix?: string;
}

/** The largest path of a unix socket on Linux (sun_path less its terminating zero). */
const MAX_UNIX_PATH = 107;

type Family = 'any' | 'inet' | 'inet6' | 'unix' | 'abns' | 'abnsz' | 'fd' | 'ring';

/** Prefixes before `@`: the family they ask for, and the socket type if they imply one. */
const PREFIXES: Readonly<Record<string, { family: Family; type: SocketType | null }>> = {
  ip: { family: 'any', type: null },
  ipv4: { family: 'inet', type: null },
  ipv6: { family: 'inet6', type: null },
  tcp: { family: 'any', type: 'stream' },
  tcp4: { family: 'inet', type: 'stream' },
  tcp6: { family: 'inet6', type: 'stream' },
  udp: { family: 'any', type: 'datagram' },
  udp4: { family: 'inet', type: 'datagram' },
  udp6: { family: 'inet6', type: 'datagram' },
  unix: { family: 'unix', type: null },
  uxst: { family: 'unix', type: 'stream' },
  uxdg: { family: 'unix', type: 'datagram' },
  abns: { family: 'abns', type: null },
  abnsz: { family: 'abnsz', type: null },
  fd: { family: 'fd', type: null },
  ring: { family: 'ring', type: null },
};

/** Prefixes that HAProxy has and Sluice has not. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  quic: 'QUIC',
  quic4: 'QUIC',
  quic6: 'QUIC',
  mptcp: 'MPTCP',
  mptcp4: 'MPTCP',
  mptcp6: 'MPTCP',
  sockpair: 'socket pairs',
  rhttp: 'reverse HTTP',
};

/** Reads one address; the error is a text in HAProxy's words. */
export function parseAddress(text: string, rules: AddressRules = {}): ParsedAddress | { readonly error: string } {
  if (text === '') return { error: `'${text}' resolves to an empty address (environment variable missing?)` };
  let rest = text;
  let type: SocketType | null = null;
  const carrier = /^(stream|dgram)\+/.exec(rest);
  if (carrier !== null) {
    type = carrier[1] === 'stream' ? 'stream' : 'datagram';
    rest = rest.slice(carrier[0].length);
  }
  let family: Family = 'any';
  const prefix = /^([a-z0-9]+)@/.exec(rest)?.[1];
  if (prefix !== undefined && Object.hasOwn(UNSUPPORTED, prefix)) {
    return { error: `${UNSUPPORTED[prefix]} addresses are not supported: '${text}'` };
  }
  if (prefix !== undefined && Object.hasOwn(PREFIXES, prefix)) {
    const known = PREFIXES[prefix]!;
    family = known.family;
    type ??= known.type;
    rest = rest.slice(prefix.length + 1);
  } else if (rest.startsWith('/')) family = 'unix';
  const address = parseFamily(family, rest, text, rules);
  return 'error' in address ? address : { address, type };
}

function parseFamily(family: Family, rest: string, text: string, rules: AddressRules): Address | { error: string } {
  if (family === 'unix') {
    const path = (rules.unixPrefix ?? '') + rest;
    if (Buffer.byteLength(path) > MAX_UNIX_PATH)
      return { error: `socket path '${path}' too long (max ${MAX_UNIX_PATH})` };
    return { family: 'unix', path };
  }
  if (family === 'abns' || family === 'abnsz') {
    if (Buffer.byteLength(rest) > MAX_UNIX_PATH)
      return { error: `socket path '${rest}' too long (max ${MAX_UNIX_PATH})` };
    return family === 'abns' ? { family: 'abns', path: rest } : { family: 'abns', path: rest, short: true };
  }
  if (family === 'fd') {
    if (!/^\d{1,9}$/.test(rest)) return { error: `file descriptor '${rest}' is not a valid integer in '${text}'` };
    return { family: 'fd', fd: Number(rest) };
  }
  if (family === 'ring')
    return rest === '' ? { error: `missing ring name in '${text}'` } : { family: 'ring', name: rest };
  return parseHostPort(family, rest, text, rules);
}

interface Ports {
  readonly port: number;
  readonly portEnd: number;
  readonly portMap: '' | '+' | '-';
}

const NO_PORT: Ports = { port: 0, portEnd: 0, portMap: '' };

function parseHostPort(
  family: 'any' | 'inet' | 'inet6',
  rest: string,
  text: string,
  rules: AddressRules,
): Address | { error: string } {
  const { host, port } = splitPort(rest, rules.port ?? 'optional');
  if (port !== null && rules.port === 'none') return { error: `port specification not permitted here in '${text}'` };
  if (port === null && rules.port === 'required') return { error: `missing port specification in '${text}'` };
  const ports = port === null ? NO_PORT : parsePorts(port, text, rules);
  if ('error' in ports) return ports;
  const name = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  if (name === '' || name === '*') {
    if (family === 'inet6') return { family: 'inet6', host: '::', ...ports };
    return { family: 'inet', host: '0.0.0.0', ...ports };
  }
  const invalid = { error: `invalid address: '${host}' in '${text}'` };
  if (isIPv4(name) && host === name) return family === 'inet6' ? invalid : { family: 'inet', host: name, ...ports };
  if (isIPv6(name)) return family === 'inet' ? invalid : { family: 'inet6', host: name, ...ports };
  if (rules.names === false || host !== name || !isHostName(name)) return invalid;
  return { family: 'name', host: name, prefer: family === 'inet' ? 4 : family === 'inet6' ? 6 : 0, ...ports };
}

/** Names as resolvers take them: letters, digits, `-`, `_`, dots; SRV names start with an underscore. */
function isHostName(name: string): boolean {
  return (
    name.length <= 255 &&
    /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/.test(name) &&
    !/^[\d.]+$/.test(name)
  );
}

/**
 * The part after the last colon is the port. A bare IPv6 address with nothing after its last colon group is ambiguous:
 * HAProxy takes the last group as the port (`::1:80`, `:::80`), so that `fe80::1` without one needs brackets.
 */
function splitPort(text: string, port: 'optional' | 'required' | 'none'): { host: string; port: string | null } {
  if (port === 'none' && isIPv6(text)) return { host: text, port: null };
  const bracket = text.lastIndexOf(']');
  const colon = text.lastIndexOf(':');
  if (colon < 0 || colon < bracket) return { host: text, port: null };
  const after = text.slice(colon + 1);
  return { host: text.slice(0, colon), port: after };
}

function parsePorts(port: string, text: string, rules: AddressRules): Ports | { error: string } {
  if (port === '') return rules.port === 'required' ? { error: `missing port number: '${text}'` } : NO_PORT;
  const sign = port[0] === '+' || port[0] === '-' ? port[0] : '';
  if (sign !== '' && rules.offset !== true) return { error: `port offset not permitted here in '${text}'` };
  const [from, to, extra] = port.slice(sign.length).split('-') as [string, string?, string?];
  const strange = /[^0-9]/.exec(`${from}${to ?? ''}${extra ?? ''}`)?.[0] ?? (extra === undefined ? undefined : '-');
  if (strange !== undefined || from === '' || to === '') {
    const character = strange ?? port[port.length - 1]!;
    return { error: `invalid character '${character}' in port number '${port}' in '${text}'` };
  }
  if (to !== undefined) return portRange(port, Number(from), Number(to), text, rules);
  const value = Number(from);
  if (sign === '' && (value > 65535 || (value === 0 && rules.port === 'required')))
    return { error: `invalid port '${port}'` };
  if (sign !== '' && value > 65535) return { error: `invalid port '${port}'` };
  return { port: value, portEnd: value, portMap: sign };
}

function portRange(
  port: string,
  from: number,
  to: number,
  text: string,
  rules: AddressRules,
): Ports | { error: string } {
  if (rules.range !== true) return { error: `port range not permitted here in '${text}'` };
  if (from < 1 || from > 65535) return { error: `invalid port '${from}'` };
  if (to < 1 || to > 65535) return { error: `invalid port '${to}'` };
  if (from > to) return { error: `invalid port range '${port}'` };
  return { port: from, portEnd: to, portMap: '' };
}

/** The address as HAProxy's manual writes it, for messages. */
export function formatAddress(address: Address): string {
  switch (address.family) {
    case 'unix':
      return address.path;
    case 'abns':
      return `${address.short ? 'abnsz' : 'abns'}@${address.path}`;
    case 'fd':
      return `fd@${address.fd}`;
    case 'ring':
      return `ring@${address.name}`;
    default: {
      const host = address.family === 'inet6' ? `[${address.host}]` : address.host;
      const end = address.portEnd > address.port ? `-${address.portEnd}` : '';
      return `${host}:${address.portMap}${address.port}${end}`;
    }
  }
}

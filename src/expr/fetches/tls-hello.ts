/** What a TLS ClientHello or ServerHello in a buffer tells (HAProxy manual, section 7.3.5; RFC 8446, section 4.1). */

import type { FetchRow, Source } from '../row.ts';
import type { ValueType } from '../sample.ts';
import type { ExprContext, SampleValue } from '../types.ts';

const HANDSHAKE = 22;
/** Types of the records of TLS (RFC 8446, section 5.1). */
const RECORD_TYPES: readonly number[] = [20, 21, HANDSHAKE, 23];
const CLIENT_HELLO = 1;
const EXTENSION = {
  serverName: 0,
  supportedGroups: 10,
  signatureAlgorithms: 13,
  alpn: 16,
  sessionTicket: 35,
  keyShare: 51,
} as const;

const word = (bytes: string, at: number): number => (bytes.charCodeAt(at) << 8) | bytes.charCodeAt(at + 1);

/** Offset of the handshake message in a buffer that begins with a whole handshake record, or -1. */
function handshakeStart(buffer: string, types: readonly number[] = [HANDSHAKE]): number {
  if (buffer.length < 9 || !types.includes(buffer.charCodeAt(0)) || buffer.charCodeAt(1) !== 3) return -1;
  return 5 + word(buffer, 3) <= buffer.length ? 5 : -1;
}

/** The bytes could still become a handshake record of TLS. */
function isPartial(buffer: string): boolean {
  if (buffer === '') return true;
  if (buffer.charCodeAt(0) !== HANDSHAKE || (buffer.length > 1 && buffer.charCodeAt(1) !== 3)) return false;
  return buffer.length < 9 || 5 + word(buffer, 3) > buffer.length;
}

interface Hello {
  /** The cipher suites, two bytes each. */
  readonly ciphers: string;
  /** Offset and end of the extensions. */
  readonly at: number;
  readonly end: number;
}

/** Reads a ClientHello, or null when the buffer does not begin with a whole one. */
function helloOf(buffer: string): Hello | null {
  const start = handshakeStart(buffer);
  if (start === -1 || buffer.charCodeAt(start) !== CLIENT_HELLO) return null;
  const length = (buffer.charCodeAt(start + 1) << 16) | word(buffer, start + 2);
  const messageEnd = start + 4 + length;
  if (messageEnd > buffer.length) return null;
  // Version (2) and random (32), then three lists with their lengths.
  let at = start + 4 + 34;
  at += 1 + buffer.charCodeAt(at);
  const ciphers = buffer.slice(at + 2, at + 2 + word(buffer, at));
  at += 2 + word(buffer, at);
  at += 1 + buffer.charCodeAt(at);
  if (!(at + 2 <= messageEnd)) return null;
  const end = at + 2 + word(buffer, at);
  return end > messageEnd ? null : { ciphers, at: at + 2, end };
}

/** Content of an extension of a ClientHello: undefined when it is not there, or no ClientHello is. */
function extension(buffer: string, type: number): string | undefined {
  const hello = helloOf(buffer);
  if (hello === null) return undefined;
  let { at } = hello;
  while (at + 4 <= hello.end) {
    const end = at + 4 + word(buffer, at + 2);
    if (end > hello.end) return undefined;
    if (word(buffer, at) === type) return buffer.slice(at + 4, end);
    at = end;
  }
  return undefined;
}

/** The host name of a Server Name extension (RFC 6066, section 3). */
function serverName(content: string | undefined): string | undefined {
  if (content === undefined || content.length < 5 || content.charCodeAt(2) !== 0) return undefined;
  const end = 5 + word(content, 3);
  return end > content.length ? undefined : content.slice(5, end);
}

/** The protocols of an ALPN extension (RFC 7301), in the order in which the client likes them. */
function protocols(content: string | undefined): string[] {
  const names: string[] = [];
  if (content === undefined || content.length < 2) return names;
  for (let at = 2; at < content.length; ) {
    const end = at + 1 + content.charCodeAt(at);
    if (end > content.length) break;
    names.push(content.slice(at + 1, end));
    at = end;
  }
  return names;
}

/** A list of two-byte numbers behind its length. */
function listIn(content: string | undefined): string | undefined {
  if (content === undefined || content.length < 2) return undefined;
  const length = word(content, 0);
  return 2 + length > content.length ? undefined : content.slice(2, 2 + length);
}

/** The groups of the entries of a key share (RFC 8446, section 4.2.8). */
function keyShareGroups(content: string | undefined): string | undefined {
  const entries = listIn(content);
  if (entries === undefined) return undefined;
  let groups = '';
  for (let at = 0; at + 4 <= entries.length; at += 4 + word(entries, at + 2)) groups += entries.slice(at, at + 2);
  return groups;
}

/** Type of the first handshake message; of another record what stands in its place, as in HAProxy. */
function helloType(buffer: string): number | undefined {
  const start = handshakeStart(buffer, RECORD_TYPES);
  return start === -1 ? undefined : buffer.charCodeAt(start);
}

/** The first bytes of SSLv2 have the highest bit and, behind the length, a ClientHello. */
const isOldHello = (buffer: string): boolean => buffer.charCodeAt(0) >= 0x80 && buffer.charCodeAt(2) === CLIENT_HELLO;

/** Version of the record or, in a ClientHello, the highest one on offer: major in the upper 16 bits. */
function version(buffer: string): number | undefined {
  if (isOldHello(buffer) && buffer.length >= 11) return (buffer.charCodeAt(3) << 16) | buffer.charCodeAt(4);
  const start = handshakeStart(buffer, RECORD_TYPES);
  if (start === -1) return undefined;
  return buffer.charCodeAt(start) === CLIENT_HELLO && buffer.length >= start + 6
    ? (buffer.charCodeAt(start + 4) << 16) | buffer.charCodeAt(start + 5)
    : (buffer.charCodeAt(1) << 16) | buffer.charCodeAt(2);
}

const row = (
  name: string,
  type: ValueType,
  read: (buffer: string) => SampleValue | undefined,
  source: Source = 'requestBuffer',
): FetchRow => ({
  name,
  args: '',
  type,
  source,
  compile: () => {
    const bufferOf = (ctx: ExprContext) => (source === 'responseBuffer' ? ctx.responsePayload() : ctx.requestPayload());
    return {
      mayChange: (ctx) => source !== 'anywhere' && isPartial(bufferOf(ctx)),
      evaluate: (ctx) => read(bufferOf(ctx)),
    };
  },
});

const sni = (buffer: string): string | undefined => serverName(extension(buffer, EXTENSION.serverName));

const alpn = (ctx: ExprContext): string[] => protocols(extension(ctx.requestPayload(), EXTENSION.alpn));

function ticketState(buffer: string): number | undefined {
  if (helloOf(buffer) === null) return undefined;
  const content = extension(buffer, EXTENSION.sessionTicket);
  return content === undefined ? 0 : content === '' ? 1 : 2;
}

export const tlsHelloFetches: readonly FetchRow[] = [
  row('req.ssl_sni', 'str', sni),
  row('req_ssl_sni', 'str', sni),
  {
    name: 'req.ssl_alpn',
    args: '',
    type: 'str',
    source: 'requestBuffer',
    // An ACL looks at each of them, anything else at the first.
    compile: () => ({
      mayChange: (ctx) => isPartial(ctx.requestPayload()),
      evaluate: (ctx) => alpn(ctx)[0],
      scan: (ctx, visit) => alpn(ctx).some((name) => visit(name, ctx)),
    }),
  },
  row('req.ssl_ec_ext', 'bool', (buffer) =>
    helloOf(buffer) === null ? undefined : extension(buffer, EXTENSION.supportedGroups) !== undefined,
  ),
  row('req.ssl_cipherlist', 'bin', (buffer) => helloOf(buffer)?.ciphers, 'anywhere'),
  row('req.ssl_supported_groups', 'bin', (buffer) => listIn(extension(buffer, EXTENSION.supportedGroups)), 'anywhere'),
  row('req.ssl_sigalgs', 'bin', (buffer) => listIn(extension(buffer, EXTENSION.signatureAlgorithms)), 'anywhere'),
  row('req.ssl_keyshare_groups', 'bin', (buffer) => keyShareGroups(extension(buffer, EXTENSION.keyShare)), 'anywhere'),
  row('req.ssl_st_ext', 'sint', ticketState),
  row('req.ssl_hello_type', 'sint', helloType),
  row('req_ssl_hello_type', 'sint', helloType),
  row('req.ssl_ver', 'sint', version),
  row('req_ssl_ver', 'sint', version),
  row('res.ssl_hello_type', 'sint', helloType, 'responseBuffer'),
  row('rep_ssl_hello_type', 'sint', helloType, 'responseBuffer'),
];

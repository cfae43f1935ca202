/** What a TLS ClientHello or ServerHello in a buffer tells (HAProxy manual, section 7.3.5; RFC 8446, section 4.1). */

import type { FetchRow, Source } from '../row.ts';
import type { ValueType } from '../sample.ts';
import type { ExprContext, SampleValue } from '../types.ts';

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const EXTENSION = { serverName: 0, ellipticCurves: 10, alpn: 16, sessionTicket: 35 } as const;

const word = (bytes: string, at: number): number => (bytes.charCodeAt(at) << 8) | bytes.charCodeAt(at + 1);

/** Offset of the handshake message in a buffer that begins with a whole handshake record, or -1. */
function handshakeStart(buffer: string): number {
  if (buffer.length < 9 || buffer.charCodeAt(0) !== HANDSHAKE || buffer.charCodeAt(1) !== 3) return -1;
  return 5 + word(buffer, 3) <= buffer.length ? 5 : -1;
}

/** Offset and end of the extensions of a ClientHello, or null. */
function extensionsOf(buffer: string): { at: number; end: number } | null {
  const start = handshakeStart(buffer);
  if (start === -1 || buffer.charCodeAt(start) !== CLIENT_HELLO) return null;
  const length = (buffer.charCodeAt(start + 1) << 16) | word(buffer, start + 2);
  const messageEnd = start + 4 + length;
  if (messageEnd > buffer.length) return null;
  // Version (2) and random (32), then three lists with their lengths.
  let at = start + 4 + 34;
  at += 1 + buffer.charCodeAt(at);
  at += 2 + word(buffer, at);
  at += 1 + buffer.charCodeAt(at);
  if (!(at + 2 <= messageEnd)) return null;
  const end = at + 2 + word(buffer, at);
  return end > messageEnd ? null : { at: at + 2, end };
}

/** Content of an extension of a ClientHello: undefined when it is not there, or no ClientHello is. */
function extension(buffer: string, type: number): string | undefined {
  const extensions = extensionsOf(buffer);
  if (extensions === null) return undefined;
  let { at } = extensions;
  while (at + 4 <= extensions.end) {
    const end = at + 4 + word(buffer, at + 2);
    if (end > extensions.end) return undefined;
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

/** The protocols of an ALPN extension (RFC 7301), separated by commas. */
function protocols(content: string | undefined): string | undefined {
  if (content === undefined || content.length < 2) return undefined;
  const names: string[] = [];
  for (let at = 2; at < content.length; ) {
    const end = at + 1 + content.charCodeAt(at);
    if (end > content.length) return undefined;
    names.push(content.slice(at + 1, end));
    at = end;
  }
  return names.join(',');
}

/** Type of the first handshake message. */
function helloType(buffer: string): number | undefined {
  const start = handshakeStart(buffer);
  return start === -1 ? undefined : buffer.charCodeAt(start);
}

/** Version of the record or, in a ClientHello, the highest one on offer: major in the upper 16 bits. */
function version(buffer: string): number | undefined {
  const start = handshakeStart(buffer);
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
  compile: () =>
    source === 'requestBuffer'
      ? (ctx: ExprContext) => read(ctx.requestPayload())
      : (ctx: ExprContext) => read(ctx.responsePayload()),
});

const sni = (buffer: string): string | undefined => serverName(extension(buffer, EXTENSION.serverName));

function ticketState(buffer: string): number | undefined {
  if (extensionsOf(buffer) === null) return undefined;
  const content = extension(buffer, EXTENSION.sessionTicket);
  return content === undefined ? 0 : content === '' ? 1 : 2;
}

export const tlsHelloFetches: readonly FetchRow[] = [
  row('req.ssl_sni', 'str', sni),
  row('req_ssl_sni', 'str', sni),
  row('req.ssl_alpn', 'str', (buffer) => protocols(extension(buffer, EXTENSION.alpn))),
  row('req.ssl_ec_ext', 'bool', (buffer) =>
    extensionsOf(buffer) === null ? undefined : extension(buffer, EXTENSION.ellipticCurves) !== undefined,
  ),
  row('req.ssl_st_ext', 'sint', ticketState),
  row('req.ssl_hello_type', 'sint', helloType),
  row('req_ssl_hello_type', 'sint', helloType),
  row('req.ssl_ver', 'sint', version),
  row('req_ssl_ver', 'sint', version),
  row('res.ssl_hello_type', 'sint', helloType, 'responseBuffer'),
  row('rep_ssl_hello_type', 'sint', helloType, 'responseBuffer'),
];

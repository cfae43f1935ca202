import { bytesOf } from '../config/bytes.ts';
import type { ServerConfig } from '../config/types.ts';
import { compileLogFormat, type LogFormat } from '../expr/log/format.ts';
import { place } from '../expr/row.ts';
import { buildProxyV1, buildProxyV2, PP2, PP2_SSL, type ProxyTlv, sslTlv } from '../net/proxy-protocol.ts';
import type { TrafficBackend } from './backend.ts';
import type { TrafficServer } from './server.ts';
import type { Stream } from './stream.ts';
import type { ClientTls } from './tls/client-tls.ts';

/** A TLV whose value is a log-format (`set-proxy-v2-tlv-fmt`). */
export interface ProxyTlvFormat {
  readonly type: number;
  readonly format: LogFormat;
}

/** The TLVs of a server with what the proxy has compiled for them; those of a server that was added live are compiled, where they are valid. */
export function serverTlvs(tlvs: ServerConfig['proxyTlvs'], backend: TrafficBackend): readonly ProxyTlvFormat[] {
  return tlvs.flatMap(({ type, format: text }) => {
    const known = backend.tlvFormats.get(text);
    const format = known ?? compileLogFormat(bytesOf(text), { places: place.serverSource, proxy: backend.name });
    return 'error' in format ? [] : [{ type, format }];
  });
}

/**
 * `send-proxy`, `send-proxy-v2`: what tells the server who the client is, to be sent before anything else on a new connection; null
 * when the server does not want it.
 */
export function proxyHeader(stream: Stream): Buffer | null {
  const conn = stream.serverConn!;
  const { sendProxy, proxyV2Options } = conn.server.config;
  if (sendProxy === 0 || conn.introduced) return null;
  // What was said of one client is not true for another one.
  conn.private = true;
  const { source, destination } = stream;
  const from = source.host === '' ? null : source;
  const to = destination.host === '' ? null : destination;
  if (sendProxy === 1) return Buffer.from(buildProxyV1(from, to), 'latin1');
  const { proxyTlvs } = conn.server;
  const tlvs = [...ownTlvs(stream, proxyTlvs), ...clientTlvs(stream, proxyV2Options)];
  const kept = withinLimit(tlvs, stream.env.global.tune.bufsize);
  return Buffer.from(buildProxyV2(from, to, kept, proxyV2Options.includes('crc32c')));
}

/** Those that fit in a buffer, as in HAProxy: what is too long is left out. */
function withinLimit(tlvs: readonly ProxyTlv[], bufsize: number): readonly ProxyTlv[] {
  let left = Math.min(bufsize, 0xffff) - LARGEST_START;
  return tlvs.filter(({ value }) => {
    const length = 3 + value.length;
    if (length > left) return false;
    left -= length;
    return true;
  });
}

/** The fixed part, two addresses of IPv6 with ports, the checksum. */
const LARGEST_START = 16 + 36 + 7;

function ownTlvs(stream: Stream, formats: readonly ProxyTlvFormat[]): ProxyTlv[] {
  return formats.map(({ type, format }) => ({ type, value: Buffer.from(format.format(stream), 'latin1') }));
}

/** What of a header may be another at the next request of the same client, as text. */
export function requestFacts(stream: Stream, { config, proxyTlvs }: TrafficServer): string {
  if (config.sendProxy === 1) return '';
  const id = config.proxyV2Options.includes('unique-id') ? ` ${stream.uniqueId}` : '';
  return proxyTlvs.reduce((text, { format }) => `${text} ${format.format(stream)}`, id);
}

/** Options that send the TLV `ssl`. */
const SSL_OPTIONS = ['ssl', 'cert-cn', 'cert-key', 'cert-sig', 'ssl-cipher'];

/** What is known of the client's connection and asked for by `proxy-v2-options`, in HAProxy's order. */
function clientTlvs(stream: Stream, options: readonly string[]): ProxyTlv[] {
  const found: ProxyTlv[] = [];
  const { tls } = stream;
  const add = (type: number, text: string) => {
    if (text !== '') found.push({ type, value: Buffer.from(text, 'latin1') });
  };
  add(PP2.alpn, tls?.alpn ?? '');
  if (options.includes('authority')) add(PP2.authority, tls?.sni.slice(0, 255) ?? '');
  // As HAProxy, also when there is none.
  if (options.includes('unique-id'))
    found.push({ type: PP2.uniqueId, value: Buffer.from(stream.uniqueId.slice(0, 128), 'latin1') });
  if (SSL_OPTIONS.some((option) => options.includes(option))) found.push(tlsTlv(tls, options));
  return found;
}

function tlsTlv(tls: ClientTls | null, options: readonly string[]): ProxyTlv {
  if (tls === null) return sslTlv(null);
  const details: [type: number, text: string][] = [[PP2_SSL.version, tls.protocol]];
  const add = (option: string, type: number, text: string | undefined) => {
    if (options.includes(option) && text) details.push([type, text]);
  };
  add('cert-cn', PP2_SSL.cn, tls.peerCertificate?.subject.entry('CN', 1));
  add('cert-key', PP2_SSL.keyAlg, tls.certificate?.keyKind);
  add('cert-sig', PP2_SSL.sigAlg, tls.certificate?.signatureAlgorithm);
  add('ssl-cipher', PP2_SSL.cipher, tls.cipher);
  return sslTlv({
    certConnection: tls.certificateUsed && !tls.resumed,
    certSession: tls.certificateUsed,
    verifyResult: tls.certificateUsed ? tls.verifyResult : 0,
    details,
  });
}

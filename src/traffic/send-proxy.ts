import { buildProxyV1, buildProxyV2, PP2, type ProxyTlv, sslTlv } from '../net/proxy-protocol.ts';
import type { Stream } from './stream.ts';

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
  return Buffer.from(buildProxyV2(from, to, tlvs(stream, proxyV2Options), proxyV2Options.includes('crc32c')));
}

/** Options that send the TLV `ssl`. */
const SSL_OPTIONS = ['ssl', 'cert-cn', 'cert-key', 'cert-sig', 'ssl-cipher'];

/** `proxy-v2-options` that have a value on a clear connection, in HAProxy's order. */
function tlvs(stream: Stream, options: readonly string[]): ProxyTlv[] {
  const found: ProxyTlv[] = [];
  if (options.includes('unique-id') && stream.uniqueId !== '') {
    found.push({ type: PP2.uniqueId, value: Buffer.from(stream.uniqueId, 'latin1').subarray(0, 128) });
  }
  if (SSL_OPTIONS.some((option) => options.includes(option))) found.push(sslTlv(null));
  return found;
}

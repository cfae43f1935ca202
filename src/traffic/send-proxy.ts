import { buildProxyV1, buildProxyV2, PP2, type ProxyTlv } from '../net/proxy-protocol.ts';
import type { Stream } from './stream.ts';

/** `send-proxy`, `send-proxy-v2`: tells the server who the client is, before anything else on a new connection. */
export function sendProxyHeader(stream: Stream): void {
  const conn = stream.serverConn!;
  const { sendProxy, proxyV2Options } = conn.server.config;
  if (sendProxy === 0) return;
  // What was said of one client is not true for another one.
  conn.private = true;
  const { source, destination } = stream;
  const from = source.host === '' ? null : source;
  const to = destination.host === '' ? null : destination;
  if (sendProxy === 1) {
    conn.conn.writeLatin1(buildProxyV1(from, to));
    return;
  }
  const header = buildProxyV2(from, to, tlvs(stream, proxyV2Options), proxyV2Options.includes('crc32c'));
  conn.conn.write(header, 0, header.length);
}

/** `proxy-v2-options` that have a value on a clear connection. */
function tlvs(stream: Stream, options: readonly string[]): ProxyTlv[] {
  const found: ProxyTlv[] = [];
  if (options.includes('unique-id') && stream.uniqueId !== '') {
    found.push({ type: PP2.uniqueId, value: Buffer.from(stream.uniqueId, 'latin1').subarray(0, 128) });
  }
  return found;
}

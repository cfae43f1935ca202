import { createHash, randomBytes } from 'node:crypto';
import type { Stream } from './stream.ts';

/** Appended to the key before hashing (RFC 6455, 1.3). */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Notes the key of a WebSocket handshake. False: it has none, so that the handshake cannot be completed. */
export function noteWebSocket(stream: Stream): boolean {
  const { req } = stream;
  if (stream.webSocketKey !== '') return true;
  if (req.headerValue(req.findHeader('upgrade', 0)).toLowerCase() !== 'websocket') return true;
  const index = req.findHeader('sec-websocket-key', 0);
  if (index < 0) return false;
  stream.webSocketKey = req.headerValue(index);
  return true;
}

/** The proof that a handshake with this key was understood. */
function acceptFor(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}

/**
 * HTTP/2 has no handshake with a key (RFC 8441, 5): one is made for what goes on over HTTP/1.1, as the request of HTTP/1.1 that means the
 * same as an extended CONNECT. The key is added where the request is written.
 */
export function upgradeFromConnect(stream: Stream, protocol: string): void {
  const { req } = stream;
  req.addHeader('upgrade', protocol);
  req.addHeader('connection', 'upgrade');
  req.connUpgrade = true;
  req.hasUpgrade = true;
  if (protocol.toLowerCase() === 'websocket' && req.findHeader('sec-websocket-key', 0) < 0)
    stream.webSocketKey = randomBytes(16).toString('base64');
}

/** The server has granted an extended CONNECT: the response of HTTP/1.1 that means the same. */
export function switchFromConnect({ res, webSocketKey }: Stream, protocol: string): void {
  res.status = 101;
  res.reasonText = 'Switching Protocols';
  res.addHeader('connection', 'upgrade');
  res.addHeader('upgrade', protocol);
  res.hasUpgrade = true;
  if (webSocketKey !== '') res.addHeader('sec-websocket-accept', acceptFor(webSocketKey));
}

/** The server's 101 proves that it has understood the handshake (RFC 6455, 4.1), which there has to have been when it speaks WebSocket. */
export function acceptsWebSocket(stream: Stream): boolean {
  const { res, webSocketKey } = stream;
  const upgrade = res.findHeader('upgrade', 0);
  if (webSocketKey === '' && (upgrade < 0 || res.headerValue(upgrade).toLowerCase() !== 'websocket')) return true;
  const index = res.findHeader('sec-websocket-accept', 0);
  return index >= 0 && (webSocketKey === '' || res.headerValue(index) === acceptFor(webSocketKey));
}

import { createHash } from 'node:crypto';
import type { Stream } from './stream.ts';

/** Appended to the key before hashing (RFC 6455, 1.3). */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Notes the key of a WebSocket handshake. False: it has none, so that the handshake cannot be completed. */
export function noteWebSocket(stream: Stream): boolean {
  const { req } = stream;
  if (req.headerValue(req.findHeader('upgrade', 0)).toLowerCase() !== 'websocket') return true;
  const index = req.findHeader('sec-websocket-key', 0);
  if (index < 0) return false;
  stream.webSocketKey = req.headerValue(index);
  return true;
}

/** The server's 101 proves that it has understood the handshake (RFC 6455, 4.1). */
export function acceptsWebSocket(stream: Stream): boolean {
  const { res, webSocketKey } = stream;
  if (webSocketKey === '') return true;
  const index = res.findHeader('sec-websocket-accept', 0);
  return (
    index >= 0 &&
    res.headerValue(index) ===
      createHash('sha1')
        .update(webSocketKey + GUID)
        .digest('base64')
  );
}

import { isIP } from 'node:net';
import { bytesOf } from '../../config/bytes.ts';
import { type Compiled, compileWhole, evaluateText } from '../../expr/compile.ts';
import { place } from '../../expr/row.ts';
import type { HeadView } from '../../expr/types.ts';
import { Head } from '../h1/head.ts';
import { parseRequest } from '../h1/parse.ts';
import type { TrafficServer } from '../server.ts';
import type { Stream } from '../stream.ts';
import type { Hello } from './server-tls.ts';

const again = new Head();
const ONE: readonly string[] = ['http/1.1'];

/** Compiles an expression of a server that was added live (`sni`, `pool-conn-name`). null: it is not valid. */
export function compileName(text: string, proxy: string): Compiled | null {
  const compiled = compileWhole(bytesOf(text), { places: place.serverSource, proxy });
  return 'error' in compiled ? null : compiled;
}

/** What the server of a stream is asked for: its name, and the protocols that are spoken. */
export function helloFor(stream: Stream, server: TrafficServer): Hello {
  const { config, alpn } = server.tls!;
  let name = '';
  if (server.sni !== null) name = nameFor(stream, server.sni);
  else if (config.sni === null && config.sniAuto && !stream.raw) name = hostName(headOf(stream));
  // A WebSocket is spoken over HTTP/1.1 where the server may choose (manual, `ws`).
  const plain = stream.wantsUpgrade && alpn.length > 1 && alpn.includes('http/1.1') && server.config.ws !== 'h2';
  return { name, alpn: plain || (stream.wantsUpgrade && server.config.ws === 'h1') ? ONE : alpn };
}

/** Streams may use each other's connections when they ask for the same. */
export function helloKey({ name, alpn }: Hello): string {
  return alpn === ONE ? `${name} ` : name;
}

/** The value of an expression of a server for a stream, '' when it has none. */
export function nameFor(stream: Stream, expression: Compiled): string {
  if (stream.raw || stream.requestHead !== null) return evaluateText(expression, stream) ?? '';
  return withHead(stream, () => evaluateText(expression, stream)) ?? '';
}

/** What `read` makes of a stream whose request has waited: its head is read again. */
export function withHead<T>(stream: Stream, read: (stream: Stream) => T): T {
  stream.requestHead = headOf(stream);
  const result = read(stream);
  stream.requestHead = null;
  return result;
}

/** The head of the request; that of one that has waited is read again from what will be sent. */
export function headOf(stream: Stream): HeadView | null {
  if (stream.requestHead !== null) return stream.requestHead;
  const size = stream.headEnd + 2;
  // Reading writes names in small letters, where the server may want others.
  const head = Buffer.from(stream.pending.subarray(0, size));
  const read = parseRequest(again, head, 0, size, stream.env.global.tune.maxhdr);
  return read > 0 ? again : null;
}

/** The host that a request is for, without its port; '' when that is no name. */
function hostName(head: HeadView | null): string {
  const index = head?.findHeader('host', 0) ?? -1;
  if (index < 0) return '';
  const host = head!.headerValue(index);
  const colon = host.indexOf(':');
  const name = colon < 0 ? host : host.slice(0, colon);
  return host.startsWith('[') || isIP(name) !== 0 ? '' : name.toLowerCase();
}

import type { CompressionAlgorithm, CompressionConfig } from '../../config/types.ts';
import { C } from '../../model/counters.ts';
import { Framing, type Head } from '../h1/head.ts';
import type { Stream } from '../stream.ts';
import { listValues } from './list-values.ts';
import { isOverLimit, Recoder, type Sink } from './recoder.ts';

/*
 * Compression (manual, section 4.2 `compression`, RFC 9110 sections 8.4 and 12.5.3). What the client takes is found out when its request
 * has passed the rules; whether its response is compressed before the rules of responses see it; its head is edited behind them.
 * Settings of the backend go before those of the frontend.
 */

const STATUSES: ReadonlySet<number> = new Set([200, 201, 202, 203]);

/** The name of an algorithm as a content coding. */
const CODINGS: Readonly<Record<CompressionAlgorithm, string>> = {
  identity: 'identity',
  gzip: 'gzip',
  deflate: 'deflate',
  'raw-deflate': 'deflate',
};

/** The request has passed all rules: chooses what its response may be compressed by, and compresses its body when that is wanted. */
export function prepareCompression(stream: Stream): void {
  const front = stream.frontend.compression;
  const back = stream.backend?.compression ?? null;
  if (front === null && back === null) return;
  if (front?.requests || back?.requests) compressRequest(stream, front, back);
  if (front?.responses || back?.responses) chooseAlgorithm(stream, front, back);
}

/** Clients that cannot take what they ask for: "Mozilla/4" but for Internet Explorer 6 SP2 and later. */
function isBroken(agent: string): boolean {
  if (!agent.startsWith('Mozilla/4')) return false;
  const version = agent.charAt(30);
  if (agent.length < 31 || agent.slice(25, 30) !== 'MSIE ' || version < '6') return true;
  return version === '6' && (agent.length < 54 || agent.slice(51, 54) !== 'SV1');
}

function chooseAlgorithm(stream: Stream, front: CompressionConfig | null, back: CompressionConfig | null): void {
  const { req } = stream;
  const agent = req.findHeader('user-agent', 0);
  if (agent >= 0 && isBroken(req.headerValue(agent))) return;
  const offered = listOf(back, front, 'responseAlgorithms');
  let best = 0;
  for (const value of listValues(req, 'accept-encoding')) {
    const name = TOKEN.exec(value)![0].toLowerCase();
    const weight = weightOf(value.slice(name.length));
    if (weight <= best) continue;
    const found = offered.find((algorithm) => value.startsWith('*') || CODINGS[algorithm] === name);
    if (found === undefined) continue;
    stream.compression = found;
    best = weight;
  }
  if (stream.compression === null) {
    if (offered.includes('identity')) stream.compression = 'identity';
  } else if (front?.offload || back?.offload) req.removeHeader('accept-encoding');
}

/** A list of the backend's settings, or of the frontend's where the backend has none. */
function listOf<K extends 'responseAlgorithms' | 'responseTypes' | 'requestTypes'>(
  back: CompressionConfig | null,
  front: CompressionConfig | null,
  key: K,
): CompressionConfig[K] {
  const own = back?.[key] ?? [];
  return (own.length > 0 ? own : (front?.[key] ?? [])) as CompressionConfig[K];
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]*/;

/** Weight 0..1000 of a value by its parameters (RFC 9110, 12.4.2); 1000 where it has none. */
function weightOf(parameters: string): number {
  const match = /^[ \t]*(?:;[ \t]*(?!q=)[^;]*)*;[ \t]*q=(?:(\d)(?:\.(\d{0,3}))?)?/.exec(parameters);
  if (match === null || match[1] === undefined) return 1000;
  return Math.min(1000, Number(match[1]) * 1000 + Number((match[2] ?? '').padEnd(3, '0')));
}

/** The media type is among those that are compressed. */
function isListed(head: Head, types: readonly string[]): boolean {
  if (types.length === 0) return true;
  const at = head.findHeader('content-type', 0);
  if (at < 0) return false;
  const value = head.headerValue(at).toLowerCase();
  return types.some((type) => value.startsWith(type));
}

/** A response has come: whether it will be compressed. Sets `stream.compressing`. */
export function judgeResponse(stream: Stream): void {
  if (stream.compression !== null) stream.compressing = mayCompress(stream);
}

function mayCompress(stream: Stream): boolean {
  const { res, resBody, env } = stream;
  if (stream.clientVersion < 11 || res.version < 11 || stream.isHead || !STATUSES.has(res.status)) return false;
  if (resBody.framing !== Framing.chunked && (resBody.framing !== Framing.length || resBody.done)) return false;
  if (res.findHeader('content-encoding', 0) >= 0) return false;
  if (listValues(res, 'cache-control').some((value) => value.toLowerCase() === 'no-transform')) return false;
  const tag = res.findHeader('etag', 0);
  if (tag >= 0 && (!isEtag(res.headerValue(tag)) || res.findHeader('etag', tag + 1) >= 0)) return false;
  const type = res.findHeader('content-type', 0);
  if (type >= 0 && res.headerValue(type).slice(0, 9).toLowerCase() === 'multipart') return false;
  const front = stream.frontend.compression;
  const back = stream.backend?.compression ?? null;
  if (!isListed(res, listOf(back, front, 'responseTypes'))) return false;
  const least = back?.minsizeResponse || front?.minsizeResponse || 0;
  if (resBody.framing === Framing.length && resBody.left < least) return false;
  return !isOverLimit(env, C.compInRate);
}

/** A strong or weak entity tag as RFC 9110, 8.8.3 writes it. */
function isEtag(value: string): boolean {
  return value.startsWith('W/"')
    ? value.length > 3 && value.endsWith('"')
    : value.length > 1 && value[0] === '"' && value.endsWith('"');
}

/** The response has passed all rules: edits its head for the body that will follow. */
export function beginCompression(stream: Stream, sink: Sink): void {
  const algorithm = stream.compression!;
  editHead(stream.res, algorithm, true);
  stream.recoder = new Recoder(stream, algorithm, sink);
  stream.resBody.keepsTrailers = stream.resBody.framing === Framing.chunked;
}

/** A body in another coding has another length and is another representation. */
function editHead(head: Head, algorithm: CompressionAlgorithm, response: boolean): void {
  head.removeHeader('content-length');
  if (!head.chunked || head.unframed) {
    head.addHeader('transfer-encoding', 'chunked');
    head.chunked = true;
    head.unframed = false;
  }
  const tag = head.findHeader('etag', 0);
  if (tag >= 0 && head.headerValue(tag).startsWith('"')) head.setValueAt(tag, `W/${head.headerValue(tag)}`);
  if (response) addVary(head);
  if (algorithm !== 'identity') head.addHeader('content-encoding', CODINGS[algorithm]);
}

function addVary(head: Head): void {
  if (listValues(head, 'vary').some((value) => value.toLowerCase() === 'accept-encoding')) return;
  let last = -1;
  for (let i = head.findHeader('vary', 0); i >= 0; i = head.findHeader('vary', i + 1)) last = i;
  if (last < 0) head.addHeader('vary', 'Accept-Encoding');
  else head.setValueAt(last, `${head.headerValue(last)}, Accept-Encoding`);
}

/** The response is out, compressed. */
export function countCompressed({ frontend, backend }: Stream): void {
  // One of mode tcp has no responses, as in HAProxy.
  if (frontend.http) frontend.c[C.compResp]!++;
  if (backend !== null) backend.c[C.compResp]!++;
}

/** `compression direction request`: the body goes to the server compressed. */
function compressRequest(stream: Stream, front: CompressionConfig | null, back: CompressionConfig | null): void {
  const { req, reqBody, env } = stream;
  const algorithm = back?.requestAlgorithm ?? front?.requestAlgorithm ?? null;
  if (algorithm === null || stream.isHead || stream.isConnect || stream.wantsUpgrade || stream.clientVersion < 11)
    return;
  if (reqBody.framing === Framing.none || (reqBody.framing === Framing.length && reqBody.done)) return;
  if (req.findHeader('content-encoding', 0) >= 0) return;
  if (!isListed(req, listOf(back, front, 'requestTypes'))) return;
  const least = back?.minsizeRequest || front?.minsizeRequest || 0;
  if (reqBody.framing === Framing.length && reqBody.left < least) return;
  if (isOverLimit(env, C.compInRate)) return;
  stream.requestCompression = algorithm;
  editHead(req, algorithm, false);
  reqBody.keepsTrailers = reqBody.framing === Framing.chunked;
}

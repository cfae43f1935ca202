import { F } from '../../model/cache/layout.ts';
import { countRequest, countResponse } from '../bytes.ts';
import { countIntercepted } from '../counting.ts';
import { beginCompression, countCompressed, judgeResponse, prepareCompression } from '../filters/compression.ts';
import type { Sink } from '../filters/recoder.ts';
import { putChunk } from '../h1/chunk.ts';
import { Framing } from '../h1/head.ts';
import { parseResponse } from '../h1/parse.ts';
import { dropFraming, isBodiless } from '../http/bodiless.ts';
import { cutOff, end } from '../http/ending.ts';
import { passOverBody } from '../http/held-body.ts';
import { countStatus } from '../http/response.ts';
import { setCause } from '../log.ts';
import { Phase } from '../phase.ts';
import type { Stream } from '../stream.ts';
import { MAX_AGE } from './freshness.ts';

/** Bodies up to this size go out in one piece with their heads; larger ones in pieces of it. */
const PIECE = 32_768;

/** Answers a request with the object that was found for it. The response passes the rules for responses as one of a server does. */
export function serveCached(stream: Stream): void {
  const { env, log, res, resBody, frontend, backend } = stream;
  const { cache, hit, unchanged } = stream.caching!;
  const pin = hit!;
  prepareCompression(stream);
  countIntercepted(stream);
  setCause(stream, 'L', 'R');
  log.service = '<CACHE>';
  const now = env.now();
  log.queueEnd = now;
  log.connectEnd = now;
  log.responseStart = now;
  const headLength = cache.get(pin, F.headLength);
  const head = Buffer.allocUnsafe(headLength);
  cache.read(pin, 0, headLength, head, 0);
  parseResponse(res, head, 0, headLength, env.global.tune.maxhdr + 1);
  const age = Math.max(0, Math.floor(now / 1000) - (cache.get(pin, F.validated) >>> 0)) + cache.get(pin, F.age);
  res.addHeader('age', String(Math.min(MAX_AGE, age)));
  if (unchanged) {
    res.status = 304;
    res.reasonText = 'Not Modified';
  }
  res.fixSize();
  const length = cache.get(pin, F.length) - headLength;
  const framing = stream.isHead || unchanged ? Framing.none : res.chunked ? Framing.chunked : Framing.length;
  resBody.begin(framing, length);
  stream.responseHead = res;
  judgeResponse(stream);
  const rules = backend?.rules?.response ?? null;
  const frontRules = backend?.id === frontend.id ? null : (frontend.rules?.response ?? null);
  stream.runRules(rules, (s) => s.runRules(frontRules, responsePassed));
}

function responsePassed(stream: Stream): void {
  const { frontend, backend } = stream;
  frontend.rules?.captures?.responseCookie?.(stream);
  const after = backend?.rules?.afterResponse ?? null;
  const frontAfter = backend?.id === frontend.id ? null : (frontend.rules?.afterResponse ?? null);
  stream.runRules(after, (s) => s.runRules(frontAfter, send));
}

function send(stream: Stream): void {
  const { req, res, resBody, frontend, backend, env } = stream;
  const { cache, hit } = stream.caching!;
  passOverBody(stream);
  if (isBodiless(res.status)) {
    dropFraming(res);
    resBody.begin(Framing.none, 0);
    stream.compressing = false;
  }
  frontend.rules?.captures?.response?.(stream);
  stream.statusSent = res.status;
  countStatus(frontend.c, res.status);
  if (backend !== null) countStatus(backend.c, res.status);
  // A request body that is still to come cannot be told from a next request.
  stream.keepAlive &&= stream.reqBody.done && !env.stopping;
  const from = cache.get(hit!, F.headLength);
  const length = resBody.framing === Framing.none ? 0 : cache.get(hit!, F.length) - from;
  countRequest(stream, req.countedSize() + stream.reqBody.counted, 0);
  countResponse(stream, res.countedSize() + length + (resBody.framing === Framing.chunked ? 1 : 0), 0);
  if (length <= PIECE && !stream.compressing && stream.downloads === null) {
    sendWhole(stream, from, length);
    return;
  }
  if (stream.compressing) beginCompression(stream, toClient);
  stream.phase = Phase.relay;
  stream.client!.sendResponse(stream, EMPTY, 0, 0);
  stream.cached = new CachedBody(stream, from, length);
  stream.cached.pump();
}

const EMPTY = Buffer.alloc(0);
const toClient: Sink = (stream, buf, start, end, last) => stream.client!.sendData(stream, buf, start, end, last);

function sendWhole(stream: Stream, from: number, length: number): void {
  const { res, resBody } = stream;
  const { cache, hit } = stream.caching!;
  const body = Buffer.allocUnsafe(length);
  if (cache.read(hit!, from, length, body, 0) === -2) {
    cutOff(stream);
    return;
  }
  let bytes = body;
  if (resBody.framing === Framing.chunked && stream.client!.proto === 'h1') {
    const framed = Buffer.allocUnsafe(length + 32);
    bytes = framed.subarray(0, putChunk(framed, 0, body, 0, length, true, ''));
  }
  countResponse(stream, 0, res.editedSize() + length);
  stream.client!.sendLocal(stream, bytes, !stream.keepAlive);
  end(stream, stream.keepAlive);
}

/** A large object on its way to the client, as fast as that one takes it. */
export class CachedBody {
  readonly #stream: Stream;
  #from: number;
  #left: number;
  #place = -1;

  constructor(stream: Stream, from: number, length: number) {
    this.#stream = stream;
    this.#from = from;
    this.#left = length;
  }

  /** Sends on until the client takes no more. */
  pump(): void {
    const stream = this.#stream;
    const { cache, hit } = stream.caching!;
    while (this.#left > 0 && !stream.client!.blocked) {
      const length = this.#allowed(Math.min(PIECE, this.#left));
      if (length === 0) break;
      const piece = Buffer.allocUnsafe(length);
      this.#place = cache.read(hit!, this.#from, length, piece, 0, this.#place);
      if (this.#place === -2) {
        cutOff(stream);
        return;
      }
      this.#from += length;
      this.#left -= length;
      this.#send(piece);
      if (stream.phase !== Phase.relay) return;
    }
    if (this.#left === 0) {
      if (stream.recoder !== null) countCompressed(stream);
      end(stream, stream.keepAlive);
      return;
    }
    const waits = stream.clientTimeout > 0 && stream.client!.blocked;
    stream.clientUntil = waits ? stream.env.now() + stream.clientTimeout : 0;
    stream.schedule();
  }

  /** How many of the next `length` bytes limits of bandwidth allow now; they are charged. */
  #allowed(length: number): number {
    const { downloads, env } = this.#stream;
    if (downloads === null) return length;
    const now = env.now();
    const allowed = downloads.allow(now, length);
    downloads.charge(now, allowed);
    if (allowed === 0) downloads.wait(now);
    return allowed;
  }

  #send(piece: Buffer): void {
    const stream = this.#stream;
    const last = this.#left === 0;
    if (stream.recoder === null) {
      stream.client!.sendData(stream, piece, 0, piece.length, last);
      return;
    }
    stream.recoder.begin();
    stream.recoder.add(piece, 0, piece.length);
    stream.recoder.end(last, piece.length);
  }
}

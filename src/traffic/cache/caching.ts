import { hash } from 'node:crypto';
import { F } from '../../model/cache/layout.ts';
import type { CacheMemory, ObjectFacts, Pin } from '../../model/cache/memory.ts';
import { C } from '../../model/counters.ts';
import { Body } from '../h1/body.ts';
import { Framing, type Head } from '../h1/head.ts';
import type { Stream } from '../stream.ts';
import { ageOf, changedAt, freshFor, isUnchanged, mayKeep, readRequest } from './freshness.ts';
import { codingOf, reduceKey, requestKey, signatureOf } from './vary.ts';

/** What an exchange has to do with a cache, from its `cache-use` rule on. */
export class Caching {
  readonly cache: CacheMemory;
  readonly #hash: Uint8Array;
  /** The request leaves it open whether its response is kept. */
  readonly #store: boolean;
  /** What of the request stored objects may depend on; null when that is not known. */
  #key: Int32Array | null = null;
  /** The object that answers the request, and whether with 304. */
  hit: Pin | null = null;
  unchanged = false;
  /** The object that is being written. */
  #writing: Pin | null = null;
  readonly #body = new Body();

  constructor(cache: CacheMemory, digest: Uint8Array, store: boolean) {
    this.cache = cache;
    this.#hash = digest;
    this.#store = store;
  }

  /** Notes what of the request stored objects may depend on. */
  note(req: Head): void {
    if (this.cache.view.processVary) this.#key = requestKey(req);
  }

  /** Looks for an object that answers the request. */
  find(req: Head, now: number): void {
    const { cache } = this;
    this.note(req);
    const pin = cache.find(this.#hash, now, (signature) =>
      this.#key === null ? null : reduceKey(this.#key, signature),
    );
    if (pin === null) return;
    this.hit = pin;
    const length = cache.get(pin, F.etagLength);
    let tag = '';
    if (length > 0) {
      const bytes = Buffer.allocUnsafe(length);
      cache.read(pin, cache.get(pin, F.etagOffset), length, bytes, 0);
      tag = bytes.latin1Slice();
    }
    this.unchanged = isUnchanged(req, tag, cache.get(pin, F.lastModified) >>> 0);
  }

  /** `cache-store`: begins to write the response, if it may be kept. */
  store(stream: Stream): void {
    const now = Math.floor(stream.env.now() / 1000);
    if (stream.method !== 'GET') {
      if (isUnsafe(stream.method) && stream.res.status >= 200 && stream.res.status < 400)
        this.cache.remove(this.#hash, now);
      return;
    }
    if (stream.res.status !== 200 || this.#writing !== null) return;
    const facts = this.#facts(stream, now);
    if (facts === null) return;
    const head = headBytes(stream.res);
    if (head.bytes.length > stream.env.global.tune.bufsize - stream.env.global.tune.maxrewrite) return;
    this.#writing = this.cache.begin({ ...facts, ...head, headLength: head.bytes.length }, now);
    if (this.#writing === null) return;
    this.#body.copyFrom(stream.resBody);
    this.#write(head.bytes, 0, head.bytes.length);
    if (this.#body.done) this.#complete();
  }

  #facts(stream: Stream, now: number): ObjectFacts | null {
    const { res, resBody } = stream;
    const { view } = this.cache;
    if (resBody.framing === Framing.length ? resBody.left > view.maxObjectSize : resBody.framing !== Framing.chunked)
      return null;
    const signature = view.processVary ? signatureOf(res) : res.findHeader('vary', 0) >= 0 ? null : 0;
    if (signature === null || (signature !== 0 && this.#key === null)) return null;
    if (!mayKeep(res, this.#store)) return null;
    const fresh = freshFor(res, now);
    const age = ageOf(res);
    if (fresh === null || age === null || (age > 0 && age > Math.max(0, fresh))) return null;
    const secondary = this.#key === null ? new Int32Array(F.secondaryLength) : reduceKey(this.#key, signature);
    if ((signature & 1) !== 0) {
      const coding = codingOf(res);
      if (coding === null) return null;
      secondary[0] = coding;
    }
    return {
      hash: this.#hash,
      expire: now + Math.min(fresh < 0 ? view.maxAge : fresh, view.maxAge),
      validated: now,
      age: Math.min(age, 0x7fffffff),
      lastModified: changedAt(res, now),
      etagOffset: 0,
      etagLength: 0,
      headLength: 0,
      signature,
      secondary,
    };
  }

  /** A piece of the response has come from the server. */
  feed(buf: Buffer, start: number, end: number): void {
    const body = this.#body;
    let pos = start;
    while (this.#writing !== null && pos < end && !body.done && !body.failed) {
      pos = body.feedData(buf, pos, end);
      this.#write(buf, body.dataStart, body.dataEnd);
    }
    if (body.failed) this.#abort();
    else if (body.done) this.#complete();
  }

  #write(bytes: Uint8Array, start: number, end: number): void {
    const pin = this.#writing;
    if (pin === null || start === end) return;
    const length = this.cache.get(pin, F.length) + end - start;
    if (length > this.cache.view.maxObjectSize || !this.cache.append(pin, bytes, start, end)) this.#abort();
  }

  #complete(): void {
    if (this.#writing !== null) this.cache.complete(this.#writing);
    this.#writing = null;
  }

  #abort(): void {
    if (this.#writing !== null) this.cache.abort(this.#writing);
    this.#writing = null;
  }

  /** A response is being kept. */
  get storing(): boolean {
    return this.#writing !== null;
  }

  /** The exchange is over. */
  end(): void {
    this.#abort();
    if (this.hit !== null) this.cache.release(this.hit);
    this.hit = null;
  }
}

function isUnsafe(method: string): boolean {
  return method !== 'OPTIONS' && method !== 'GET' && method !== 'HEAD' && method !== 'TRACE';
}

/** The head of a response as it is kept: without its age, which is told anew each time. Where its tag stands in it. */
function headBytes(res: Head): { bytes: Buffer; etagOffset: number; etagLength: number } {
  let text = `HTTP/1.1 ${res.status} ${res.reason}\r\n`;
  let etagOffset = 0;
  let etagLength = 0;
  for (let i = 0; i < res.count; i++) {
    const name = res.headerName(i);
    if (name === '' || name === 'age') continue;
    const value = res.headerValue(i);
    if (name === 'etag') {
      etagOffset = text.length + name.length + 2;
      etagLength = value.length;
    }
    text += `${name}: ${value}\r\n`;
  }
  if (res.unframed) text += 'transfer-encoding: chunked\r\n';
  return { bytes: Buffer.from(`${text}\r\n`, 'latin1'), etagOffset, etagLength };
}

/** `cache-use`: looks whether the request can be answered from a cache. `counters`: of the proxy that the rule stands in. */
export function useCache(stream: Stream, cache: CacheMemory, counters: Float64Array): void {
  const { req, env, method } = stream;
  const digest = keyOf(req);
  if (digest === null) return;
  const { use, store } = readRequest(req);
  stream.caching?.end();
  stream.caching = new Caching(cache, digest, store && stream.clientVersion >= 11);
  if (!use || stream.clientVersion < 11 || (method !== 'GET' && !stream.isHead)) {
    stream.caching.note(req);
    return;
  }
  counters[C.cacheLookups]!++;
  stream.caching.find(req, Math.floor(env.now() / 1000));
  if (stream.caching.hit !== null) counters[C.cacheHits]!++;
}

/** Hash of what is asked for; null when that is not said. Requests of HTTP/1 and HTTP/2 share objects, so the scheme is always the same. */
function keyOf(req: Head): Uint8Array | null {
  const { uri } = req;
  const host = req.findHeader('host', 0);
  if (uri.startsWith('/') && host < 0) return null;
  const text = uri.startsWith('/') ? `https://${req.headerValue(host)}${uri}` : uri;
  return hash('sha1', Buffer.from(text, 'latin1'), 'buffer');
}

import { fullUri } from '../../expr/full-uri.ts';
import { trimBlanks } from '../../expr/head.ts';
import { withoutDefaultPort } from '../default-port.ts';
import { Framing } from '../h1/head.ts';
import type { Stream } from '../stream.ts';
import { upgradeFromConnect } from '../websocket.ts';
import { badField, CONNECTION_HEADERS } from './frames.ts';

/** A token (RFC 9110, 5.6.2). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const BAD_METHOD = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;
const BAD_TARGET = /[^\x21-\x7e]|#/;
/** Where mistakes are let pass. */
const WORSE_TARGET = /[^\x21-\x7e]/;
/** An authority becomes the host header of HTTP/1; RFC 9113, 8.3.1 forbids user information. */
const BAD_AUTHORITY = /[^\x21-\x7e]|[/?#@\\]/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;

/** The head of a request while its fields come, and what becomes of it. A connection has one: heads come one after the other. */
export class RequestHead {
  #stream: Stream | null = null;
  /** What it says of the length of the body, -1 = nothing. */
  length = -1;
  #method = '';
  #path = '';
  #scheme = '';
  #authority = '';
  /** It is that of a Host field. */
  #hostOnly = false;
  #protocol = '';
  /** The parts of its cookies, joined; null = it has none. */
  #cookie: string | null = null;
  #size = 0;
  #regular = false;
  #malformed = false;
  #fields = 0;

  /** The fields that follow are those of the request of `stream`. */
  begin(stream: Stream): void {
    this.#stream = stream;
    this.length = -1;
    this.#method = '';
    this.#path = '';
    this.#scheme = '';
    this.#authority = '';
    this.#hostOnly = false;
    this.#protocol = '';
    this.#cookie = null;
    this.#size = 0;
    this.#regular = false;
    this.#malformed = false;
    this.#fields = 0;
  }

  /** One field of the request head (RFC 9113, 8.3.1). */
  field(name: string, text: string): void {
    const { req, env } = this.#stream!;
    this.#size += name.length + text.length + 32;
    // As HAProxy counts: twice as many as in HTTP/1, where pseudo header fields and parts of cookies are none.
    if (this.#size > env.global.tune.bufsize || ++this.#fields >= 2 * env.global.tune.maxhdr) this.#malformed = true;
    if (this.#malformed) return;
    if (name.charCodeAt(0) === 58) {
      this.#pseudo(name, text);
      return;
    }
    const value = trimBlanks(text);
    // The authority is the first field, as HAProxy has it; without one the Host field stays where it is.
    if (!this.#regular && this.#authority !== '') this.#addHost();
    this.#regular = true;
    if (badField(name, value)) this.#malformed = true;
    else if (name === 'cookie') this.#cookie = this.#cookie === null ? value : `${this.#cookie}; ${value}`;
    else if (name === 'host') {
      if (this.#authority === '') {
        this.#authority = value;
        this.#hostOnly = true;
        req.addHeader(name, value);
        // The authority stands in its place, whatever it says, as in HAProxy.
      } else if (this.#hostOnly && this.#authority !== value) this.#malformed = true;
    } else if (CONNECTION_HEADERS.has(name) || (name === 'te' && value !== 'trailers')) this.#malformed = true;
    else if (name === 'content-length') {
      const length = lengthOf(value);
      if (length < 0 || (this.length >= 0 && this.length !== length)) this.#malformed = true;
      else if (this.length < 0) req.addHeader(name, String(length));
      this.length = length;
    } else req.addHeader(name, value);
  }

  #addHost(): void {
    this.#authority = withoutDefaultPort(this.#scheme, this.#authority);
    this.#stream!.req.addHeader('host', this.#authority);
  }

  #pseudo(name: string, value: string): void {
    if (this.#regular || value === '') this.#malformed = true;
    else if (name === ':method' && this.#method === '') this.#method = value;
    else if (name === ':path' && this.#path === '') this.#path = value;
    else if (name === ':scheme' && this.#scheme === '') this.#scheme = value;
    else if (name === ':authority' && this.#authority === '') this.#authority = value;
    else if (name === ':protocol' && this.#protocol === '') this.#protocol = value;
    else this.#malformed = true;
  }

  /** It asks for another protocol, an upgrade of HTTP/1.1 by another name (RFC 8441, 4). */
  get extended(): boolean {
    return this.#protocol !== '';
  }

  /** All fields have come; `ended`: no body follows. The stream's request is ready then; false: it is malformed. */
  complete(ended: boolean): boolean {
    const stream = this.#stream!;
    const { req, reqBody } = stream;
    const { extended } = this;
    const connect = this.#method === 'CONNECT' && !extended;
    const target = connect ? this.#authority : this.#path;
    if (extended && (this.#method !== 'CONNECT' || !TOKEN.test(this.#protocol))) this.#malformed = true;
    const badTarget = stream.frontend.relaxed ? WORSE_TARGET : BAD_TARGET;
    if (BAD_METHOD.test(this.#method) || this.#method === '' || target === '' || badTarget.test(target))
      this.#malformed = true;
    if (connect ? this.#path !== '' || this.#scheme !== '' : !SCHEME.test(this.#scheme)) this.#malformed = true;
    if (BAD_AUTHORITY.test(this.#authority)) this.#malformed = true;
    if (!connect && target.charCodeAt(0) !== SLASH && !(target === '*' && this.#method === 'OPTIONS'))
      this.#malformed = true;
    if (this.#malformed || (ended && this.length > 0)) return false;
    req.methodText = extended ? 'GET' : this.#method;
    if (extended) upgradeFromConnect(stream, this.#protocol);
    if (extended || connect) this.length = -1;
    req.uriText = target;
    if (this.#authority !== '' && !this.#hostOnly) {
      if (!this.#regular) this.#addHost();
      if (target.charCodeAt(0) === SLASH || target === '*') stream.origin = `${this.#scheme}://${this.#authority}`;
    }
    // One header for HTTP/1 (RFC 9113, 8.2.3).
    if (this.#cookie !== null) req.addHeader('cookie', this.#cookie);
    // As HAProxy counts: the target with scheme and authority, and no header for the framing.
    req.fixSize(fullUri(stream.origin, target).length - target.length);
    if (ended || connect || extended) reqBody.begin(Framing.none, 0);
    else if (this.length >= 0) reqBody.begin(Framing.length, this.length);
    else reqBody.begin(Framing.chunked, 0);
    stream.clientVersion = 20;
    stream.scheme = this.#scheme.toLowerCase();
    stream.keepAlive = true;
    return true;
  }
}

/** A content-length, which may be a list of equal ones (RFC 9110, 8.6); -1 when it is none. */
function lengthOf(value: string): number {
  const [first = '', ...others] = value.split(',').map((one) => one.trim());
  return /^\d{1,15}$/.test(first) && others.every((one) => one === first) ? Number(first) : -1;
}

const SLASH = 47;

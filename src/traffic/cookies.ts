import type { CookieConfig } from '../config/types.ts';
import type { HeadView } from '../expr/types.ts';

/**
 * Persistence by cookie (manual, "cookie" of proxies and of servers). Strings hold one byte a char.
 *
 * A persistence cookie is `NAME=server`, `NAME=server|last` or `NAME=server|last|first` with dates of 5 characters (30
 * bits in base64, in units of 4 s since the epoch), or in prefix mode `NAME=server~value` around a cookie of the
 * application.
 */

/** What must be known of a server. */
export interface CookieServer {
  readonly view: { readonly cookie: string | null };
  /** Up, if only for persistent requests. */
  readonly usable: boolean;
}

/** State of the cookie in the request, by HAProxy's letter: none, invalid, server down, valid, expired, old, unused. */
export type RequestCookieLetter = 'N' | 'I' | 'D' | 'V' | 'E' | 'O' | 'U';

/**
 * What was done to the cookie in the response: none, provided by the server, deleted, inserted, rewritten, date
 * updated.
 */
export type ResponseCookieLetter = 'N' | 'P' | 'D' | 'I' | 'R' | 'U';

/** How one exchange stands with its persistence cookie. Reused from exchange to exchange. */
export class CookieState<S extends CookieServer> {
  request: RequestCookieLetter;
  response: ResponseCookieLetter;
  /** The server that the cookie leads to, null when there is none. */
  server: S | null;
  /** Dates in the cookie, seconds since the epoch; 0 = none. */
  lastDate: number;
  firstDate: number;

  constructor() {
    this.request = 'N';
    this.response = 'N';
    this.server = null;
    this.lastDate = 0;
    this.firstDate = 0;
  }

  reset(): void {
    this.request = 'N';
    this.response = 'N';
    this.server = null;
    this.lastDate = 0;
    this.firstDate = 0;
  }
}

/** How persistence is to be taken in a request. */
export interface PersistenceOptions {
  /** `option persist` or `force-persist`: a server is used even if it is down. */
  readonly force: boolean;
  /** `ignore-persist`, or a server is chosen already (`use-server`): the cookie is looked at, but not followed. */
  readonly ignore: boolean;
}

/** Spaces around an equal sign, which HAProxy takes out of all cookies. */
const SPACED = /[ \t]=|=[ \t]/;
/** A day: dates in the future are taken for errors of a clock within it, and for forgeries beyond it. */
const DAY = 86_400;

/** The persistence cookie of a backend. */
export class PersistenceCookie<S extends CookieServer> {
  readonly config: CookieConfig;
  readonly #servers: Map<string, S[]>;
  readonly #attributes: string;

  constructor(config: CookieConfig) {
    this.config = config;
    this.#servers = new Map();
    const attributes = config.domains.map((domain) => `domain=${domain}`);
    if (config.httponly) attributes.push('HttpOnly');
    if (config.secure) attributes.push('Secure');
    attributes.push(...config.attrs);
    this.#attributes = attributes.map((attribute) => `; ${attribute}`).join('');
  }

  /** The servers and their cookies are these from now on; in configuration order. */
  update(servers: readonly S[]): void {
    this.#servers.clear();
    for (const server of servers) {
      const { cookie } = server.view;
      if (cookie === null || cookie === '') continue;
      const sharing = this.#servers.get(cookie);
      if (sharing === undefined) this.#servers.set(cookie, [server]);
      else sharing.push(server);
    }
  }

  /**
   * Looks for the cookie in one `Cookie` header. Returns the value to send to the server: the same string when nothing
   * changes, null when nothing is left of the header. `now`: seconds since the epoch.
   */
  readRequest(value: string, state: CookieState<S>, now: number, options: PersistenceOptions): string | null {
    const { name, mode, indirect } = this.config;
    if (!value.includes(name) && !SPACED.test(value)) return value;
    let text = value;
    let others = false;
    /** Start of a run of cookies to be cut out, -1 = none. */
    let cutFrom = -1;
    for (let start = 0; start < text.length; ) {
      let cookie = cookieAt(text, start);
      if (text[nameStartAt(text, start)] === '$') {
        // `$Path` and the like belong to the cookie before them, and go with it.
        start = cookie === null ? nextDelimiter(text, start) : cookie.end;
        continue;
      }
      if (cookie === null) {
        others = true;
        if (cutFrom >= 0) {
          text = cut(text, cutFrom, start);
          start = cutFrom;
          cutFrom = -1;
        }
        start = nextDelimiter(text, start);
        continue;
      }
      let mine = `${cookie.name}=${cookie.value}`;
      if (cookie.name === name) {
        const key = this.#follow(cookie.value, state, now, options);
        if (mode === 'prefix' && key < cookie.value.length) {
          mine = `${name}=${cookie.value.slice(key + 1)}`;
          others = true;
        } else if (mode === 'insert' && indirect && cutFrom < 0) cutFrom = start;
      } else {
        others = true;
        if (cutFrom >= 0) {
          text = cut(text, cutFrom, start);
          // What was behind `start` is now behind the delimiter that `cut` has left.
          cookie = cookieAt(text, cutFrom)!;
          cutFrom = -1;
        }
      }
      if (cookie.valueEnd - cookie.nameStart !== mine.length) {
        text = text.slice(0, cookie.nameStart) + mine + text.slice(cookie.valueEnd);
        start = cookie.nameStart + mine.length + (cookie.end - cookie.valueEnd);
      } else start = cookie.end;
    }
    if (cutFrom < 0) return text === '' ? null : text;
    return others ? text.slice(0, cutFrom).trimEnd() : null;
  }

  /**
   * Reads one value of the cookie into the state; returns the length of the server's part of it, 0 when the cookie is
   * too old.
   */
  #follow(value: string, state: CookieState<S>, now: number, options: PersistenceOptions): number {
    let key = this.config.mode === 'prefix' ? value.indexOf('~') : value.indexOf('|');
    if (key < 0) key = value.length;
    else if (this.config.mode !== 'prefix') {
      readDates(value, key + 1, state);
      if (this.#tooOld(state, now)) {
        state.firstDate = 0;
        state.lastDate = 0;
        key = 0;
      }
    }
    const found =
      key === 0 || options.ignore || state.server !== null
        ? null
        : this.#find(value.slice(0, key), state, options.force);
    if (found !== null) state.server = found;
    else if (state.request === 'N') state.request = options.ignore ? 'U' : 'I';
    return key;
  }

  /** The first server with that cookie that may be used; notes when there are only others. */
  #find(key: string, state: CookieState<S>, force: boolean): S | null {
    const sharing = this.#servers.get(key);
    if (sharing === undefined) return null;
    for (const server of sharing) {
      state.request = server.usable ? 'V' : 'D';
      if (server.usable || force) return server;
    }
    return null;
  }

  #tooOld(state: CookieState<S>, now: number): boolean {
    const { maxlife, maxidle } = this.config;
    if (state.firstDate !== 0 && maxlife > 0 && outside(state.firstDate, now, maxlife)) state.request = 'O';
    else if (state.lastDate !== 0 && maxidle > 0 && outside(state.lastDate, now, maxidle)) state.request = 'E';
    else return false;
    return true;
  }

  /**
   * Looks for the cookie in one `Set-Cookie` header of the server's response, and deletes, rewrites or prefixes it as
   * configured. Returns the value to send to the client: the same string when nothing changes, null when the header
   * goes. `direct`: the request went where its cookie led.
   */
  readResponse(value: string, state: CookieState<S>, server: S, direct: boolean): string | null {
    const { name, mode, indirect, preserve } = this.config;
    if (!value.includes(name) && !SPACED.test(value)) return value;
    const cookie = isDelimiter(value, 0) ? null : cookieAt(value, 0);
    if (cookie === null || cookie.valueEnd === cookie.equal) return value;
    const rest = value.slice(cookie.valueEnd);
    const same = `${value.slice(0, cookie.nameStart)}${cookie.name}=${cookie.value}${rest}`;
    if (cookie.name !== name) return same;
    state.response = 'P';
    if (preserve) return same;
    if (mode === 'insert' || (direct && indirect)) {
      state.response = 'D';
      return null;
    }
    const key = server.view.cookie;
    if (key === null) return same;
    state.response = 'R';
    return mode === 'prefix' ? `${name}=${key}~${cookie.value}${rest}` : `${name}=${key}${rest}`;
  }

  /**
   * The `Set-Cookie` value that tells the client its server, null when there is none to be sent; to be called behind
   * the last `readResponse`. A server without a cookie has the client's one deleted. `post`: the request's method is
   * POST.
   */
  insert(state: CookieState<S>, server: S, direct: boolean, post: boolean, now: number): string | null {
    const { name, mode, preserve, postonly, maxidle, maxlife } = this.config;
    if (mode !== 'insert' || (preserve && state.response === 'P') || (postonly && !post)) return null;
    if (direct && !this.#refreshes(state, now)) return null;
    const key = server.view.cookie;
    state.response = direct && key !== null ? 'U' : 'I';
    if (key === null) return `${name}=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/${this.#attributes}`;
    let dates = '';
    if (maxidle > 0 || maxlife > 0) dates = `|${encodeDate(now + 3)}`;
    if (maxlife > 0) dates += `|${encodeDate(state.firstDate === 0 ? now + 3 : state.firstDate)}`;
    return `${name}=${key}${dates}; path=/${this.#attributes}`;
  }

  /** The client has its server's cookie, but dates are to be brought up to date, added or taken away. */
  #refreshes(state: CookieState<S>, now: number): boolean {
    const { maxidle, maxlife } = this.config;
    if ((maxidle > 0 || state.lastDate !== 0) && state.lastDate < now) return true;
    return maxlife > 0 ? state.firstDate === 0 : state.firstDate !== 0;
  }
}

/** A `Cookie` header without the spaces around equal signs: what it becomes where cookies are looked at. */
export function tidyCookies(value: string): string {
  let text = value;
  for (let start = 0; SPACED.test(text) && start < text.length; ) {
    const cookie = cookieAt(text, start);
    if (cookie === null || text[nameStartAt(text, start)] === '$') {
      start = cookie === null ? nextDelimiter(text, start) : cookie.end;
      continue;
    }
    text = `${text.slice(0, cookie.nameStart)}${cookie.name}=${cookie.value}${text.slice(cookie.valueEnd)}`;
    start = cookie.nameStart + cookie.name.length + 1 + cookie.value.length + (cookie.end - cookie.valueEnd);
  }
  return text;
}

/** The same of a `Set-Cookie` header, whose first part is its cookie. */
export function tidySetCookie(value: string): string {
  const cookie = !SPACED.test(value) || isDelimiter(value, 0) ? null : cookieAt(value, 0);
  if (cookie === null || cookie.valueEnd === cookie.equal) return value;
  return `${value.slice(0, cookie.nameStart)}${cookie.name}=${cookie.value}${value.slice(cookie.valueEnd)}`;
}

/** The first cookie of a `Cookie` header, `name=value` without spaces around its equal sign, that begins with `start`; null: none does. */
export function cookieLike(value: string, start: string): string | null {
  for (let at = 0; at < value.length; ) {
    const cookie = cookieAt(value, at);
    if (cookie !== null && value[nameStartAt(value, at)] !== '$') {
      const text = `${cookie.name}=${cookie.value}`;
      if (text.startsWith(start)) return text;
    }
    at = cookie === null ? nextDelimiter(value, at) : cookie.end;
  }
  return null;
}

/** The cookie of a `Set-Cookie` header, likewise. */
export function setCookieLike(value: string, start: string): string | null {
  const cookie = isDelimiter(value, 0) ? null : cookieAt(value, 0);
  if (cookie === null || cookie.valueEnd === cookie.equal) return null;
  const text = `${cookie.name}=${cookie.value}`;
  return text.startsWith(start) ? text : null;
}

/** A cookie in a header: places of its parts, spaces around them left out. */
interface CookieAt {
  readonly nameStart: number;
  readonly equal: number;
  readonly valueEnd: number;
  /** Behind the value and its spaces: a delimiter, or the end. */
  readonly end: number;
  readonly name: string;
  readonly value: string;
}

/**
 * The cookie that starts at `start` (a delimiter in front of it is skipped); null when there is no equal sign up to the
 * next delimiter.
 */
function cookieAt(text: string, start: number): CookieAt | null {
  const nameStart = nameStartAt(text, start);
  let equal = nameStart;
  while (equal < text.length && text[equal] !== '=' && !isDelimiter(text, equal)) equal++;
  if (text[equal] !== '=') return null;
  let valueStart = equal + 1;
  while (isBlank(text, valueStart)) valueStart++;
  const end = valueEndFrom(text, valueStart);
  let valueEnd = end;
  while (valueEnd > valueStart && isBlank(text, valueEnd - 1)) valueEnd--;
  let nameEnd = equal;
  while (nameEnd > nameStart && isBlank(text, nameEnd - 1)) nameEnd--;
  return {
    nameStart,
    equal,
    valueEnd,
    end,
    name: text.slice(nameStart, nameEnd),
    value: text.slice(valueStart, valueEnd),
  };
}

function nameStartAt(text: string, start: number): number {
  let at = start > 0 || isDelimiter(text, 0) ? start + 1 : start;
  while (isBlank(text, at)) at++;
  return at;
}

/** Place of the delimiter behind what is no cookie. */
function nextDelimiter(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && !isDelimiter(text, i)) i++;
  return i;
}

function isDelimiter(text: string, at: number): boolean {
  return text[at] === ';' || text[at] === ',';
}

/** End of a value: a comma or semicolon outside of quotes. */
function valueEndFrom(text: string, start: number): number {
  let quoted = false;
  for (let i = start; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '\\') i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (isDelimiter(text, i)) return i;
  }
  return text.length;
}

/**
 * Cuts [from, to) out of a header, `to` being at a delimiter, and leaves one delimiter and one space between what
 * remains.
 */
function cut(text: string, from: number, to: number): string {
  let after = to + 1;
  while (isBlank(text, after)) after++;
  if (from === 0) return text.slice(after);
  let before = from;
  while (isBlank(text, before - 1)) before--;
  const rest = text.slice(after);
  return text.slice(0, before) + text[to] + (rest === '' ? '' : ` ${rest}`);
}

function isBlank(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t';
}

function readDates<S extends CookieServer>(value: string, at: number, state: CookieState<S>): void {
  const last = decodeDate(value, at);
  if (last > 0) state.lastDate = last;
  const bar = value.indexOf('|', at);
  const first = bar < 0 ? 0 : decodeDate(value, bar + 1);
  if (first > 0) state.firstDate = first;
}

function outside(date: number, now: number, limit: number): boolean {
  return now - date > limit || date - now > DAY;
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** A date (seconds) as 5 characters, cut to 4 s. */
export function encodeDate(seconds: number): string {
  const units = Math.floor(seconds / 4);
  let text = '';
  for (let shift = 24; shift >= 0; shift -= 6) text += BASE64[(units >>> shift) & 63];
  return text;
}

/** The date (seconds) in the 5 characters at `at`; 0 or less when there are fewer, or others than base64. */
export function decodeDate(text: string, at: number): number {
  if (text.length < at + 5) return 0;
  let units = 0;
  for (let i = at; i < at + 5; i++) {
    const digit = BASE64.indexOf(text[i]!);
    if (digit < 0) return -1;
    units = (units << 6) | digit;
  }
  return units * 4;
}

const CACHED_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
const CACHED_STATUSES = new Set([200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501]);

/**
 * Whether caches may keep a response: not at all, without its cookies (`no-cache="set-cookie"`), or with them. As
 * HAProxy sees it for `nocache` and `option checkcache`: besides what RFC 9111 says of method, status and
 * Cache-Control, something must tell how long it is fresh, or how to revalidate it.
 */
export function cacheability(
  method: string,
  response: Pick<HeadView, 'status' | 'findHeader' | 'headerValue'>,
): 'no' | 'without-cookies' | 'yes' {
  let kept = CACHED_METHODS.has(method) && CACHED_STATUSES.has(response.status);
  let withCookies = true;
  let dated =
    response.findHeader('expires', 0) >= 0 ||
    response.findHeader('etag', 0) >= 0 ||
    response.findHeader('last-modified', 0) >= 0;
  for (let i = response.findHeader('pragma', 0); i >= 0; i = response.findHeader('pragma', i + 1)) {
    if (response.headerValue(i).toLowerCase() === 'no-cache') kept = false;
  }
  for (let i = response.findHeader('cache-control', 0); i >= 0; i = response.findHeader('cache-control', i + 1)) {
    for (const part of response.headerValue(i).split(',')) {
      const directive = part.trim().toLowerCase();
      if (directive === 'public') kept = true;
      else if (FORBIDDING.has(directive)) kept = false;
      else if (directive.startsWith('no-cache="set-cookie')) withCookies = false;
      else if (directive.startsWith('max-age') || directive.startsWith('s-maxage')) dated = true;
    }
  }
  if (!kept || !dated) return 'no';
  return withCookies ? 'yes' : 'without-cookies';
}

const FORBIDDING = new Set(['private', 'no-cache', 'no-store', 'max-age=0', 's-maxage=0']);

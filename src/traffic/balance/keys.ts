import { avalanche } from '../../expr/hashes.ts';
import { parseIpv4, parseIpv6 } from '../../expr/ip.ts';

/**
 * What hashing algorithms take from a request as their key (manual, "balance"). Strings hold one byte a char; null: no
 * key, so that the request is balanced round robin.
 */

/**
 * Arguments of `balance uri`: bytes looked at (0 = all), folders looked at (0 = all), the query too, without scheme and
 * authority.
 */
export interface UriKeyOptions {
  readonly length: number;
  readonly depth: number;
  readonly whole: boolean;
  readonly pathOnly: boolean;
}

/** Reads the arguments of `balance uri`, which the configuration has checked. */
export function uriKeyOptions(args: readonly string[]): UriKeyOptions {
  const after = (word: string) => (args.includes(word) ? Number(args[args.indexOf(word) + 1]) : 0);
  return {
    length: after('len'),
    depth: after('depth'),
    whole: args.includes('whole'),
    pathOnly: args.includes('path-only'),
  };
}

/**
 * `balance uri`: the request target up to the query (or with it), cut at `length` bytes and in front of the slash
 * behind `depth` folders.
 */
export function uriKey(target: string, options: UriKeyOptions): string {
  const uri = options.pathOnly ? pathOf(target) : target;
  const most = options.length > 0 ? Math.min(options.length, uri.length) : uri.length;
  let slashes = 0;
  for (let i = 0; i < most; i++) {
    const c = uri.charCodeAt(i);
    if (c === 0x2f) {
      if (options.depth > 0 && ++slashes > options.depth) return uri.slice(0, i);
    } else if (c === 0x3f && !options.whole) return uri.slice(0, i);
  }
  return most === uri.length ? uri : uri.slice(0, most);
}

/** Path and query of a request target, '' of one without a path. */
function pathOf(target: string): string {
  if (target.startsWith('/')) return target;
  const scheme = target.indexOf('://');
  if (scheme < 0) return '';
  const path = target.indexOf('/', scheme + 3);
  return path < 0 ? '' : target.slice(path);
}

/** `balance url_param`: value of the first parameter called `name` in the query of a request target. */
export function urlParamKey(target: string, name: string): string | null {
  const query = target.indexOf('?');
  return query < 0 ? null : paramValue(target, query + 1, name);
}

/**
 * `balance url_param ... check_post`: the same in a body, as far as it was received; null when the body cannot be a
 * form.
 */
export function bodyParamKey(body: string, name: string): string | null {
  const value = paramValue(body, 0, name);
  if (value === null) return null;
  const end = value.search(/[\t\r\n ]/);
  const form = end < 0 ? value : value.slice(0, end);
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]*$/.test(form) ? form : null;
}

function paramValue(text: string, from: number, name: string): string | null {
  for (let start = from; start < text.length; ) {
    const value = start + name.length + 1;
    if (value <= text.length && text.charCodeAt(value - 1) === 0x3d && text.startsWith(name, start)) {
      const end = text.indexOf('&', value);
      return end < 0 ? text.slice(value) : text.slice(value, end);
    }
    const next = text.indexOf('&', start);
    if (next < 0) return null;
    start = next + 1;
  }
  return null;
}

/**
 * `balance hdr(...) use_domain_only`: what stands between the last two dots of a host name, `haproxy` in
 * `www.haproxy.org`; the whole of a name without dots. A dot in front of everything, or right in front of the last one,
 * does not count.
 */
export function domainKey(host: string): string {
  const end = host.lastIndexOf('.');
  if (end < 1) return host;
  return host.slice(end < 2 ? 0 : host.lastIndexOf('.', end - 2) + 1, end);
}

/**
 * `balance source`: the hash of an address, its 32-bit words folded by exclusive or, whatever the hash function; -1
 * (NO_KEY) if it is no IP address.
 */
export function sourceHash(host: string, spread: boolean): number {
  let hash = parseIpv4(host);
  if (hash < 0) {
    const groups = parseIpv6(host);
    if (groups === null) return -1;
    hash = 0;
    for (let i = 0; i < 8; i += 2) hash ^= (groups[i]! << 16) | groups[i + 1]!;
    hash >>>= 0;
  }
  return spread ? avalanche(hash) : hash;
}

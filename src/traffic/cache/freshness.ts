import { listValues } from '../filters/list-values.ts';
import type { Head } from '../h1/head.ts';
import { parseHttpDate } from './http-date.ts';

/*
 * What requests and responses say about being kept (RFC 9111), as HAProxy reads it. Dates are seconds since the epoch.
 */

/** HAProxy takes no larger age than this (RFC 9111, 1.2.2). */
export const MAX_AGE = 2_147_483_648;

/** What a request says. `use`: it may be answered from the cache; `store`: its response may be kept. */
export function readRequest(req: Head): { readonly use: boolean; readonly store: boolean } {
  let use = true;
  let store = true;
  if (req.findHeader('authorization', 0) >= 0) {
    use = false;
    store = false;
  }
  const directives = listValues(req, 'cache-control').map((value) => value.toLowerCase());
  for (const directive of directives) {
    if (/^(?:max-age|no-cache|max-stale|min-fresh)/.test(directive)) use = false;
    // What is kept already may be given out (RFC 9111, section 5.2.1.5).
    if (directive.startsWith('no-store')) store = false;
  }
  const pragma = req.findHeader('pragma', 0);
  if (directives.length === 0 && pragma >= 0 && req.headerValue(pragma).toLowerCase() === 'no-cache') use = false;
  return { use, store };
}

const FORBIDDING: ReadonlySet<string> = new Set(['private', 'no-cache', 'no-store', 'max-age=0', 's-maxage=0']);

/** Whether a response may be kept. `asked`: its request leaves that open. */
export function mayKeep(res: Head, asked: boolean): boolean {
  let kept = asked;
  let withCookies = asked;
  let dated = ['expires', 'etag', 'last-modified'].some((name) => res.findHeader(name, 0) >= 0);
  const pragma = res.findHeader('pragma', 0);
  if (pragma >= 0 && res.headerValue(pragma).toLowerCase() === 'no-cache') {
    kept = false;
    withCookies = false;
  }
  for (const value of listValues(res, 'cache-control')) {
    const directive = value.toLowerCase();
    if (directive === 'public') {
      kept = true;
      withCookies = true;
    } else if (FORBIDDING.has(directive)) {
      kept = false;
      withCookies = false;
    } else if (directive.startsWith('no-cache="set-cookie')) withCookies = false;
    else if (directive.startsWith('max-age') || directive.startsWith('s-maxage')) dated = true;
  }
  return kept && withCookies && dated;
}

/** Seconds for which a response says that it is fresh, -1 when it does not; null when what it says makes no sense. */
export function freshFor(res: Head, now: number): number | null {
  const said: Record<string, number> = {};
  for (const value of listValues(res, 'cache-control')) {
    const match = /^(s-maxage|max-age)=("?)(.*)$/i.exec(value);
    if (match === null) continue;
    const seconds = /^\s*([+-]?\d+)/.exec(match[3]!)?.[1];
    if (seconds === undefined || Number(seconds) < 0) return null;
    said[match[1]!.toLowerCase()] = Number(seconds);
  }
  const shared = said['s-maxage'] ?? -1;
  if (shared > 0) return shared;
  const own = said['max-age'] ?? -1;
  if (own > 0) return own;
  const expires = res.findHeader('expires', 0);
  if (shared >= 0 || own >= 0 || expires < 0) return -1;
  const date = parseHttpDate(res.headerValue(expires));
  // What is no date lies in the past (RFC 9111, 5.3).
  return date === null ? 0 : Math.max(0, date - now);
}

/** Age that a response came with, 0 without one; null when it is no number above 0. */
export function ageOf(res: Head): number | null {
  const at = res.findHeader('age', 0);
  if (at < 0) return 0;
  const text = res.headerValue(at);
  return /^\d+$/.test(text) && Number(text) > 0 ? Math.min(MAX_AGE, Number(text)) : null;
}

/** The date that `If-Modified-Since` is compared with: of the last change, else of the response, else now. */
export function changedAt(res: Head, now: number): number {
  for (const name of ['last-modified', 'date']) {
    const at = res.findHeader(name, 0);
    const date = at < 0 ? null : parseHttpDate(res.headerValue(at));
    if (date !== null && date !== 0) return date;
  }
  return now;
}

/** A conditional request is answered with 304 by an object with that tag ('' = none) and date of change. */
export function isUnchanged(req: Head, tag: string, changed: number): boolean {
  if (req.findHeader('if-none-match', 0) >= 0)
    return listValues(req, 'if-none-match').some((value) => value === '*' || (tag !== '' && isSameTag(value, tag)));
  const since = req.findHeader('if-modified-since', 0);
  const date = since < 0 ? null : parseHttpDate(req.headerValue(since));
  return date !== null && changed <= date;
}

/** Weak comparison (RFC 9110, 8.8.3.2). */
function isSameTag(a: string, b: string): boolean {
  const opaque = (tag: string) => (tag.startsWith('W/') ? tag.slice(2) : tag);
  return opaque(a) === opaque(b) && /^"[^"]*"$/.test(opaque(a));
}
